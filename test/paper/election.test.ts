// Elections. Raft §5.1 (terms), §5.2 (votes), §5.4.1 (up-to-date logs), Fig. 2 (RequestVote); and the rules of our own about
// late timers. Pre-votes and withheld votes have a file of their own.

import { describe, expect, it } from 'vitest';
import type { RequestVoteResponse } from '../../src/raft/message.js';
import { Bench, sentTo } from '../support/raft-bench.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  configuration,
  entry,
  id,
  loaded,
  logOf,
  N,
  requestVote,
  T,
} from '../support/raft-words.js';

/** A node past the time in which it withholds votes because it has just started. */
function awake(parts: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(parts);
  bench.nowMs = 1000;
  return bench;
}

const answer = (term: number, granted: boolean, preVote = false): RequestVoteResponse => ({
  type: 'requestVoteResponse',
  term: T(term),
  preVote,
  granted,
});

describe('Raft §5.1: a term', () => {
  it('is entered as a follower by whoever learns of it, forgetting the vote of the earlier one', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(4), votedFor: N(3) }) });
    const ready = bench.hear(2, appendEntries(6, id(2, 1), []));
    expect(bench.state).toMatchObject({
      term: 6,
      votedFor: null,
      leaderId: 2,
      role: { type: 'follower' },
    });
    expect(ready.persist).toMatchObject({ hardState: { term: 6, votedFor: null }, entries: [] });
    expect(ready.messages, 'no answer in a term that is not durable').toEqual([]);
  });

  it('that is over is told so: the request is rejected with the term that runs', () => {
    const bench = awake({ loaded: loaded(logOf([1, 1]), { term: T(4) }) });
    const ready = bench.hear(2, requestVote(3, id(9, 3)));
    expect(ready).toEqual({ ...EMPTY_READY, messages: [{ to: 2, message: answer(4, false) }] });
    expect(bench.state).toMatchObject({ term: 4, votedFor: null });
  });
});

