// What a server keeps and what it finds again. Raft Fig. 2 (persistent and volatile state), Thesis §3.8 (persisted state and
// server restarts), §4.4 (how a cluster begins), and how cluster time runs over a restart.

import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../src/raft/initial.js';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import {
  appendEntries,
  change,
  entry,
  I,
  id,
  loaded,
  loadedSnapshot,
  logOf,
  member,
  N,
  requestVote,
  snapshotOf,
  T,
} from '../support/raft-words.js';

describe('Raft Fig. 2, Thesis §3.8: what is on stable storage before an answer', () => {
  const rows = [
    {
      name: 'the term',
      message: appendEntries(7, id(2, 1), []),
      batch: { hardState: { term: 7, votedFor: null } },
    },
    {
      name: 'the vote',
      message: requestVote(7, id(2, 1)),
      batch: { hardState: { term: 7, votedFor: 2 } },
    },
    {
      name: 'the entries',
      message: appendEntries(1, id(2, 1), [entry(3, 1)]),
      batch: { entries: [{ index: 3, term: 1 }] },
    },
  ];
  it.each(rows)('is $name', ({ message, batch }) => {
    const bench = new Bench();
    bench.nowMs = 1000;
    const ready = bench.hear(2, message);
    expect(ready.persist).toMatchObject(batch);
    expect(ready.messages, 'nothing leaves before').toEqual([]);
    expect(ready.messagesAfterPersist).toHaveLength(1);
  });
});

describe('Thesis §3.8: a server that restarts', () => {
  it('has its term, its vote and its log again', () => {
    const bench = new Bench({
      loaded: loaded(logOf([1, 1, 3]), { term: T(4), votedFor: N(2) }),
    });
    expect(bench.state).toMatchObject({ term: 4, votedFor: 2, commitIndex: 0, lastApplied: 0 });
    expect(bench.terms()).toEqual([1, 1, 3]);
  });

  it('knows nothing committed, and applies all again once a leader says what is', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1, 1])) });
    const ready = bench.hear(2, appendEntries(1, id(3, 1), [], { commitIndex: I(3) }));
    expect(ready.committed.map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  it('with a snapshot begins at its last entry and applies what follows', () => {
    const bench = new Bench({ loaded: loadedSnapshot(snapshotOf(5, 1), [entry(6, 1)]) });
    expect(bench.state).toMatchObject({ commitIndex: 5, lastApplied: 5 });
    const ready = bench.hear(2, appendEntries(1, id(6, 1), [], { commitIndex: I(6) }));
    expect(ready.committed.map(({ index }) => index)).toEqual([6]);
  });

  it('campaigns with what it has durably, so that it asks for no vote in a term it has voted in', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(4), votedFor: N(2) }) });
    const asked = bench.timeOut();
    expect(first(asked.messages, 'requestVote')).toMatchObject({ term: 5, preVote: true });
  });

  it('loses nothing that it acknowledged, at whichever moment it died', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const cluster = new RaftCluster({ seed, persistMs: 7 });
      const { id: node, raft } = cluster.elect();
      cluster.propose(node, 'a', 'b');
      cluster.run(seed);
      for (const each of [1, 2, 3]) cluster.crash(each, seed % 3);
      const known = raft.state.commitIndex;
      for (const each of [1, 2, 3]) cluster.restart(each);
      cluster.elect();
      // The watcher compares what is applied again with what was applied before.
      expect(
        cluster.runUntil(() => cluster.isConverged),
        `seed ${seed}`,
      ).toBe(true);
      expect(cluster.leader?.raft.state.commitIndex).toBeGreaterThan(known);
    }
  });
});

describe('Thesis §4.4: a new cluster', () => {
  const settings = { clusterId: '0'.repeat(32), clusterName: 'quorate', electionTimeoutMs: 1000 };

  it('begins on one server, whose first entries are the settings and a configuration of itself', () => {
    const start = bootstrap(settings, [member(1)], 'start');
    expect(start.loaded.entries).toMatchObject([
      { index: 1, term: 1, kind: 'settings' },
      { index: 2, term: 1, kind: 'configuration', configuration: { voters: [1], outgoing: null } },
    ]);
    expect(start.batch).toMatchObject({ persistId: 0, hardState: { term: 1, votedFor: null } });
    expect(start.batch.entries).toEqual(start.loaded.entries);
  });

  it('is led at once: nobody else could be', () => {
    const bench = new Bench({ loaded: bootstrap(settings, [member(1)], 'start').loaded });
    bench.tick(1);
    bench.settle();
    expect(bench.state).toMatchObject({ term: 2, role: { type: 'leader' }, commitIndex: 4 });
  });

  it('takes in servers that begin empty, and learn the configuration from the log', () => {
    const cluster = new RaftCluster({ voters: [1], spares: [2], seed: 5 });
    cluster.elect();
    expect(cluster.raft(2).configuration.members).toEqual([]);
    cluster.change(1, change({ add: [2] }));
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
    expect(cluster.raft(2).configuration).toEqual(cluster.raft(1).configuration);
  });
});
