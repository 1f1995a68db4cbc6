// A disk set back: a follower whose log ends below what it acknowledged to a leader that remembers counts for nothing and
// ceases to vote for good. The argument stands in src/raft/set-back.ts.
import { describe, expect, it } from 'vitest';
import type { AppendEntriesResponse } from '../../src/raft/message.js';
import { Bench, sentTo } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import { I, N, T, appendEntries, change, entry, id } from '../support/raft-words.js';

/** Node 1 leads; node 3 has acknowledged everything. */
function leading(): Bench {
  const bench = new Bench();
  bench.reign([2, 3]);
  return bench;
}

function conflict(bench: Bench, rejectedIndex: number, round: number): AppendEntriesResponse {
  const { term } = bench.state;
  const outcome = { type: 'conflict', rejectedIndex: I(rejectedIndex), hint: id(1, 1) } as const;
  return { type: 'appendEntriesResponse', term, round, outcome };
}

/** Lets a heartbeat begin a round that node 3 has not acknowledged anything after. */
function nextRound(bench: Bench): number {
  bench.tick(100);
  bench.settle();
  return bench.leader.round;
}

describe('a leader', () => {
  it('ceases to count a follower that lacks what it acknowledged, and tells it with each heartbeat', () => {
    const bench = leading();
    const { matchIndex } = bench.leader.progress.get(N(3)) ?? {};
    const round = nextRound(bench);
    const acknowledged = id(Number(matchIndex), bench.state.term);
    const word = { type: 'diskSetBack', term: bench.state.term, acknowledged };
    expect(bench.hear(3, conflict(bench, Number(matchIndex), round)).messages).toEqual([
      { to: 3, message: word },
    ]);
    expect(bench.leader.progress.has(N(3))).toBe(false);
    bench.tick(100);
    expect(sentTo(bench.settle().messages, 3)).toEqual([word]);
    bench.match(2);
    const { commitIndex } = bench.state;
    bench.propose('x');
    bench.settle();
    bench.give(3, {
      type: 'appendEntriesResponse',
      term: bench.state.term,
      round: bench.leader.round,
      outcome: { type: 'matched', matchIndex: bench.state.log.lastIndex },
    });
    bench.settle();
    expect(bench.state.commitIndex, 'its word commits nothing').toBe(commitIndex);
  });

  it('does not take a late answer for it, written before the follower acknowledged', () => {
    const bench = leading();
    const { matchIndex = 0 } = bench.leader.progress.get(N(3)) ?? {};
    const { round } = bench.leader;
    expect(bench.hear(3, conflict(bench, matchIndex, round))).toEqual(EMPTY_READY);
    expect(bench.leader.progress.has(N(3))).toBe(true);
  });

  it('does not take an answer for it about what lies before that, which it never asked in such a round', () => {
    const bench = leading();
    const { matchIndex = 0 } = bench.leader.progress.get(N(3)) ?? {};
    const round = nextRound(bench);
    bench.hear(3, conflict(bench, matchIndex - 1, round));
    expect(bench.leader.setBack.size).toBe(0);
  });

  it('forgets in its next term, since another leader may have given back what was lost', () => {
    const bench = leading();
    const { matchIndex = 0 } = bench.leader.progress.get(N(3)) ?? {};
    bench.hear(3, conflict(bench, matchIndex, nextRound(bench)));
    bench.tick(5000);
    expect(bench.state.role.type).toBe('follower');
    bench.settle();
    bench.reign([3]);
    expect(bench.leader.setBack.size).toBe(0);
    const { commitIndex } = bench.state;
    bench.propose('x');
    bench.settle();
    bench.match(3);
    bench.settle();
    expect(bench.state.commitIndex, 'what it says now counts').toBeGreaterThan(commitIndex);
  });

  it('forgets a member that was removed', () => {
    const bench = leading();
    const { matchIndex = 0 } = bench.leader.progress.get(N(3)) ?? {};
    bench.hear(3, conflict(bench, matchIndex, nextRound(bench)));
    bench.match(2);
    bench.step({ type: 'changeConfiguration', change: change({ remove: [3] }), cause: 'test' });
    bench.settle();
    bench.match(2);
    bench.settle();
    bench.match(2);
    bench.settle();
    expect(bench.raft.configuration.members.map(({ id: it }) => it)).toEqual([1, 2]);
    expect(bench.leader.setBack.size).toBe(0);
    bench.tick(100);
    expect(sentTo(bench.settle().messages, 3)).toEqual([]);
  });

  it('does not take a gap above what was acknowledged for it', () => {
    const bench = leading();
    const { matchIndex = 0 } = bench.leader.progress.get(N(3)) ?? {};
    const round = nextRound(bench);
    bench.hear(3, conflict(bench, matchIndex + 1, round));
    expect(bench.leader.setBack.size).toBe(0);
  });
});