describe('Raft §5.2: a follower that hears no leader', () => {
  it('waits a random time between the minimum election timeout and twice that', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(
      (node) => new Bench({ node, voters: [1, 2, 3, 4, 5, 6, 7, 8] }).state.electionDeadlineMs,
    );
    for (const wait of waits) {
      expect(wait).toBeGreaterThanOrEqual(1000);
      expect(wait).toBeLessThan(2000);
    }
    expect(new Set(waits).size).toBeGreaterThan(4);
  });

  it('asks for pre-votes without entering a new term (Thesis §9.6)', () => {
    const bench = new Bench();
    const ready = bench.timeOut();
    const message = requestVote(2, id(2, 1), { preVote: true });
    expect(ready).toEqual({
      ...EMPTY_READY,
      messages: [
        { to: 2, message },
        { to: 3, message },
      ],
      events: [{ type: 'becamePreCandidate', term: 1, why: 'heard no leader in time' }],
    });
    expect(bench.state).toMatchObject({ term: 1, votedFor: null, role: { type: 'preCandidate' } });
  });

  it('enters a new term, votes for itself and asks, all only once that is durable', () => {
    const bench = new Bench();
    bench.timeOut();
    const ready = bench.hear(2, answer(2, true, true));
    const message = requestVote(2, id(2, 1));
    expect(ready).toEqual({
      ...EMPTY_READY,
      persist: {
        persistId: 1,
        hardState: { term: 2, votedFor: 1 },
        truncateFrom: null,
        entries: [],
        install: null,
        compactTo: null,
      },
      messagesAfterPersist: [
        { to: 2, message },
        { to: 3, message },
      ],
      events: [{ type: 'becameCandidate', term: 2, why: 'heard no leader in time' }],
    });
  });

  it('counts its own vote only once it is durable', () => {
    const bench = new Bench({ voters: [1] });
    const ready = bench.timeOut();
    expect(bench.state.role.type).toBe('candidate');
    bench.persisted(ready.persist?.persistId ?? 0);
    expect(bench.state.role.type).toBe('leader');
  });

  it('asks those again who have not answered, after a heartbeat', () => {
    const bench = new Bench({ voters: [1, 2, 3, 4, 5] });
    bench.timeOut();
    bench.give(2, answer(2, true, true));
    bench.tick(99);
    expect(bench.take()).toEqual(EMPTY_READY);
    bench.tick(1);
    expect(bench.take().messages.map(({ to }) => to)).toEqual([3, 4, 5]);
  });

  it('begins again when its campaign has no result in time, so that a split vote ends', () => {
    const bench = new Bench();
    bench.timeOut();
    bench.hear(2, answer(2, true, true));
    bench.settle();
    bench.timeOut();
    expect(bench.state).toMatchObject({ term: 2, role: { type: 'preCandidate' } });
    bench.give(3, answer(3, true, true));
    expect(bench.state).toMatchObject({ term: 3, votedFor: 1, role: { type: 'candidate' } });
  });

  it('does not campaign as a learner, nor before it has heard of any configuration', () => {
    const learner = configuration([2, 3], { learners: [1] });
    const known = entry(2, 1, { kind: 'configuration', configuration: learner, cause: 'x' });
    const settings = logOf([1]);
    for (const entries of [[...settings, known], []]) {
      const bench = new Bench({ loaded: loaded(entries) });
      expect(bench.timeOut()).toEqual(EMPTY_READY);
      expect(bench.timeOut()).toEqual(EMPTY_READY);
      expect(bench.state.role.type).toBe('follower');
    }
  });

  it('does not campaign on the evidence of a timer that fired far too late: its own process stalled', () => {
    const bench = new Bench();
    bench.nowMs = 2500;
    bench.step({ type: 'tick', lateMs: 201 });
    expect(bench.take()).toEqual({ ...EMPTY_READY, events: [{ type: 'lateTimer', lateMs: 201 }] });
    expect(bench.state.electionDeadlineMs, 'listens for three heartbeats first').toBe(2800);
    bench.nowMs = 2700;
    bench.step({ type: 'tick', lateMs: 0 });
    expect(bench.state.role.type).toBe('follower');
    bench.nowMs = 2800;
    bench.step({ type: 'tick', lateMs: 200 });
    expect(bench.state.role.type).toBe('preCandidate');
  });

  it('campaigns in time although its ticks are often late, as on a machine that is always busy', () => {
    const bench = new Bench();
    let ticks = 0;
    while (bench.state.role.type === 'follower' && ticks < 40) {
      ticks += 1;
      bench.nowMs += 220;
      // Every second tick is far too late.
      bench.step({ type: 'tick', lateMs: ticks % 2 === 0 ? 300 : 0 });
    }
    expect(bench.state.role.type).toBe('preCandidate');
    expect(bench.nowMs).toBeLessThan(4000);
  });
});

