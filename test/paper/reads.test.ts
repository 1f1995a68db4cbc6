// Linearizable reads without a log entry. Thesis §6.4 (ReadIndex), Raft §8 (the no-op first), Thesis §6.2 (check-quorum):
// all three rest on heartbeat rounds, so what may count as an answer to a round is stated here too.

import { describe, expect, it } from 'vitest';
import type { ReadIndexResponse } from '../../src/raft/message.js';
import type { Envelope } from '../../src/raft/ready.js';
import { Bench, first, sentTo } from '../support/raft-bench.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import { appendEntries, change, id, loaded, logOf, I, N, T } from '../support/raft-words.js';

function leading(voters: readonly number[] = [1, 2, 3]): Bench {
  const bench = new Bench({ voters });
  bench.reign(voters.slice(1, Math.floor(voters.length / 2) + 1));
  return bench;
}

describe('Thesis §6.4: a read without a log entry', () => {
  it('is refused by who does not lead, naming the leader', () => {
    const bench = new Bench();
    expect(bench.step({ type: 'readIndex', readId: 1 })).toEqual({
      type: 'refused',
      refusal: { reason: 'notLeader', leaderId: null },
    });
    expect(bench.take()).toEqual(EMPTY_READY);
  });

  it('begins a round of heartbeats and is released at the commitIndex of that moment', () => {
    const bench = leading();
    const { commitIndex } = bench.state;
    const round = bench.leader.round;
    expect(bench.step({ type: 'readIndex', readId: 7 })).toEqual({ type: 'accepted' });
    const asked = bench.take();
    expect(asked.reads).toEqual([]);
    expect(sentTo(asked.messages, 2)).toMatchObject([
      { type: 'appendEntries', round: round + 1, entries: [] },
    ]);
    bench.match(2);
    expect(bench.take()).toEqual({
      ...EMPTY_READY,
      reads: [{ readId: 7, readIndex: commitIndex }],
    });
  });

  it('waits until this leader has committed an entry of its own term (Raft §8)', () => {
    const bench = new Bench();
    bench.elect();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.settle();
    bench.match(2, bench.leader.noopIndex - 1);
    expect(bench.take().reads, 'a quorum answered, the no-op is not committed').toEqual([]);
    bench.match(2, bench.leader.noopIndex);
    bench.take();
    bench.match(2);
    expect(bench.take().reads).toEqual([{ readId: 1, readIndex: bench.leader.noopIndex }]);
  });

  it('joins the next round, never the one in flight, whose answers may be older than the read', () => {
    const bench = leading();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.take();
    const inFlight = bench.leader.round;
    bench.step({ type: 'readIndex', readId: 2 });
    expect(bench.take(), 'one round at a time').toEqual(EMPTY_READY);
    bench.match(2, bench.state.log.lastIndex, inFlight);
    const answered = bench.take();
    expect(answered.reads.map(({ readId }) => readId)).toEqual([1]);
    expect(bench.leader.round).toBe(inFlight + 1);
    bench.match(3, bench.state.log.lastIndex, inFlight);
    expect(bench.take().reads, 'an answer to the older round confirms nothing newer').toEqual([]);
    bench.match(3, bench.state.log.lastIndex, inFlight + 1);
    expect(bench.take().reads.map(({ readId }) => readId)).toEqual([2]);
  });

  it('shares its round with all that wait: one message to each peer confirms them together', () => {
    const bench = leading();
    for (const readId of [1, 2, 3]) bench.step({ type: 'readIndex', readId });
    const { messages } = bench.take();
    expect(messages.map(({ to }) => to)).toEqual([2, 3]);
    bench.match(2);
    const ready = bench.take();
    expect(ready.reads.map(({ readId }) => readId)).toEqual([1, 2, 3]);
    expect(ready.messages, 'no other round is needed').toEqual([]);
  });

  it('is confirmed by the answer to any later round', () => {
    const bench = leading();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.take();
    bench.tick(100);
    bench.take();
    bench.match(2);
    expect(bench.take().reads.map(({ readId }) => readId)).toEqual([1]);
  });

  it('needs a quorum of both halves while the configuration is joint', () => {
    const bench = new Bench({
      voters: [1, 2, 3],
      loaded: loaded([...logOf([1, 1], [1, 2, 3])]),
    });
    bench.reign([2, 3]);
    bench.change(change({ add: [4] }));
    bench.settle();
    for (const peer of [2, 3, 4]) bench.match(peer);
    bench.settle();
    expect(bench.change(change({ promote: [4], demote: [2] }))).toMatchObject({ type: 'appended' });
    bench.step({ type: 'readIndex', readId: 1 });
    bench.settle();
    // Incoming {1 3 4}, outgoing {1 2 3}: 4 is a quorum with 1 of the first half only.
    bench.match(4, 0);
    expect(bench.take().reads).toEqual([]);
    bench.match(2, 0);
    expect(bench.take().reads).toHaveLength(1);
  });

  it('is given back when the node ceases to lead, so that the asker turns to the next leader', () => {
    const bench = leading();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.take();
    const term = T(bench.state.term + 1);
    const ready = bench.hear(3, {
      type: 'requestVoteResponse',
      term,
      preVote: false,
      granted: false,
    });
    expect(ready.reads).toEqual([{ readId: 1, readIndex: null }]);
    expect(bench.state.role.type).toBe('follower');
  });

  it('is served at once by the only voter, whose own word is a quorum', () => {
    const bench = new Bench({ voters: [1] });
    bench.timeOut();
    bench.settle();
    bench.settle();
    bench.step({ type: 'readIndex', readId: 1 });
    expect(bench.take().reads).toEqual([{ readId: 1, readIndex: bench.state.commitIndex }]);
  });
});

