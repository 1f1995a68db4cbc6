// When a leader makes itself primary: of itself where the cluster's rules say so, else because an operator named it; never
// while it is unfit, nor before its hook has agreed. Until then it leads the log, and nobody is primary. It decides only that an
// activation is appended; what a reign may do, and from when on, stands in lease.ts and counts from the election all the same.

import { appendEntry } from './append.js';
import { whyUnfitHere } from './fitness.js';
import { isVoter } from './quorum.js';
import { reignGapMs } from './reign-gap.js';
import { configurationInForce, emit } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { Configuration, Term } from './types.js';

/** Minimum election timeouts for which a node whose hook refused is unfit; then it may be asked again. */
const REFUSED_TIMEOUTS = 10;

/** Whether new leaders make themselves primary, and move the primacy, without being asked. */
export function isAutomatic({ reigns }: Configuration): boolean {
  return !reigns.isManual && reigns.pausedBy === null;
}

/**
 * Activates this leader once its no-op is applied: appends the entry whose index will be the epoch.
 * Rules, proof and bound are read from applied state, so it is called after each application.
 */
export function maybeActivate(state: RaftState, leader: Leader): boolean {
  if (!isReady(state, leader) || leader.transfer !== null || leader.activationIndex !== null) {
    return false;
  }
  if (leader.boundUntilMs === null) {
    const { isProven, unprovenLeaseMs } = state.applied.reign;
    // A clock is read in whole milliseconds, so the election may be up to one later than its reading: rounded up.
    leader.boundUntilMs = leader.electedAtMs + (isProven ? 0 : unprovenLeaseMs + 1);
  }
  if (!isWanted(state, leader) || whyUnfitHere(state) !== null || !isAgreed(state, leader)) {
    return false;
  }
  leader.activationIndex = appendEntry(state, {
    kind: 'activation',
    nodeId: state.options.id,
    leaseMs: state.options.timers.leaseMs,
    cause: leader.cause,
    isChosen: leader.isChosen,
    gapMs: reignGapMs(state, leader),
  });
  leader.isEpochOver = false;
  leader.hasReigned = true;
  return true;
}

/**
 * Whether this leader takes proposals: it has activated itself, so that its epoch comes before clients' writes, or something
 * keeps it from that and facts are all that it leads.
 */
export function isServing(state: RaftState): boolean {
  const { role } = state;
  if (role.type !== 'leader' || role.transfer !== null) return false;
  return role.activationIndex !== null || (isReady(state, role) && role.boundUntilMs !== null);
}

/** Whether this leader waits for an operator: nobody is primary, and it will not become it of itself. */
export function isAwaited(state: RaftState, leader: Leader): boolean {
  return isReady(state, leader) && leader.activationIndex === null && !isWanted(state, leader);
}

/** The hook before promotion has answered; an answer about an earlier term counts for nothing. */
export function onPromotion(state: RaftState, term: Term, why: string | null): void {
  const leader = state.role;
  if (leader.type !== 'leader' || term !== state.term || leader.promotion !== 'asked') return;
  if (why === null) {
    leader.promotion = 'allowed';
    return;
  }
  leader.promotion = 'unasked';
  const untilMs = state.nowMs + REFUSED_TIMEOUTS * state.options.timers.electionTimeoutMinMs;
  state.refused = { why, untilMs };
  emit(state, { type: 'promotionRefused', why });
}

/** Whether anything is to be promoted: a voter that holds the state and has committed in its own term. */
function isReady(state: RaftState, leader: Leader): boolean {
  if (state.options.isWitness) return false;
  if (state.lastApplied < leader.noopIndex) return false;
  return isVoter(configurationInForce(state), state.options.id);
}

/** Whether the rules, or an operator, want this leader to be primary. */
function isWanted(state: RaftState, leader: Leader): boolean {
  return leader.isChosen || leader.hasReigned || isAutomatic(state.applied.configuration);
}

/** Asks the hook, once a term; answers whether it has agreed. */
function isAgreed(state: RaftState, leader: Leader): boolean {
  if (state.options.asksBeforePromotion !== true) return true;
  if (leader.promotion === 'unasked') {
    leader.promotion = 'asked';
    const lastEpoch = state.applied.reign.epoch;
    state.outbox.promote = { term: state.term, cause: leader.cause, lastEpoch };
  }
  return leader.promotion === 'allowed';
}
