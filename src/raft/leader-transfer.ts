// Handing leadership over on purpose: stop, prove, let the target catch up, TimeoutNow.
// Thesis §3.10; why a proof of stop is worth its entry stands in README.md. From the moment TimeoutNow may have left, this node never uses the lease of its term
// again, because the target may win the next term while the lease of this one still runs.

import { allowReactivation, hasOwnReign, maybeProve } from './lease.js';
import { whyUnfitHere } from './fitness.js';
import { isAutomatic, isAwaited } from './promotion.js';
import { becomeFollower } from './role.js';
import { configurationInForce, emit, send } from './state.js';
import type { Leader, RaftState, Transfer } from './state.js';
import type { Answer, Input, Refusal, Refused } from './input.js';
import type { Configuration, LogIndex, Member, NodeId } from './types.js';
import { unreachable } from './assert.js';

type Order = Pick<Extract<Input, { type: 'transferLeadership' }>, 'to' | 'cause' | 'isChosen'>;

/** Begins a hand-over, or refuses it while nothing has been given up yet. */
export function startTransfer(state: RaftState, order: Order): Answer {
  const judged = judgeTransfer(state, order);
  if (judged.type === 'refused') return judged;
  const { leader, target } = judged;
  const { cause, isChosen } = order;
  if (target === null) return reignAsOrdered(leader, cause);
  const mustStop = hasOwnReign(state, leader);
  const stopLimitMs = mustStop ? state.stopLimitMs : 0;
  const deadlineMs = state.nowMs + stopLimitMs + state.options.timers.electionTimeoutMaxMs;
  leader.transfer = {
    to: target,
    cause,
    isChosen,
    deadlineMs,
    phase: mustStop ? 'stopping' : 'catchingUp',
  };
  if (mustStop) state.outbox.stopEpoch = state.applied.reign.epoch;
  // An activation that is appended and not applied yet must not become a reign while its leader hands over.
  else leader.isEpochOver = true;
  emit(state, { type: 'handOverStarted', to: target });
  return { type: 'accepted' };
}

/** Whether a hand-over asked for now would begin, and to whom; `target` null: this leader itself is named. Changes nothing. */
export function judgeTransfer(
  state: RaftState,
  { to, isChosen }: Omit<Order, 'cause'>,
): Refused | { readonly type: 'due'; readonly leader: Leader; readonly target: NodeId | null } {
  const leader = state.role;
  if (leader.type !== 'leader') return refuse({ reason: 'notLeader', leaderId: state.leaderId });
  if (leader.transfer !== null) return refuse({ reason: 'handingOver', to: leader.transfer.to });
  if (state.commitIndex < leader.noopIndex) return refuse({ reason: 'leaderNotReady' });
  if (to === state.options.id && isChosen && isAwaited(state, leader)) {
    const detail = whyUnfitHere(state);
    if (detail !== null) return refuse({ reason: 'targetUnfit', detail });
    return { type: 'due', leader, target: null };
  }
  const target = to ?? bestTarget(state, leader);
  if (target === null) {
    return refuse({
      reason: 'targetUnfit',
      detail: 'no other voter is in contact and caught up',
    });
  }
  const detail = whyUnfit(state, leader, target);
  if (detail !== null) return refuse({ reason: 'targetUnfit', detail });
  return { type: 'due', leader, target };
}

/** A leader that waited for an operator is named itself: nothing is handed over, it activates itself next. */
function reignAsOrdered(leader: Leader, cause: string): Answer {
  leader.cause = cause;
  leader.isChosen = true;
  return { type: 'accepted' };
}

