// Every shipped scenario does what it expects, with every property held. Scenario files that are wrong are refused with
// their line; and the variants without a defence can still be planted and do show what the defence is for.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { mutated } from '../../simulations/mutants/plant.js';
import {
  keptNamed,
  keptNames,
  scenarioNamed,
  scenarioNames,
} from '../../simulations/scenarios/library.js';
import { readScenario } from '../../simulations/scenarios/read.js';
import { run } from '../../simulations/run.js';
import { playVariant } from '../../simulations/scenarios/play-variant.js';
import { play } from '../../simulations/scenarios/play.js';
import { VARIANTS } from '../../simulations/scenarios/variants.js';
import { command } from '../support/simulate.js';

describe('the scenario', () => {
  test.each(scenarioNames())('%s does what it expects', { timeout: 120_000 }, (name) => {
    const { verdict, unmet } = play(scenarioNamed(name));
    expect(verdict).toEqual({ type: 'held' });
    expect(unmet).toEqual([]);
  });
});

describe('the kept run', () => {
  test.each(keptNames())('%s holds', { timeout: 60_000 }, (name) => {
    expect(run(keptNamed(name).setting).verdict).toEqual({ type: 'held' });
  });
});

describe('a variant', () => {
  test.each(VARIANTS)('$name applies to the sources', ({ name, changes }) => {
    for (const change of changes) {
      const text = readFileSync(new URL(`../../${change.file}.ts`, import.meta.url), 'utf8');
      expect(mutated(name, change, text)).not.toBe(text);
    }
  });

  test('without CheckQuorum is down where ours recovers', { timeout: 120_000 }, async () => {
    const variant = VARIANTS.find(({ name }) => name === 'no-check-quorum');
    if (variant === undefined) throw new Error('there is no such variant');
    const name = 'howard-abraham-2';
    const [played] = await playVariant(variant, [name]);
    const { forMs } = scenarioNamed(name);
    expect(played?.measures.downtimeMs).toBeGreaterThan(0.9 * forMs);
  });
});

const FINE = {
  name: 'fine',
  nodes: 3,
  forMs: 1000,
  steps: [{ atMs: 0, action: { type: 'pause', node: 1 } }],
  expect: {},
};

describe('a scenario file', () => {
  const text = (part: object): string => JSON.stringify({ ...FINE, ...part }, null, 1);

  test('needs no more than this', () => {
    expect(readScenario(text({}))).toMatchObject({
      nodes: 3,
      leader: null,
      electionTimeoutMs: 1000,
    });
  });

  test.each([
    ['{', 1, 'expected a name in double quotes'],
    ['{"name": "a",\n "name": "b"}', 2, 'name once'],
    ['[]', 1, 'expected an object of'],
    [text({ nodes: 9 }), 3, 'nodes: expected 1 to 7, got 9'],
    [text({ birds: 1 }), 15, 'got birds'],
    [text({ name: 'No Name' }), 2, 'expected a name such as'],
    [text({ forMs: 1.5 }), 4, 'expected a whole number'],
    [text({ steps: [{ atMs: 0, action: { type: 'sneeze' } }] }), 8, 'expected an action'],
    [text({ steps: [{ action: { type: 'boot', node: 1 } }] }), 6, 'either atMs or whenLeads'],
    [
      text({ steps: [{ atMs: 0, action: { type: 'boot', node: 4 } }] }),
      10,
      'node: expected 1 to 3',
    ],
    [text({ steps: [{ atMs: 0, action: { type: 'cut', links: '1-2 3=1' } }] }), 10, 'got 3=1'],
    [text({ expect: { fun: 1 } }), 15, 'got fun'],
  ])('%j is refused with its line', (wrong, line, said) => {
    expect(() => readScenario(wrong)).toThrow(expect.objectContaining({ line }));
    expect(() => readScenario(wrong)).toThrow(said);
  });

  test('is named with its line on the command line', async () => {
    const { exit, err } = await command('scenarios', 'nowhere.json');
    expect(exit).toBe(1);
    expect(err).toContain('nowhere.json:1: expected a readable file');
  });
});

describe('simulate scenarios', () => {
  test('prints a table of what was published and what became of ours', async () => {
    const { exit, out } = await command('scenarios', 'omni-chained', '--alone');
    expect(exit).toBe(0);
    expect(out[0]).toMatch(/^scenario +published +ours/);
    expect(out[1]).toMatch(/^omni-chained .* \d\.\d s, 0$/);
  }, 60_000);
});
