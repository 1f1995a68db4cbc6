// Every property of a run can fail. Each is told by itself of something that must never be, as the oracle would tell it, and
// must name itself; told of the same without the fault it must not.

import { describe, expect, test } from 'vitest';

import { History } from '../../simulations/history.js';
import { acknowledgements } from '../../simulations/invariants/acknowledgements.js';
import { bounds } from '../../simulations/invariants/bounds.js';
import { commitOnQuorum } from '../../simulations/invariants/commit-on-quorum.js';
import { committedImmutable } from '../../simulations/invariants/committed-immutable.js';
import { electionSafety } from '../../simulations/invariants/election-safety.js';
import { followerLog } from '../../simulations/invariants/follower-log.js';
import { leaderAppendOnly } from '../../simulations/invariants/leader-append-only.js';
import { leaderCompleteness } from '../../simulations/invariants/leader-completeness.js';
import { lease } from '../../simulations/invariants/lease.js';
import { knownOutcomes } from '../../simulations/invariants/known-outcomes.js';
import { linearizable } from '../../simulations/invariants/linearizable.js';
import { logMatching } from '../../simulations/invariants/log-matching.js';
import { membershipOverlaps } from '../../simulations/invariants/membership-overlaps.js';
import { monotonic } from '../../simulations/invariants/monotonic.js';
import { onePrimary } from '../../simulations/invariants/one-primary.js';
import { readRounds } from '../../simulations/invariants/read-rounds.js';
import { sameState } from '../../simulations/invariants/same-state.js';
import { sessionLives } from '../../simulations/invariants/session-lives.js';
import { snapshotChunks } from '../../simulations/invariants/snapshot-chunks.js';
import { trueOutcomes } from '../../simulations/invariants/true-outcomes.js';
import { votes } from '../../simulations/invariants/votes.js';
import { withheldVotes } from '../../simulations/invariants/withheld-votes.js';
import type { Machine, Process } from '../../simulations/machine.js';
import type { Operation } from '../../simulations/operation.js';
import { Violation } from '../../simulations/violation.js';
import type { Message } from '../../src/raft/message.js';
import type { NodeId, SnapshotMeta } from '../../src/raft/types.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import type { ApplyResult, Command } from '../../src/state-machine/command.js';
import {
  entry,
  LEASE_MS,
  machineOf,
  madeUp,
  roundsOf,
  sent,
  sightOf,
  VOTERS,
  worldOf,
} from './made-up.js';

function committed(...terms: number[]): History {
  const history = new History();
  for (const term of terms) history.noteCommitted(madeUp({ term, inTerm: term }));
  return history;
}

const OPEN: Command = { kind: 'openClientSession', requestId: 'open', id: '0'.repeat(32) };
const NOTHING: ApplyResult = { type: 'none' };

function applied(
  index: number,
  command: Command | null,
  result: ApplyResult,
  machine = machineOf({}),
) {
  const state = new ClusterState();
  const process = madeUp<Process>({ node: { state }, number: machine.id });
  return { machine, process, entry: entry(index, 1), command, result };
}

const put = (requestId: string): Command =>
  madeUp({ kind: 'putSession', requestId, client: null, id: 's', attributes: new Map() });

function operation(id: string, index: number | null): Operation {
  const done = { type: 'applied', entry: { term: 1, index }, result: NOTHING };
  const outcome = index === null ? { type: 'overwritten' } : done;
  return madeUp({ kind: 'write', id, sessionId: 's', beganUs: 0, endedUs: 1, outcome });
}

