// The proof of purity, on files with one impurity each that stand beside the real ones. It must find every one of them, and
// nothing in the file that has none, nor in the sources.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { provePurity, showPurity } from './support/purity.js';

const ROOT = join(import.meta.dirname, '..');

const IMPURE: readonly { name: string; folder?: string; code: string; message: RegExp }[] = [
  { name: 'the wall clock', code: 'export const f = () => Date.now();', message: /global Date/ },
  {
    name: 'the clock under another name',
    code: 'const D = Date;\nexport const f = () => new D();',
    message: /global Date/,
  },
  { name: 'the clock as a type', code: 'export type T = Date;', message: /global Date/ },
  {
    name: 'another clock',
    code: 'export const f = () => performance.now();',
    message: /performance/,
  },
  { name: 'chance', code: 'export const f = () => Math.random();', message: /Math.random/ },
  { name: 'chance by text', code: "export const f = () => Math['random']();", message: /Math/ },
  { name: 'chance taken apart', code: 'export const { random } = Math;', message: /Math/ },
  { name: 'chance passed on', code: 'export const all: object = Math;', message: /Math/ },
  { name: 'secrets', code: 'export const f = () => crypto.randomUUID();', message: /crypto/ },
  { name: 'async', code: 'export const f = async () => 1;', message: /async suspends/ },
  {
    name: 'a promise',
    code: 'export const f = () => Promise.resolve(1);',
    message: /global Promise/,
  },
  {
    name: 'a promise without its name',
    code: 'export const f = (open: () => PromiseLike<void>) => open();',
    message: /PromiseLike/,
  },
  { name: 'a timer', code: 'setTimeout(() => {}, 1);', message: /setTimeout/ },
  { name: 'a microtask', code: 'queueMicrotask(() => {});', message: /queueMicrotask/ },
  { name: 'the process', code: 'export const id = process.pid;', message: /process/ },
  { name: 'everything', code: 'export const all = globalThis;', message: /globalThis/ },
  { name: 'the network', code: "void fetch('x');", message: /fetch/ },
  { name: 'the console', code: "console.log('x');", message: /console/ },
  { name: 'the collector', code: 'export const weak = new WeakRef({});', message: /WeakRef/ },
  {
    name: 'Function by its way around',
    code: "export const f = () => [].constructor('return 1');",
    message: /constructor/,
  },
  { name: 'eval', code: "export const f = () => eval('1');", message: /eval/ },
  {
    name: 'the language of the machine',
    code: 'export const f = (n: number) => n.toLocaleString();',
    message: /toLocaleString/,
  },
  { name: 'a built-in', code: "import 'node:fs';", message: /node:fs/ },
  { name: 'a built-in without node:', code: "import 'fs';", message: /imports fs/ },
  { name: 'a library', code: "import 'pino';", message: /imports pino/ },
  {
    name: 'a pure library in another folder',
    code: "import 'msgpackr';",
    message: /imports msgpackr/,
  },
  { name: 'an outer folder', code: "import '../ops/clock.js';", message: /outside/ },
  {
    name: 'the type of an outer folder',
    code: "export type C = import('../ops/clock.js').Clock;",
    message: /outside/,
  },
  {
    name: 'a computed import',
    code: 'export const f = (name: string) => import(name);',
    message: /nobody can check/,
  },
  {
    name: 'text and bytes outside of the codec',
    code: 'new TextEncoder();',
    message: /TextEncoder/,
  },
];

const PURE = `
const TABLE = { random: 1, process: 2, Date: 3 } as const;
export class Pure { constructor(readonly process: number) {} now() { return TABLE.random + this.process; } }
export const f = (list: readonly number[]) => Math.max(...list.map((it) => Number(it)), undefined ?? 0);
`;

describe('The proof of purity', () => {
  const pathOf = (at: number): string => `src/raft/planted-${at}.ts`;
  const planted = new Map([
    ...IMPURE.map(({ code }, at): [string, string] => [pathOf(at), `${code}\nexport {};\n`]),
    ['src/node/planted-pure.ts', PURE],
    ['src/codec/planted-text.ts', 'export const f = () => new TextEncoder();\n'],
  ]);
  const report = provePurity(ROOT, planted);
  const found = (path: string): string[] =>
    report.impurities.filter((it) => it.path === path).map(({ message }) => message);

  it.each(IMPURE.map((row, at) => ({ ...row, at })))('finds $name', ({ at, message }) => {
    expect(found(pathOf(at)).join('\n')).toMatch(message);
  });

  it('finds nothing where nothing is', () => {
    expect(found('src/node/planted-pure.ts')).toEqual([]);
    expect(found('src/codec/planted-text.ts')).toEqual([]);
  });

  it('finds nothing in the sources, and says how much it looked at', () => {
    const ours = report.impurities.filter(({ path }) => !path.includes('planted'));
    expect(ours).toEqual([]);
    expect(report.names, 'it asked').toBeGreaterThan(5000);
    expect(report.imports).toBeGreaterThan(300);
    expect(report.libraries).toEqual(['crc-32', 'msgpackr', 'sorted-btree']);
    expect(showPurity(report)).toMatch(/^purity: \d+ files \(src\/raft \d+, .*\), \d+ imports/);
  });
}, 60_000);
