// The right to be primary: reign, activation, lease and bound. Design of the product, Thesis §6.4.1 (a lease from the start
// of a round that a quorum answered). src/raft/README.md tells why no two nodes are primary at once.

import { describe, expect, it } from 'vitest';
import type { Reign } from '../../src/raft/types.js';
import { Bench } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import {
  appendEntries,
  change,
  entry,
  I,
  id,
  loaded,
  logOf,
  N,
  snapshotOf,
  loadedSnapshot,
  T,
} from '../support/raft-words.js';

/** Whole lease and the part of it that is used, of the default timers. */
const LEASE_MS = 750;
const USED_MS = 712;

const activation = (nodeId: number, leaseMs = LEASE_MS): Parameters<typeof entry>[2] => ({
  kind: 'activation',
  nodeId: N(nodeId),
  leaseMs,
  cause: 'test',
  isChosen: false,
  gapMs: null,
});

/** A log in which node 2 reigned in term 2; with a proof of stop if asked. */
function afterReign({ isProven = false, leaseMs = LEASE_MS } = {}): Bench {
  const log = [...logOf([1, 1, 2]), entry(4, 2, activation(2, leaseMs))];
  if (isProven) log.push(entry(5, 2, { kind: 'proof', epoch: I(4) }));
  return new Bench({ loaded: loaded(log) });
}

function kinds(bench: Bench): string[] {
  const found: string[] = [];
  for (let at = 1; at <= bench.state.log.lastIndex; at += 1)
    found.push(bench.state.log.entryAt(I(at))?.kind ?? '');
  return found;
}

