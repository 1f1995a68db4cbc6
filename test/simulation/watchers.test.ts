// Clients that watch in the simulator, served by the shipped hub under all kinds of faults: each is told every change of what
// it asked for once and in order, wherever it goes on. A node that forgets that it has forgotten shows that this can fail.

import { afterEach, expect, test, vi } from 'vitest';
import { ChangeHistory } from '../../src/state-machine/change-history.js';
import type { Situation } from '../../simulations/counts.js';
import { run } from '../../simulations/run.js';

const SEEDS = process.env['QUORATE_TEST_LONG'] === '1' ? 400 : 2;

afterEach(() => vi.restoreAllMocks());

test('watchers are told everything once and in order, wherever they go on', () => {
  const total = { watchResumes: 0, changesTold: 0 } satisfies Partial<Record<Situation, number>>;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { verdict, counts } = run({ seed: BigInt(seed), timeMs: 8000, hasWatchers: true });
    expect(verdict, `seed ${seed}`).toEqual({ type: 'held' });
    total.watchResumes += counts.of('watchResumes');
    total.changesTold += counts.of('changesTold');
  }
  expect(total.watchResumes).toBeGreaterThan(SEEDS);
  expect(total.changesTold).toBeGreaterThan(SEEDS);
}, 3_600_000);

test('a node that believes to know what a snapshot replaced is found', () => {
  vi.spyOn(ChangeHistory.prototype, 'reset').mockImplementation(() => undefined);
  let property: string | null = null;
  for (let seed = 2; property === null && seed <= 60; seed += 1) {
    const { verdict } = run({ seed: BigInt(seed), timeMs: 10_000, hasWatchers: true });
    if (verdict.type === 'violated') property = verdict.property;
  }
  expect(property).toBe('watch-order');
}, 600_000);