/** The processes of `epoch` have ended here: proves it, unless the bound of an earlier reign still runs. */
export function onStopped(state: RaftState, epoch: LogIndex): void {
  const leader = state.role;
  if (leader.type !== 'leader' || leader.transfer?.phase !== 'stopping') return;
  // A late word about an earlier epoch says nothing about the processes that run.
  if (epoch !== state.applied.reign.epoch) return;
  leader.transfer.phase = maybeProve(state, leader, epoch) ? 'proving' : 'catchingUp';
  leader.transfer.deadlineMs = state.nowMs + state.options.timers.electionTimeoutMaxMs;
}

/** Moves a hand-over on; called after every change of what is applied or matched. */
export function advanceTransfer(state: RaftState, leader: Leader): void {
  const transfer = leader.transfer;
  if (transfer === null) return;
  if (transfer.phase === 'proving' && state.applied.reign.isProven) transfer.phase = 'catchingUp';
  if (transfer.phase !== 'catchingUp') return;
  const progress = leader.progress.get(transfer.to);
  // The target must have everything, or it could not win (Raft §5.4.1).
  if (progress === undefined || progress.matchIndex < state.log.lastIndex) return;
  transfer.phase = 'sent';
  leader.isEpochOver = true;
  sendTimeoutNow(state, transfer);
}

/** Tells the target to campaign; repeated with each heartbeat, since it may be lost. */
export function sendTimeoutNow(state: RaftState, transfer: Transfer): void {
  send(state, transfer.to, {
    type: 'timeoutNow',
    term: state.term,
    cause: transfer.cause,
    isChosen: transfer.isChosen,
  });
}

/**
 * Ends a hand-over that took too long. Before TimeoutNow left, this leader resumes by a new activation; afterwards it
 * gives up its term, and whoever wins the next one is leader. Answers whether it ceased to lead.
 */
export function onTransferTick(state: RaftState, leader: Leader): boolean {
  const transfer = leader.transfer;
  if (transfer === null || state.nowMs < transfer.deadlineMs) return false;
  const why = whyLate(transfer);
  emit(state, { type: 'handOverAbandoned', to: transfer.to, why });
  if (transfer.phase === 'sent' && leader.hasReigned) state.resumesTerm = state.term;
  if (transfer.phase === 'sent') {
    becomeFollower(state, state.term, null, why);
    return true;
  }
  leader.transfer = null;
  allowReactivation(leader);
  return false;
}

/**
 * Gives up the term at once, with no proof of stop, because this node can no longer make anything durable; the best voter
 * is told to campaign, so that nobody has to wait for an election timeout. Should the word be lost, that is what happens.
 */
export function resign(state: RaftState, leader: Leader, why: string): void {
  const to = leader.transfer === null ? bestTarget(state, leader) : null;
  becomeFollower(state, state.term, null, why);
  if (to === null) return;
  send(state, to, { type: 'timeoutNow', term: state.term, cause: why, isChosen: false });
}

function whyLate(transfer: Transfer): string {
  switch (transfer.phase) {
    case 'stopping':
      return 'the primary-only processes did not stop in time';
    case 'proving':
      return 'the proof of stop was not committed in time';
    case 'catchingUp':
      return 'the target did not catch up in time';
    case 'sent':
      return 'the target did not win an election in time';
    default:
      return unreachable(transfer.phase);
  }
}

function whyUnfit(state: RaftState, leader: Leader, target: NodeId): string | null {
  if (target === state.options.id) return 'it leads already';
  const configuration = configurationInForce(state);
  if (!configuration.voters.includes(target)) return 'it is not a voter';
  if (memberOf(configuration, target)?.witness === true) return 'it is a witness';
  const progress = leader.progress.get(target);
  const { electionTimeoutMinMs } = state.options.timers;
  if (progress === undefined || !progress.isInContact(state.nowMs, electionTimeoutMinMs)) {
    return 'it is not in contact';
  }
  if (progress.unfit !== null) return progress.unfit;
  const lag = state.commitIndex - progress.matchIndex;
  return lag > state.options.limits.promotionLagMax ? `it is ${lag} entries behind` : null;
}

