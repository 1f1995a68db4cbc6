// Snapshots. Raft §7 and Fig. 13; what a snapshot may and may not do to the log of the node that takes or receives it.

import { describe, expect, it } from 'vitest';
import type { InstallSnapshot } from '../../src/raft/message.js';
import type { SnapshotMeta } from '../../src/raft/types.js';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  configuration,
  entry,
  I,
  id,
  loaded,
  loadedSnapshot,
  logOf,
  N,
  requestVote,
  snapshotOf,
  T,
} from '../support/raft-words.js';

function chunk(
  term: number,
  meta: SnapshotMeta,
  extra: Partial<InstallSnapshot> = {},
): InstallSnapshot {
  const data = new Uint8Array(8);
  const word = { term: T(term), round: 4, leaseMs: 750, clusterTimeMs: 0 };
  return {
    type: 'installSnapshot',
    ...word,
    meta,
    offset: 0,
    data,
    checksum: 0,
    totalBytes: 8,
    ...extra,
  };
}

/** A node that has heard leader 2 of this term. */
function following(bench: Bench, term: number): Bench {
  bench.hear(2, appendEntries(term, id(0, 0), []));
  return bench;
}

const matched = (matchIndex: number, term: number, round: number): object => ({
  to: 2,
  message: {
    type: 'appendEntriesResponse',
    term,
    round,
    outcome: { type: 'matched', matchIndex },
  },
});

describe('Raft §7: a node that takes a snapshot', () => {
  it('forgets the entries it covers but for the newest, and remembers the id of the last one forgotten', () => {
    const bench = new Bench({ voters: [1], limits: { keptEntriesMax: 1 } });
    bench.timeOut();
    bench.settle();
    const meta = bench.raft.snapshotMeta();
    expect(meta).toMatchObject({ last: id(4, 2), configurationIndex: 2, reign: { epoch: 4 } });
    if (meta === null) return;
    bench.step({ type: 'snapshotTaken', meta });
    const ready = bench.take();
    expect(ready).toEqual({
      ...EMPTY_READY,
      persist: {
        persistId: ready.persist?.persistId ?? 0,
        hardState: null,
        truncateFrom: null,
        entries: [],
        install: null,
        compactTo: id(3, 2),
      },
    });
    expect(bench.state.log.compacted).toEqual(id(3, 2));
    expect(bench.state.log.has(id(3, 2)), 'still answers the consistency check').toBe(true);
  });

  it('keeps no more bytes of them than may be kept, however few entries they are', () => {
    const bench = new Bench({ voters: [1], limits: { keptEntriesMax: 100, keptBytesMax: 2500 } });
    bench.timeOut();
    bench.settle();
    bench.step({ type: 'propose', commands: [new Uint8Array(1000), new Uint8Array(1000)] });
    bench.settle();
    const meta = bench.raft.snapshotMeta();
    if (meta === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta });
    expect(bench.take().persist?.compactTo, 'the two commands are kept').toEqual(id(4, 2));
  });

  it('keeps the compaction when an older snapshot is announced in the same turn', () => {
    const bench = new Bench({ voters: [1], limits: { keptEntriesMax: 0 } });
    bench.timeOut();
    bench.settle();
    const meta = bench.raft.snapshotMeta();
    if (meta === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta });
    bench.step({ type: 'snapshotTaken', meta: { ...meta, last: id(3, 2) } });
    expect(bench.take().persist?.compactTo).toEqual(id(4, 2));
  });

  it('never forgets what its own disk does not have yet', () => {
    const bench = new Bench({ limits: { keptEntriesMax: 0 } });
    bench.elect([2, 3]);
    for (const peer of [2, 3]) bench.match(peer);
    bench.take();
    expect(bench.state, 'committed by the others').toMatchObject({
      commitIndex: 3,
      lastApplied: 3,
    });
    const meta = bench.raft.snapshotMeta();
    if (meta === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta });
    expect(bench.state.log.compacted).toEqual(id(2, 1));
  });
});

