// The structure of the house, checked over the real sources, and the checker itself, checked over planted offences.
// Each planted row must be reported with its line, each good row must pass: a check that cannot fail checks nothing.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

import {
  checkFiles,
  checkPlaces,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  HEADER_SENTENCES_MAX,
  type Offence,
  type Rule,
} from './support/tidy.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'cli', 'simulations', 'test', 'proto', '.ci'];
const HEADER = '// What this file holds. What it does not do.\n';

function pathsIn(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|mjs|proto)$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The offences as `file:line rule: message`, so that a failure names every place at once. */
function told(offences: readonly Offence[]): string[] {
  return offences.map(({ path, line, rule, message }) => `${path}:${line} ${rule}: ${message}`);
}

function linesOf(count: number, line = 'export {};\n'): string {
  return line.repeat(count);
}

describe('the sources', () => {
  const files = FOLDERS.flatMap(pathsIn).map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));

  test('are found by this check', () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toContain('test/tidy.test.ts');
    expect(paths).toContain('src/raft/raft.ts');
  });

  test('keep to the structure', { timeout: 120_000 }, () => {
    expect(told(checkFiles(files))).toEqual([]);
  });

  test('leave nothing else at the top of the repository', () => {
    if (!existsSync(join(ROOT, '.git'))) return;
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
    expect(told(checkPlaces(listed.split('\0').filter((path) => path !== '')))).toEqual([]);
  });
});

/** One planted snippet; the header is put above it, so its first line is line 2. */
interface Row {
  readonly name: string;
  readonly path: string;
  readonly code: string;
}

interface BadRow extends Row {
  readonly rule: Rule;
  readonly line?: number;
}

function check(row: Row): Offence[] {
  return checkFiles([{ path: row.path, text: HEADER + row.code }]);
}

function expectReported(row: BadRow): void {
  const offences = check(row);
  const wanted = { path: row.path, line: row.line ?? 2, rule: row.rule };
  expect(offences).toHaveLength(1);
  expect(offences[0]).toMatchObject(wanted);
  expect(offences[0]?.message).not.toBe('');
}

const RAFT = 'src/raft/log.ts';
const CLI = 'cli/commands/put.ts';

const BAD_IMPORTS: BadRow[] = [
  {
    name: 'raft importing the driver',
    path: RAFT,
    code: "import { Node } from '../node/node.js';",
    rule: 'import',
  },
  {
    name: 'raft importing a type upwards',
    path: RAFT,
    code: "import type { Port } from '../node/ports.js';",
    rule: 'import',
  },
  {
    name: 'raft re-exporting from outside',
    path: RAFT,
    code: "\nexport { decode } from '../codec/record-codec.js';",
    rule: 'import',
    line: 3,
  },
  {
    name: 'raft naming a type by an inline import',
    path: RAFT,
    code: "export type P = import('../node/ports.js').StoragePort;",
    rule: 'import',
  },
  {
    name: 'raft importing the public errors',
    path: RAFT,
    code: "import { QuorateError } from '../errors.js';",
    rule: 'import',
  },
  {
    name: 'the state machine importing more of raft than its types',
    path: 'src/state-machine/store.ts',
    code: "import { Raft } from '../raft/raft.js';",
    rule: 'import',
  },
  {
    name: 'the codec importing the driver',
    path: 'src/codec/keys.ts',
    code: "import type { N } from '../node/api.js';",
    rule: 'import',
  },
  {
    name: 'the driver importing an adapter',
    path: 'src/node/node.ts',
    code: "import { LevelStorage } from '../storage/level-storage.js';",
    rule: 'import',
  },
  {
    name: 'an adapter importing another adapter',
    path: 'src/storage/level-storage.ts',
    code: "import { log } from '../ops/logger.js';",
    rule: 'import',
  },
  {
    name: 'an adapter importing the algorithm',
    path: 'src/transport/peer-link.ts',
    code: "import { Raft } from '../raft/raft.js';",
    rule: 'import',
  },
  {
    name: 'an adapter importing the driver itself',
    path: 'src/ops/logger.ts',
    code: "import { Node } from '../node/node.js';",
    rule: 'import',
  },
  {
    name: 'the service importing storage',
    path: 'src/service/handlers.ts',
    code: "import { open } from '../storage/level-storage.js';",
    rule: 'import',
  },
  {
    name: 'the client importing raft',
    path: 'src/client/client.ts',
    code: "import type { Term } from '../raft/types.js';",
    rule: 'import',
  },
  {
    name: 'the command line importing the driver',
    path: CLI,
    code: "import { Node } from '../../src/node/node.js';",
    rule: 'import',
  },
  {
    name: 'the command line importing the composition root at start',
    path: CLI,
    code: "import { start } from '../../src/main.js';",
    rule: 'import',
  },
  {
    name: 'the command line importing a type of the simulator at start',
    path: CLI,
    code: "import type { World } from '../../simulations/world.js';",
    rule: 'import',
  },
  {
    name: 'the simulator importing the service',
    path: 'simulations/world.ts',
    code: "import { serve } from '../src/service/server.js';",
    rule: 'import',
  },
  {
    name: 'a dynamic import upwards',
    path: 'src/client/client.ts',
    code: "export const load = () => import('../main.js');",
    rule: 'import',
  },
  {
    name: 'a computed import',
    path: CLI,
    code: 'export const load = (name: string) => import(name);',
    rule: 'import',
  },
  {
    name: 'a folder that the table does not know',
    path: 'src/utilities/text.ts',
    code: 'export {};',
    rule: 'import',
    line: 1,
  },
  {
    name: 'a file beside main.ts that the table does not know',
    path: 'src/helpers.ts',
    code: 'export {};',
    rule: 'import',
    line: 1,
  },
];

