// What keeps a cluster from being disturbed by its own voters. Thesis §9.6 (pre-vote), Raft §6 and Thesis §4.2.3 (withheld
// votes), and the partial partitions of Howard and Abraham, in which both are needed together with check-quorum.

import { describe, expect, it } from 'vitest';
import { isPrimaryAt } from '../../src/raft/lease.js';
import type { RequestVoteResponse } from '../../src/raft/message.js';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  change,
  I,
  id,
  loaded,
  logOf,
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

describe('Thesis §9.6: a pre-vote', () => {
  it('is given only for a term that the voter has not entered', () => {
    const bench = awake({ loaded: loaded(logOf([1, 1]), { term: T(5) }) });
    expect(bench.hear(2, requestVote(5, id(9, 4), { preVote: true })).messages).toEqual([
      { to: 2, message: answer(5, false, true) },
    ]);
    expect(bench.hear(2, requestVote(6, id(9, 4), { preVote: true })).messages).toEqual([
      { to: 2, message: answer(6, true, true) },
    ]);
  });

  it('promises nothing: it changes no term, no vote and no timer, and may be given to several', () => {
    const bench = awake();
    const before = bench.state.electionDeadlineMs;
    for (const from of [2, 3]) {
      const ready = bench.hear(from, requestVote(2, id(2, 1), { preVote: true }));
      expect(ready).toEqual({
        ...EMPTY_READY,
        messages: [{ to: from, message: answer(2, true, true) }],
      });
    }
    expect(bench.state).toMatchObject({ term: 1, votedFor: null, electionDeadlineMs: before });
  });

  it('rejected with a higher term makes the asker enter that term, so that it asks for the right one next', () => {
    const bench = new Bench();
    bench.timeOut();
    bench.hear(2, answer(7, false, true));
    expect(bench.state).toMatchObject({ term: 7, role: { type: 'follower' } });
    bench.settle();
    const again = bench.timeOut();
    expect(first(again.messages, 'requestVote')).toMatchObject({ term: 8, preVote: true });
  });

  it('is counted also from a voter whose own term is behind', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(9) }) });
    bench.timeOut();
    bench.give(3, answer(10, true, true));
    expect(bench.state).toMatchObject({ term: 10, role: { type: 'candidate' } });
  });

  it('of an earlier campaign is not counted', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(9) }) });
    bench.timeOut();
    bench.give(3, answer(9, true, true));
    expect(bench.state).toMatchObject({ term: 9, role: { type: 'preCandidate' } });
  });
});