describe('Raft §7: a follower that lacks what the leader has forgotten', () => {
  it('is sent the snapshot, one chunk at a time, and only heartbeats meanwhile', () => {
    const meta = snapshotOf(10, 1);
    const bench = new Bench({ loaded: loadedSnapshot(meta, [entry(11, 1)]) });
    bench.elect();
    const term = bench.state.term;
    const conflict = { type: 'conflict', rejectedIndex: I(11), hint: id(2, 1) } as const;
    bench.give(3, { type: 'appendEntriesResponse', term, round: 1, outcome: conflict });
    bench.take();
    const nextConflict = { ...conflict, rejectedIndex: I(10) };
    const ready = bench.hear(3, {
      type: 'appendEntriesResponse',
      term,
      round: 1,
      outcome: nextConflict,
    });
    expect(ready.messages).toEqual([]);
    expect(ready.chunksToSend).toEqual([
      {
        to: 3,
        last: id(10, 1),
        offset: 0,
        word: { term, round: 1, leaseMs: 750, clusterTimeMs: bench.nowMs },
      },
    ]);
    expect(bench.leader.progress.get(N(3))?.state).toMatchObject({
      type: 'snapshot',
      last: id(10, 1),
    });
    bench.tick(100);
    const later = bench.take();
    expect(later.chunksToSend, 'unanswered for a heartbeat only').toEqual([]);
    expect(later.messages.filter(({ to }) => to === 3)).toMatchObject([
      { message: { prev: id(0, 0), entries: [] } },
    ]);
    const next = bench.hear(3, {
      type: 'installSnapshotResponse',
      term,
      round: 1,
      last: id(10, 1),
      nextOffset: 8,
    });
    expect(next.chunksToSend).toMatchObject([{ to: 3, offset: 8 }]);
    bench.match(3, 10);
    const done = bench.take();
    expect(first(done.messages, 'appendEntries')).toMatchObject({
      prev: id(10, 1),
      entries: [{ index: 11 }, { index: 12 }],
    });
  });

  it('is sent a chunk again when it stayed unanswered for three heartbeats', () => {
    const meta = snapshotOf(10, 1);
    const bench = new Bench({ loaded: loadedSnapshot(meta, [entry(11, 1)]) });
    bench.elect();
    for (const rejectedIndex of [11, 10]) {
      const outcome = {
        type: 'conflict',
        rejectedIndex: I(rejectedIndex),
        hint: id(2, 1),
      } as const;
      bench.give(3, { type: 'appendEntriesResponse', term: bench.state.term, round: 1, outcome });
      bench.take();
    }
    bench.tick(299);
    expect(bench.take().chunksToSend).toEqual([]);
    bench.tick(1);
    expect(bench.take().chunksToSend).toMatchObject([{ to: 3, offset: 0 }]);
  });

  it('goes on with entries when it turns out to have all that was forgotten', () => {
    // The snapshot that was being sent is followed by a newer one; what follows the first is kept, so it is enough.
    const bench = new Bench({
      loaded: loadedSnapshot(snapshotOf(10, 1), [entry(11, 1)]),
      limits: { keptEntriesMax: 2 },
    });
    bench.reign();
    const outcome = { type: 'conflict', rejectedIndex: I(11), hint: id(2, 1) } as const;
    for (const rejectedIndex of [11, 10]) {
      bench.give(3, {
        type: 'appendEntriesResponse',
        term: bench.state.term,
        round: 1,
        outcome: { ...outcome, rejectedIndex: I(rejectedIndex) },
      });
      bench.take();
    }
    const newer = bench.raft.snapshotMeta();
    if (newer === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta: newer });
    expect(newer.last).toEqual(id(13, 2));
    expect(bench.state.log.compacted).toEqual(id(10, 1));
    bench.take();
    bench.match(3, 10);
    const ready = bench.settle();
    expect(ready.chunksToSend).toEqual([]);
    expect(first(ready.messages, 'appendEntries')).toMatchObject({
      prev: id(10, 1),
      entries: [{ index: 11 }, { index: 12 }, { index: 13 }],
    });
  });

  it('is sent it also when it went silent with a full window of messages on their way', () => {
    // 1. Node 3 crashes while as much is on its way to it as may be. 2. The others go on, and the leader forgets what it
    // sent. 3. Node 3 returns. Only a heartbeat can tell that the messages are lost, and it must not ask about entry 0,
    // on which all logs agree.
    const cluster = new RaftCluster({
      seed: 3,
      limits: { keptEntriesMax: 0, messageEntriesMax: 1, inflightMessagesMax: 2 },
    });
    const leader = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const away = leader.id === 3 ? 2 : 3;
    cluster.crash(away);
    for (const text of ['a', 'b', 'c', 'd', 'e']) cluster.propose(leader.id, text);
    cluster.runUntil(() => leader.raft.state.lastApplied === leader.raft.state.log.lastIndex);
    cluster.takeSnapshot(leader.id);
    cluster.run(50);
    expect(leader.raft.state.log.firstIndex).toBe(leader.raft.state.log.lastIndex + 1);
    cluster.restart(away);
    cluster.run(900);
    expect(cluster.leader?.id, 'the same leader').toBe(leader.id);
    expect(cluster.raft(away).state.lastApplied).toBe(leader.raft.state.lastApplied);
  });
});