const BAD_LIBRARIES: BadRow[] = [
  ['level outside storage', 'src/service/handlers.ts', "import { Level } from 'level';"],
  [
    'msgpackr outside the codec',
    'src/storage/level-storage.ts',
    "import { pack } from 'msgpackr';",
  ],
  ['crc-32 in storage', 'src/storage/level-storage.ts', "import crc from 'crc-32';"],
  ['sorted-btree in the driver', 'src/node/reads.ts', "import BTree from 'sorted-btree';"],
  ['grpc in the command line', CLI, "import { credentials } from '@grpc/grpc-js';"],
  ['a file of a library', CLI, "import x from '@grpc/grpc-js/build/src/client.js';"],
  ['pino in the service', 'src/service/server.ts', "import { pino } from 'pino';"],
  ['commander in the client', 'src/client/client.ts', "import { Command } from 'commander';"],
  ['memory-level in production', 'src/storage/open.ts', "import { M } from 'memory-level';"],
  ['vitest in the simulator', 'simulations/world.ts', "import { test } from 'vitest';"],
  ['a library that nobody listed', 'src/ops/logger.ts', "import _ from 'lodash';"],
  ['a property of every object as a library', 'src/ops/logger.ts', "import _ from 'constructor';"],
  ['a builtin without node:', 'src/storage/open.ts', "import { open } from 'fs';"],
].map(([name = '', path = '', code = '']) => ({ name, path, code, rule: 'library' }));

const GOOD_IMPORTS: Row[] = [
  ['raft importing itself', RAFT, "import type { Term } from './types.js';"],
  ['the state machine importing types', 'src/state-machine/a.ts', "import '../raft/types.js';"],
  ['the state machine importing its library', 'src/state-machine/a.ts', "import 'sorted-btree';"],
  ['the codec importing raft', 'src/codec/a.ts', "import '../raft/log.js';"],
  ['the codec importing its libraries', 'src/codec/a.ts', "import 'msgpackr'; import 'crc-32';"],
  ['the driver importing the core', 'src/node/a.ts', "import '../raft/raft.js';"],
  ['storage importing a port', 'src/storage/a.ts', "import '../node/ports.js';"],
  [
    'storage importing a library and a builtin',
    'src/storage/a.ts',
    "import 'level'; import 'node:fs';",
  ],
  ['an adapter importing the data of raft', 'src/transport/a.ts', "import '../raft/message.js';"],
  ['an adapter importing the errors', 'src/storage/a.ts', "import '../errors.js';"],
  ['the service importing the driver', 'src/service/a.ts', "import '../node/api.js';"],
  [
    'the service importing generated types',
    'src/service/a.ts',
    "import '../generated/cluster.js';",
  ],
  ['the client importing grpc', 'src/client/a.ts', "import '@grpc/grpc-js';"],
  [
    'the composition root importing everything',
    'src/main.ts',
    "import './storage/a.js'; import './ops/a.js';",
  ],
  ['the composition root importing grpc', 'src/main.ts', "import '@grpc/grpc-js';"],
  ['the command line importing the client', CLI, "import '../../src/client/client.js';"],
  [
    'the command line loading the root',
    CLI,
    "export const load = () => import('../../src/main.js');",
  ],
  [
    'the command line loading the simulator',
    CLI,
    "export const f = () => import('../../simulations/run.js');",
  ],
  [
    'the simulator importing the driver',
    'simulations/papers/a/a.ts',
    "import '../../../src/node/node.js';",
  ],
  ['a test of the simulator', 'simulations/a.test.ts', "import 'vitest'; import 'fast-check';"],
  [
    'a test importing anything',
    'test/raft/a.test.ts',
    "import '../../src/raft/raft.js'; import 'memory-level';",
  ],
  ['an import in a string', RAFT, 'export const text = "import x from \'level\'";'],
  ['an import in a comment', RAFT, "// import x from 'level'\nexport {};"],
].map(([name = '', path = '', code = '']) => ({ name, path, code }));