describe('a follower', () => {
  function following(): Bench {
    const bench = new Bench({ node: 3 });
    bench.hear(1, appendEntries(2, id(2, 1), [entry(3, 2)]));
    bench.settle();
    return bench;
  }
  const word = (index: number, term = 2, entryTerm = 2) =>
    ({ type: 'diskSetBack', term: T(term), acknowledged: id(index, entryTerm) }) as const;

  it('believes the leader of its term that its log ends too early', () => {
    const ready = following().hear(1, word(9));
    expect(ready).toEqual({ ...EMPTY_READY, lostTail: { acknowledged: 9, last: 3 } });
  });

  it('believes it if it has another entry there', () => {
    const ready = following().hear(1, word(3, 2, 1));
    expect(ready.lostTail).toEqual({ acknowledged: 3, last: 3 });
  });

  it('believes the leader of a later term, or one that it has not heard since it restarted', () => {
    const bench = new Bench({ node: 3 });
    expect(bench.hear(1, word(9)).lostTail).toEqual({ acknowledged: 9, last: 2 });
  });

  it('believes it about an entry that it has again, since it gets nothing more', () => {
    expect(following().hear(1, word(3)).lostTail).toEqual({ acknowledged: 3, last: 3 });
    expect(following().hear(1, word(1, 2, 1)).lostTail).toEqual({ acknowledged: 1, last: 3 });
  });

  it('does not believe it from an earlier term', () => {
    expect(following().hear(1, word(9, 1))).toEqual(EMPTY_READY);
  });
});

describe('a cluster', () => {
  it('finds a disk that was set back while its node was down, whichever it is', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = new RaftCluster({ seed });
      const leader = cluster.elect();
      const lost = leader.id === 1 ? 2 : 1;
      cluster.propose(leader.id, 'a', 'b', 'c');
      cluster.runUntil(() => cluster.isConverged);
      cluster.crash(lost);
      cluster.node(lost).disk.setBack(2);
      cluster.restart(lost);
      const isFound = cluster.runUntil(
        () => cluster.node(lost).readys.some(({ lostTail }) => lostTail !== null),
        5000,
      );
      expect(isFound, `seed ${seed}`).toBe(true);
    }
  });

  it('goes on with a node that never heard of it and was given back what it lost, whoever leads then', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = new RaftCluster({ seed });
      const first = cluster.elect();
      const [lost = 0, other = 0] = [1, 2, 3].filter((id) => id !== first.id);
      cluster.propose(first.id, 'a', 'b', 'c');
      cluster.runUntil(() => cluster.isConverged);
      cluster.crash(lost);
      cluster.node(lost).disk.setBack(2);
      cluster.restart(lost);
      const isKnown = (): boolean => {
        const { role } = cluster.raft(first.id).state;
        return role.type === 'leader' && role.setBack.size > 0;
      };
      cluster.hold(lost, first.id);
      expect(cluster.runUntil(() => cluster.held(lost, first.id).length > 0)).toBe(true);
      cluster.cutOneWay(first.id, lost);
      cluster.release(lost, first.id);
      expect(cluster.runUntil(isKnown, 1000), `seed ${seed}`).toBe(true);
      cluster.transfer(first.id, other);
      const isGivenBack = (): boolean => cluster.leader?.id === other && cluster.isConverged;
      expect(cluster.runUntil(isGivenBack), `seed ${seed}`).toBe(true);
      cluster.heal();
      cluster.transfer(other, first.id);
      cluster.runUntil(() => cluster.leader?.id === first.id && cluster.isLed);
      cluster.propose(first.id, 'd');
      expect(
        cluster.runUntil(() => cluster.isConverged),
        `seed ${seed}`,
      ).toBe(true);
      expect(cluster.node(lost).readys.some(({ lostTail }) => lostTail !== null)).toBe(false);
    }
  });

  it('takes nobody for one in bad weather', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const cluster = new RaftCluster({ seed, persistMs: 3 });
      cluster.weather = { drop: 100, repeat: 200, delayMaxMs: 400 };
      cluster.elect();
      for (let turn = 0; turn < 60; turn += 1) {
        const node = 1 + (turn % 3);
        if (turn % 7 === 0) cluster.crash(node);
        const { leader } = cluster;
        if (leader !== null) cluster.propose(leader.id, `${turn}`);
        cluster.run(150);
        cluster.restart(node);
      }
      const all = [...cluster.nodes.values()].flatMap(({ readys }) => readys);
      expect(
        all.filter(({ lostTail }) => lostTail !== null),
        `seed ${seed}`,
      ).toEqual([]);
    }
  });
});
