// Random schedules of two to five bare Rafts, with faults of every kind the cluster can play. The watcher looks after each
// event, and at the end a healed cluster must come together again.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RaftCluster } from '../support/raft-cluster.js';
import type { Weather } from '../support/raft-cluster.js';
import { change, member } from '../support/raft-words.js';

type Act =
  | {
      readonly type: 'propose' | 'crash' | 'restart' | 'isolate' | 'heal' | 'snapshot' | 'read';
      readonly a: number;
    }
  | { readonly type: 'cutOneWay' | 'transfer' | 'hold'; readonly a: number; readonly b: number }
  | {
      readonly type: 'change';
      readonly how: 'add' | 'remove' | 'promote' | 'demote';
      readonly a: number;
    }
  | { readonly type: 'slowDisk'; readonly a: number; readonly persistMs: number }
  | { readonly type: 'weather'; readonly weather: Weather };

const node = fc.integer({ min: 1, max: 5 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('propose' as const), a: node }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('crash', 'restart', 'isolate', 'heal', 'snapshot', 'read'),
      a: node,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('cutOneWay', 'transfer', 'hold'),
      a: node,
      b: node,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('change' as const),
      how: fc.constantFrom('add', 'remove', 'promote', 'demote'),
      a: node,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('slowDisk' as const),
      a: node,
      persistMs: fc.constantFrom(0, 1, 30, 400),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('weather' as const),
      weather: fc.record({
        drop: fc.constantFrom(0, 50, 300),
        repeat: fc.constantFrom(0, 100),
        delayMaxMs: fc.constantFrom(0, 5, 80, 700),
      }),
    }),
  },
);

const schedule = fc.record({
  size: fc.integer({ min: 2, max: 5 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  slow: node,
  persistMs: fc.constantFrom(1, 15, 90),
  keptEntriesMax: fc.constantFrom(0, 2, 1000),
  messageEntriesMax: fc.constantFrom(1, 3),
  steps: fc.array(fc.record({ act, thenMs: fc.constantFrom(0, 3, 40, 300, 1500) }), {
    minLength: 5,
    maxLength: 30,
  }),
});

type Schedule = typeof schedule extends fc.Arbitrary<infer V> ? V : never;

function begin({
  size,
  seed,
  slow,
  persistMs,
  keptEntriesMax,
  messageEntriesMax,
}: Schedule): RaftCluster {
  const all = [1, 2, 3, 4, 5];
  const cluster = new RaftCluster({
    voters: all.slice(0, size),
    spares: all.slice(size),
    seed,
    persistMs,
    limits: { keptEntriesMax, messageEntriesMax, inflightMessagesMax: 3 },
    electionTimeoutMs: 200,
    // Rates differ by less than 5 %.
    clockRates: { [slow]: 0.976, [(slow % size) + 1]: 1.024 },
  });
  return cluster;
}

let readId = 0;

function play(cluster: RaftCluster, it: Act): void {
  const leader = cluster.leader?.id ?? 1;
  switch (it.type) {
    case 'propose':
      cluster.propose(leader, `write ${it.a}`, `and ${it.a}`);
      return;
    case 'read':
      readId += 1;
      // Also of one that leads no more and does not know it.
      cluster.read(it.a, readId);
      return;
    case 'crash':
      cluster.crash(it.a, it.a % 2);
      return;
    case 'restart':
      cluster.restart(it.a);
      return;
    case 'isolate':
      cluster.cut(
        [it.a],
        [1, 2, 3, 4, 5].filter((other) => other !== it.a),
      );
      return;
    case 'heal':
      cluster.heal();
      return;
    case 'snapshot':
      cluster.takeSnapshot(it.a);
      return;
    case 'cutOneWay':
      cluster.cutOneWay(it.a, it.b);
      return;
    case 'hold':
      cluster.hold(it.a, it.b);
      return;
    case 'transfer':
      cluster.transfer(leader, it.b);
      return;
    case 'change':
      cluster.change(leader, wishOf(it.how, it.a));
      return;
    case 'slowDisk':
      cluster.node(it.a).persistMs = it.persistMs;
      return;
    case 'weather':
      cluster.weather = it.weather;
      return;
  }
}

function wishOf(
  how: 'add' | 'remove' | 'promote' | 'demote',
  a: number,
): ReturnType<typeof change> {
  if (how === 'add') return change({ add: [member(a, { autoPromote: a % 2 === 0 })] });
  return change({ [how]: [a] });
}

function healAll(cluster: RaftCluster): void {
  cluster.weather = { drop: 0, repeat: 0, delayMaxMs: 0 };
  cluster.heal();
  for (const id of cluster.nodes.keys()) {
    cluster.node(id).persistMs = 1;
    cluster.restart(id);
  }
}

// The short run is the same every time; the long one draws fresh schedules, and fast-check prints the seed of a failure.
const RUNS =
  process.env['QUORATE_TEST_LONG'] === undefined ? { numRuns: 120, seed: 1 } : { numRuns: 5000 };

describe('A schedule of random faults', () => {
  it('breaks no promise of Raft, lets no two nodes be primary, and leaves a cluster that comes together', () => {
    let [cases, primaryLooks] = [0, 0];
    fc.assert(
      fc.property(schedule, (given) => {
        cases += 1;
        const cluster = begin(given);
        cluster.run(500);
        for (const step of given.steps) {
          play(cluster, step.act);
          cluster.run(step.thenMs);
        }
        healAll(cluster);
        const isTogether = cluster.runUntil(() => cluster.isConverged, 10_000);
        primaryLooks += cluster.watcher.primaryLooks;
        expect(isTogether, 'the healed cluster serves and every member has applied the same').toBe(
          true,
        );
      }),
      RUNS,
    );
    expect(primaryLooks / cases, 'schedules have primaries').toBeGreaterThan(40);
  }, 600_000);
});