/** Of the fit voters the one of the highest priority that has most of the log; the lowest id among equals. */
function bestTarget(state: RaftState, leader: Leader): NodeId | null {
  const configuration = configurationInForce(state);
  const [best] = configuration.voters
    .filter((id) => whyUnfit(state, leader, id) === null)
    .map((id) => ({
      id,
      priority: memberOf(configuration, id)?.priority ?? 0,
      matchIndex: leader.progress.get(id)?.matchIndex ?? 0,
    }))
    .sort((a, b) => b.priority - a.priority || b.matchIndex - a.matchIndex || a.id - b.id);
  return best?.id ?? null;
}

/**
 * Hands over of its own accord: a witness to whoever holds the state, at once; one that is unfit to whoever is fit; any other
 * leader to a voter of higher priority that has been well for a while, unless an operator chose this reign. It tries again
 * after a while. Where only an operator may move the primacy, a full voter stays.
 */
export function maybeYield(state: RaftState, leader: Leader): void {
  const why = whyUnfitHere(state);
  if (why === null) leader.hasWarned = false;
  if (leader.transfer !== null || state.nowMs < leader.yieldAfterMs) return;
  const { electionTimeoutMinMs, electionTimeoutMaxMs } = state.options.timers;
  const order = state.options.isWitness
    ? { to: null, cause: leader.cause, isChosen: leader.isChosen }
    : why !== null
      ? relief(state, leader, why)
      : preferred(state, leader, YIELD_TIMEOUTS * electionTimeoutMinMs);
  if (order === null) return;
  if (startTransfer(state, order).type !== 'accepted') return;
  const timeouts = state.options.isWitness || why !== null ? 1 : YIELD_TIMEOUTS;
  leader.yieldAfterMs = state.nowMs + timeouts * electionTimeoutMaxMs;
}

/** To whom an unfit leader hands over; with nobody fit, or where an operator decides, it stays and says so once. */
function relief(state: RaftState, leader: Leader, why: string): Order | null {
  if (leader.boundUntilMs === null) return null;
  const configuration = configurationInForce(state);
  const to = isAutomatic(configuration) ? bestTarget(state, leader) : null;
  if (to === null) {
    if (!leader.hasWarned) emit(state, { type: 'nobodyFit', why });
    leader.hasWarned = true;
    return null;
  }
  const own = memberOf(configuration, state.options.id)?.name ?? '';
  const { health, refused } = state;
  const said = health === null ? `before-promotion on ${own}: ${refused?.why ?? why}` : null;
  return { to, cause: said ?? `health-check on ${own}: ${why}`, isChosen: false };
}

/** Election timeouts that a preferred voter must have been well for, and between two attempts. */
const YIELD_TIMEOUTS = 10;

function preferred(state: RaftState, leader: Leader, wellForMs: number): Order | null {
  if (!hasOwnReign(state, leader) || state.applied.reign.isChosen) return null;
  const configuration = configurationInForce(state);
  if (configuration.outgoing !== null || !isAutomatic(configuration)) return null;
  const own = memberOf(configuration, state.options.id)?.priority ?? 0;
  // Asked at every tick, and usually nobody is preferred.
  if (!configuration.members.some(({ priority }) => priority > own)) return null;
  const to = bestTarget(state, leader);
  const member = to === null ? undefined : memberOf(configuration, to);
  if (to === null || member === undefined || member.priority <= own) return null;
  const sinceMs = leader.progress.get(to)?.contactSinceMs ?? state.nowMs;
  if (state.nowMs - sinceMs < wellForMs || state.nowMs - leader.electedAtMs < wellForMs)
    return null;
  return { to, cause: `${member.name} has a higher priority`, isChosen: false };
}

function memberOf({ members }: Configuration, id: NodeId): Member | undefined {
  return members.find((member) => member.id === id);
}

function refuse(refusal: Refusal): Refused {
  return { type: 'refused', refusal };
}
