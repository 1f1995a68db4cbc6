// Newcomers: learners that are to become voters, some of them in the place of a member. One that has caught up gets its
// seat in one change; one that comes no closer for too long is given up and removed again, by whoever leads. What it came
// for and until when it is waited for stand in the log, so a change of leaders alters neither.
// Source: Thesis §4.2.1 (catching up new servers), §4.3 (any change by one joint configuration).

import { CatchUp } from './catch-up.js';
import { clusterTimeMs } from './cluster-time.js';
import { startTransfer } from './leader-transfer.js';
import { changeConfiguration, isChangeRunning } from './membership.js';
import { isVoter } from './quorum.js';
import { configurationInForce, emit } from './state.js';
import type { Leader, RaftState } from './state.js';
import { NO_CHANGE } from './types.js';
import type { Configuration, Member, NodeId } from './types.js';

/** Whether this member is on its way to a seat; a learner that an operator asked for or made is not. */
function isNewcomer(configuration: Configuration, member: Member): boolean {
  const hasPurpose = member.autoPromote || member.replaces !== null;
  return hasPurpose && !isVoter(configuration, member.id);
}

/** Looks how the newcomers come on; seats one that has caught up, or gives one up, where either is due. */
export function tendNewcomers(state: RaftState, leader: Leader): void {
  const configuration = configurationInForce(state);
  const newcomers = configuration.members.filter((member) => isNewcomer(configuration, member));
  look(state, leader, newcomers);
  const isBusy = isChangeRunning(state) || leader.transfer !== null || state.options.isWitness;
  if (isBusy || state.commitIndex < leader.noopIndex) return;
  for (const newcomer of newcomers) {
    const isDone = hasCaughtUp(state, leader, newcomer.id)
      ? maybeSeat(state, leader, newcomer)
      : maybeGiveUp(state, leader, newcomer);
    if (isDone) return;
  }
}

function look(state: RaftState, leader: Leader, newcomers: readonly Member[]): void {
  const { catchUps, progress } = leader;
  for (const id of catchUps.keys()) {
    if (!newcomers.some((newcomer) => newcomer.id === id)) catchUps.delete(id);
  }
  for (const { id } of newcomers) {
    const catchUp = catchUps.get(id) ?? new CatchUp(state.nowMs);
    catchUps.set(id, catchUp);
    const known = progress.get(id);
    if (known !== undefined) catchUp.look(known, state.log.lastIndex, state.nowMs);
  }
}

/** It is close to this leader's log and has been in contact for two election timeouts. */
function hasCaughtUp(state: RaftState, leader: Leader, id: NodeId): boolean {
  const progress = leader.progress.get(id);
  const { electionTimeoutMinMs } = state.options.timers;
  if (progress === undefined || progress.contactSinceMs === null) return false;
  return (
    progress.isInContact(state.nowMs, electionTimeoutMinMs) &&
    state.nowMs - progress.contactSinceMs >= 2 * electionTimeoutMinMs &&
    state.commitIndex - progress.matchIndex <= state.options.limits.promotionLagMax
  );
}

/** Makes it a voter, and in the same change removes whom it replaces; whoever replaces a learner stays one. */
function maybeSeat(state: RaftState, leader: Leader, { id, name, ...wish }: Member): boolean {
  const { replaces } = wish;
  if (replaces === state.options.id && maybeStepAside(state, leader, name)) return true;
  const configuration = configurationInForce(state);
  const mustVote = wish.autoPromote || (replaces !== null && isVoter(configuration, replaces));
  const change = {
    ...NO_CHANGE,
    promote: mustVote ? [id] : [],
    remove: replaces === null ? [] : [replaces],
  };
  const instead = replaces === null ? '' : ` and replaces ${nameOf(configuration, replaces)}`;
  const cause = `${name} has caught up${instead}`;
  return changeConfiguration(state, change, cause).type === 'appended';
}

/**
 * A leader that is replaced hands over first, with proof of stop, and its successor makes the change. Where nobody is fit
 * to lead it makes the change itself and leads until that is committed (Thesis §4.2.2).
 */
function maybeStepAside(state: RaftState, leader: Leader, successor: string): boolean {
  if (state.nowMs < leader.yieldAfterMs) return true;
  const order = { to: null, cause: `${successor} replaces the leader`, isChosen: false };
  if (startTransfer(state, order).type !== 'accepted') return false;
  leader.yieldAfterMs = state.nowMs + state.options.timers.electionTimeoutMaxMs;
  return true;
}

/**
 * Removes a newcomer that was waited for long enough and has come no closer under this leader for a while. Whom it was to
 * replace stays. A removed learner counts in no quorum, so nothing is lost if it was only slow.
 */
function maybeGiveUp(state: RaftState, leader: Leader, { id, name, ...wish }: Member): boolean {
  const { timers, limits } = state.options;
  const gainedAtMs = leader.catchUps.get(id)?.gainedAtMs ?? state.nowMs;
  if (clusterTimeMs(state) < wish.patientUntilMs) return false;
  if (state.nowMs - gainedAtMs < limits.newcomerStall * timers.electionTimeoutMinMs) return false;
  const { replaces } = wish;
  const configuration = configurationInForce(state);
  const stays = replaces === null ? '' : `; ${nameOf(configuration, replaces)} stays`;
  const cause = `it did not catch up and was given up${stays}`;
  const answer = changeConfiguration(state, { ...NO_CHANGE, remove: [id] }, cause);
  if (answer.type !== 'appended') return false;
  emit(state, { type: 'newcomerGivenUp', id, name, replaces });
  return true;
}

function nameOf({ members }: Configuration, id: NodeId): string {
  return members.find((member) => member.id === id)?.name ?? `node ${id}`;
}
