// The tables of src/raft/README.md and of test/paper/README.md name files, tests and planted bugs. All of them must exist and
// belong together, and nothing of src/raft may be missing, so that the tables say what is so.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../simulations/mutants/mutants.js';
import { mutated } from '../../simulations/mutants/plant.js';

const ROOT = join(import.meta.dirname, '../..');
const CORE = join(ROOT, 'src/raft');

/** The cells of every row of the tables that have this head. */
function rowsOf(path: string, head: string): string[][] {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
  const rows: string[][] = [];
  let isInside = false;
  for (const line of lines) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.length === 0) isInside = false;
    else if (cells[0] === head) isInside = true;
    else if (isInside && !/^-+$/.test(cells[0] ?? '')) rows.push(cells);
  }
  return rows;
}

const quoted = (cell: string): string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, it]) => it ?? '');

/** Titles of the tests of a file, as they stand there. */
const titles = new Map<string, string[]>();
function titlesOf(file: string): string[] {
  const known = titles.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(join(ROOT, file), 'utf8');
  // Of a test, of a table's test, and of the rows of a table.
  const forms = [
    /\b(?:it|test)\(\s*(['"`])(.+?)\1/g,
    /\)\(\s*(['"`])(.+?)\1/g,
    /\bname:\s*(['"`])(.+?)\1/g,
  ];
  const all = forms.flatMap((form) => [...text.matchAll(form)].map(([, , title]) => title ?? ''));
  titles.set(file, all);
  return all;
}

/** A cell such as "`paper/reads` shares its round": the file, and whether it has such a test. */
function testOf(cell: string): { file: string; isThere: boolean } {
  const [, name = '', title = ''] = /^`([^`]+)` (.+)$/.exec(cell) ?? [];
  const file = `test/${name}.test.ts`;
  const isThere = existsSync(join(ROOT, file)) && titlesOf(file).some((it) => it.includes(title));
  return { file, isThere: isThere && title !== '' };
}

const FEATURES = rowsOf('src/raft/README.md', 'Feature').map(
  ([feature = '', , files = '', test = '', bugs = ''], at) => ({
    row: `${at + 1}. ${feature}`,
    files: quoted(files).map((file) => join('src/raft', file).replaceAll('\\', '/')),
    test,
    bugs: quoted(bugs),
  }),
);

describe('A feature in src/raft/README.md', () => {
  it('is one of many', () => {
    expect(FEATURES.length).toBeGreaterThan(70);
  });

  it.each(FEATURES)('$row: names files, a test and a planted bug', ({ files, test, bugs }) => {
    expect(files).not.toEqual([]);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    expect(testOf(test), `there is ${test}`).toMatchObject({ isThere: true });
    expect(bugs).not.toEqual([]);
    expect(bugs.filter((bug) => !MUTANTS.some(({ name }) => name === bug))).toEqual([]);
  });

  it.each(FEATURES)('$row: is broken by its bug, in one of its files', ({ files, test, bugs }) => {
    for (const mutant of MUTANTS.filter(({ name }) => bugs.includes(name))) {
      const changed = mutant.changes.map(({ file }) => `${file}.ts`);
      expect(
        changed.some((file) => files.includes(file)),
        `${mutant.name} changes one of them`,
      ).toBe(true);
      for (const change of mutant.changes) {
        const text = readFileSync(join(ROOT, `${change.file}.ts`), 'utf8');
        expect(mutated(mutant.name, change, text)).not.toBe(text);
      }
      // A bug that names no tests is found by the swarm.
      const { tests = [testOf(test).file] } = mutant;
      expect(tests, `${mutant.name} names this test`).toContain(testOf(test).file);
    }
  });
});

describe('The map of src/raft/README.md', () => {
  it('names every file of the folder once', () => {
    const named = rowsOf('src/raft/README.md', 'Chapter').flatMap(([, files = '']) =>
      quoted(files),
    );
    const files = readdirSync(CORE).filter((name) => name.endsWith('.ts'));
    const sorted = (list: readonly string[]): string[] =>
      [...list].sort((a, b) => (a < b ? -1 : 1));
    expect(sorted(named)).toEqual(sorted(files));
  });
});

describe('The stories of src/raft/README.md', () => {
  it('are those of test/transcripts', () => {
    const named = rowsOf('src/raft/README.md', 'Story').flatMap(([story = '']) => quoted(story));
    const files = readdirSync(join(ROOT, 'test/transcripts')).filter((name) =>
      name.endsWith('.txt'),
    );
    expect(new Set(named)).toEqual(new Set(files));
  });
});

const RULES = rowsOf('test/paper/README.md', 'Section').map(
  ([section = '', rule = '', test = ''], at) => ({ row: `${at + 1}. ${section}: ${rule}`, test }),
);

describe('A rule of the paper in test/paper/README.md', () => {
  it('is one of many', () => {
    expect(RULES.length).toBeGreaterThan(100);
  });

  it.each(RULES)('$row', ({ test }) => {
    expect(testOf(test), `there is ${test}`).toMatchObject({ isThere: true });
  });
});
