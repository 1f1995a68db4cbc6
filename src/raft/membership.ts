// Changing who belongs: always through a joint configuration where voters change, in force as soon as it is appended.
// Raft §6, Thesis §4.3 (joint consensus), §4.2.1 (learners catch up first), §4.2.2 (a leader that is removed).
// One change at a time: the next is refused until the last is committed and joint is left.

import { appendEntry } from './append.js';
import { whyUnspoken } from './feature-level.js';
import type { Answer, Refusal } from './input.js';
import { hasQuorum, isVoter } from './quorum.js';
import { configurationInForce, configurationIndex } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { ConfigChange, Configuration, Member, NodeId } from './types.js';

/** Begins a change, or refuses it. The answer names the entry that puts it in force, joint or final. */
export function changeConfiguration(state: RaftState, change: ConfigChange, cause: string): Answer {
  const leader = state.role;
  if (leader.type !== 'leader') {
    return refuse({ reason: 'notLeader', leaderId: state.leaderId });
  }
  if (leader.transfer !== null) return refuse({ reason: 'handingOver', to: leader.transfer.to });
  // A witness appends no-ops, and leaves joint configurations that others began; it is about to hand over.
  if (state.options.isWitness) return refuse({ reason: 'leaderNotReady' });
  // An own-term commit comes first: see the counter-example in Thesis §4.1 (erratum).
  if (state.commitIndex < leader.noopIndex) return refuse({ reason: 'leaderNotReady' });
  if (isChangeRunning(state)) return refuse({ reason: 'changeRunning' });
  const configuration = configurationInForce(state);
  const detail = whyInvalid(configuration, change) ?? whyUnspoken(state, leader, change.add);
  if (detail !== null) return refuse({ reason: 'invalidChange', detail });
  const target = changed(configuration, change);
  const lost = whyQuorumLost(state, leader, target);
  if (lost !== null) return refuse({ reason: 'wouldLoseQuorum', detail: lost });
  const index = appendEntry(state, {
    kind: 'configuration',
    configuration: target,
    cause,
  });
  return { type: 'appended', first: { term: state.term, index }, count: 1 };
}

/** Whether a change is not finished: its newest entry is not committed, or the configuration is joint. */
function isChangeRunning(state: RaftState): boolean {
  return (
    configurationIndex(state) > state.commitIndex || configurationInForce(state).outgoing !== null
  );
}

/**
 * Leaves a joint configuration once it is committed; any leader does it, also one elected in between.
 * Called after each advance of commitIndex.
 */
export function maybeLeaveJoint(state: RaftState, leader: Leader): boolean {
  const configuration = configurationInForce(state);
  if (configuration.outgoing === null || configurationIndex(state) > state.commitIndex)
    return false;
  if (state.commitIndex < leader.noopIndex) return false;
  const left: Configuration = {
    members: configuration.members.filter(({ id }) => !configuration.leaving.includes(id)),
    voters: configuration.voters,
    outgoing: null,
    leaving: [],
  };
  appendEntry(state, {
    kind: 'configuration',
    configuration: left,
    cause: 'joint is left',
  });
  return true;
}

/** Whether this leader is no voter of the committed configuration and must step down (Raft §6, Thesis §4.2.2). */
export function mustStepDown(state: RaftState): boolean {
  return (
    configurationIndex(state) <= state.commitIndex &&
    !isVoter(configurationInForce(state), state.options.id)
  );
}

/** Promotes a learner that asked for it, has caught up, and has been in contact for two election timeouts. */
export function maybePromote(state: RaftState, leader: Leader): boolean {
  if (isChangeRunning(state) || leader.transfer !== null || state.commitIndex < leader.noopIndex) {
    return false;
  }
  const configuration = configurationInForce(state);
  const ready = configuration.members.find(
    (member) =>
      member.autoPromote &&
      !isVoter(configuration, member.id) &&
      hasCaughtUp(state, leader, member.id),
  );
  if (ready === undefined) return false;
  const change: ConfigChange = {
    add: [],
    promote: [ready.id],
    demote: [],
    remove: [],
  };
  return changeConfiguration(state, change, `${ready.name} has caught up`).type === 'appended';
}

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

function whyInvalid(configuration: Configuration, change: ConfigChange): string | null {
  const named = [
    ...change.add.map(({ id }) => id),
    ...change.promote,
    ...change.demote,
    ...change.remove,
  ];
  if (named.length === 0) return 'it changes nothing';
  if (new Set(named).size < named.length) return 'it names a node twice';
  const known = new Map(configuration.members.map((member) => [member.id, member]));
  for (const { id, name } of change.add) {
    if (known.has(id)) return `${name} is a member already`;
    const holders = [...configuration.members, ...change.add].filter((it) => it.name === name);
    if (holders.length > 1) return `the name ${name} is taken`;
  }
  const unknown = named.slice(change.add.length).find((id) => !known.has(id));
  if (unknown !== undefined) return `node ${unknown} is not a member`;
  const isVoting = (id: NodeId): boolean => configuration.voters.includes(id);
  const promoted = change.promote.find(isVoting);
  if (promoted !== undefined) return `${known.get(promoted)?.name} is a voter already`;
  const demoted = change.demote.find((id) => !isVoting(id));
  if (demoted !== undefined) return `${known.get(demoted)?.name} is a learner already`;
  return null;
}

/** The configuration to append first: joint if the voters change, else final. */
function changed(configuration: Configuration, change: ConfigChange): Configuration {
  const gone = new Set([...change.demote, ...change.remove]);
  const voters = sorted([...configuration.voters.filter((id) => !gone.has(id)), ...change.promote]);
  const isSame = voters.join() === configuration.voters.join();
  // A demoted voter stays a member, but a removed learner leaves at once: it counts in no quorum.
  const added: Member[] = [...configuration.members, ...change.add];
  const members = added
    .filter(({ id }) => !isSame || !change.remove.includes(id))
    .map((member) =>
      change.demote.includes(member.id) ? { ...member, autoPromote: false } : member,
    )
    .sort((a, b) => a.id - b.id);
  return isSame
    ? { members, voters, outgoing: null, leaving: [] }
    : {
        members,
        voters,
        outgoing: configuration.voters,
        leaving: sorted(change.remove),
      };
}

/** Null if the voters in contact are a quorum of both halves; else why not, for people. */
function whyQuorumLost(state: RaftState, leader: Leader, target: Configuration): string | null {
  if (target.voters.length === 0) return 'no voter would be left';
  if (!target.members.some(({ id, witness }) => !witness && target.voters.includes(id))) {
    return 'only witnesses would be left, and they hold no state';
  }
  const { electionTimeoutMinMs } = state.options.timers;
  const isUp = (id: NodeId): boolean =>
    id === state.options.id ||
    leader.progress.get(id)?.isInContact(state.nowMs, electionTimeoutMinMs) === true;
  if (hasQuorum(target, isUp)) return null;
  const up = target.voters.filter(isUp).length;
  return `only ${up} of the ${target.voters.length} voters it would leave are in contact`;
}

function sorted(ids: readonly NodeId[]): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}

function refuse(refusal: Refusal): Answer {
  return { type: 'refused', refusal };
}