describe('Thesis §6.4, last paragraphs: a read asked of a follower', () => {
  /** Node 3 follows node 1 in term 2. */
  function following(): Bench {
    const bench = new Bench({ node: 3 });
    bench.hear(1, appendEntries(2, id(2, 1), []));
    bench.settle();
    return bench;
  }

  /** Asks, and answers the number of the request that left. */
  function ask(bench: Bench, readId: number): number {
    expect(bench.step({ type: 'readIndex', readId })).toEqual({ type: 'accepted' });
    return first(bench.take().messages, 'readIndexRequest').requestId;
  }

  const answer = (requestId: number, readIndex: number): ReadIndexResponse => ({
    type: 'readIndexResponse',
    term: T(2),
    requestId,
    readIndex: I(readIndex),
  });

  it('is released at the index that the leader answers', () => {
    const bench = following();
    const requestId = ask(bench, 5);
    expect(bench.hear(1, answer(requestId, 2)).reads).toEqual([{ readId: 5, readIndex: 2 }]);
    expect(bench.hear(1, answer(requestId, 2)).reads, 'once').toEqual([]);
  });

  it('never joins a request that is on its way: its answer may be older than the read', () => {
    const bench = following();
    const requestId = ask(bench, 5);
    bench.step({ type: 'readIndex', readId: 6 });
    expect(bench.take().messages).toEqual([]);
    const ready = bench.hear(1, answer(requestId, 2));
    expect(ready.reads).toEqual([{ readId: 5, readIndex: 2 }]);
    const next = first(ready.messages, 'readIndexRequest').requestId;
    expect(next).toBeGreaterThan(requestId);
    expect(bench.hear(1, answer(requestId, 2)).reads, 'the first again').toEqual([]);
    expect(bench.hear(1, answer(next, 2)).reads).toEqual([{ readId: 6, readIndex: 2 }]);
  });

  it('is not released by an answer to an earlier life of this node', () => {
    const [earlier, later] = [following(), new Bench({ node: 3, randomSeed: 77 })];
    later.hear(1, appendEntries(2, id(2, 1), []));
    const requestId = ask(earlier, 5);
    expect(ask(later, 5)).not.toBe(requestId);
    expect(later.hear(1, answer(requestId, 2)).reads).toEqual([]);
  });

  it('is asked for again when the answer does not come', () => {
    const bench = following();
    const requestId = ask(bench, 5);
    bench.tick(100);
    expect(first(bench.take().messages, 'readIndexRequest').requestId).toBe(requestId);
  });

  it('is given back when the leader is lost', () => {
    const bench = following();
    ask(bench, 5);
    expect(bench.timeOut().reads).toEqual([{ readId: 5, readIndex: null }]);
  });

  it('is answered by the leader once a quorum has confirmed it after the request came', () => {
    const bench = leading();
    const { commitIndex, term } = bench.state;
    const asked = bench.hear(3, { type: 'readIndexRequest', term, requestId: 9 });
    expect(asked.messages.map(({ message }) => message.type)).not.toContain('readIndexResponse');
    bench.match(2);
    const word = { type: 'readIndexResponse', term, requestId: 9, readIndex: commitIndex };
    expect(bench.take().messages).toEqual([{ to: 3, message: word }]);
  });

  it('is ignored by who does not lead that term, and from who is no member', () => {
    const bench = leading();
    const { term } = bench.state;
    const request = { type: 'readIndexRequest', requestId: 9 } as const;
    expect(bench.hear(3, { ...request, term: T(term - 1) })).toEqual(EMPTY_READY);
    expect(bench.hear(7, { ...request, term })).toEqual(EMPTY_READY);
    expect(following().hear(1, { ...request, term: T(2) })).toEqual(EMPTY_READY);
  });
});

describe('Thesis §6.4: reads that wait', () => {
  it('are bounded', () => {
    const bench = new Bench({ limits: { pendingReadsMax: 2 } });
    bench.elect();
    const overloaded = { type: 'refused', refusal: { reason: 'overloaded' } };
    for (const readId of [1, 2]) bench.step({ type: 'readIndex', readId });
    expect(bench.step({ type: 'readIndex', readId: 3 })).toEqual(overloaded);
  });
});

