// When a leader makes itself primary: manual fail-over, a pause, a node that must not be primary, the hook before promotion. In
// each case the leader serves what the cluster remembers meanwhile, and nobody is primary.

import { describe, expect, it } from 'vitest';

import { whyUnfitHere } from '../../src/raft/fitness.js';
import { REIGNS_AUTOMATIC } from '../../src/raft/types.js';
import { Bench } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { change, I } from '../support/raft-words.js';

const RULES = {
  manual: { isManual: true, pausedBy: null },
  paused: { isManual: false, pausedBy: 'ann asked: new disks' },
};

/** Three nodes of which one reigns, and the rules changed under it. */
function ruled(rules: keyof typeof RULES): { cluster: RaftCluster; first: number } {
  const cluster = new RaftCluster();
  const first = cluster.elect().id;
  cluster.runUntil(() => cluster.raft(first).isServing && cluster.isConverged);
  expect(cluster.change(first, change({ reigns: RULES[rules] }))).toMatchObject({
    type: 'appended',
  });
  cluster.runUntil(() => cluster.isConverged);
  return { cluster, first };
}

/** Fails over from the first leader to another that takes writes; answers who that is. */
function failedOver(cluster: RaftCluster, first: number): number {
  cluster.crash(first);
  const isLed = (): boolean => cluster.isLed && cluster.leader?.id !== first;
  expect(cluster.runUntil(isLed, 30_000)).toBe(true);
  return cluster.leader?.id ?? 0;
}

const epochOf = (cluster: RaftCluster, node: number): number =>
  cluster.raft(node).state.applied.reign.epoch;

describe('a cluster whose fail-over waits for an operator', () => {
  it.each(['manual', 'paused'] as const)(
    'keeps a new leader from becoming primary while it is %s',
    (rules) => {
      const { cluster, first } = ruled(rules);
      const before = epochOf(cluster, first);
      expect(cluster.raft(first).ownEpoch).toBe(before);
      const next = failedOver(cluster, first);
      cluster.propose(next, 'served all the same');
      cluster.run(10_000);
      expect(epochOf(cluster, next)).toBe(before);
      expect(cluster.raft(next).state.applied.reign.isOver).toBe(true);
      expect(cluster.raft(next).ownEpoch).toBe(null);
      expect(cluster.transfer(next, next)).toEqual({ type: 'accepted' });
      cluster.run(1000);
      expect(cluster.raft(next).ownEpoch).toBeGreaterThan(before);
      expect(cluster.raft(next).state.applied.reign.isChosen).toBe(true);
    },
  );

  it('lets an order to another node travel with TimeoutNow', () => {
    const { cluster, first } = ruled('manual');
    const next = failedOver(cluster, first);
    const other = [1, 2, 3].find((node) => node !== first && node !== next) ?? 0;
    expect(cluster.transfer(next, other)).toEqual({ type: 'accepted' });
    expect(cluster.runUntil(() => cluster.raft(other).ownEpoch !== null)).toBe(true);
  });

  it('ends when it is resumed: the leader that waited makes itself primary', () => {
    const { cluster, first } = ruled('paused');
    const next = failedOver(cluster, first);
    cluster.change(next, change({ reigns: REIGNS_AUTOMATIC }));
    expect(cluster.runUntil(() => cluster.raft(next).ownEpoch !== null, 2000)).toBe(true);
  });
});

describe('a node that must not be primary', () => {
  it('leads without a reign while it is unfit, and begins one once it is well', () => {
    const bench = new Bench();
    bench.step({ type: 'health', why: 'the disk is full' });
    bench.reign([2, 3]);
    expect(bench.leader.activationIndex).toBe(null);
    expect(bench.raft.isServing).toBe(true);
    expect(bench.propose('x')).toMatchObject({ type: 'appended' });
    bench.step({ type: 'health', why: null });
    bench.settle();
    expect(bench.leader.activationIndex).not.toBe(null);
  });

  it('hands over to one that is well, with the check as the cause', () => {
    const cluster = new RaftCluster();
    const first = cluster.elect().id;
    cluster.runUntil(() => cluster.raft(first).ownEpoch !== null && cluster.isConverged);
    cluster.step(first, { type: 'health', why: 'database: connection refused' });
    const hasMoved = (): boolean =>
      cluster.isLed && cluster.leader?.id !== first && cluster.leader?.raft.ownEpoch !== null;
    expect(cluster.runUntil(hasMoved)).toBe(true);
    const { role } = cluster.raft(cluster.leader?.id ?? 0).state;
    expect(role).toMatchObject({
      cause: `health-check on node${first}: database: connection refused`,
      isChosen: false,
    });
  });

  it('stays primary when nobody else is well, and says so once', () => {
    const bench = new Bench();
    bench.reign([2, 3]);
    for (const from of [2, 3]) unfit(bench, from, 'likewise');
    bench.step({ type: 'health', why: 'the network is down' });
    const events = [];
    for (let at = 0; at < 8; at += 1) {
      bench.tick(100);
      events.push(...bench.settle().events);
      for (const from of [2, 3]) unfit(bench, from, 'likewise');
    }
    expect(bench.raft.ownEpoch).not.toBe(null);
    expect(events.filter(({ type }) => type === 'nobodyFit')).toHaveLength(1);
  });

  it('refuses a target that said why it must not be primary', () => {
    const bench = new Bench();
    bench.reign([2, 3]);
    unfit(bench, 2, 'the disk is full');
    expect(bench.transfer(2)).toEqual({
      type: 'refused',
      refusal: { reason: 'targetUnfit', detail: 'the disk is full' },
    });
    expect(bench.transfer(3)).toEqual({ type: 'accepted' });
  });
});

describe('the hook before promotion', () => {
  it('leads without a reign until its hook has agreed', () => {
    const bench = new Bench({ asksBeforePromotion: true });
    bench.reign([2, 3]);
    expect(bench.leader).toMatchObject({ promotion: 'asked', activationIndex: null });
    expect(bench.raft.isServing).toBe(true);
    bench.step({ type: 'promotion', term: bench.state.term, why: null });
    bench.settle();
    expect(bench.leader.activationIndex).not.toBe(null);
  });

  it('makes the node unfit for a while when it refuses, then it is asked again', () => {
    const bench = new Bench({ asksBeforePromotion: true });
    bench.reign([2, 3]);
    bench.step({ type: 'promotion', term: bench.state.term, why: 'exit code 1' });
    bench.take();
    expect(bench.leader).toMatchObject({ promotion: 'unasked', activationIndex: null });
    bench.tick(100);
    expect(whyUnfitHere(bench.state)).toBe('hook before promotion: exit code 1');
    // Both others are well, so one of them takes over.
    expect(bench.leader.transfer?.cause).toBe('before-promotion on node1: exit code 1');
  });

  it('counts for the term that it was asked in only', () => {
    const bench = new Bench({ asksBeforePromotion: true });
    bench.reign([2, 3]);
    bench.step({ type: 'promotion', term: (bench.state.term - 1) as never, why: null });
    expect(bench.settle().persist).toBe(null);
    expect(bench.leader.activationIndex).toBe(null);
  });
});

/** Says that it has everything and must not be primary. */
function unfit(bench: Bench, from: number, why: string): void {
  bench.give(from, {
    type: 'appendEntriesResponse',
    term: bench.state.term,
    round: bench.leader.round,
    outcome: { type: 'matched', matchIndex: I(bench.state.log.lastIndex) },
    unfit: why,
  });
}
