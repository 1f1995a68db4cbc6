// The mutation operators change what they say, at one place each, and leave alone what only protects or tells. Running the
// mutations is a command of its own: it takes hours and judges the simulator, not a change.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { mutated } from '../../simulations/mutants/plant.js';
import { mutationsOf } from './systematic/operators.js';
import { drawSample } from './systematic/sample.js';

const SAMPLE = `
  if (index < limit) done = true;
  invariant(index <= limit, 'within the limit');
  next = maxIndex(next, indexPlus(index, 1));
  if (index < limit) done = true;
`;

describe('mutation operators', () => {
  test('change conditions, bounds, assignments, extremes and steps of one', () => {
    const made = mutationsOf('x', SAMPLE).filter(({ line }) => line === 2 || line === 4);
    expect(made.map(({ operator, what }) => `${operator}: ${what}`)).toEqual([
      'never: index < limit → (index < limit) && false',
      'always: index < limit → (index < limit) || true',
      'bound: index < limit → index <= limit',
      'dropped: done = true; → ;',
      'dropped: next = maxIndex(next, indexPlus(index, 1)); → ;',
      'first: maxIndex(next, indexPlus(index, 1)) → (next)',
      'first: maxIndex(next, indexPlus(index, 1)) → (indexPlus(index, 1))',
      'off-by-one: 1 → 0',
    ]);
  });

  test('spare invariants', () => {
    expect(mutationsOf('x', SAMPLE).filter(({ line }) => line === 3)).toEqual([]);
  });

  test('find their place also where the same text stands twice', () => {
    const last = mutationsOf('x', SAMPLE).filter(({ line }) => line === 5);
    expect(last).toHaveLength(4);
    for (const { change } of last) {
      const lines = mutated('test', change, SAMPLE).split('\n');
      expect(lines[1]).toBe(SAMPLE.split('\n')[1]);
      expect(lines.slice(4)).not.toEqual(SAMPLE.split('\n').slice(4));
    }
  });

  test.each(['quorum', 'persistence', 'lease'])('apply once each in src/raft/%s.ts', (name) => {
    const file = `src/raft/${name}`;
    const text = readFileSync(new URL(`../../${file}.ts`, import.meta.url), 'utf8');
    const made = mutationsOf(file, text);
    expect(made.length).toBeGreaterThan(10);
    for (const { what, change } of made) expect(mutated(what, change, text)).not.toBe(text);
  });
});

test('A sample is the same for the same seed, and keeps the order', () => {
  const items = Array.from({ length: 100 }, (_, at) => at);
  const sample = drawSample(items, 10, 7);
  expect(sample).toEqual(drawSample(items, 10, 7));
  expect(sample).toEqual([...sample].sort((a, b) => a - b));
  expect(new Set(sample).size).toBe(10);
  expect(drawSample(items, 10, 8)).not.toEqual(sample);
});
