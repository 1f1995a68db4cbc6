// Simulated forming: seeds with crashes, lost disks, partitions and slow clocks keep to one cluster, and healed nodes form it; a seed
// says everything; and bugs planted into the code are found. The default runs are short; QUORATE_TEST_LONG=1 runs the same with more.

import { describe, expect, test } from 'vitest';
import { FORMING_MUTANTS, findFormingMutant } from '../../simulations/forming/mutants.js';
import { runForming } from '../../simulations/forming/run.js';
import { command } from '../support/simulate.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
const SEEDS = IS_LONG ? 5000 : 40;
/** Each is found within some dozens of seeds; a start of its process costs most. */
const PLANTED = FORMING_MUTANTS.filter(
  ({ name, coveredBy }) => coveredBy === undefined && (IS_LONG || name === 'promise-given-twice'),
);

describe('seeds of forming', () => {
  test('form one cluster and no other, unless a lost disk asks for an operator', () => {
    const results = Array.from({ length: SEEDS }, (_, at) => runForming(BigInt(at + 1)));
    const bad = results.filter(({ outcome }) => outcome === 'violated' || outcome === 'not-live');
    expect(bad.map(({ setting, detail }) => `${setting.seed}: ${detail}`)).toEqual([]);
    const formed = results.filter(({ outcome }) => outcome === 'formed');
    expect(formed.length).toBeGreaterThan(SEEDS / 2);
    const lossless = results.filter(({ setting }) => !setting.hasWipes);
    expect(lossless.every((one) => one.outcome === 'formed' && one.clusters === 1)).toBe(true);
  }, 600_000);

  test('are the same every time, and told by the command line', async () => {
    expect(runForming(7n)).toEqual(runForming(7n));
    const { exit, out } = await command('forming', '--seed', '7', '--seeds', '3', '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(out.join('\n'))).toMatchObject({ seed: '7', seeds: 3, failures: [] });
  }, 60_000);
});

describe('bugs planted into forming', () => {
  test.each(PLANTED.map((mutant) => [mutant.name, mutant] as const))(
    '%s is found',
    async (_, mutant) => {
      const { failure } = await findFormingMutant(mutant, 1n, 2000);
      expect(failure).not.toBeNull();
    },
    180_000,
  );
});
