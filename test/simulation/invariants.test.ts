// Every property of a run can fail. Each is told by itself of something that must never be, as the oracle would tell it, and
// must name itself; told of the same without the fault it must not.

import { describe, expect, test } from 'vitest';

import { History } from '../../simulations/history.js';
import { acknowledgements } from '../../simulations/invariants/acknowledgements.js';
import { bounds } from '../../simulations/invariants/bounds.js';
import { commitOnQuorum } from '../../simulations/invariants/commit-on-quorum.js';
import { committedImmutable } from '../../simulations/invariants/committed-immutable.js';
import { electionSafety } from '../../simulations/invariants/election-safety.js';
import type { Invariant } from '../../simulations/invariants/invariant.js';
import { leaderAppendOnly } from '../../simulations/invariants/leader-append-only.js';
import { leaderCompleteness } from '../../simulations/invariants/leader-completeness.js';
import { linearizable } from '../../simulations/invariants/linearizable.js';
import { logMatching } from '../../simulations/invariants/log-matching.js';
import { membershipOverlaps } from '../../simulations/invariants/membership-overlaps.js';
import { monotonic } from '../../simulations/invariants/monotonic.js';
import { onePrimary } from '../../simulations/invariants/one-primary.js';
import { sameState } from '../../simulations/invariants/same-state.js';
import { sessionLives } from '../../simulations/invariants/session-lives.js';
import { trueOutcomes } from '../../simulations/invariants/true-outcomes.js';
import { votes } from '../../simulations/invariants/votes.js';
import type { Machine, Process } from '../../simulations/machine.js';
import type { Operation } from '../../simulations/operation.js';
import type { Sight } from '../../simulations/sight.js';
import { Violation } from '../../simulations/violation.js';
import type { World } from '../../simulations/world.js';
import type { Message } from '../../src/raft/message.js';
import type { Entry, NodeId, SnapshotMeta } from '../../src/raft/types.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import type { ApplyResult, Command } from '../../src/state-machine/command.js';

/** What a property looks at, made up; the rest is not there. */
const madeUp = <T>(part: unknown): T => part as T;

const VOTERS = { members: [], voters: [1, 2, 3], outgoing: null, leaving: [] };

interface Made {
  readonly id?: number;
  readonly term?: number;
  readonly terms?: readonly number[];
  readonly commitIndex?: number;
  readonly role?: object;
  readonly hardState?: object;
  readonly untilMs?: number | null;
  readonly covers?: boolean;
}

/** A machine whose log has the given terms from index 1 on, and whose disk has all of it. */
function machineOf(made: Made): Machine {
  const { id = 1, term = 1, terms = [1], role = { type: 'leader', progress: new Map() } } = made;
  const termAt = (index: number): number | null => (index === 0 ? 0 : (terms[index - 1] ?? null));
  const log = { termAt, lastIndex: terms.length, compacted: { index: 0, term: 0 } };
  const state = {
    term,
    role,
    log,
    votedFor: 1,
    lastApplied: made.commitIndex ?? 0,
    commitIndex: made.commitIndex ?? 0,
    applied: { reign: { epoch: id } },
    configurations: [{ index: 1, configuration: VOTERS }],
  };
  const untilMs = made.untilMs ?? null;
  const raft = { state, primaryUntilMs: untilMs, isPrimaryAt: () => untilMs !== null };
  const node = { raft, status: () => ({ isPrimary: false, condition: 'member' }) };
  const hardState = made.hardState ?? { term, votedFor: id };
  const covers = (): boolean => made.covers ?? true;
  const disk = { hardState, lastIndex: terms.length, termAt, covers, wasSetBack: false };
  const clock = { nowMs: () => 0, trueUsOf: (ms: number) => ms * 1000 };
  return madeUp({ id, disk, clock, process: { node, number: 1 } });
}

function worldOf(...machines: Machine[]): World {
  const parameters = {
    limits: { messageEntriesMax: 1, messageBytesMax: 9, uncommittedEntriesMax: 0 },
  };
  const counts = { add: () => undefined };
  const all = new Map(machines.map((machine) => [machine.id, machine]));
  return madeUp({ nowUs: 0, machines: all, count: () => undefined, counts, parameters });
}

function sightOf(made: Made, more: object = {}): Sight {
  const machine = machineOf(made);
  const state = machine.process?.node.raft?.state;
  const known = { term: 1, votedFor: 1, isLeader: true, commitIndex: 0, lastApplied: 0, epoch: 0 };
  const before = { ...known, configuration: VOTERS };
  const seen = { appended: [], truncatedFrom: null, isFirst: false };
  return madeUp({ machine, process: machine.process, state, before, ...seen, ...more });
}

const entry = (index: number, term: number, byte = 0): Entry =>
  madeUp({ kind: 'command', index, term, stampMs: 1000, data: new Uint8Array([byte]) });

const sent = (property: Invariant, from: Machine, message: object): void =>
  property.sent?.(from, 2 as NodeId, madeUp<Message>(message));

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