describe('Raft §5.2: a voter', () => {
  it('votes for at most one candidate a term, and answers once the vote is durable', () => {
    const bench = awake();
    const ready = bench.hear(2, requestVote(5, id(2, 1)));
    expect(ready).toEqual({
      ...EMPTY_READY,
      persist: {
        persistId: 1,
        hardState: { term: 5, votedFor: 2 },
        truncateFrom: null,
        entries: [],
        install: null,
        compactTo: null,
      },
      messagesAfterPersist: [{ to: 2, message: answer(5, true) }],
    });
    const other = bench.hear(3, requestVote(5, id(2, 1)));
    expect(other).toEqual({
      ...EMPTY_READY,
      messagesAfterPersist: [{ to: 3, message: answer(5, false) }],
    });
    expect(bench.state.votedFor).toBe(2);
  });

  it('repeats its answer to the same candidate, at once when the vote is durable already', () => {
    const bench = awake();
    bench.hear(2, requestVote(5, id(2, 1)));
    bench.settle();
    expect(bench.hear(2, requestVote(5, id(2, 1)))).toEqual({
      ...EMPTY_READY,
      messages: [{ to: 2, message: answer(5, true) }],
    });
  });

  it('remembers its vote over a restart', () => {
    const bench = awake({ loaded: loaded(logOf([1, 1]), { term: T(5), votedFor: N(2) }) });
    const other = bench.hear(3, requestVote(5, id(9, 4)));
    expect(other.messages).toEqual([{ to: 3, message: answer(5, false) }]);
    const same = bench.hear(2, requestVote(5, id(2, 1)));
    expect(same.messages).toEqual([{ to: 2, message: answer(5, true) }]);
  });

  it('waits a whole timeout again after it has given a vote, and only then', () => {
    const bench = awake();
    const before = bench.state.electionDeadlineMs;
    bench.hear(3, requestVote(5, id(1, 1)));
    expect(bench.state.electionDeadlineMs, 'rejected').toBe(before);
    bench.nowMs = before - 1;
    bench.hear(2, requestVote(6, id(2, 1)));
    expect(bench.state.electionDeadlineMs).toBeGreaterThanOrEqual(before - 1 + 1000);
  });

  it('gives its vote also while it only asks for pre-votes, and leaves off asking', () => {
    // Node 1 learnt of term 5 without voting in it, then heard no leader. Node 2 campaigns in term 5 itself.
    const bench = awake({ loaded: loaded(logOf([1, 1]), { term: T(5) }) });
    bench.timeOut();
    expect(bench.state.role.type).toBe('preCandidate');
    const ready = bench.hear(2, requestVote(5, id(2, 1)));
    expect(ready.messagesAfterPersist).toEqual([{ to: 2, message: answer(5, true) }]);
    expect(bench.state).toMatchObject({ votedFor: 2, role: { type: 'follower' } });
  });

  it('answers any node of the cluster, member or not: the asker may know a newer configuration (Raft §6)', () => {
    const bench = awake();
    expect(bench.hear(9, requestVote(5, id(2, 1))).messagesAfterPersist).toMatchObject([
      { to: 9, message: { granted: true } },
    ]);
  });
});

describe('Raft §5.4.1: a log is more up to date', () => {
  const rows = [
    { name: 'with a later last term, however short', last: id(1, 3), granted: true },
    { name: 'with the same last term and greater length', last: id(6, 2), granted: true },
    { name: 'not when it is the same, which is enough for a vote', last: id(4, 2), granted: true },
    { name: 'not with the same last term and shorter', last: id(3, 2), granted: false },
    { name: 'not with an earlier last term, however long', last: id(99, 1), granted: false },
  ];
  it.each(rows)('$name', ({ last, granted }) => {
    const bench = awake({ loaded: loaded(logOf([1, 1, 1, 2])) });
    const pre = bench.hear(2, requestVote(9, last, { preVote: true }));
    expect(pre).toEqual({
      ...EMPTY_READY,
      messages: [{ to: 2, message: answer(granted ? 9 : 2, granted, true) }],
    });
    const real = bench.hear(2, requestVote(9, last));
    expect(sentTo(real.messagesAfterPersist, 2)).toEqual([answer(9, granted)]);
    expect(bench.state).toMatchObject({ term: 9, votedFor: granted ? 2 : null });
  });
});