const IMPURE_EVERYWHERE = [
  'export const now = () => Date.now();',
  'export const when: Date | null = null;',
  'export const roll = () => Math.random();',
  "export const roll = () => Math['random']();",
  'export const { random } = Math;',
  'export async function f() {}',
  'export const f = async () => 1;',
  'export class A { async go() {} }',
  'export const f = (g: Promise<void>) => g;',
  'export const weak = new WeakRef({});',
  'export const registry = new FinalizationRegistry(() => {});',
  'export const format = new Intl.NumberFormat();',
  'export const f = (n: number) => n.toLocaleString();',
  'export const f = (a: string, b: string) => a.localeCompare(b);',
  'setTimeout(() => {}, 1);',
  'setInterval(() => {}, 1);',
  'setImmediate(() => {});',
  'queueMicrotask(() => {});',
  'export const id = process.pid;',
  'export const bytes = Buffer.alloc(1);',
  "import { open } from 'node:fs';",
  "console.log('x');",
  'export const f = (list: string[]) => list.sort();',
  'export const f = (list: string[]) => list.toSorted();',
  'export const f = () => performance.now();',
  'export const f = () => globalThis;',
  'export const table = { 10: 1 };',
  "export const table = { '10': 1 };",
];

const BAD_PURITY: BadRow[] = ['raft', 'state-machine', 'codec', 'node'].flatMap((folder) =>
  IMPURE_EVERYWHERE.map((code) => ({
    name: `${folder}: ${code}`,
    path: `src/${folder}/a.ts`,
    code,
    rule: 'pure',
  })),
);

const BAD_ELSEWHERE: BadRow[] = [
  { name: 'await at the top', path: RAFT, code: 'await 1;', rule: 'pure' },
  { name: 'for await', path: RAFT, code: '\nfor await (const x of []) x;', rule: 'pure', line: 3 },
  { name: 'a text encoder in raft', path: RAFT, code: 'new TextEncoder();', rule: 'pure' },
];

const GOOD_PURITY: Row[] = [
  ['banned names in comments', RAFT, '// Date, Promise and await are only words here.\nexport {};'],
  ['banned names in strings', RAFT, "export const text = 'await a Promise of console.log';"],
  ['banned names in templates', RAFT, 'export const f = (n: number) => `Date ${n} process`;'],
  ['a member called process', RAFT, 'export const f = (x: { process: number }) => x.process;'],
  ['sort with a comparator', RAFT, 'export const f = (l: number[]) => l.sort((a, b) => a - b);'],
  ['the rest of Math', RAFT, 'export const f = (n: number) => Math.max(n, 1);'],
  ['text encoder in the codec', 'src/codec/a.ts', 'new TextEncoder(); new TextDecoder();'],
  ['async in an adapter', 'src/storage/a.ts', 'export async function f() { await null; }'],
  ['the clock in ops', 'src/ops/clock.ts', 'export const now = () => Date.now();'],
  ['number keys outside the pure folders', 'cli/a.ts', 'export const table = { 10: 1 };'],
].map(([name = '', path = '', code = '']) => ({ name, path, code }));

const LONG_BODY = linesOf(FUNCTION_LINES_MAX - 1, '  count += 1;\n');
const FULL_BODY = linesOf(FUNCTION_LINES_MAX - 2, '  count += 1;\n');

const BAD_LENGTHS: BadRow[] = [
  ['a function', `export function f(count: number) {\n${LONG_BODY}}\n`, 2],
  ['an arrow function', `\nexport const f = (count: number) => {\n${LONG_BODY}};\n`, 3],
  ['a method', `export class A {\n  f(count: number) {\n${LONG_BODY}  }\n}\n`, 3],
  ['a constructor', `export class A {\n  constructor(count: number) {\n${LONG_BODY}  }\n}\n`, 3],
  ['a file', linesOf(FILE_LINES_MAX), FILE_LINES_MAX + 1],
].map(([name, code, line]) => ({
  name: `${String(name)} that is too long`,
  path: 'cli/a.ts',
  code: String(code),
  rule: 'length',
  line: Number(line),
}));

const GOOD_LENGTHS: Row[] = [
  {
    name: 'a function of full length with a long docstring',
    path: 'cli/a.ts',
    code: `/**\n${linesOf(9, ' * Word.\n')} */\nexport function f(count: number) {\n${FULL_BODY}}\n`,
  },
  { name: 'a file of full length', path: 'cli/a.ts', code: linesOf(FILE_LINES_MAX - 1) },
  { name: 'a long test', path: 'test/a.test.ts', code: `f((count) => {\n${LONG_BODY}});\n` },
  {
    name: 'a long scenario test',
    path: 'simulations/a.test.ts',
    code: `f(() => {\n${LONG_BODY}});\n`,
  },
];

