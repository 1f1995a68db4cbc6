// A witness: a voter that keeps log and snapshots as bytes. As leader it appends only no-ops and what leaves a joint
// configuration, refuses clients, and hands over to a voter that holds the state. src/raft/README.md.
import { describe, expect, it } from 'vitest';
import { Bench, first, sentTo } from '../support/raft-bench.js';
import { RaftCluster, texts } from '../support/raft-cluster.js';
import {
  I,
  N,
  T,
  appendEntries,
  change,
  entry,
  id,
  loaded,
  logOf,
  member,
  snapshotOf,
} from '../support/raft-words.js';

const extras = { 3: { witness: true } };

/** Node 3, a witness, leads; its no-op is committed by node 1, which has everything but is not asked to take over. */
function leading(): Bench {
  const bench = new Bench({ node: 3, extras });
  bench.elect([1]);
  bench.settle();
  bench.match(1);
  bench.settle();
  return bench;
}

describe('a witness that leads', () => {
  it('appends its no-op and no activation: nobody is primary', () => {
    const bench = leading();
    expect(bench.terms()).toEqual([1, 1, bench.state.term]);
    expect(bench.state.commitIndex).toBe(3);
    expect(bench.leader.activationIndex).toBeNull();
    expect(bench.isPrimary()).toBe(false);
  });

  it('refuses writes, reads and changes of members', () => {
    const bench = leading();
    const refused = { type: 'refused', refusal: { reason: 'leaderNotReady' } };
    expect(bench.propose('x')).toEqual(refused);
    expect(bench.step({ type: 'readIndex', readId: 1 })).toEqual(refused);
    expect(bench.change(change({ add: [4] }))).toEqual(refused);
  });

  it('hands over to whoever holds the state and has caught up', () => {
    const bench = leading();
    bench.tick(100);
    const ready = bench.take();
    expect(ready.events).toContainEqual({ type: 'handOverStarted', to: 1 });
    expect(first(ready.messages, 'timeoutNow')).toMatchObject({ term: bench.state.term });
    expect(sentTo(ready.messages, 1).some(({ type }) => type === 'timeoutNow')).toBe(true);
  });

  it('waits for one that lags to catch up first', () => {
    const bench = new Bench({
      node: 3,
      extras,
      loaded: loaded(logOf([1, 1, 1, 1], [1, 2, 3], extras)),
    });
    bench.elect([1]);
    bench.settle();
    bench.match(2, 2);
    bench.match(1);
    bench.settle();
    bench.step({
      type: 'transferLeadership',
      to: N(2),
      cause: 'test',
      isChosen: false,
    });
    expect(sentTo(bench.take().messages, 2).some(({ type }) => type === 'timeoutNow')).toBe(false);
    bench.match(2);
    expect(sentTo(bench.take().messages, 2).some(({ type }) => type === 'timeoutNow')).toBe(true);
  });

  it('leaves a joint configuration that another leader began', () => {
    const joint = {
      members: [1, 2, 3].map((node) => member(node, node === 3 ? { witness: true } : {})),
      voters: [1, 3],
      outgoing: [1, 2, 3],
      leaving: [2],
    } as never;
    const log = [
      ...logOf([1, 1], [1, 2, 3], extras),
      entry(3, 1, { kind: 'configuration', configuration: joint, cause: 'x' }),
    ];
    const bench = new Bench({ node: 3, extras, loaded: loaded(log) });
    bench.elect([1]);
    bench.settle();
    bench.match(1);
    bench.settle();
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 3], outgoing: null });
  });
});

describe('a witness', () => {
  it('is never the target of a hand-over', () => {
    const bench = new Bench({ extras });
    bench.reign([2, 3]);
    expect(bench.transfer(3)).toMatchObject({
      refusal: { reason: 'targetUnfit', detail: 'it is a witness' },
    });
    expect(bench.transfer(null)).toEqual({ type: 'accepted' });
    expect(bench.leader.transfer?.to).toBe(2);
  });

  it('waits for two election timeouts longer than others before it campaigns', () => {
    const { electionDeadlineMs } = new Bench({ node: 3, extras }).state;
    expect(electionDeadlineMs).toBeGreaterThanOrEqual(3000);
    expect(electionDeadlineMs).toBeLessThan(4000);
  });

  it('is not left alone with others of its kind', () => {
    const bench = new Bench({ extras: { 2: { witness: true }, 3: { witness: true } } });
    bench.reign([2, 3]);
    const refusal = {
      reason: 'wouldLoseQuorum',
      detail: 'only witnesses would be left, and they hold no state',
    };
    expect(bench.change(change({ remove: [1] }))).toEqual({ type: 'refused', refusal });
  });
});