describe('Activation', () => {
  it('comes only after the leader’s own no-op is applied, and takes its index for the epoch', () => {
    const bench = new Bench();
    bench.elect();
    bench.settle();
    expect(kinds(bench)).toEqual(['settings', 'configuration', 'noop']);
    bench.match(2);
    const ready = bench.settle();
    expect(kinds(bench)).toEqual(['settings', 'configuration', 'noop', 'activation']);
    expect(ready.committed.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(bench.isPrimary(), 'appended, not committed').toBe(false);
    bench.match(2);
    const applied = bench.take();
    expect(applied.events).toEqual([{ type: 'activated', epoch: 4 }]);
    expect(bench.state.applied.reign).toMatchObject({
      epoch: 4,
      nodeId: 1,
      leaseMs: LEASE_MS,
      isOver: false,
    });
    expect(bench.isPrimary()).toBe(true);
  });

  it('comes ahead of clients’ writes, which are refused until then', () => {
    const bench = new Bench();
    bench.elect();
    bench.settle();
    expect(bench.propose('early')).toEqual({
      type: 'refused',
      refusal: { reason: 'leaderNotReady' },
    });
    bench.match(2);
    bench.settle();
    expect(bench.propose('after')).toMatchObject({ type: 'appended', first: { index: 5 } });
  });

  it('is appended once a term', () => {
    const bench = new Bench();
    bench.reign();
    for (const text of ['a', 'b']) {
      bench.propose(text);
      bench.settle();
      bench.match(2);
      bench.settle();
    }
    expect(kinds(bench).filter((kind) => kind === 'activation')).toHaveLength(1);
  });
});

describe('Thesis §6.4.1: the lease', () => {
  it('ends 0.95 of its length, rounded down, after the start of the last round that a quorum answered', () => {
    const bench = new Bench();
    bench.reign();
    const startMs = bench.nowMs;
    expect(bench.raft.primaryUntilMs).toBe(startMs + USED_MS);
    bench.tick(100);
    bench.take();
    const round = bench.leader.round;
    bench.nowMs += 300;
    bench.match(2, bench.state.log.lastIndex, round);
    expect(bench.raft.primaryUntilMs, 'from the start of the round, not from its answer').toBe(
      startMs + 100 + USED_MS,
    );
    expect(bench.raft.isPrimaryAt(startMs + 100 + USED_MS - 1)).toBe(true);
    expect(bench.raft.isPrimaryAt(startMs + 100 + USED_MS)).toBe(false);
  });

  it('is not lengthened by a round that is answered again', () => {
    const bench = new Bench();
    bench.reign();
    const before = bench.raft.primaryUntilMs;
    bench.nowMs += 300;
    bench.match(2);
    bench.match(3, 0);
    expect(bench.raft.primaryUntilMs).toBe(before);
  });

  it('is not lengthened by an answer to a round that never began', () => {
    const bench = new Bench();
    bench.reign();
    const before = bench.raft.primaryUntilMs;
    bench.nowMs += 300;
    bench.match(2, bench.state.log.lastIndex, bench.leader.round + 5);
    expect(bench.raft.primaryUntilMs).toBe(before);
  });

  it('is not lengthened by learners, nor in a joint configuration by one half', () => {
    const bench = new Bench();
    bench.reign();
    bench.change(change({ add: [4] }));
    bench.settle();
    bench.match(2);
    bench.match(4);
    bench.settle();
    bench.nowMs += 50;
    bench.change(change({ promote: [4], remove: [2] }));
    bench.settle();
    const before = bench.raft.primaryUntilMs ?? 0;
    bench.tick(100);
    bench.take();
    bench.match(4, 0);
    expect(bench.raft.primaryUntilMs, 'of the outgoing half only node 1').toBe(before);
    bench.match(2, 0);
    expect(bench.raft.primaryUntilMs).toBe(bench.nowMs + USED_MS);
  });

  it('is the one that the activation recorded, whatever the timers say', () => {
    const bench = new Bench();
    bench.reign();
    const { reign } = bench.state.applied;
    Object.assign(bench.state.applied, { reign: { ...reign, leaseMs: 100 } });
    expect(bench.raft.primaryUntilMs).toBe(bench.nowMs + 95);
  });

  it('ends with leadership', () => {
    const bench = new Bench();
    bench.reign();
    bench.hear(2, { type: 'requestVoteResponse', term: T(9), preVote: false, granted: false });
    expect(bench.raft.primaryUntilMs).toBe(null);
    expect(bench.isPrimary()).toBe(false);
  });
});

describe('The bound', () => {
  it('keeps a new leader from acting until the longest unproven lease, unshortened, has passed since its election', () => {
    const bench = afterReign();
    bench.reign();
    const electedAtMs = bench.leader.electedAtMs;
    const fromMs = bench.leader.boundUntilMs ?? 0;
    expect(fromMs - electedAtMs, 'a reading may be up to 1 ms before its moment').toBe(
      LEASE_MS + 1,
    );
    expect(bench.isPrimary()).toBe(false);
    bench.tick(LEASE_MS);
    bench.take();
    bench.match(2);
    expect(bench.raft.isPrimaryAt(fromMs - 1)).toBe(false);
    expect(bench.raft.isPrimaryAt(fromMs)).toBe(true);
  });

  it('counts the longest lease of several unproven reigns', () => {
    const log = [
      ...logOf([1, 1]),
      entry(3, 2, activation(2, 5000)),
      entry(4, 3, activation(3, 100)),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    bench.reign();
    expect(bench.leader.boundUntilMs).toBe(bench.leader.electedAtMs + 5001);
  });

  it('is nothing after a proof of stop for the newest epoch', () => {
    const bench = afterReign({ isProven: true });
    bench.reign();
    expect(bench.leader.boundUntilMs).toBe(bench.leader.electedAtMs);
    expect(bench.isPrimary()).toBe(true);
  });

  it('counts a reign that followed a proof: the proof is void once a later activation exists', () => {
    const log = [
      ...logOf([1, 1]),
      entry(3, 2, activation(2, 5000)),
      entry(4, 2, { kind: 'proof', epoch: I(3) }),
      entry(5, 2, activation(2, 300)),
      entry(6, 2, { kind: 'proof', epoch: I(3) }),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    bench.reign();
    expect(bench.state.applied.reign.isProven).toBe(false);
    expect(bench.leader.boundUntilMs, 'the lease before the proof no longer counts').toBe(
      bench.leader.electedAtMs + 301,
    );
  });

  it('survives snapshots: the reign is part of them', () => {
    const reign: Reign = {
      epoch: I(7),
      term: T(2),
      nodeId: N(3),
      leaseMs: 900,
      isOver: false,
      isProven: false,
      unprovenLeaseMs: 900,
      isChosen: false,
    };
    const bench = new Bench({ loaded: loadedSnapshot(snapshotOf(10, 2, { reign }), []) });
    bench.reign();
    expect(bench.leader.boundUntilMs).toBe(bench.leader.electedAtMs + 901);
  });

  it('ends the reign of an earlier term at the first entry of a later one, on every node', () => {
    const bench = new Bench();
    const log = [entry(3, 2), entry(4, 2, activation(2))];
    bench.hear(2, appendEntries(2, id(2, 1), log, { commitIndex: I(4) }));
    expect(bench.state.applied.reign).toMatchObject({ epoch: 4, isOver: false });
    bench.settle();
    bench.hear(
      3,
      appendEntries(3, id(4, 2), [entry(5, 3, { kind: 'noop' })], { commitIndex: I(5) }),
    );
    expect(bench.state.applied.reign).toMatchObject({ epoch: 4, isOver: true, isProven: false });
  });
});

describe('One primary at a time', () => {
  // The worst the promise allows: clock rates 4.9 % apart, votes that are not withheld because every voter but one forgot.
  it.each([50, 200, 1000])(
    'holds at the edge of the clocks, with an election timeout of %i ms',
    (electionTimeoutMs) => {
      const cluster = new RaftCluster({
        electionTimeoutMs,
        seed: electionTimeoutMs,
        clockRates: { 1: 0.976, 2: 1.0239, 3: 1.0239 },
      });
      const elected = cluster.elect();
      cluster.runUntil(() => cluster.isConverged);
      if (elected.id !== 1) {
        cluster.transfer(elected.id, 1);
        cluster.runUntil(() => cluster.leader?.id === 1 && cluster.isConverged);
      }
      cluster.runUntil(() => cluster.raft(1).isPrimaryAt(cluster.clockMs(N(1))));
      cluster.cut([1], [2, 3]);
      // Node 2 is told at once to campaign, as a hand-over would, and node 3 has forgotten that it heard a leader.
      Object.assign(cluster.raft(3).state, { withholdUntilMs: 0 });
      Object.assign(cluster.raft(2).state, { electionDeadlineMs: 0 });
      const isSecond = (): boolean => cluster.raft(2).isPrimaryAt(cluster.clockMs(N(2)));
      expect(
        cluster.runUntil(isSecond, 20 * electionTimeoutMs),
        'the watcher saw no two at once',
      ).toBe(true);
    },
  );
});
