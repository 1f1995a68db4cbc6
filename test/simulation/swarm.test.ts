// The shipped code in the simulated world: every property holds on fixed seeds and on fresh ones, a healed cluster
// recovers, a seed repeats itself exactly, and planted bugs are found. With QUORATE_TEST_LONG a thousand seeds more.
// A failing seed is printed with the command that shows it again.

import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { Counts } from '../../simulations/counts.js';
import { showReplay, showVerdict } from '../../simulations/format.js';
import { run } from '../../simulations/run.js';
import { sweep } from '../../simulations/sweep.js';
import { FIXED_TIME_MS, fixedSeeds } from './seed-cover.js';

/** Fresh seeds and their simulated time; with QUORATE_TEST_LONG many more. */
const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const FRESH_SEEDS = IS_LONG ? 1000 : 8;
const FRESH_TIME_MS = IS_LONG ? 30_000 : 12_000;

const fresh = randomBytes(8).readBigUInt64BE();
console.log(`fresh simulation seed: ${fresh}`);

async function failuresFrom(seed: bigint, count: number, timeMs: number): Promise<string[]> {
  const { failures } = await sweep({ seed, count, timeMs }, () => performance.now());
  return failures.map((result) => {
    return `${showVerdict(result.verdict)}; ${showReplay(result, ` --time ${timeMs}ms`)}`;
  });
}

describe('every property holds, and the healed cluster recovers', () => {
  test('on fixed seeds, in which every situation comes about', { timeout: 3_600_000 }, () => {
    const counts = new Counts();
    for (const seed of fixedSeeds()) {
      const result = run({ seed: BigInt(seed), timeMs: FIXED_TIME_MS });
      expect(result.verdict, `seed ${seed}`).toEqual({ type: 'held' });
      counts.addAll(result.counts);
    }
    expect(counts.missing).toEqual([]);
  });

  test('on fresh seeds', { timeout: IS_LONG ? 3_600_000 : 600_000 }, async () => {
    expect(await failuresFrom(fresh, FRESH_SEEDS, FRESH_TIME_MS)).toEqual([]);
  });

  test.each([1, 2, 7])('with %i voters to begin with', { timeout: 300_000 }, (nodes) => {
    expect(run({ seed: 11n, timeMs: 5000, nodes }).verdict).toEqual({ type: 'held' });
  });
});

describe('a seed', () => {
  test('repeats itself to the last event', { timeout: 300_000 }, () => {
    for (const seed of [3n, fresh]) {
      const [first, second] = [run({ seed, timeMs: 5000 }), run({ seed, timeMs: 5000 })];
      expect([second.hash, second.events]).toEqual([first.hash, first.events]);
    }
  });

  test('gives the same run with and without a readable trace', { timeout: 300_000 }, () => {
    const lines: string[] = [];
    const traced = run({ seed: 4n, timeMs: 2000, sink: (line) => lines.push(line) });
    expect(run({ seed: 4n, timeMs: 2000 }).hash).toBe(traced.hash);
    expect(lines.length).toBeGreaterThanOrEqual(traced.events);
  });

  test('is the same run from the faults that it recorded, as JSON', { timeout: 300_000 }, () => {
    for (const seed of [3n, 4n, fresh]) {
      const drawn = run({ seed, timeMs: 5000 });
      const { schedule, parameters } = JSON.parse(
        JSON.stringify({ schedule: drawn.schedule, parameters: drawn.parameters }),
      ) as Pick<typeof drawn, 'schedule' | 'parameters'>;
      const followed = run({ seed, timeMs: 5000, schedule, parameters });
      expect([followed.hash, followed.events]).toEqual([drawn.hash, drawn.events]);
      expect(followed.schedule).toEqual(drawn.schedule);
    }
  });

  test('may leave out any of its faults', { timeout: 300_000 }, () => {
    const { schedule } = run({ seed: 4n, timeMs: 5000 });
    for (const left of [0, 1, 2]) {
      const part = schedule.filter((_, at) => at % 3 !== left);
      expect(run({ seed: 4n, timeMs: 5000, schedule: part }).verdict).toEqual({ type: 'held' });
    }
    expect(run({ seed: 4n, timeMs: 5000, schedule: [] }).schedule).toHaveLength(1);
  });

  test('gives another run than the next one', { timeout: 300_000 }, () => {
    expect(run({ seed: 5n, timeMs: 100 }).hash).not.toBe(run({ seed: 6n, timeMs: 100 }).hash);
  });
});
