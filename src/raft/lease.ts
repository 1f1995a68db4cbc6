// The right to be primary at this moment: activation, the lease, and the bound that separates two reigns.
// Thesis §6.4.1 has leases by bounded clocks. README.md has the whole argument why no two nodes are primary at once:
// 1. Node A acts only until `lease` (shortened by 5 %) after the start of a round that a quorum answered in A's term.
// 2. Whoever elects B shares a voter with that quorum, and that voter answered A before it voted for B, so that round
//    began before B's election.
// 3. B waits the longest unshortened lease recorded since the newest proof, counted from its own election. With clock
//    rates within 5 % of each other A's shortened lease has ended by then. Withheld votes are not needed for this.
// 4. A proof of stop says that A's processes have ended already, so B need not wait.

import { appendEntry } from './append.js';
import { quorumContactMs } from './rounds.js';
import type { Leader, RaftState } from './state.js';
import type { LogIndex } from './types.js';

/** The part of the recorded lease that a primary uses; the rest covers clock rates that differ by less than 5 %. */
const LEASE_USED = 0.95;

/** Whether this leader's newest activation is applied and nothing has ended its epoch. */
export function hasOwnReign(state: RaftState, leader: Leader): boolean {
  const { reign } = state.applied;
  return reign.epoch === leader.activationIndex && !reign.isOver && !leader.isEpochOver;
}

/**
 * Until when this node may act as primary of the running epoch, on its own clock; null: it may not at all.
 * The caller compares with a fresh reading of the clock before each act and after computing each answer.
 */
export function primaryUntilMs(state: RaftState): number | null {
  const leader = state.role;
  if (leader.type !== 'leader' || !hasOwnReign(state, leader)) return null;
  const contactMs = quorumContactMs(state, leader);
  return contactMs === null
    ? null
    : contactMs + Math.floor(state.applied.reign.leaseMs * LEASE_USED);
}

/** The right to run primary-only processes as it stands: absolute times on this node's clock. */
export interface OwnLease {
  readonly epoch: LogIndex;
  readonly fromMs: number;
  readonly untilMs: number;
  /** The lease as it may be used. */
  readonly leaseMs: number;
}

/** The right of this node, as of the newest answer of a quorum; null: it has none, or none yet. */
export function ownLease(state: RaftState): OwnLease | null {
  const untilMs = primaryUntilMs(state);
  const fromMs = primaryFromMs(state);
  if (untilMs === null || fromMs === null) return null;
  const { epoch, leaseMs } = state.applied.reign;
  return { epoch, fromMs, untilMs, leaseMs: Math.floor(leaseMs * LEASE_USED) };
}

/** From when on this leader may act as primary: the bound; null: not known yet. */
function primaryFromMs(state: RaftState): number | null {
  return state.role.type === 'leader' ? state.role.boundUntilMs : null;
}

/** Whether this node is primary at `nowMs`, a fresh reading not before the newest input. */
export function isPrimaryAt(state: RaftState, nowMs: number): boolean {
  const untilMs = primaryUntilMs(state);
  const fromMs = primaryFromMs(state);
  return untilMs !== null && fromMs !== null && nowMs >= fromMs && nowMs < untilMs;
}

/**
 * Proposes the proof that the processes of the running epoch have ended; from here on the epoch is over.
 * A leader that still waits out the bound proves nothing, since its proof would speak for the earlier epochs too:
 * answers false then.
 */
export function maybeProve(state: RaftState, leader: Leader, epoch: LogIndex): boolean {
  if (!hasOwnReign(state, leader) || state.applied.reign.epoch !== epoch) return false;
  leader.isEpochOver = true;
  if (leader.boundUntilMs === null || state.nowMs < leader.boundUntilMs) return false;
  appendEntry(state, { kind: 'proof', epoch });
  return true;
}

/** Allows a new activation in this term, after a hand-over that did not send TimeoutNow. */
export function allowReactivation(leader: Leader): void {
  if (!leader.isEpochOver) return;
  leader.activationIndex = null;
  leader.promotion = 'unasked';
}
