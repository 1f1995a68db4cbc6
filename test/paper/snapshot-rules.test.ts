// More sentences of Raft §7, Fig. 13, and Thesis §5: what a snapshot says, when one is sent, what its receiver does step by
// step. Compaction, chunks that are sent again and witnesses stand in snapshots.test.ts and witness.test.ts.

import { describe, expect, it } from 'vitest';
import type { InstallSnapshot } from '../../src/raft/message.js';
import { Bench, sentTo } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  change,
  entry,
  I,
  id,
  loaded,
  logOf,
  snapshotOf,
  T,
} from '../support/raft-words.js';

function chunk(term: number, index: number, parts: Partial<InstallSnapshot> = {}): InstallSnapshot {
  return {
    type: 'installSnapshot',
    term: T(term),
    round: 1,
    leaseMs: 750,
    clusterTimeMs: 0,
    meta: snapshotOf(index, 1),
    offset: 0,
    data: new Uint8Array(8),
    checksum: 0,
    totalBytes: 16,
    ...parts,
  };
}

function leader(): Bench {
  const bench = new Bench({ limits: { keptEntriesMax: 0 } });
  bench.reign([2, 3]);
  return bench;
}

describe('Raft §7: a snapshot', () => {
  it('covers what is applied and no more, and names its last entry', () => {
    const bench = leader();
    bench.propose('a');
    bench.settle();
    expect(bench.state.log.lastIndex).toBe(5);
    expect(bench.raft.snapshotMeta()).toMatchObject({ last: id(4, 2) });
    bench.match(2);
    bench.settle();
    expect(bench.raft.snapshotMeta()).toMatchObject({ last: id(5, 2) });
  });

  it('has the configuration as of that entry, not one that is only in the log', () => {
    const bench = leader();
    bench.change(change({ add: [4] }));
    bench.settle();
    expect(bench.raft.configuration.members).toHaveLength(4);
    const meta = bench.raft.snapshotMeta();
    expect(meta?.configuration.members).toHaveLength(3);
    expect(meta?.configurationIndex).toBe(2);
  });

  it('is taken by each server by itself: a follower compacts without a word of the leader', () => {
    const bench = new Bench({ limits: { keptEntriesMax: 0 }, loaded: loaded(logOf([1, 1, 1])) });
    bench.hear(2, appendEntries(1, id(3, 1), [], { commitIndex: I(3) }));
    bench.settle();
    const meta = bench.raft.snapshotMeta();
    if (meta === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta });
    expect(bench.take().persist).toMatchObject({ compactTo: id(3, 1) });
    expect(bench.state.leaderId).toBe(2);
  });

  it('replaces the one before, and never goes back to an older one', () => {
    const bench = leader();
    const older = bench.raft.snapshotMeta();
    bench.propose('a');
    bench.settle();
    bench.match(2);
    bench.settle();
    const newer = bench.raft.snapshotMeta();
    if (older === null || newer === null) throw new Error('expected something to cover');
    for (const meta of [newer, older]) bench.step({ type: 'snapshotTaken', meta });
    expect(bench.state.snapshot?.last).toEqual(newer.last);
  });
});

describe('Raft §7: a leader sends a snapshot', () => {
  it('only when it has discarded the next entry that a follower needs', () => {
    const bench = leader();
    const meta = bench.raft.snapshotMeta();
    if (meta === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta });
    bench.propose('a');
    const ready = bench.take();
    expect(ready.chunksToSend, 'both have what was discarded').toEqual([]);
    expect(sentTo(ready.messages, 2)).toMatchObject([{ entries: [{ index: 5 }] }]);
  });

  it('and then the entries that follow it', () => {
    const cluster = new RaftCluster({ seed: 31, limits: { keptEntriesMax: 0 } });
    const { id: node } = cluster.elect();
    const away = node === 3 ? 2 : 3;
    cluster.crash(away);
    for (const text of ['a', 'b', 'c']) {
      cluster.propose(node, text);
      cluster.run(50);
      cluster.takeSnapshot(node);
      cluster.run(50);
    }
    cluster.propose(node, 'after it');
    cluster.restart(away);
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
    expect(cluster.raft(away).state.snapshot, 'its first entries were discarded').not.toBe(null);
  });
});

