// More sentences of Raft §5.3, Fig. 2 and Fig. 3, and of Thesis §10.2: what a leader says, keeps and counts. The consistency
// check itself stands in replication.test.ts.

import { describe, expect, it } from 'vitest';
import { Bench, first, sentTo } from '../support/raft-bench.js';
import { RaftCluster, texts } from '../support/raft-cluster.js';
import { appendEntries, entry, I, id, loaded, logOf, N } from '../support/raft-words.js';

function leader(limits = {}): Bench {
  const bench = new Bench({ limits });
  bench.reign([2, 3]);
  return bench;
}

describe('Raft §5.3: an entry', () => {
  it('is named by the term in which the leader received it, and by its index', () => {
    const bench = leader();
    expect(bench.propose('a')).toEqual({ type: 'appended', first: id(5, 2), count: 1 });
    expect(bench.state.log.entryAt(I(5))).toMatchObject({ index: 5, term: 2, kind: 'command' });
  });

  it('is one request: several of one turn are several entries, never one', () => {
    const bench = leader();
    expect(bench.propose('a', 'b', 'c')).toMatchObject({ first: { index: 5 }, count: 3 });
    bench.settle();
    bench.match(2);
    expect(texts(bench.take().committed)).toEqual(['a', 'b', 'c']);
  });

  it('is sent to all at once', () => {
    const bench = leader();
    bench.propose('a');
    const { messages } = bench.take();
    for (const peer of [2, 3]) {
      expect(sentTo(messages, peer)).toMatchObject([{ entries: [{ index: 5 }] }]);
    }
  });

  it('is committed by one round trip to a majority, however slow a minority is', () => {
    const cluster = new RaftCluster({ seed: 4, messageMs: 5, persistMs: 2 });
    const elected = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const slow = elected.id === 3 ? 2 : 3;
    cluster.stickDisk(slow);
    const startMs = cluster.nowMs;
    cluster.propose(elected.id, 'a');
    const { log } = elected.raft.state;
    cluster.runUntil(() => elected.raft.state.commitIndex === log.lastIndex);
    expect(cluster.nowMs - startMs, 'there 5 ms, its disk 2 ms, back 5 ms').toBe(12);
  });

  it('brings all before it with it, also those of earlier leaders', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1, 1, 1])) });
    bench.elect([2]);
    bench.settle();
    expect(bench.state.commitIndex).toBe(0);
    bench.match(2);
    expect(bench.take().committed.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('Raft §5.3: the commitIndex', () => {
  it('travels with every AppendEntries, with heartbeats too', () => {
    const bench = leader();
    bench.propose('a');
    bench.settle();
    bench.match(2);
    bench.settle();
    bench.tick(100);
    const { messages } = bench.take();
    for (const peer of [2, 3]) {
      expect(sentTo(messages, peer)).toMatchObject([{ entries: [], commitIndex: 5 }]);
    }
  });

  it('lets a follower apply what it has, in log order, when it learns of it', () => {
    const bench = new Bench();
    bench.hear(2, appendEntries(2, id(2, 1), [entry(3, 2), entry(4, 2)]));
    bench.settle();
    expect(bench.state.lastApplied).toBe(0);
    const ready = bench.hear(2, appendEntries(2, id(4, 2), [], { commitIndex: I(4) }));
    expect(ready.committed.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });
});

describe('Raft §5.3: a conflict', () => {
  it('costs a round trip for each term that differs, not for each entry', () => {
    const of = (term: number): number[] => Array.from({ length: 30 }, () => term);
    const cluster = new RaftCluster({
      logs: { '1': [1, 1, ...of(4)], '2': [1, 1, ...of(4)], '3': [1, 1, ...of(2), ...of(3)] },
      seed: 1,
    });
    cluster.elect();
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
    const rejected = cluster
      .node(3)
      .readys.flatMap(({ messages }) => messages)
      .flatMap(({ message }) =>
        message.type === 'appendEntriesResponse' && message.outcome.type === 'conflict'
          ? [message.outcome.rejectedIndex]
          : [],
      );
    expect(new Set(rejected).size, 'places that were asked about').toBeLessThanOrEqual(3);
    expect(rejected.length).toBeGreaterThan(0);
  });
});

describe('Raft Fig. 2: the volatile state of a leader', () => {
  it('begins anew with each election: nextIndex after its last entry, matchIndex at 0', () => {
    const bench = leader();
    expect(bench.leader.progress.get(N(2))).toMatchObject({ matchIndex: 4, nextIndex: 5 });
    bench.tick(5000);
    bench.settle();
    bench.elect([2]);
    for (const peer of [2, 3]) {
      expect(bench.leader.progress.get(N(peer))).toMatchObject({ matchIndex: 0, nextIndex: 5 });
    }
  });
});

describe('Raft §5.1, §8: a client’s request at a follower', () => {
  it('is refused with the name of the leader, as far as it is known', () => {
    const bench = new Bench();
    const refused = (leaderId: number | null): object => ({
      type: 'refused',
      refusal: { reason: 'notLeader', leaderId },
    });
    expect(bench.propose('a')).toEqual(refused(null));
    bench.hear(2, appendEntries(2, id(2, 1), []));
    expect(bench.propose('a')).toEqual(refused(2));
  });
});

describe('Thesis §10.2.2: batching', () => {
  it('puts what one turn appended into one message for each peer and one record for the disk', () => {
    const bench = leader();
    for (const text of ['a', 'b', 'c']) bench.propose(text);
    const ready = bench.take();
    expect(ready.persist?.entries.map(({ index }) => index)).toEqual([5, 6, 7]);
    expect(ready.messages).toHaveLength(2);
    expect(first(ready.messages, 'appendEntries').entries).toHaveLength(3);
  });

  it('takes inputs while the disk works, and puts them into the next batch', () => {
    const bench = leader();
    bench.propose('a');
    const one = bench.take().persist;
    bench.propose('b');
    bench.propose('c');
    const two = bench.take().persist;
    expect(one).toMatchObject({ entries: [{ index: 5 }] });
    expect(two).toMatchObject({
      persistId: (one?.persistId ?? 0) + 1,
      entries: [{ index: 6 }, { index: 7 }],
    });
    bench.persisted(one?.persistId ?? 0);
    expect(bench.state.persistence.durableIndex).toBe(5);
  });
});

describe('Thesis §10.2.2: pipelining', () => {
  it('keeps within the bytes that may be on their way to a peer', () => {
    const bench = leader({ messageEntriesMax: 1, inflightBytesMax: 150 });
    bench.propose('x'.repeat(68), 'y'.repeat(68), 'z'.repeat(68));
    expect(sentTo(bench.take().messages, 2), '100 bytes each').toHaveLength(2);
    bench.match(2, 5);
    expect(sentTo(bench.take().messages, 2)).toHaveLength(1);
  });

  it('commits by whichever answers come first, in any order', () => {
    const bench = leader({ messageEntriesMax: 1 });
    bench.propose('a', 'b', 'c');
    bench.settle();
    bench.match(3, 7);
    bench.match(3, 5);
    bench.match(2, 6);
    expect(bench.take().committed.map(({ index }) => index)).toEqual([5, 6, 7]);
  });
});

describe('Raft §5.4.3: a leader', () => {
  it('has every entry that was committed before, whoever is elected after whichever crashes', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const cluster = new RaftCluster({ voters: [1, 2, 3, 4, 5], seed, electionTimeoutMs: 200 });
      const written: string[] = [];
      for (let round = 0; round < 4; round += 1) {
        const { id: node, raft } = cluster.elect();
        const text = `round ${round}`;
        cluster.propose(node, text);
        const { lastIndex } = raft.state.log;
        if (cluster.runUntil(() => raft.state.commitIndex >= lastIndex, 2000)) written.push(text);
        cluster.crash(node);
        cluster.runUntil(() => cluster.isLed, 5000);
        cluster.restart(node);
      }
      cluster.runUntil(() => cluster.isConverged);
      const log = cluster.watcher.committed.filter((it) => it !== undefined);
      expect(texts(log), `seed ${seed}`).toEqual(expect.arrayContaining(written));
      expect(written.length, 'something was acknowledged').toBeGreaterThan(0);
    }
  });
});