describe('Raft §5.2: a candidate', () => {
  function campaigning(voters: readonly number[] = [1, 2, 3, 4, 5]): Bench {
    const bench = new Bench({ voters });
    bench.timeOut();
    for (const voter of voters.slice(1)) bench.give(voter, answer(2, true, true));
    bench.settle();
    return bench;
  }

  it('leads with the votes of a majority', () => {
    const bench = campaigning();
    bench.give(2, answer(2, true));
    expect(bench.state.role.type).toBe('candidate');
    bench.give(3, answer(2, true));
    expect(bench.state).toMatchObject({
      leaderId: 1,
      role: { type: 'leader', electedAtMs: bench.nowMs },
    });
  });

  it('counts each voter once', () => {
    const bench = campaigning();
    for (const repeat of [1, 2, 3]) {
      bench.give(2, answer(2, true));
      expect(bench.state.role.type, `answer ${repeat}`).toBe('candidate');
    }
  });

  it.each([
    { name: 'of an earlier term', term: 1, preVote: false, from: 2, incarnation: 1 },
    { name: 'that are pre-votes', term: 2, preVote: true, from: 2, incarnation: 1 },
    { name: 'of who is no member', term: 2, preVote: false, from: 9, incarnation: 1 },
    {
      name: 'of another data directory of a member',
      term: 2,
      preVote: false,
      from: 2,
      incarnation: 2,
    },
  ])('counts no votes $name', ({ term, preVote, from, incarnation }) => {
    const bench = campaigning([1, 2, 3]);
    bench.give(from, answer(term, true, preVote), incarnation);
    expect(bench.state.role.type).toBe('candidate');
  });

  it('counts no votes of learners', () => {
    const joint = configuration([1, 2, 3], { learners: [4, 5] });
    const log = [
      ...logOf([1]),
      entry(2, 1, { kind: 'configuration', configuration: joint, cause: 'x' }),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    const asked = bench.timeOut();
    expect(
      asked.messages.map(({ to }) => to),
      'nor asks them',
    ).toEqual([2, 3]);
    for (const from of [4, 5]) bench.give(from, answer(2, true, true));
    expect(bench.state.role.type).toBe('preCandidate');
  });

  it('needs a majority of both halves while the configuration is joint (Raft §6)', () => {
    const joint = configuration([1, 4, 5], { outgoing: [1, 2, 3] });
    const log = [
      ...logOf([1]),
      entry(2, 1, { kind: 'configuration', configuration: joint, cause: 'x' }),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    bench.timeOut();
    for (const from of [4, 5]) bench.give(from, answer(2, true, true));
    expect(bench.state.role.type).toBe('preCandidate');
    bench.give(3, answer(2, true, true));
    bench.settle();
    for (const from of [2, 3]) bench.give(from, answer(2, true));
    expect(bench.state.role.type).toBe('candidate');
    bench.give(5, answer(2, true));
    expect(bench.state.role.type).toBe('leader');
  });

  it('gives way to the leader of its own term', () => {
    const bench = campaigning();
    const ready = bench.hear(3, appendEntries(2, id(2, 1), []));
    expect(bench.state).toMatchObject({
      term: 2,
      votedFor: 1,
      leaderId: 3,
      role: { type: 'follower' },
    });
    expect(ready.messages).toMatchObject([
      { to: 3, message: { outcome: { type: 'matched', matchIndex: 2 } } },
    ]);
  });

  it('follows again when so many have rejected it that it cannot win', () => {
    const bench = campaigning([1, 2, 3]);
    bench.give(2, answer(2, false));
    expect(bench.state.role.type).toBe('candidate');
    bench.give(3, answer(2, false));
    expect(bench.state).toMatchObject({ term: 2, role: { type: 'follower' } });
  });

  it('does not take a vote back for which the voter answers differently later, asked twice', () => {
    // Node 2 gave its vote, durably; its answer to a repeated request must not be another.
    const bench = awake({ loaded: loaded(logOf([1, 1]), { term: T(5), votedFor: N(2) }) });
    bench.timeOut();
    expect(bench.state.role.type).toBe('preCandidate');
    expect(bench.hear(2, requestVote(5, id(2, 1))).messages).toEqual([
      { to: 2, message: answer(5, true) },
    ]);
  });
});

describe('Raft §8 and §5.2: a new leader', () => {
  it('tells everybody at once, and appends a no-op of its own term', () => {
    const bench = new Bench();
    const ready = bench.elect();
    const word = {
      term: 2,
      round: 1,
      leaseMs: 750,
      clusterTimeMs: bench.nowMs,
      prev: id(2, 1),
      commitIndex: 0,
    };
    const noop = { kind: 'noop', term: 2, index: 3, stampMs: bench.nowMs };
    const heartbeat = { type: 'appendEntries', ...word, entries: [] };
    const append = { type: 'appendEntries', ...word, entries: [noop] };
    expect(ready.messages.slice(-4)).toEqual([
      { to: 2, message: heartbeat },
      { to: 3, message: heartbeat },
      { to: 2, message: append },
      { to: 3, message: append },
    ]);
    expect(ready.persist).toMatchObject({ entries: [noop], hardState: null });
    expect(ready.committed).toEqual([]);
  });

  it('overwrites or deletes nothing of its own log (Raft Fig. 3, leader append-only)', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1, 2, 2])) });
    bench.elect();
    expect(bench.terms()).toEqual([1, 1, 2, 2, 3]);
  });
});