describe('Raft §6, Thesis §4.2.3: votes are withheld', () => {
  const asks = requestVote(5, id(9, 4));

  it('for a minimum election timeout after a live leader was heard, without an answer or a new term', () => {
    const bench = awake();
    bench.hear(2, appendEntries(1, id(2, 1), []));
    bench.nowMs += 999;
    expect(bench.hear(3, asks)).toEqual(EMPTY_READY);
    expect(bench.hear(3, { ...asks, preVote: true })).toEqual(EMPTY_READY);
    expect(bench.state).toMatchObject({ term: 1, leaderId: 2 });
    bench.nowMs += 1;
    expect(bench.hear(3, { ...asks, preVote: true }).messages).toHaveLength(1);
    expect(bench.hear(3, asks).messagesAfterPersist).toHaveLength(1);
  });

  it('for the leader’s lease if that is longer', () => {
    const bench = awake();
    bench.hear(2, appendEntries(1, id(2, 1), [], { leaseMs: 3000 }));
    bench.nowMs += 2999;
    expect(bench.hear(3, asks)).toEqual(EMPTY_READY);
    bench.nowMs += 1;
    expect(bench.hear(3, asks).messagesAfterPersist).toHaveLength(1);
  });

  it('after a restart, when nobody knows what it had heard', () => {
    const bench = new Bench();
    bench.nowMs = 999;
    expect(bench.hear(3, asks)).toEqual(EMPTY_READY);
    bench.nowMs = 1000;
    expect(bench.hear(3, asks).messagesAfterPersist).toHaveLength(1);
  });

  it('after a restart, so that nobody else commits while a leader that was cut off may answer by its lease', () => {
    const cluster = new RaftCluster({ voters: [1, 2, 3], seed: 5 });
    const old = cluster.elect();
    const answersAlone = (): boolean => isPrimaryAt(old.raft.state, cluster.clockMs(old.id));
    expect(cluster.runUntil(() => answersAlone() && cluster.isConverged)).toBe(true);
    const [voter = 0, candidate = 0] = [1, 2, 3].filter((each) => each !== old.id);
    // It hears nobody lead and asks again and again; the voter hears the leader, and says nothing.
    cluster.cut([old.id], [candidate]);
    const asks = (): boolean => cluster.raft(candidate).state.role.type === 'preCandidate';
    expect(cluster.runUntil(asks)).toBe(true);
    // The leader counts on what the voter said last, which the voter has forgotten a moment later.
    cluster.cut([old.id], [voter]);
    cluster.crash(voter);
    cluster.run(20);
    cluster.restart(voter);
    expect(answersAlone()).toBe(true);
    const isReplaced = (): boolean => cluster.leader !== old && cluster.isLed;
    expect(cluster.runUntil(isReplaced)).toBe(true);
    expect(answersAlone()).toBe(false);
  });

  it('by a leader', () => {
    const bench = new Bench();
    bench.reign();
    expect(bench.hear(3, asks)).toEqual(EMPTY_READY);
    expect(bench.hear(3, { ...asks, preVote: true })).toEqual(EMPTY_READY);
    expect(bench.state.role.type).toBe('leader');
  });

  it('by a leader that has stepped down, as if it had just heard itself', () => {
    const bench = new Bench();
    bench.reign();
    bench.hear(2, answer(4, false));
    expect(bench.state).toMatchObject({ term: 4, role: { type: 'follower' } });
    bench.nowMs += 999;
    expect(bench.hear(3, asks)).toEqual(EMPTY_READY);
    bench.nowMs += 1;
    expect(bench.hear(3, asks).messagesAfterPersist).toHaveLength(1);
  });

  it('never from the leader that was heard', () => {
    const bench = awake();
    bench.hear(2, appendEntries(1, id(2, 1), []));
    expect(bench.hear(2, asks).messagesAfterPersist).toMatchObject([
      { to: 2, message: { granted: true } },
    ]);
  });

  it('never from this node itself: a campaign begins with its own pre-vote', () => {
    const bench = awake();
    bench.hear(2, appendEntries(1, id(2, 1), [], { leaseMs: 60_000 }));
    bench.timeOut();
    bench.give(3, answer(2, true, true));
    expect(bench.state.role.type).toBe('candidate');
  });

  it('so a removed node or one with a high term disturbs nobody, though it asks again and again', () => {
    const cluster = new RaftCluster({ voters: [1, 2, 3], seed: 5 });
    const leader = cluster.elect();
    const out = leader.id === 1 ? 2 : 1;
    cluster.cutOneWay(leader.id, out);
    cluster.run(20_000);
    expect(cluster.leader?.id).toBe(leader.id);
    expect(leader.raft.state.term, 'no new term').toBe(2);
    expect(cluster.raft(out).state.role.type).toBe('preCandidate');
  });
});

describe('Howard and Abraham: partial partitions', () => {
  const apart = [
    [1, 4],
    [1, 5],
    [2, 5],
    [3, 4],
    [4, 5],
  ] as const;

  it('HA-1: two nodes at the edge, each hearing one of a clique of three, do not depose its leader', () => {
    const cluster = clique(3);
    for (const [a, b] of apart) cluster.cut([a], [b]);
    const { term } = cluster.raft(3).state;
    cluster.run(30_000);
    expect(cluster.leader).toMatchObject({ id: 3 });
    expect(cluster.raft(3).state.term).toBe(term);
    expect(cluster.propose(3, 'still served')).toMatchObject({ type: 'appended' });
  });

  it('HA-2: a leader that hears one node of five steps down, and the clique elects another', () => {
    const cluster = clique(4);
    for (const [a, b] of apart) cluster.cut([a], [b]);
    cluster.crash(5);
    const isServed = (): boolean => [1, 2, 3].includes(cluster.leader?.id ?? 0) && cluster.isLed;
    expect(cluster.runUntil(isServed, 10_000)).toBe(true);
  });

  function clique(leaderId: number): RaftCluster {
    const cluster = new RaftCluster({ voters: [1, 2, 3, 4, 5], seed: 11 });
    const elected = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    if (elected.id !== leaderId) cluster.transfer(elected.id, leaderId);
    cluster.runUntil(() => cluster.leader?.id === leaderId && cluster.isConverged);
    return cluster;
  }
});

describe('A cluster of one', () => {
  it('does not wait for a leader that cannot be', () => {
    const bench = new Bench({ voters: [1] });
    bench.tick(0);
    bench.settle();
    expect(bench.state).toMatchObject({ nowMs: 0, role: { type: 'leader' }, commitIndex: I(4) });
    expect(bench.change(change({ add: [2] }))).toMatchObject({ type: 'appended' });
  });
});