describe('Thesis §6.4: an answer to a round', () => {
  it('counts only from the data directory that the configuration names', () => {
    const bench = leading();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.take();
    const answer = {
      type: 'appendEntriesResponse',
      term: bench.state.term,
      round: bench.leader.round,
      outcome: { type: 'matched', matchIndex: bench.state.log.lastIndex },
    } as const;
    expect(bench.hear(2, answer, 2), 'a wiped disk').toEqual(EMPTY_READY);
    expect(bench.hear(4, answer), 'not a member').toEqual(EMPTY_READY);
    expect(bench.hear(2, answer).reads).toHaveLength(1);
  });

  it('is not a late "your term is over", whose round number is of an earlier term', () => {
    // 1. Node 1 led term 2. Its AppendEntries of round 2 is slow on its way to node 2.
    // 2. Node 2 votes for node 1 in term 4, hears that message, and answers: over, term 4, round 2. The answer is slow too.
    // 3. Node 1 wins term 4 with others and begins round 2 of term 4. Node 2 may have left for term 5 by then.
    // 4. The answer arrives: it must not confirm a round that began after it was written.
    const bench = leading();
    bench.step({ type: 'readIndex', readId: 1 });
    bench.take();
    const untilMs = bench.raft.primaryUntilMs;
    bench.nowMs += 400;
    bench.tick(1);
    bench.take();
    const stale = {
      type: 'appendEntriesResponse',
      round: bench.leader.round,
      outcome: { type: 'stale' },
    } as const;
    const ready = bench.hear(3, { ...stale, term: bench.state.term });
    expect(ready).toEqual(EMPTY_READY);
    expect(bench.raft.primaryUntilMs, 'the lease is not longer either').toBe(untilMs);
    expect(bench.leader.progress.get(N(3))?.lastContactMs ?? null).toBe(null);
  });
});

describe('Thesis §6.2: a leader that hears no quorum', () => {
  it('steps down after one minimum election timeout, so that clients look elsewhere', () => {
    const bench = leading();
    bench.tick(999);
    expect(bench.take().messages).not.toEqual([]);
    bench.tick(1);
    const ready = bench.take();
    expect(bench.state).toMatchObject({ role: { type: 'follower' }, leaderId: null });
    expect(ready).toEqual({
      ...EMPTY_READY,
      events: [
        { type: 'becameFollower', term: 2, why: 'a quorum was not heard for an election timeout' },
        { type: 'leaderChanged', term: 2, leaderId: null },
      ],
    });
  });

  it('goes by when the answered round began, not by when the answer came', () => {
    const bench = leading();
    bench.tick(100);
    bench.take();
    const round = bench.leader.round;
    bench.tick(850);
    bench.match(2, bench.state.log.lastIndex, round);
    bench.take();
    bench.tick(149);
    expect(bench.state.role.type).toBe('leader');
    bench.tick(1);
    expect(bench.state.role.type).toBe('follower');
  });

  it('does not hear a quorum in the learners', () => {
    const bench = leading();
    bench.change(change({ add: [4, 5] }));
    bench.settle();
    bench.match(2);
    bench.settle();
    for (let passed = 0; passed < 1000; passed += 100) {
      bench.tick(100);
      bench.take();
      if (bench.state.role.type !== 'leader') break;
      bench.match(4, 0);
      bench.match(5, 0);
    }
    expect(bench.state.role.type).toBe('follower');
  });

  it('hands over in haste when its own disk sync is overdue by one minimum election timeout, and does not campaign', () => {
    const bench = leading();
    bench.propose('stuck');
    const stuck = bench.take().persist?.persistId ?? 0;
    const sent: Envelope[] = [];
    for (let passed = 0; passed < 1000; passed += 100) {
      bench.tick(100);
      if (bench.state.role.type === 'leader') bench.match(2, 0);
      sent.push(...bench.take().messages);
    }
    const { term } = bench.state;
    expect(sent.filter(({ message }) => message.type === 'timeoutNow')).toMatchObject([
      { to: 2, message: { term } },
    ]);
    expect(bench.state.role.type, 'heard by a quorum all the time').toBe('follower');
    bench.timeOut();
    bench.timeOut();
    expect(bench.state.role.type, 'the sync has not come back').toBe('follower');
    bench.persisted(stuck);
    bench.timeOut();
    expect(bench.state.role.type).toBe('preCandidate');
  });
});

describe('The answer of a peer', () => {
  it('says "over" to a leader of an earlier term, with the term that runs, so that it steps down', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(5) }) });
    const ready = bench.hear(3, {
      type: 'appendEntries',
      term: T(3),
      round: 9,
      leaseMs: 750,
      clusterTimeMs: 0,
      prev: id(2, 1),
      entries: [],
      commitIndex: I(2),
    });
    expect(ready).toEqual({
      ...EMPTY_READY,
      messages: [
        {
          to: 3,
          message: { type: 'appendEntriesResponse', term: 5, round: 9, outcome: { type: 'stale' } },
        },
      ],
    });
    expect(bench.state).toMatchObject({ term: 5, leaderId: null, commitIndex: 0 });
    expect(first(ready.messages, 'appendEntriesResponse').term).toBe(5);
  });
});
