// Newcomers on their way to a seat: Thesis §4.2.1 (they catch up first, and one that is too slow is given up), §4.3 (any
// change is one joint configuration, so a member is replaced in one step), §4.2.2 (a leader that leaves). Each test states a
// claim in our words; where the thesis leaves the choice, the product's rule is named.

import { describe, expect, it } from 'vitest';

import type { Member } from '../../src/raft/types.js';
import { Bench, sentTo } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import {
  I,
  N,
  appendEntries,
  change,
  configuration,
  entry,
  id,
  install,
  loaded,
  logOf,
  member,
} from '../support/raft-words.js';

const PATIENCE_MS = 60_000;
const STALL_MS = 10_000;
const GIVEN_UP = 'it did not catch up and was given up';

/** Lets time pass in heartbeats, each answered by these with their whole log, or as far as said. */
function pass(bench: Bench, forMs: number, answers: Readonly<Record<number, () => number>>): void {
  for (let passed = 0; passed < forMs; passed += 100) {
    bench.tick(100);
    bench.settle();
    for (const [peer, index] of Object.entries(answers)) {
      if (bench.state.role.type === 'leader') bench.match(Number(peer), index());
    }
    bench.settle();
  }
}

/** Node 1 leads 1, 2 and 3; node 4 is admitted with this purpose. */
function admitting(purpose: Partial<Member>, parts: ConstructorParameters<typeof Bench>[0] = {}) {
  const bench = new Bench(parts);
  bench.reign([2, 3]);
  expect(bench.change(change({ add: [member(4, purpose)] }))).toMatchObject({ type: 'appended' });
  const all = (): number => bench.state.log.lastIndex;
  pass(bench, 100, { 2: all, 3: all });
  return { bench, all };
}

/** What a member says of itself that restarted elsewhere. */
const moved = (node: number, extra: object = {}) => ({
  id: N(node),
  installId: install(node),
  address: '10.9.9.9:6000',
  api: '10.9.9.9:6001',
  priority: 90,
  ...extra,
});

const ids = (members: readonly Member[]): number[] => members.map((it) => it.id);

describe('Thesis §4.3: a member is replaced in one change', () => {
  it('that makes the newcomer a voter and lets the old one go, once the newcomer has caught up', () => {
    const { bench, all } = admitting({ autoPromote: true, replaces: N(3) });
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    const before = all();
    pass(bench, 2200, { 2: all, 3: all, 4: all });
    const changes = [];
    for (let index = before + 1; index <= all(); index += 1) {
      const found = bench.state.log.entryAt(I(index));
      if (found?.kind === 'configuration') changes.push(found);
    }
    expect(changes.map((it) => [it.configuration.outgoing, it.configuration.voters])).toEqual([
      [
        [1, 2, 3],
        [1, 2, 4],
      ],
      [null, [1, 2, 4]],
    ]);
    expect(changes[0]?.cause).toBe('node4 has caught up and replaces node3');
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 4]);
    expect(bench.raft.configuration.members[2]).toMatchObject({
      id: 4,
      replaces: null,
      patientUntilMs: 0,
    });
  });

  it('whether the old one is up or down', () => {
    const { bench, all } = admitting({ autoPromote: true, replaces: N(3) });
    pass(bench, 2500, { 2: all, 4: all });
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2, 4], outgoing: null });
  });

  it('and lets a learner take the place of a learner', () => {
    const { bench, all } = admitting({});
    bench.change(change({ add: [member(5, { replaces: N(4) })] }));
    pass(bench, 2500, { 2: all, 3: all, 5: all });
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    expect(bench.raft.configuration.members[3]).toMatchObject({ id: 5, replaces: null });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 5]);
  });

  it('but not while the newcomer is behind', () => {
    const { bench, all } = admitting(
      { autoPromote: true, replaces: N(3) },
      { limits: { promotionLagMax: 2 } },
    );
    pass(bench, 5000, { 2: all, 3: all, 4: () => 2 });
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2, 3], outgoing: null });
  });

  it('after a hand-over where the leader itself is replaced: its successor makes the change', () => {
    const { bench, all } = admitting({ autoPromote: true, replaces: N(1) });
    pass(bench, 2200, { 2: all, 3: all, 4: all });
    expect(bench.raft.configuration.outgoing).toBe(null);
    expect(bench.leader.transfer).toMatchObject({ to: 2, cause: 'node4 replaces the leader' });
    bench.step({ type: 'stopped', epoch: bench.state.applied.reign.epoch });
    bench.settle();
    for (const peer of [2, 3]) bench.match(peer);
    const ready = bench.settle();
    expect(
      bench.state.applied.reign.isProven,
      'its processes have ended, and the log says so',
    ).toBe(true);
    expect(sentTo(ready.messages, 2).map(({ type }) => type)).toContain('timeoutNow');
  });

  it('by the leader itself where nobody else could lead (Thesis §4.2.2)', () => {
    const bench = new Bench({ voters: [1], loaded: loaded(logOf([1, 1], [1])) });
    bench.timeOut();
    bench.settle();
    bench.change(change({ add: [member(4, { autoPromote: true, replaces: N(1) })] }));
    bench.settle();
    pass(bench, 3000, { 4: () => bench.state.log.lastIndex });
    expect(bench.raft.configuration).toMatchObject({ voters: [4], outgoing: null });
    expect(bench.state.role.type).toBe('follower');
  });

  it('which is taken back with the entry that is truncated: newcomer and old one are what they were', () => {
    const learner = member(4, { autoPromote: true, replaces: N(3), patientUntilMs: 5 });
    const before = configuration([1, 2, 3], {
      learners: [4],
      extras: { 4: { autoPromote: true, replaces: N(3), patientUntilMs: 5 } },
    });
    const swap = configuration([1, 2, 4], { outgoing: [1, 2, 3], leaving: [3] });
    const bench = new Bench();
    bench.hear(
      2,
      appendEntries(2, id(2, 1), [
        entry(3, 2, { kind: 'configuration', configuration: before, cause: 'x' }),
        entry(4, 2, { kind: 'configuration', configuration: swap, cause: 'x' }),
      ]),
    );
    bench.settle();
    bench.hear(3, appendEntries(3, id(3, 2), [entry(4, 3)]));
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    expect(bench.raft.configuration.members).toContainEqual(learner);
  });

  it.each([
    { name: 'a stranger', purpose: { replaces: N(9) }, detail: 'node 9 is not a member' },
    {
      name: 'a full member, by a witness',
      purpose: { replaces: N(3), witness: true },
      detail: 'node3 holds the state, and a witness cannot replace it',
    },
    {
      name: 'whom another newcomer replaces',
      purpose: { replaces: N(2) },
      detail: 'node2 is being replaced by node4 already',
    },
    {
      name: 'a newcomer that replaces somebody',
      purpose: { replaces: N(4) },
      detail: 'node4 is itself about to replace a member',
    },
  ])('and never $name', ({ purpose, detail }) => {
    const { bench } = admitting({ autoPromote: true, replaces: N(2) });
    expect(bench.change(change({ add: [member(5, purpose)] }))).toEqual({
      type: 'refused',
      refusal: { reason: 'invalidChange', detail },
    });
  });

  it('and a witness by a witness only', () => {
    const bench = new Bench({ extras: { 3: { witness: true } } });
    bench.reign([2, 3]);
    expect(bench.change(change({ add: [member(4, { replaces: N(3) })] }))).toEqual({
      type: 'refused',
      refusal: {
        reason: 'invalidChange',
        detail: 'node3 is a witness, and only a witness replaces it',
      },
    });
    const witness = member(4, { replaces: N(3), witness: true });
    expect(bench.change(change({ add: [witness] }))).toMatchObject({ type: 'appended' });
  });
});

