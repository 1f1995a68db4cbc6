// Random schedules of faults for the whole simulator: whatever is done to the cluster, every property holds and the healed
// cluster recovers. A schedule is plain data, so fast-check shrinks it to the few actions that matter; that it does is shown on
// a claim that is not true.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { FaultAction, Link, Planned } from '../../simulations/fault-action.js';
import { run } from '../../simulations/run.js';
import type { RunResult } from '../../simulations/run.js';
import type { NodeId } from '../../src/raft/types.js';

const NODES = 3;
const TIME_MS = 4000;

const node = fc.integer({ min: 1, max: NODES }).map((id) => id as NodeId);
const links = fc
  .array(
    fc.tuple(node, node).filter(([from, to]) => from !== to),
    { minLength: 1, maxLength: 4 },
  )
  .map((each) => each as Link[]);

const action: fc.Arbitrary<FaultAction> = fc.oneof(
  fc.record({ type: fc.constantFrom('cut', 'mend', 'clog', 'unclog'), links }),
  fc.record({ type: fc.constantFrom('boot', 'pause', 'suspend'), node }),
  fc.record({ type: fc.constant('resume'), node, lossPpm: fc.constantFrom(0, 1_000_000) }),
  fc.record({
    type: fc.constant('crash'),
    node,
    isMachine: fc.boolean(),
    keptBatches: fc.constantFrom(0, 1),
    isTorn: fc.boolean(),
  }),
  fc.record({ type: fc.constant('handOver'), to: node }),
  fc.record({ type: fc.constant('diskHangs'), node, forUs: fc.constantFrom(50_000, 2_000_000) }),
);

const schedule = fc
  .array(fc.record({ atUs: fc.integer({ min: 0, max: TIME_MS * 900 }), action }), { maxLength: 12 })
  .map((each): Planned[] => each.toSorted((a, b) => a.atUs - b.atUs));

function runWith(seed: number, faults: readonly Planned[]): RunResult {
  return run({
    seed: BigInt(seed),
    timeMs: TIME_MS,
    nodes: NODES,
    electionTimeoutMs: 300,
    isCalm: true,
    schedule: faults,
  });
}

// The short run is the same every time; the long one draws fresh schedules, and fast-check prints the seed of a failure.
const RUNS =
  process.env['QUORATE_TEST_LONG'] === undefined ? { numRuns: 8, seed: 1 } : { numRuns: 1000 };

describe('A schedule of faults for the whole simulator', () => {
  test('breaks no property, and leaves a cluster that recovers', { timeout: 3_600_000 }, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), schedule, (seed, faults) => {
        expect(runWith(seed, faults).verdict).toEqual({ type: 'held' });
      }),
      RUNS,
    );
  });

  test(
    'shrinks to what matters: that nobody is ever elected again takes one fault to refute',
    { timeout: 300_000 },
    () => {
      const details = fc.check(
        fc.property(schedule, (faults) => runWith(1, faults).counts.of('elections') <= 1),
        { seed: 1, numRuns: 15 },
      );
      expect(details.failed).toBe(true);
      const [found = []] = details.counterexample ?? [];
      expect(found).toHaveLength(1);
    },
  );
});
