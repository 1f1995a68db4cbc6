// The numbers that the core works with: timers scaled from one election timeout, and named limits.
// Source: Raft §5.6 for the ratio of heartbeat to timeout; the lease must end before votes are given again (README.md).

import { invariant } from './assert.js';
import type { InstallId, NodeId, Software } from './types.js';

/** All in milliseconds; every one is a whole number. */
export interface Timers {
  readonly heartbeatMs: number;
  /** A follower campaigns after a random wait in [min, max) without a leader. */
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  /** How long a primary may act after the start of a round that a quorum answered, before shortening. */
  readonly leaseMs: number;
  /** A tick later than this is no evidence against the leader. */
  readonly lateTimerMs: number;
  /** Distance of two ticks. */
  readonly tickMs: number;
}

/** Smallest and largest minimum election timeout that can be asked for. */
export const ELECTION_TIMEOUT_MIN_MS = 50;
export const ELECTION_TIMEOUT_MAX_MS = 50_000;

/**
 * Scales all timers from the minimum election timeout and checks their inequalities.
 * At the default of 1000 ms: heartbeat 100, timeout 1000 to 2000, lease 750, late timer 200, tick 20.
 * The caller has checked that the timeout is a whole number within the two bounds above.
 */
export function timersFor(electionTimeoutMs: number): Timers {
  const timers: Timers = {
    heartbeatMs: Math.floor(electionTimeoutMs / 10),
    electionTimeoutMinMs: electionTimeoutMs,
    electionTimeoutMaxMs: electionTimeoutMs * 2,
    leaseMs: Math.floor(electionTimeoutMs * 0.75),
    lateTimerMs: Math.floor(electionTimeoutMs / 5),
    tickMs: Math.max(2, Math.floor(electionTimeoutMs / 50)),
  };
  invariant(Number.isSafeInteger(electionTimeoutMs), 'the election timeout is whole milliseconds');
  invariant(timers.tickMs < timers.heartbeatMs, 'a tick is shorter than a heartbeat');
  invariant(timers.heartbeatMs * 5 <= timers.electionTimeoutMinMs, 'five heartbeats fit a timeout');
  invariant(timers.leaseMs < timers.electionTimeoutMinMs, 'a lease ends before votes are given');
  invariant(timers.electionTimeoutMinMs < timers.electionTimeoutMaxMs, 'timeouts are spread');
  return timers;
}

/** Least time, in minimum election timeouts, after which voters that are not heard may be removed. */
const AUTO_REMOVE_TIMEOUTS_MIN = 10;

/** The same in ms. */
export function autoRemoveMinMs(electionTimeoutMinMs: number): number {
  return AUTO_REMOVE_TIMEOUTS_MIN * electionTimeoutMinMs;
}

export interface Limits {
  /** Entries and bytes in one AppendEntries. One entry larger than the bytes travels alone. */
  readonly messageEntriesMax: number;
  readonly messageBytesMax: number;
  /** Unanswered AppendEntries and their bytes, a peer. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** Proposed and not committed; beyond it proposals are refused as `overloaded`. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Linearizable reads that wait to be confirmed; beyond it they are refused as `overloaded`. */
  readonly pendingReadsMax: number;
  /** Handed to the driver for application at once. */
  readonly committedEntriesMax: number;
  /** Entries kept in memory below the snapshot for slow followers, and their bytes. */
  readonly keptEntriesMax: number;
  readonly keptBytesMax: number;
  /** A learner this close to the leader's log may be promoted. */
  readonly promotionLagMax: number;
  /**
   * A newcomer is given up once it has been a member for `newcomerPatience` and a leader has seen it come no closer for
   * `newcomerStall`, both in minimum election timeouts.
   */
  readonly newcomerPatience: number;
  readonly newcomerStall: number;
}

export const LIMITS: Limits = {
  messageEntriesMax: 512,
  messageBytesMax: 512 * 1024,
  inflightMessagesMax: 64,
  inflightBytesMax: 8 * 1024 * 1024,
  uncommittedEntriesMax: 4096,
  uncommittedBytesMax: 64 * 1024 * 1024,
  pendingReadsMax: 65_536,
  committedEntriesMax: 1024,
  keptEntriesMax: 5000,
  keptBytesMax: 32 * 1024 * 1024,
  promotionLagMax: 250,
  newcomerPatience: 60,
  newcomerStall: 10,
};

export interface RaftOptions {
  readonly id: NodeId;
  readonly installId: InstallId;
  readonly software: Software;
  readonly timers: Timers;
  readonly limits: Limits;
  /** Seed of the core's own dice (election timeouts); 32 bits. */
  readonly randomSeed: number;
  /** This node is a witness; fixed with its data directory, since it must be known before any configuration is. */
  readonly isWitness: boolean;
  /** How long the processes of a reign may take to stop at a hand-over, in ms. Default 0: there are none. */
  readonly stopLimitMs?: number;
  /** A hook is asked before this node makes itself primary (`Ready.promote`). Default false: there is none. */
  readonly asksBeforePromotion?: boolean;
}
