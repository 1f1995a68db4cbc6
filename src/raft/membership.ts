// Changing who belongs: always through a joint configuration where voters change, in force as soon as it is appended.
// Raft §6, Thesis §4.3 (joint consensus), §4.2.1 (learners catch up first), §4.2.2 (a leader that is removed).
// One change at a time: the next is refused until the last is committed and joint is left.

import { appendEntry } from './append.js';
import { whyInvalid } from './change-rules.js';
import { clusterTimeMs } from './cluster-time.js';
import { whyUnspoken } from './feature-level.js';
import type { Answer, Refusal, Refused } from './input.js';
import { autoRemoveMinMs } from './options.js';
import { hasQuorum, isVoter } from './quorum.js';
import { configurationInForce, configurationIndex } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { ConfigChange, Configuration, Member, NodeId } from './types.js';

/** Begins a change, or refuses it. The answer names the entry that puts it in force, joint or final. */
export function changeConfiguration(state: RaftState, change: ConfigChange, cause: string): Answer {
  const judged = judgeChange(state, change);
  if (judged.type === 'refused') return judged;
  const { target: configuration } = judged;
  const index = appendEntry(state, { kind: 'configuration', configuration, cause });
  return { type: 'appended', first: { term: state.term, index }, count: 1 };
}

/** Whether a change asked for now would begin, and with which configuration, joint or final. Changes nothing. */
export function judgeChange(
  state: RaftState,
  change: ConfigChange,
): Refused | { readonly type: 'due'; readonly target: Configuration } {
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
  const detail =
    whyInvalid(configuration, change) ??
    whyTooHasty(state, change) ??
    whyUnspoken(state, leader, change.add);
  if (detail !== null) return refuse({ reason: 'invalidChange', detail });
  const target = changed(state, configuration, change);
  const lost = whyQuorumLost(state, leader, target);
  if (lost !== null) return refuse({ reason: 'wouldLoseQuorum', detail: lost });
  return { type: 'due', target };
}

/** Whether a change is not finished: its newest entry is not committed, or the configuration is joint. */
export function isChangeRunning(state: RaftState): boolean {
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
    autoRemoveAfterMs: configuration.autoRemoveAfterMs,
    reigns: configuration.reigns,
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

/** The configuration to append first: joint if the voters change, else final. */
function changed(
  state: RaftState,
  configuration: Configuration,
  change: ConfigChange,
): Configuration {
  const gone = new Set([...change.demote, ...change.remove]);
  const voters = sorted([...configuration.voters.filter((id) => !gone.has(id)), ...change.promote]);
  const isSame = voters.join() === configuration.voters.join();
  // A demoted voter stays a member, but a removed learner leaves at once: it counts in no quorum.
  const added = change.add.map((newcomer) => welcomed(state, newcomer));
  const members = [...configuration.members, ...added]
    .filter(({ id }) => !isSame || !change.remove.includes(id))
    .map((member) => altered(member, change))
    .sort((a, b) => a.id - b.id);
  const { afterMs: autoRemoveAfterMs } = change.autoRemove ?? {
    afterMs: configuration.autoRemoveAfterMs,
  };
  const settings = { autoRemoveAfterMs, reigns: change.reigns ?? configuration.reigns };
  return isSame
    ? { members, voters, outgoing: null, leaving: [], ...settings }
    : {
        members,
        voters,
        outgoing: configuration.voters,
        leaving: sorted(change.remove),
        ...settings,
      };
}

/** A newcomer with the time until which it is waited for at least; whoever comes for no seat is waited for by nobody. */
function welcomed(state: RaftState, newcomer: Member): Member {
  const { limits, timers } = state.options;
  const hasPurpose = newcomer.autoPromote || newcomer.replaces !== null;
  const patienceMs = limits.newcomerPatience * timers.electionTimeoutMinMs;
  return { ...newcomer, patientUntilMs: hasPurpose ? clusterTimeMs(state) + patienceMs : 0 };
}

/** What the change makes of a member: a purpose that is fulfilled, or that an operator ended, is forgotten. */
function altered(member: Member, { promote, demote, remove, update }: ConfigChange): Member {
  const { id, replaces } = member;
  if (demote.includes(id)) return { ...member, ...NO_PURPOSE, autoPromote: false };
  if (promote.includes(id)) return { ...member, ...NO_PURPOSE };
  if (replaces !== null && remove.includes(replaces)) {
    return member.autoPromote ? { ...member, replaces: null } : { ...member, ...NO_PURPOSE };
  }
  const said = update.find((it) => it.id === id);
  if (said === undefined) return member;
  const { tags: _before, ...rest } = member;
  const { address, api, priority, tags } = said;
  return { ...rest, address, api, priority, ...(tags === undefined ? {} : { tags }) };
}

const NO_PURPOSE = { replaces: null, patientUntilMs: 0 } as const;

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
  const missing = target.members.filter(({ id }) => target.voters.includes(id) && !isUp(id));
  const up = target.voters.length - missing.length;
  const names = missing.map(({ name }) => name).join(', ');
  const verb = missing.length === 1 ? 'is' : 'are';
  return `only ${up} of the ${target.voters.length} voters it would leave are in contact; ${names} ${verb} not`;
}

/** A member must have had the time to be started again, and to be heard by a new leader, before it counts as dead. */
function whyTooHasty({ options }: RaftState, { autoRemove }: ConfigChange): string | null {
  const afterMs = autoRemove?.afterMs ?? null;
  const minMs = autoRemoveMinMs(options.timers.electionTimeoutMinMs);
  if (afterMs === null || (Number.isSafeInteger(afterMs) && afterMs >= minMs)) return null;
  return `members may be removed after ${minMs} ms without a word of them, not after ${afterMs} ms`;
}

function sorted(ids: readonly NodeId[]): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}

function refuse(refusal: Refusal): Refused {
  return { type: 'refused', refusal };
}
