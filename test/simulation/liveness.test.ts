// How long a healed cluster is waited for. One entry at a time over a link with 15 % loss takes longer than the bound for what clients had
// appended before, which is no fault of the protocol: found by 10 000 seeds, and kept with all that was drawn.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { run } from '../../simulations/run.js';
import type { RunOptions } from '../../simulations/run.js';
import type { NodeId } from '../../src/raft/types.js';

const SLOW_LINK = JSON.parse(
  readFileSync(new URL('slow-link.json', import.meta.url), 'utf8'),
) as Pick<RunOptions, 'timeMs' | 'parameters' | 'schedule'> & { readonly seed: string };

/** From the end of the faults. */
const BOUND_US = 60_000_000;

test('is longer than the bound while less is left to apply after each span', () => {
  const { seed, timeMs = 0, ...given } = SLOW_LINK;
  const { verdict, simulatedUs } = run({ seed: BigInt(seed), timeMs, ...given });
  expect(verdict).toEqual({ type: 'held' });
  expect(simulatedUs).toBeGreaterThan(timeMs * 1000 + BOUND_US);
});

test('is the bound where nothing more can be applied', () => {
  const { seed, timeMs = 0, ...given } = SLOW_LINK;
  const heal = { type: 'heal', core: [1 as NodeId], outside: 'cut' } as const;
  const schedule = [{ atUs: timeMs * 1000, action: heal }];
  const { counts, simulatedUs } = run({ seed: BigInt(seed), timeMs, ...given, schedule });
  expect(counts.of('provenCannot')).toBe(1);
  expect(simulatedUs).toBeLessThan(timeMs * 1000 + BOUND_US + 5_000_000);
});
