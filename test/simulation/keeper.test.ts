// Primary-only processes in the simulator, run by the shipped keeper under all kinds of faults: nothing runs on two machines at
// one true time, nor beyond its lease, and what a keeper answers lets hand-overs be proven. By default a few seeds.
// A planted bug shows that the property can fail.

import { afterEach, expect, test, vi } from 'vitest';
import { Keeper } from '../../src/keeper/keeper.js';
import { run } from '../../simulations/run.js';

const SEEDS = process.env['QUORATE_TEST_LONG'] === '1' ? 400 : 4;

test('primary-only processes run on one machine at a time, under the shipped keeper', () => {
  let starts = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const result = run({
      seed: BigInt(seed),
      timeMs: 8000,
      hasKeepers: true,
      watch: ({ running }) => {
        const add = running.add.bind(running);
        running.add = (process) => {
          starts += 1;
          return add(process);
        };
      },
    });
    expect(result.verdict, `seed ${seed}`).toEqual({ type: 'held' });
  }
  expect(starts).toBeGreaterThan(SEEDS);
}, 3_600_000);

afterEach(() => vi.restoreAllMocks());

test('a keeper that does not wake by itself is found', () => {
  vi.spyOn(Keeper.prototype, 'wakeMs', 'get').mockReturnValue(null);
  let property: string | null = null;
  for (let seed = 1; property === null && seed <= 20; seed += 1) {
    const { verdict } = run({ seed: BigInt(seed), timeMs: 8000, hasKeepers: true });
    if (verdict.type === 'violated') property = verdict.property;
  }
  expect(property).toBe('one-primary');
}, 600_000);