describe('Raft §7: a follower that is sent a snapshot', () => {
  const meta = snapshotOf(10, 3, { stampMs: 70 });

  it('hands each chunk to the driver, hears the leader in it, and says which offset it wants next', () => {
    const bench = new Bench();
    const message = chunk(3, meta);
    const ready = bench.hear(2, message);
    expect(ready.chunksArrived).toEqual([{ from: 2, chunk: message }]);
    expect(ready.messages).toEqual([]);
    expect(bench.state).toMatchObject({ leaderId: 2, term: 3, commitIndex: 0 });
    bench.settle();
    bench.step({ type: 'snapshotChunkStored', from: N(2), last: meta.last, nextOffset: 4 });
    expect(bench.take()).toEqual({
      ...EMPTY_READY,
      messages: [
        {
          to: 2,
          message: {
            type: 'installSnapshotResponse',
            term: 3,
            round: 4,
            last: meta.last,
            nextOffset: 4,
          },
        },
      ],
    });
  });

  it('claims nothing in a term that is not durable, not even the next offset', () => {
    const bench = new Bench();
    const unsynced = bench.hear(2, chunk(3, meta)).persist?.persistId ?? 0;
    bench.step({ type: 'snapshotChunkStored', from: N(2), last: meta.last, nextOffset: 4 });
    const ready = bench.take();
    expect(ready.messages).toEqual([]);
    expect(ready.messagesAfterPersist).toMatchObject([{ to: 2, message: { nextOffset: 4 } }]);
    bench.persisted(unsynced);
  });

  it('discards the whole log when it does not have the last entry covered', () => {
    const bench = following(new Bench({ loaded: loaded(logOf([1, 1, 2, 2])) }), 3);
    bench.settle();
    const ready = bench.received(2, meta);
    expect(ready).toEqual({
      ...EMPTY_READY,
      persist: {
        persistId: ready.persist?.persistId ?? 0,
        hardState: null,
        truncateFrom: null,
        entries: [],
        install: { meta, keepSuffix: false },
        compactTo: null,
      },
      messagesAfterPersist: [matched(10, 3, 1)],
      restore: meta,
      configuration: meta.configuration,
    });
    expect(bench.state).toMatchObject({ commitIndex: 10, lastApplied: 10 });
    expect(bench.state.log.last).toEqual(id(10, 3));
  });

  it('keeps the entries after it when it has that very entry, since it may have acknowledged them', () => {
    const log = logOf([1, 1, 1, 2, 2]);
    const bench = following(new Bench({ loaded: loaded(log) }), 3);
    bench.settle();
    const ready = bench.received(2, snapshotOf(4, 2));
    expect(ready.persist).toMatchObject({
      install: { keepSuffix: true },
      truncateFrom: null,
      entries: [],
    });
    expect(bench.state.log.last).toEqual(id(5, 2));
    expect(bench.state.log.compacted).toEqual(id(4, 2));
    expect(bench.state.commitIndex).toBe(4);
  });

  it('forgets a configuration it had only in discarded entries, and takes over the snapshot’s', () => {
    const lost = entry(3, 2, {
      kind: 'configuration',
      configuration: configuration([1, 2, 3, 4]),
      cause: 'x',
    });
    const bench = following(new Bench({ loaded: loaded([...logOf([1, 1]), lost]) }), 3);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3, 4]);
    bench.received(
      2,
      snapshotOf(10, 3, { configuration: configuration([1, 2, 5]), configurationIndex: I(8) }),
    );
    expect(bench.raft.configuration.voters).toEqual([1, 2, 5]);
    expect(bench.state.configurations).toHaveLength(1);
  });

  it('ignores one that covers no more than it knows committed, and says what it has', () => {
    const bench = new Bench({ loaded: loadedSnapshot(meta, [entry(11, 3)]) });
    const ready = bench.hear(2, chunk(3, snapshotOf(8, 2)));
    expect(ready.chunksArrived).toEqual([]);
    expect(ready.messages).toEqual([matched(10, 3, 4)]);
    const before = bench.state.log.last;
    expect(bench.received(2, snapshotOf(8, 2)), 'announced late').toEqual(EMPTY_READY);
    expect(bench.state.log.last).toEqual(before);
  });

  it('claims nothing that the installed snapshot covers before it is durable', () => {
    // Its disk still has entries 3 and 4 of another history.
    const bench = following(new Bench({ loaded: loaded(logOf([1, 1, 2, 2])) }), 3);
    bench.settle();
    const install = bench.received(2, meta).persist?.persistId ?? 0;
    expect(bench.state.persistence.durableIndex).toBe(0);
    const again = bench.hear(2, chunk(3, meta));
    expect(again.messages).toEqual([matched(0, 3, 4)]);
    bench.persisted(install);
    expect(bench.state.persistence.durableIndex).toBe(10);
    expect(bench.hear(2, chunk(3, meta)).messages).toEqual([matched(10, 3, 4)]);
  });

  it('compacts no further back in the same batch than the snapshot that it installs', () => {
    // Its own snapshot became durable in the same turn in which the leader's became whole.
    const log = [...logOf([1, 1]), ...[3, 4, 5, 6].map((index) => entry(index, 1))];
    const bench = new Bench({ loaded: loaded(log), limits: { keptEntriesMax: 1 } });
    bench.hear(2, appendEntries(1, id(6, 1), [], { commitIndex: I(6) }));
    const own = bench.raft.snapshotMeta();
    if (own === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta: own });
    const { persist } = bench.received(2, snapshotOf(10, 1));
    expect(persist).toMatchObject({ install: { meta: { last: id(10, 1) } }, compactTo: null });
  });

  it('keeps no suffix of the disk when two snapshots become whole in one turn and the first discarded it', () => {
    const bench = following(new Bench({ loaded: loaded(logOf([1, 1, 2, 2, 2, 2, 2, 2])) }), 3);
    bench.settle();
    bench.step({ type: 'snapshotReceived', from: N(2), meta: snapshotOf(4, 3) });
    bench.give(2, appendEntries(3, id(4, 3), [entry(5, 3), entry(6, 3)]));
    bench.step({ type: 'snapshotReceived', from: N(2), meta: snapshotOf(5, 3) });
    expect(bench.take().persist).toMatchObject({
      install: { meta: { last: id(5, 3) }, keepSuffix: false },
      entries: [{ index: 6 }],
    });
  });

  it('gives up a campaign when the snapshot says that it does not vote', () => {
    const bench = following(new Bench(), 3);
    bench.settle();
    bench.timeOut();
    expect(bench.state.role.type).toBe('preCandidate');
    bench.received(
      2,
      snapshotOf(10, 3, { configuration: configuration([2, 3], { learners: [1] }) }),
    );
    expect(bench.state.role.type).toBe('follower');
    bench.timeOut();
    expect(bench.state.role.type, 'learners do not campaign').toBe('follower');
  });

  it('compares logs by the snapshot’s last entry when it votes afterwards', () => {
    const bench = new Bench({ loaded: loadedSnapshot(meta, []) });
    bench.nowMs = 5000;
    const rejected = bench.hear(3, requestVote(9, id(9, 3)));
    expect(first(rejected.messagesAfterPersist, 'requestVoteResponse').granted).toBe(false);
    const granted = bench.hear(3, requestVote(10, id(10, 3)));
    expect(first(granted.messagesAfterPersist, 'requestVoteResponse').granted).toBe(true);
  });

  it('takes entries that reach below its snapshot for proved up to it, and appends only what is above', () => {
    const bench = following(new Bench({ loaded: loadedSnapshot(meta, []) }), 3);
    const entries = [entry(9, 3), entry(10, 3), entry(11, 3, undefined, 80)];
    const ready = bench.hear(2, appendEntries(3, id(8, 3), entries, { commitIndex: I(11) }));
    expect(ready.persist?.entries.map(({ index }) => index)).toEqual([11]);
    expect(ready.messagesAfterPersist).toEqual([matched(11, 3, 1)]);
    expect(ready.committed.map(({ index }) => index)).toEqual([11]);
  });
});
