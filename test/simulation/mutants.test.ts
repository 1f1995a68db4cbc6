// Planted bugs apply to the sources as they are. Whoever changes the text that one replaces must change the bug as well.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { MUTANTS } from '../../simulations/mutants/mutants.js';
import { mutated } from '../../simulations/mutants/plant.js';

const change = { file: 'x', find: 'a + b', replace: 'a - b' };

describe('a planted bug', () => {
  test.each(MUTANTS)('$name applies to the sources', ({ name, changes }) => {
    for (const each of changes) {
      const text = readFileSync(new URL(`../../${each.file}.ts`, import.meta.url), 'utf8');
      expect(mutated(name, each, text)).not.toBe(text);
    }
  });

  test('is found whatever the white space', () => {
    expect(mutated('test', change, 'return a\n    + b;')).toBe('return a - b;');
  });

  test.each(['return b + a;', 'a + b; a + b;'])('fails loudly in %j', (text) => {
    expect(() => mutated('test', change, text)).toThrow('expected once');
  });
});