describe('Thesis §4.2.1: a newcomer that does not catch up', () => {
  it('is given up when it was waited for and comes no closer; whom it was to replace stays', () => {
    const { bench, all } = admitting({ autoPromote: true, replaces: N(3) });
    expect(bench.raft.configuration.members[3]?.patientUntilMs).toBeGreaterThanOrEqual(PATIENCE_MS);
    pass(bench, PATIENCE_MS - 1000, { 2: all, 3: all });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 4]);
    bench.take();
    pass(bench, 2000, { 2: all, 3: all });
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2, 3], outgoing: null });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
    const last = bench.state.log.entryAt(bench.state.log.lastIndex);
    expect(last).toMatchObject({ kind: 'configuration', cause: `${GIVEN_UP}; node3 stays` });
  });

  it('is told so for a while longer, so that it learns of it', () => {
    const { bench, all } = admitting({ autoPromote: true });
    pass(bench, PATIENCE_MS + 100, { 2: all, 3: all });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
    expect(ids(bench.raft.peers)).toEqual([2, 3, 4]);
  });

  it('is waited for as long as it comes closer, by entries', () => {
    const { bench, all } = admitting({ autoPromote: true }, { limits: { promotionLagMax: 0 } });
    for (let n = 0; n < 30; n += 1) bench.propose(`${n}`);
    let at = 3;
    for (let passed = 0; passed < PATIENCE_MS + 2 * STALL_MS; passed += STALL_MS - 1000) {
      at += 1;
      pass(bench, STALL_MS - 1000, { 2: all, 3: all, 4: () => at });
    }
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 4]);
    pass(bench, STALL_MS + 1000, { 2: all, 3: all, 4: () => at });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
  });

  it('is not waited for because entries reach it as fast as others are added', () => {
    const { bench, all } = admitting({ autoPromote: true }, { limits: { promotionLagMax: 2 } });
    for (let n = 0; n < 10; n += 1) bench.propose(`${n}`);
    for (let passed = 0; passed < PATIENCE_MS + STALL_MS; passed += 500) {
      bench.propose('more');
      pass(bench, 500, { 2: all, 3: all, 4: () => all() - 5 });
    }
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
  });

  it('is waited for while a snapshot moves on, but not for one snapshot after the other', () => {
    const { bench, all } = admitting({ autoPromote: true });
    const progress = bench.leader.progress.get(N(4));
    if (progress === undefined) throw new Error('no progress');
    let passed = 0;
    for (let nth = 1; nth <= 20 && progress === bench.leader.progress.get(N(4)); nth += 1) {
      const last = { ...bench.state.log.last, index: I(3 + nth) };
      progress.state = { type: 'snapshot', last, offset: 10, sentAtMs: bench.nowMs };
      pass(bench, STALL_MS - 1000, { 2: all, 3: all });
      passed = nth;
    }
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
    expect(passed).toBe(11);
  });

  it('is waited for by a new leader no longer than it needs to look for itself', () => {
    const patientUntilMs = 1000;
    const learner = { autoPromote: true, patientUntilMs };
    const joining = configuration([1, 2, 3], { learners: [4], extras: { 4: learner } });
    const log = [
      ...logOf([1, 1]),
      entry(3, 1, { kind: 'configuration', configuration: joining, cause: 'x' }, 999),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    bench.reign([2, 3]);
    const all = (): number => bench.state.log.lastIndex;
    pass(bench, STALL_MS - 500, { 2: all, 3: all });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 4]);
    pass(bench, 1000, { 2: all, 3: all });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3]);
  });

  it('is not given up while it is close and only its change has to wait', () => {
    const { bench, all } = admitting({ autoPromote: true, replaces: N(3) });
    pass(bench, 1500, { 2: all, 3: all, 4: all });
    // A change that stays uncommitted, since nobody answers for longer than that, keeps all others waiting.
    bench.change(change({ update: [moved(2)] }));
    for (let passed = 0; passed < PATIENCE_MS + STALL_MS; passed += 100) {
      bench.tick(100);
      bench.settle();
      for (const peer of [2, 3]) bench.match(peer, 3);
      bench.match(4);
      bench.settle();
    }
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 4]);
    pass(bench, 500, { 2: all, 3: all, 4: all });
    expect(bench.raft.configuration.voters).toEqual([1, 2, 4]);
  });

  it.each([
    { name: 'a learner that is to stay one', make: () => admitting({}) },
    {
      name: 'a voter that an operator demoted',
      make: () => {
        const all = admitting({ autoPromote: true });
        pass(all.bench, 2500, { 2: all.all, 3: all.all, 4: all.all });
        expect(all.bench.change(change({ demote: [4] }))).toMatchObject({ type: 'appended' });
        pass(all.bench, 500, { 2: all.all, 3: all.all, 4: all.all });
        expect(all.bench.raft.configuration).toMatchObject({ voters: [1, 2, 3], outgoing: null });
        return all;
      },
    },
  ])('unlike $name, which is never thrown out', ({ make }) => {
    const { bench, all } = make();
    pass(bench, 3 * PATIENCE_MS, { 2: all, 3: all });
    expect(ids(bench.raft.configuration.members)).toEqual([1, 2, 3, 4]);
  });

  it('frees the way for the next one', () => {
    const cluster = new RaftCluster({ spares: [4, 5], seed: 3, electionTimeoutMs: 100 });
    const leader = cluster.elect();
    const give = (node: number): void => {
      const wish = change({ add: [member(node, { autoPromote: true, replaces: N(3) })] });
      cluster.runUntil(() => cluster.isConverged);
      expect(cluster.change(leader.id, wish)).toMatchObject({ type: 'appended' });
    };
    cluster.crash(4);
    give(4);
    const isGone = (): boolean => !leader.raft.configuration.members.some((it) => it.id === N(4));
    expect(isGone()).toBe(false);
    cluster.run(8000);
    expect(isGone()).toBe(true);
  });
});

