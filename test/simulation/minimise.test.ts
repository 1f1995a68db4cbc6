// A failing run becomes a short one that fails in the same way and is the same run whenever it is replayed; one that holds is
// said to hold. What fails here is a bug planted into a copy of the code, since the code itself has none to offer.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ddmin } from '../../simulations/minimise/ddmin.js';
import { readRunFile, showRunFile } from '../../simulations/scenarios/run-file.js';
import { command } from '../support/simulate.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('delta debugging', () => {
  const all = Array.from({ length: 40 }, (_, at) => at);

  test.each([[[]], [[7]], [[3, 4]], [[0, 20, 39]]])('finds just %j', async (wanted) => {
    const isSo = (part: readonly number[]): Promise<boolean> =>
      Promise.resolve(wanted.every((each) => part.includes(each)));
    expect(await ddmin(all, isSo, () => false)).toEqual(wanted);
  });

  test('has something to show when it is stopped', async () => {
    let runs = 0;
    const isSo = (part: readonly number[]): Promise<boolean> => {
      runs += 1;
      return Promise.resolve(part.includes(5));
    };
    const best = await ddmin(all, isSo, () => runs > 3);
    expect(best).toContain(5);
    expect(best.length).toBeLessThan(all.length);
  });
});

describe('simulate minimise', () => {
  test('makes the run of a planted bug short, and the shipped code holds in it', async () => {
    const file = join(folder, 'run.json');
    const args = ['minimise', '10', '--mutant', 'commit-older-term', '--limit', '20s', '--json'];
    const { exit, out } = await command(...args, '--out', file);
    expect(exit).toBe(4);
    const told = JSON.parse(out[0] ?? '') as {
      before: { faults: number; events: number };
      after: { faults: number; events: number };
      verdict: { property: string };
    };
    expect(told.verdict.property).toBe('commit-on-quorum');
    expect(told.after.faults).toBeLessThanOrEqual(told.before.faults);
    expect(told.after.events).toBeLessThan(told.before.events);
    expect(await command('replay', file)).toMatchObject({ exit: 0 });
    const text = readFileSync(file, 'utf8');
    expect(showRunFile(readRunFile(text))).toBe(text);
    expect(() => readRunFile(text.replace('"lossPpm"', '"lostPpm"'))).toThrow('lostPpm');
  }, 120_000);

  test('says that a run holds', async () => {
    const { exit, err } = await command('minimise', '1', '--time', '100ms');
    expect(exit).toBe(1);
    expect(err).toContain('nothing to make shorter');
  }, 60_000);

  test.each([
    [['minimise'], 'SEED'],
    [['minimise', '1', '--mutant', 'no-such'], 'no-such'],
    [['minimise', 'x'], 'seed'],
  ])('%j is wrong usage', async (args, said) => {
    const { exit, err } = await command(...args);
    expect(exit).toBe(2);
    expect(err).toContain(said);
  });
});