describe('Raft Fig. 13: the receiver of a chunk', () => {
  it('1. replies at once when the term is old, and stores nothing', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(3) }) });
    expect(bench.hear(2, chunk(2, 9))).toEqual({
      ...EMPTY_READY,
      messages: [
        {
          to: 2,
          message: {
            type: 'appendEntriesResponse',
            term: 3,
            round: 1,
            outcome: { type: 'stale' },
          },
        },
      ],
    });
  });

  it('2. to 4. hands each chunk to be stored at its offset, and replies with the next one', () => {
    const bench = new Bench();
    for (const offset of [0, 8]) {
      const { chunksArrived } = bench.hear(2, chunk(1, 9, { offset }));
      expect(chunksArrived).toMatchObject([{ from: 2, chunk: { offset } }]);
    }
    bench.step({
      type: 'snapshotChunkStored',
      from: bench.state.leaderId ?? bench.state.options.id,
      last: id(9, 1),
      nextOffset: 8,
    });
    expect(sentTo(bench.settle().messages, 2)).toMatchObject([
      { type: 'installSnapshotResponse', last: id(9, 1), nextOffset: 8 },
    ]);
  });

  it('5. keeps the newer of two: an older snapshot that arrives late changes nothing', () => {
    const bench = new Bench();
    bench.hear(2, chunk(1, 9));
    bench.received(2, snapshotOf(9, 1));
    bench.settle();
    const ready = bench.received(2, snapshotOf(7, 1));
    expect(ready).toEqual(EMPTY_READY);
    expect(bench.state.snapshot?.last).toEqual(id(9, 1));
  });

  it('6. keeps what follows the entry it covers, if it has that very entry', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1, 1, 1, 1])) });
    bench.hear(2, chunk(1, 4));
    const { persist } = bench.received(2, snapshotOf(4, 1));
    expect(persist).toMatchObject({ install: { keepSuffix: true }, truncateFrom: null });
    expect(bench.terms()).toEqual([1]);
  });

  it('7. discards the whole log if it has another entry there', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1, 1, 2, 2]), { term: T(2) }) });
    bench.hear(2, chunk(3, 4));
    const { persist } = bench.received(2, snapshotOf(4, 1));
    expect(persist).toMatchObject({ install: { keepSuffix: false } });
    expect(bench.state.log).toMatchObject({ lastIndex: 4, last: id(4, 1) });
  });

  it('8. restores the state machine from it, and takes its configuration', () => {
    const bench = new Bench();
    bench.hear(2, chunk(1, 9));
    const meta = snapshotOf(9, 1);
    const ready = bench.received(2, meta);
    expect(ready.restore).toEqual(meta);
    expect(ready.configuration).toEqual(meta.configuration);
    expect(bench.state).toMatchObject({ commitIndex: 9, lastApplied: 9 });
  });
});

describe('Raft §7: InstallSnapshot is a leader’s word', () => {
  it('that begins the election timer anew, as a heartbeat does', () => {
    const bench = new Bench();
    bench.nowMs = 900;
    bench.hear(2, chunk(1, 9));
    expect(bench.state.electionDeadlineMs).toBeGreaterThanOrEqual(1900);
    expect(bench.state.leaderId).toBe(2);
  });

  it('whose chunks are in the way of no entry: those that fit are taken meanwhile', () => {
    const bench = new Bench();
    bench.hear(2, chunk(1, 9));
    bench.hear(2, appendEntries(1, id(2, 1), [entry(3, 1)]));
    expect(bench.state.log.lastIndex).toBe(3);
  });
});