describe('A member’s row', () => {
  it('changes in one entry, with nobody’s vote: addresses and priority, and nothing else', () => {
    const bench = new Bench();
    bench.reign([2, 3]);
    expect(bench.change(change({ update: [moved(3)] }))).toMatchObject({ type: 'appended' });
    const { voters, outgoing, members } = bench.raft.configuration;
    expect({ voters, outgoing }).toEqual({ voters: [1, 2, 3], outgoing: null });
    const { address, api, priority } = moved(3);
    expect(members[2]).toEqual(member(3, { address, api, priority }));
    expect(members.slice(0, 2)).toEqual([member(1), member(2)]);
  });

  it.each([
    {
      name: 'by another data directory',
      wish: change({ update: [moved(3, { installId: install(3, 2) })] }),
      detail: 'node3 has another data directory',
    },
    {
      name: 'of a stranger',
      wish: change({ update: [moved(9)] }),
      detail: 'node 9 is not a member',
    },
    {
      name: 'of a member that leaves in the same change',
      wish: change({ update: [moved(3)], remove: [3] }),
      detail: 'it names a node twice',
    },
  ])('does not change $name', ({ wish, detail }) => {
    const bench = new Bench();
    bench.reign([2, 3]);
    expect(bench.change(wish)).toEqual({
      type: 'refused',
      refusal: { reason: 'invalidChange', detail },
    });
  });
});