const BAD_COMMENTS: BadRow[] = [
  ['a line comment', '// TODO: later\nexport {};', 2],
  ['a comment after code', 'export {}; // FIXME', 2],
  ['a docstring', '\n/**\n * Does it. TODO: all of it.\n */\nexport const a = 1;', 3],
  ['a comment in a body', 'export function f() {\n  // TODO\n}', 3],
  ['the last comment', 'export {};\n// FIXME', 3],
].map(([name, code, line]) => ({
  name: `unfinished work in ${String(name)}`,
  path: 'cli/a.ts',
  code: String(code),
  rule: 'comment',
  line: Number(line),
}));

const GOOD_COMMENTS: Row[] = [
  { name: 'the word in a string', path: 'cli/a.ts', code: "export const text = '// TODO';" },
  { name: 'the word in a template', path: 'cli/a.ts', code: 'export const text = `${1} // TODO`;' },
  { name: 'a longer word', path: 'cli/a.ts', code: '// The word TODOS is another.\nexport {};' },
];

describe('the check reports', () => {
  const rows = [
    ...BAD_IMPORTS,
    ...BAD_LIBRARIES,
    ...BAD_PURITY,
    ...BAD_ELSEWHERE,
    ...BAD_LENGTHS,
    ...BAD_COMMENTS,
  ];
  test.each(rows.map((row) => [row.rule, row.name, row] as const))(
    '%s: %s',
    (_rule, _name, row) => {
      expectReported(row);
    },
  );

  test('comment: unfinished work in a proto file', () => {
    const offences = checkFiles([{ path: 'proto/a.proto', text: 'syntax;\n// TODO: more\n' }]);
    expect(told(offences)).toEqual([
      'proto/a.proto:2 comment: unfinished work belongs in an issue, not in a comment',
    ]);
  });

  test('place: a stray folder at the top', () => {
    const offences = checkPlaces(['src/main.ts', 'utils/a.ts', 'utils/b.ts', 'package.json']);
    expect(told(offences)).toEqual(['utils:1 place: does not belong at the top of the repository']);
  });

  test('everything at once, ordered by file and line', () => {
    const offences = checkFiles([
      { path: 'src/raft/b.ts', text: `${HEADER}Date;\nProcess;\nprocess;\n` },
      { path: 'src/raft/a.ts', text: `${HEADER}import '../node/ports.js';\nMath.random();\n` },
    ]);
    expect(offences.map(({ path, line }) => `${path}:${line}`)).toEqual([
      'src/raft/a.ts:2',
      'src/raft/a.ts:3',
      'src/raft/b.ts:2',
      'src/raft/b.ts:4',
    ]);
  });
});

describe('the check passes', () => {
  const rows = [...GOOD_IMPORTS, ...GOOD_PURITY, ...GOOD_LENGTHS, ...GOOD_COMMENTS];
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    expect(told(check(row))).toEqual([]);
  });

  test('generated files, whatever they hold', () => {
    expect(checkFiles([{ path: 'src/generated/a.ts', text: "import 'level';" }])).toEqual([]);
  });
});

describe('the header of a file', () => {
  const sentence = 'One sentence with raft.ts, v1.2 and e.g. an abbreviation.';
  test.each([
    ['nothing', 'export {};\n', false],
    ['code first', 'export {};\n// One. Two.\n', false],
    ['one sentence', `// ${sentence}\nexport {};\n`, false],
    ['a blank line between two sentences', '// One.\n\n// Two.\nexport {};\n', false],
    ['two sentences', '// One.\n// Two?\nexport {};\n', true],
    ['two sentences on three lines', '// One\n// ends here. Two\n// too.\nexport {};\n', true],
    ['two sentences below #!', '#!/usr/bin/env node\n// One. Two.\nexport {};\n', true],
    ['two sentences in a block', '/*\n * One.\n * Two!\n */\nexport {};\n', true],
    ['most sentences', `// ${`${sentence} `.repeat(HEADER_SENTENCES_MAX)}\n`, true],
    ['too many sentences', `// ${`${sentence} `.repeat(HEADER_SENTENCES_MAX + 1)}\n`, false],
    ['a numbered argument below', '// One. Two.\n// 1. A. B. C.\n// 2. D. E. F.\n', true],
  ])('%s', (_name, text, isGood) => {
    const offences = checkFiles([{ path: 'cli/a.ts', text }]);
    expect(offences.map(({ rule, line }) => ({ rule, line }))).toEqual(
      isGood ? [] : [{ rule: 'header', line: 1 }],
    );
  });
});