describe('snapshots of a witness', () => {
  /** Node 3 follows node 1 in term 2 and has applied up to entry 6. */
  function following(): Bench {
    const bench = new Bench({ node: 3, extras });
    const entries = [3, 4, 5, 6].map((index) => entry(index, 2));
    bench.hear(1, appendEntries(2, id(2, 1), entries, { commitIndex: I(6) }));
    bench.settle();
    expect(bench.state.lastApplied).toBe(6);
    return bench;
  }
  const meta = snapshotOf(5, 2);
  const chunk = {
    type: 'installSnapshot' as const,
    term: T(2),
    round: 1,
    leaseMs: 750,
    clusterTimeMs: 0,
    meta,
    offset: 0,
    data: new Uint8Array(4),
    checksum: 0,
    totalBytes: 4,
  };

  it('are taken from the leader though all of it is applied, and compact below them only', () => {
    const bench = following();
    expect(bench.hear(1, chunk).chunksArrived).toHaveLength(1);
    const ready = bench.received(1, meta);
    expect(ready.restore).toBeNull();
    expect(ready.persist).toMatchObject({ install: { meta, keepSuffix: true }, compactTo: null });
    expect(bench.state.log.compacted).toEqual(id(5, 2));
    expect(bench.state.lastApplied).toBe(6);
    expect(bench.state.commitIndex).toBe(6);
    expect(ready.messagesAfterPersist.map(({ message }) => message)).toMatchObject([
      { type: 'appendEntriesResponse', outcome: { type: 'matched', matchIndex: 5 } },
      { type: 'installSnapshotResponse', last: meta.last, nextOffset: null },
    ]);
  });

  it('that cover what it lacks are kept as bytes: it takes their facts and restores nothing', () => {
    const bench = following();
    const newer = snapshotOf(9, 2);
    bench.hear(1, { ...chunk, meta: newer });
    const ready = bench.received(1, newer);
    expect(ready.persist).toMatchObject({ install: { meta: newer } });
    expect(ready.restore, 'there is no state machine to load it into').toBeNull();
    expect(bench.state).toMatchObject({ commitIndex: 9, lastApplied: 9 });
  });

  it('are declined once it has them', () => {
    const bench = following();
    bench.received(1, meta);
    bench.settle();
    const ready = bench.hear(1, chunk);
    expect(ready.chunksArrived).toEqual([]);
    expect(
      first([...ready.messages, ...ready.messagesAfterPersist], 'installSnapshotResponse'),
    ).toMatchObject({ nextOffset: null });
  });

  it('are offered beside the entries, once each', () => {
    const bench = new Bench({ extras });
    bench.reign([2, 3]);
    const taken = bench.raft.snapshotMeta();
    if (taken === null) throw new Error('expected something to cover');
    bench.step({ type: 'snapshotTaken', meta: taken });
    const offered = bench.take().chunksToSend;
    expect(offered).toMatchObject([{ to: 3, last: taken.last, offset: 0 }]);
    bench.propose('x');
    expect(sentTo(bench.take().messages, 3)).toMatchObject([
      { type: 'appendEntries', entries: [{ kind: 'command' }] },
    ]);
    const answer = {
      type: 'installSnapshotResponse' as const,
      term: bench.state.term,
      round: bench.leader.round,
      last: taken.last,
    };
    bench.give(3, { ...answer, nextOffset: 256 });
    expect(bench.take().chunksToSend).toMatchObject([{ to: 3, offset: 256 }]);
    bench.give(3, { ...answer, nextOffset: null });
    bench.tick(5000 / 10);
    expect(bench.take().chunksToSend).toEqual([]);
  });
});

describe('two data nodes and a witness', () => {
  it('lose nothing when one dies before the other has caught up again: the witness brings it up to date', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const cluster = new RaftCluster({ seed, extras });
      const leader = cluster.elect();
      const [a, b] = leader.id === 1 ? [1, 2] : [2, 1];
      cluster.runUntil(() => cluster.isConverged);
      cluster.crash(b);
      cluster.propose(a, 'while it was away');
      cluster.runUntil(() => leader.raft.state.lastApplied === leader.raft.state.log.lastIndex);
      cluster.crash(a);
      cluster.restart(b);
      const isTakenOver = cluster.runUntil(() => cluster.raft(b).isServing, 30_000);
      expect(isTakenOver, `seed ${seed}`).toBe(true);
      cluster.runUntil(() => cluster.isConverged);
      const { log } = cluster.raft(b).state;
      const kept = log.slice(log.firstIndex, I(log.lastIndex + 1), 1000, 1_000_000);
      expect(texts(kept), `seed ${seed}`).toContain('while it was away');
      cluster.restart(a);
      expect(
        cluster.runUntil(() => cluster.isConverged),
        `seed ${seed}`,
      ).toBe(true);
    }
  });

  it('survive the loss of any one', () => {
    for (const lost of [1, 2, 3]) {
      const cluster = new RaftCluster({ seed: lost, extras });
      cluster.elect();
      cluster.crash(lost);
      const isServing = cluster.runUntil(
        () => cluster.isLed && cluster.leader?.id !== lost,
        30_000,
      );
      expect(isServing, `without node ${lost}`).toBe(true);
      expect(cluster.leader?.id).not.toBe(3);
    }
  });
});