/** Name, what must never be, and the same without the fault. */
const TABLE: readonly (readonly [string, string, (isWrong: boolean) => void])[] = [
  [
    'election-safety',
    'two leaders of a term',
    (isWrong) => {
      const property = electionSafety();
      property.changed?.(sightOf({ id: 1, term: 5 }));
      property.changed?.(sightOf({ id: 2, term: isWrong ? 5 : 6 }));
    },
  ],
  [
    'leader-append-only',
    'a leader that loses entries',
    (isWrong) => leaderAppendOnly().changed?.(sightOf({}, { truncatedFrom: isWrong ? 1 : null })),
  ],
  [
    'log-matching',
    'an entry with two contents',
    (isWrong) => {
      const property = logMatching(worldOf(), new History());
      property.changed?.(sightOf({}, { appended: [entry(1, 1)] }));
      property.changed?.(sightOf({ id: 2 }, { appended: [entry(1, 1, isWrong ? 7 : 0)] }));
    },
  ],
  [
    'log-matching',
    'an entry with two predecessors',
    (isWrong) => {
      const property = logMatching(worldOf(), new History());
      property.changed?.(sightOf({ terms: [1, 2] }, { appended: [entry(2, 2)] }));
      const terms = isWrong ? [2, 2] : [1, 2];
      property.changed?.(sightOf({ id: 2, terms }, { appended: [entry(2, 2)] }));
    },
  ],
  [
    'membership-overlaps',
    'voters that change in one step',
    (isWrong) => {
      const sight = sightOf({}, { appended: [{ kind: 'configuration' }] });
      const outgoing = isWrong ? null : VOTERS.voters;
      const next = { ...VOTERS, voters: [1, 2, 4], outgoing };
      sight.state.configurations.push(madeUp({ index: 2, configuration: next }));
      membershipOverlaps().changed?.(sight);
    },
  ],
  [
    'commit-on-quorum',
    'a commitment that one disk holds',
    (isWrong) => {
      const others = [2, 3].map((id) => machineOf({ id, covers: !isWrong }));
      const sight = sightOf({ commitIndex: 1 });
      commitOnQuorum(worldOf(sight.machine, ...others)).changed?.(sight);
    },
  ],
  [
    'commit-on-quorum',
    'an older term committed by counting',
    (isWrong) => {
      const sight = sightOf({ term: 2, terms: [isWrong ? 1 : 2], commitIndex: 1 });
      (sight.before as { term: number }).term = 2;
      commitOnQuorum(worldOf(sight.machine, machineOf({ id: 2 }))).changed?.(sight);
    },
  ],
  [
    'committed-immutable',
    'another entry committed at an index',
    (isWrong) =>
      committedImmutable(committed(isWrong ? 2 : 1)).changed?.(sightOf({ commitIndex: 1 })),
  ],
  [
    'leader-completeness',
    'a leader without a committed entry',
    (isWrong) => {
      const sight = sightOf({ term: 3, terms: [isWrong ? 2 : 1] });
      leaderCompleteness(worldOf(sight.machine), committed(1)).changed?.(sight);
    },
  ],
  [
    'votes',
    'two votes in a term',
    (isWrong) => {
      const property = votes();
      const vote = { type: 'requestVoteResponse', term: 4, granted: true, preVote: false };
      const voter = machineOf({ id: 1, hardState: { term: 5, votedFor: null } });
      property.sent?.(voter, 2 as NodeId, madeUp<Message>(vote));
      property.sent?.(voter, (isWrong ? 3 : 2) as NodeId, madeUp<Message>(vote));
    },
  ],
  [
    'votes',
    'a vote that is not on the disk',
    (isWrong) => {
      const hardState = { term: 4, votedFor: isWrong ? null : 2 };
      const vote = { type: 'requestVoteResponse', term: 4, granted: true, preVote: false };
      sent(votes(), machineOf({ hardState }), vote);
    },
  ],
  [
    'votes',
    'a vote for a log that is behind',
    (isWrong) => {
      const property = votes();
      const last = { term: 1, index: isWrong ? 0 : 1 };
      const candidate = machineOf({ id: 2, term: 4, hardState: { term: 4, votedFor: 2 } });
      const request = { type: 'requestVote', term: 4, preVote: false, last };
      property.sent?.(candidate, 1 as NodeId, madeUp<Message>(request));
      const sight = sightOf({ term: 4, role: { type: 'follower' } }, { isLogSame: true });
      Object.assign(sight.state, { votedFor: 2 });
      property.changed?.(sight);
    },
  ],
  [
    'votes',
    'a candidate that counts what nobody gave',
    (isWrong) => {
      const property = votes();
      const vote = { type: 'requestVoteResponse', term: 4, granted: true, preVote: false };
      const voter = machineOf({ id: 3, hardState: { term: 4, votedFor: 1 } });
      if (!isWrong) property.sent?.(voter, 1 as NodeId, madeUp<Message>(vote));
      const role = { type: 'candidate', votes: new Map([[3, true]]) };
      const candidate = machineOf({ id: 1, term: 4, role });
      property.happened?.(candidate, madeUp(candidate.process));
    },
  ],
  [
    'withheld-votes',
    'a pre-vote while a lease runs',
    (isWrong) => {
      const [leader, voter] = [machineOf({ id: 1 }), machineOf({ id: 2 })];
      const world = worldOf(leader, voter);
      const property = withheldVotes(world, roundsOf(world, leader));
      (leader.clock as { nowMs: () => number }).nowMs = () => (isWrong ? 1 : LEASE_MS);
      const promise = { type: 'requestVoteResponse', term: 2, granted: true, preVote: true };
      property.sent?.(voter, 3 as NodeId, madeUp<Message>(promise));
    },
  ],
  [
    'lease',
    'a lease that no quorum has answered for',
    (isWrong) => {
      const leader = machineOf({ id: 1, untilMs: 0.95 * LEASE_MS });
      const world = worldOf(leader, machineOf({ id: 2 }));
      const property = lease(roundsOf(world, leader, !isWrong));
      property.happened?.(leader, madeUp(leader.process));
    },
  ],
  [
    'lease',
    'a primary that has ordered another to campaign',
    (isWrong) => {
      const leader = machineOf({ id: 1, untilMs: 0.95 * LEASE_MS });
      const world = worldOf(leader, machineOf({ id: 2 }));
      const property = lease(roundsOf(world, leader));
      const type = isWrong ? 'timeoutNow' : 'appendEntries';
      property.sent?.(leader, 2 as NodeId, madeUp<Message>({ type, term: 1 }));
      property.happened?.(leader, madeUp(leader.process));
    },
  ],
  [
    'read-rounds',
    'a read without a round',
    (isWrong) => {
      const [leader, other] = [machineOf({ id: 1 }), machineOf({ id: 2 })];
      const world = worldOf(leader, other);
      const property = readRounds(roundsOf(world, leader, !isWrong), committed(1));
      const answer = { lastApplied: 1, isLeased: false, session: null, digest: null };
      const read = { kind: 'read', id: 'r', sessionId: 's', isStale: false, beganUs: 0, answer };
      property.ended?.(madeUp<Operation>(read));
    },
  ],
  [
    'read-rounds',
    'a read that lacks what was committed when it began',
    (isWrong) => {
      const [leader, other] = [machineOf({ id: 1 }), machineOf({ id: 2 })];
      const world = worldOf(leader, other);
      const property = readRounds(roundsOf(world, leader), committed(1, 1));
      const answer = { lastApplied: isWrong ? 1 : 2, isLeased: false, session: null, digest: null };
      const read = { kind: 'read', id: 'r', sessionId: 's', isStale: false, beganUs: 0, answer };
      property.began?.(madeUp<Operation>(read));
      property.ended?.(madeUp<Operation>(read));
    },
  ],
  [
    'read-rounds',
    'a read without a round of a leader that led alone before it',
    (isWrong) => {
      const leader = machineOf({ id: 1 });
      const state = madeUp<{ configurations: object[] }>(leader.process?.node.raft?.state);
      const world = worldOf(leader);
      state.configurations = [{ index: 1, configuration: { ...VOTERS, voters: [1] } }];
      const rounds = roundsOf(world, leader, false);
      if (isWrong) state.configurations = [{ index: 2, configuration: VOTERS }];
      madeUp<{ nowUs: number }>(world).nowUs = 5;
      rounds.listener.changed?.(madeUp({ machine: leader, process: leader.process, state }));
      const answer = { lastApplied: 1, isLeased: false, session: null, digest: null };
      const read = { kind: 'read', id: 'r', sessionId: 's', isStale: false, beganUs: 6, answer };
      readRounds(rounds, committed(1)).ended?.(madeUp<Operation>(read));
    },
  ],
  [
    'follower-log',
    'an acknowledgement beyond what came',
    (isWrong) => {
      const follower = machineOf({ id: 2, terms: [1, 1] });
      const property = followerLog();
      const word = { type: 'appendEntries', term: 1, prev: { term: 1, index: 1 }, entries: [] };
      const { process } = follower;
      property.received?.(follower, madeUp(process), 1 as NodeId, madeUp<Message>(word));
      const outcome = { type: 'matched', matchIndex: isWrong ? 2 : 1 };
      const answer = { type: 'appendEntriesResponse', term: 1, outcome };
      property.sent?.(follower, 1 as NodeId, madeUp<Message>(answer));
    },
  ],
  [
    'follower-log',
    'an entry that is removed for its own sake',
    (isWrong) => {
      const more = { truncatedFrom: 1, truncatedTerm: isWrong ? 1 : 2, appended: [entry(1, 1)] };
      followerLog().changed?.(sightOf({}, more));
    },
  ],
  [
    'snapshot-chunks',
    'bytes of an older snapshot counted for a newer one',
    (isWrong) => {
      const receiver = machineOf({ id: 2 });
      const process = madeUp<Process>(receiver.process);
      const property = snapshotChunks();
      property.booted?.(receiver, process);
      for (const index of [5, 6]) {
        const meta = { last: { term: 1, index } };
        const chunk = { type: 'installSnapshot', meta, offset: 0, data: { length: 10 * index } };
        property.received?.(receiver, process, 1 as NodeId, madeUp<Message>(chunk));
      }
      const last = { term: 1, index: isWrong ? 5 : 6 };
      const answer = { type: 'installSnapshotResponse', last, nextOffset: 60 };
      property.sent?.(receiver, 1 as NodeId, madeUp<Message>(answer));
    },
  ],
  [
    'true-outcomes',
    'a write told as overwritten by a node that has not seen by what',
    (isWrong) => {
      const sight = sightOf({}, { appended: [entry(2, 1)] });
      const codec = { decodeCommand: () => OPEN };
      const process = madeUp<Process>({ build: { codec } });
      const property = knownOutcomes();
      property.booted?.(sight.machine, process);
      property.changed?.(sight);
      const other = {
        ...applied(1, null, NOTHING, sight.machine),
        entry: entry(isWrong ? 3 : 2, 2),
      };
      property.applied?.(other);
      property.told?.(sight.machine, process, OPEN, { type: 'overwritten' });
    },
  ],
  [
    'acknowledgements',
    'an acknowledgement beyond the disk',
    (isWrong) => {
      const outcome = { type: 'matched', matchIndex: isWrong ? 2 : 1 };
      const message = { type: 'appendEntriesResponse', term: 1, round: 1, outcome };
      sent(acknowledgements(worldOf()), machineOf({}), message);
    },
  ],
  [
    'acknowledgements',
    'a match that shrinks',
    (isWrong) => {
      const property = acknowledgements(worldOf());
      const progress = new Map([[2, { matchIndex: 5, nextIndex: 6 }]]);
      const machine = machineOf({ role: { type: 'leader', progress } });
      property.happened?.(machine, madeUp(machine.process));
      progress.set(2, { matchIndex: isWrong ? 4 : 5, nextIndex: 6 });
      property.happened?.(machine, madeUp(machine.process));
    },
  ],
  ...(['term', 'commitIndex', 'lastApplied', 'epoch'] as const).map((field) => {
    const judge = (isWrong: boolean): void => {
      const sight = sightOf({ commitIndex: 1, term: 1 });
      Object.assign(sight.before, { [field]: isWrong ? 9 : 0 });
      monotonic().changed?.(sight);
    };
    return ['monotonic', `${field} that falls`, judge] as const;
  }),
  [
    'one-primary',
    'two primaries at one time',
    (isWrong) => {
      const [one, other] = [1, 2].map((id) => {
        const role = { type: 'leader', boundUntilMs: 0 };
        return machineOf({ id, role, untilMs: isWrong || id === 1 ? 100 : null });
      }) as [Machine, Machine];
      const property = onePrimary(worldOf(one, other));
      property.happened?.(one, madeUp(one.process));
      property.happened?.(other, madeUp(other.process));
    },
  ],
  [
    'same-state',
    'two answers to an entry',
    (isWrong) => {
      const property = sameState(worldOf(), new History());
      property.applied?.(applied(1, null, NOTHING));
      const result: ApplyResult = isWrong ? { type: 'expired', count: 1 } : NOTHING;
      property.applied?.(applied(1, null, result));
    },
  ],
  [
    'same-state',
    'two states after an entry',
    (isWrong) => {
      const property = sameState(worldOf(), new History());
      property.applied?.(applied(1, null, NOTHING));
      const other = applied(1, null, NOTHING);
      if (isWrong) other.process.node.state.apply(entry(1, 1), OPEN);
      property.applied?.(other);
    },
  ],
  [
    'same-state',
    'a restored snapshot that is another state',
    (isWrong) => {
      const property = sameState(worldOf(), new History());
      property.applied?.(applied(1, null, NOTHING));
      const { machine, process } = applied(1, null, NOTHING);
      if (isWrong) process.node.state.apply(entry(1, 1), OPEN);
      const meta = { last: { term: 1, index: 1 } };
      property.restored?.(machine, process, madeUp<SnapshotMeta>(meta));
    },
  ],
  [
    'session-lives',
    'a session that ends before its deadline',
    (isWrong) => {
      const history = new History();
      const deadlineMs = isWrong ? 1001 : 1000;
      history.noteSession('s', { index: 0, digest: 1, deadlineMs, ttlMs: 0, bornUs: 0 });
      const expire = madeUp<Command>({
        kind: 'expireSessions',
        sessions: [{ id: 's', revision: 1 }],
      });
      sessionLives(worldOf(), history).applied?.(applied(1, expire, NOTHING));
    },
  ],
  [
    'session-lives',
    'a session that lived less than it was promised',
    (isWrong) => {
      const history = new History();
      const ttlMs = isWrong ? 1000 : 0;
      history.noteSession('s', { index: 0, digest: 1, deadlineMs: 0, ttlMs, bornUs: 0 });
      const expire = madeUp<Command>({
        kind: 'expireSessions',
        sessions: [{ id: 's', revision: 1 }],
      });
      sessionLives(worldOf(), history).applied?.(applied(1, expire, NOTHING));
    },
  ],
  [
    'true-outcomes',
    'a write that is carried out twice',
    (isWrong) => {
      const property = trueOutcomes(committed(1, 1));
      property.applied?.(applied(1, put('w'), NOTHING));
      property.applied?.(applied(2, put(isWrong ? 'w' : 'v'), NOTHING));
    },
  ],
  [
    'true-outcomes',
    'a refused write that is applied',
    (isWrong) => {
      const property = trueOutcomes(committed(1));
      property.ended?.(operation('w', null));
      property.applied?.(applied(1, put(isWrong ? 'w' : 'v'), NOTHING));
    },
  ],
  [
    'true-outcomes',
    'an acknowledged write that is not committed',
    (isWrong) => {
      const property = trueOutcomes(committed(isWrong ? 2 : 1));
      property.applied?.(applied(1, put('w'), NOTHING));
      property.ended?.(operation('w', 1));
    },
  ],
  [
    'linearizable',
    'a write in the place of an earlier one',
    (isWrong) => {
      const property = linearizable(committed(1, 1, 1));
      for (const [id, index] of [['a', 2] as const, ['b', isWrong ? 1 : 3] as const]) {
        property.began?.(operation(id, index));
        property.ended?.(operation(id, index));
      }
    },
  ],
  [
    'bounds',
    'too many entries in a message',
    (isWrong) => {
      const entries = isWrong ? [entry(1, 1), entry(2, 1)] : [entry(1, 1)];
      sent(bounds(worldOf()), machineOf({}), { type: 'appendEntries', entries });
    },
  ],
];

describe('a property of a run', () => {
  test.each(TABLE)('%s sees %s, and nothing where there is nothing', (name, _what, judge) => {
    judge(false);
    let seen: unknown = null;
    try {
      judge(true);
    } catch (error) {
      seen = error;
    }
    expect(seen).toBeInstanceOf(Violation);
    expect((seen as Violation).property).toBe(name);
  });
});
