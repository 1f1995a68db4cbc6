// Planted bugs apply to the sources as they are: whoever changes the text that one replaces must change the bug as well. A
// few of them are tried here; the whole table takes hours, and a part of it runs with QUORATE_TEST_LONG=1.

import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { medianOf } from '../../simulations/mutants/attempt.js';
import type { Attempt } from '../../simulations/mutants/attempt.js';
import { isCaught, isComplete, tryMutants } from '../../simulations/mutants/harness.js';
import type { MutantReport, TryOptions } from '../../simulations/mutants/harness.js';
import type { Mutant } from '../../simulations/mutants/mutant.js';
import { MUTANTS } from '../../simulations/mutants/mutants.js';
import { mutated } from '../../simulations/mutants/plant.js';
import { PUBLISHED } from '../../simulations/mutants/published.js';
import { showPublished, showReport } from '../../simulations/mutants/report.js';
import { Results } from '../../simulations/mutants/results.js';

const IS_LONG = process.env['QUORATE_TEST_LONG'] === '1';
/** Found within a few seeds, each by a property of another kind. */
const CHOSEN = ['vote-before-sync', 'small-quorum'];

const change = { file: 'x', find: 'a + b', replace: 'a - b' };

function options(results: Results): TryOptions {
  return { results, bases: 1, seedsMax: 2000, limitMs: 60_000, budgetMs: 60_000, workers: 2 };
}

function attempt(base: string, seeds: number, isFound: boolean): Attempt {
  const found = { seed: base, property: 'votes', detail: '', atUs: 1 };
  return { base, seeds, elapsedMs: 1, simulatedMs: 1, found: isFound ? found : null };
}

describe('a planted bug', () => {
  test.each(MUTANTS)('$name applies to the sources', ({ name, changes }) => {
    for (const each of changes) {
      const text = readFileSync(new URL(`../../${each.file}.ts`, import.meta.url), 'utf8');
      expect(mutated(name, each, text)).not.toBe(text);
    }
  });

  test('has a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  test('that need not be found is planted once more without what covers it', () => {
    const found = new Set(
      MUTANTS.filter(({ coveredBy }) => coveredBy === undefined).map(({ name }) => name),
    );
    const proofs = MUTANTS.flatMap(({ provenBy }) => provenBy ?? []);
    expect(proofs.filter((name) => !found.has(name))).toEqual([]);
    const unproven = MUTANTS.filter(
      ({ coveredBy, provenBy }) => coveredBy !== undefined && provenBy === undefined,
    );
    const published = new Set(PUBLISHED.flatMap(({ mutants }) => mutants));
    expect(unproven.filter(({ name }) => published.has(name)).map(({ name }) => name)).toEqual([]);
  });

  test('is found whatever the white space', () => {
    expect(mutated('test', change, 'return a\n    + b;')).toBe('return a - b;');
  });

  test.each(['return b + a;', 'a + b; a + b;'])('fails loudly in %j', (text) => {
    expect(() => mutated('test', change, text)).toThrow('expected once');
  });
});

describe('the table', () => {
  const bug: Mutant = { name: 'made-up', what: 'nothing', changes: [] };
  const report = (mutant: Mutant, ...attempts: Attempt[]): MutantReport => {
    return { mutant, attempts, short: null, untried: null };
  };

  test('is not begun with a bug that does not apply', async () => {
    const file = 'src/raft/election';
    const gone = { ...bug, changes: [{ file, find: 'no such text', replace: '' }] };
    await expect(tryMutants([gone], options(Results.inMemory(1n)))).rejects.toThrow('made-up');
  });

  test('is complete when whatever is not covered was found', () => {
    const covered = { ...bug, coveredBy: 'another' };
    expect(isComplete([report(bug, attempt('1', 3, true))])).toBe(true);
    expect(isComplete([report(bug, attempt('1', 3, false))])).toBe(false);
    expect(isComplete([report(bug)])).toBe(false);
    expect(isComplete([report(covered, attempt('1', 3, false))])).toBe(true);
  });

  test('tells what was covered from what was not tried', () => {
    const covered = { ...bug, coveredBy: 'another', provenBy: 'vote-twice' };
    const shown = showReport([report(covered, attempt('1', 3, false)), report(covered)]);
    expect(shown).toMatch(/made-up +silent.*\nmade-up +not tried/);
    expect(shown).toContain('covered by another; without it: vote-twice');
  });
});

describe('a copy that hangs', () => {
  test('is ended by its processor time', { timeout: 120_000 }, () => {
    const watchdog = new URL('../../simulations/mutants/watchdog.ts', import.meta.url).href;
    const code = `import { watchProcess } from '${watchdog}'; watchProcess(100); for (;;);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
    expect(spawnSync(process.execPath, args).signal).toBe('SIGKILL');
  });
});

describe('the published list', () => {
  test('has a bug for every row', () => {
    const names = new Set(MUTANTS.map(({ name }) => name));
    expect(PUBLISHED.map(({ number }) => number)).toEqual(
      Array.from({ length: 33 }, (_, at) => at + 1),
    );
    expect(PUBLISHED.flatMap(({ mutants }) => mutants.filter((name) => !names.has(name)))).toEqual(
      [],
    );
  });

  test('argues where a bug need not be found', () => {
    const silent = new Set(
      MUTANTS.filter(({ coveredBy }) => coveredBy !== undefined).map(({ name }) => name),
    );
    const unargued = PUBLISHED.filter(
      ({ mutants, argument }) => argument === undefined && mutants.some((name) => silent.has(name)),
    );
    expect(unargued).toEqual([]);
  });

  test('is shown row by row', () => {
    const [mutant] = MUTANTS.filter(({ name }) => name === 'commit-older-term');
    if (mutant === undefined) throw new Error('expected a bug of this name');
    const attempts = [attempt('1', 3, true), attempt('2', 8, true), attempt('3', 9, false)];
    const [, row] = showPublished(PUBLISHED, [
      { mutant, attempts, short: null, untried: null },
    ]).split('\n');
    expect(row).toMatch(/^2 .*commit-older-term +caught +2 of 3 +8 .*votes 2$/);
  });
});

describe('a median', () => {
  test('counts an attempt that found nothing as one that took for ever', () => {
    const attempts = [attempt('1', 5, true), attempt('2', 9, false), attempt('3', 1, false)];
    expect(medianOf(attempts, ({ seeds }) => seeds)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('results', () => {
  test('go on where they were, and belong to one seed', () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-results-'));
    try {
      const file = join(directory, 'results.ndjson');
      const [mutant] = MUTANTS;
      if (mutant === undefined) throw new Error('expected a planted bug');
      const tried = attempt('7', 3, true);
      Results.open(file, 7n, true).add(mutant, tried);
      appendFileSync(file, '{"name":"cut sho');
      const again = Results.open(file, 1n, false);
      expect(again.seed).toBe(7n);
      expect(again.of(mutant, ['7', '8'])).toEqual([tried]);
      expect(() => Results.open(file, 1n, true)).toThrow('seed 7');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

test('Planted bugs are found', { timeout: IS_LONG ? 7_200_000 : 300_000 }, async () => {
  const mutants = MUTANTS.filter(
    ({ name, coveredBy, tests }) =>
      CHOSEN.includes(name) || (IS_LONG && coveredBy === undefined && tests === undefined),
  );
  const reports = await tryMutants(mutants, options(Results.inMemory(1n)));
  const missed = reports.filter((report) => !isCaught(report)).map(({ mutant }) => mutant.name);
  expect(missed).toEqual([]);
  expect(reports).toHaveLength(mutants.length);
});
