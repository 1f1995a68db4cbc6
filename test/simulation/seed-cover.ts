// The fixed seeds of swarm.test.ts: few runs in which every situation comes about together. Which they are changes with everything that
// shifts the draws, so they are found by search and recorded.
// To do so: QUORATE_SEEDS=write npx vitest run test/simulation/swarm.test.ts

import { readFileSync, writeFileSync } from 'node:fs';
import type { Situation } from '../../simulations/counts.js';
import { Counts } from '../../simulations/counts.js';
import { run } from '../../simulations/run.js';

interface Found {
  readonly seed: string;
  readonly costMs: number;
  readonly situations: readonly Situation[];
}

const FILE = new URL('fixed-seeds.json', import.meta.url);
export const FIXED_TIME_MS = 12_000;
/** Runs that a search looks at, at least; it goes on to ten times as many while a situation is missing. */
const LOOKED_AT = 120;

export function fixedSeeds(): readonly string[] {
  if (process.env['QUORATE_SEEDS'] === 'write') {
    const cover = coverOf(lookForAll());
    writeFileSync(FILE, `${JSON.stringify(cover, null, 2)}\n`);
  }
  return JSON.parse(readFileSync(FILE, 'utf8')) as string[];
}

/** Runs in which together everything comes about. */
function lookForAll(): Found[] {
  const found: Found[] = [];
  const all = new Counts();
  for (let seed = 1n; seed <= 10n * BigInt(LOOKED_AT); seed += 1n) {
    if (seed > LOOKED_AT && all.missing.length === 0) break;
    const beganMs = performance.now();
    const { verdict, counts } = run({ seed, timeMs: FIXED_TIME_MS });
    if (verdict.type !== 'held') throw new Error(`seed ${seed}: ${JSON.stringify(verdict)}`);
    all.addAll(counts);
    const situations = new Counts().missing.filter((situation) => counts.of(situation) > 0);
    const costMs = performance.now() - beganMs;
    found.push({ seed: String(seed), costMs, situations });
  }
  return found;
}

/** Takes again and again the run that brings the most for its cost. */
function coverOf(runs: readonly Found[]): string[] {
  const left = new Set(runs.flatMap(({ situations }) => situations));
  const cover: string[] = [];
  while (left.size > 0) {
    const worth = ({ situations, costMs }: Found): number =>
      situations.filter((one) => left.has(one)).length / costMs;
    const best = runs.reduce((one, other) => (worth(other) > worth(one) ? other : one));
    for (const situation of best.situations) left.delete(situation);
    cover.push(best.seed);
  }
  return cover;
}
