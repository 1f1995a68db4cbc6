// The command that checks histories: its exit codes, what it prints for people and for programs, the page that it writes.
// What cannot be read is said with file and line.

import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

import { runCommand } from '../../simulations/cli.js';

const HISTORIES = fileURLToPath(new URL('histories', import.meta.url));
const GOOD = join(HISTORIES, 'kv/c01-ok.txt');
const BAD = join(HISTORIES, 'jepsen/etcd_000.log');
const SCRATCH = mkdtempSync(join(tmpdir(), 'quorate-check-'));

afterAll(() => rmSync(SCRATCH, { recursive: true }));

async function check(...args: string[]) {
  const out: string[] = [];
  const failures: { error: string; code: string }[] = [];
  let err = '';
  const exit = await runCommand(['check', ...args], {
    out: (line) => out.push(line),
    err: (text) => {
      err += text;
    },
    fail: (failure) => failures.push(failure),
    isTerminal: false,
    onInterrupt: () => () => undefined,
  });
  return { exit, out, err, failures };
}

function scratch(name: string, text: string | Buffer): string {
  const path = join(SCRATCH, name);
  writeFileSync(path, text);
  return path;
}

describe('simulate check', () => {
  test('ends with 0 for a linearizable history', async () => {
    const { exit, out } = await check(GOOD);
    expect(exit).toBe(0);
    expect(out).toHaveLength(1);
    expect(out[0]).toMatch(/c01-ok\.txt: linearizable {2}\(key-value, 58 operations, 10 parts, /);
  });

  test('ends with 4 for one that is not, and draws where it breaks', async () => {
    const { exit, out } = await check(BAD);
    expect(exit).toBe(4);
    expect(out[0]).toContain('NOT LINEARIZABLE');
    expect(out.some((line) => line.includes('no order explains: read → 2'))).toBe(true);
  });

  test('ends with 6 when it may not find out', async () => {
    const big = Array.from({ length: 24 }, (_, at) => [
      `${at} :invoke :enqueue ${at}`,
      `${at} :ok :enqueue ${at}`,
    ]);
    const text = [...big.map(([call]) => call), ...big.map(([, end]) => end)].join('\n');
    const odd = ['0', '1']
      .map((at) => `${at} :invoke :dequeue nil\n${at} :ok :dequeue 0`)
      .join('\n');
    const file = scratch('hard.log', `${text}\n${odd}`);
    const { exit, out } = await check(file, '--memory', '1MiB');
    expect(exit).toBe(6);
    expect(out[0]).toContain('UNKNOWN, out of memory');
    const json = await check(file, '--timeout', '1ms', '--json');
    expect(json.exit).toBe(6);
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ linearizable: null, exhausted: 'time' });
  });

  test.each([
    [GOOD, 0, true],
    [BAD, 4, false],
  ])('prints one object for --json: %s', async (file, expected, linearizable) => {
    const { exit, out } = await check(file, '--json');
    expect(exit).toBe(expected);
    expect(out).toHaveLength(1);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ linearizable, exhausted: null });
  });

  test('tells where the history breaks for --json', async () => {
    const { out } = await check(BAD, '--json');
    const { failure } = JSON.parse(out[0] ?? '') as { failure: { order: unknown[] } };
    expect(failure).toMatchObject({
      operation: 'read → 2',
      line: 85,
      prefixEvents: 81,
      isExact: true,
      states: ['1'],
    });
    expect(failure.order.length).toBeGreaterThan(30);
  });

  test('writes a page for --html, and none if there is nothing to show', async () => {
    const page = join(SCRATCH, 'page.html');
    expect((await check(BAD, '--html', page)).exit).toBe(4);
    expect(readFileSync(page, 'utf8')).toContain('<tr class="bad">');
    const none = join(SCRATCH, 'none.html');
    const { exit, err } = await check(GOOD, '--html', none);
    expect(exit).toBe(0);
    expect(err).toContain('no page was written');
    expect(existsSync(none)).toBe(false);
  });

  test('makes a table of a folder, and compares it with the verdicts there', async () => {
    const { exit, out } = await check(HISTORIES);
    expect(exit).toBe(4);
    expect(out).toHaveLength(57);
    expect(out.at(-1)).toMatch(
      /^55 histories: 12 linearizable, 43 not, 0 unknown; 0 of 55 verdicts wrong; /,
    );
    expect(Math.max(...out.map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('prints one object for several files and --json', async () => {
    const { exit, out } = await check(GOOD, BAD, '--json');
    expect(exit).toBe(4);
    const told = JSON.parse(out[0] ?? '') as { linearizable: unknown; files: unknown[] };
    expect(told.linearizable).toBe(false);
    expect(told.files).toHaveLength(2);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['text.log', 'what is\nthis', ':1: expected PROCESS'],
    ['later.log', '0 :invoke :read nil\n0 :ok :write 3', ':2: expected read'],
    ['binary.edn', Buffer.from([0x7b, 0xff, 0xfe]), ':1: expected text in UTF-8'],
    ['empty.edn', '', ':1: expected a history'],
  ])('%s ends with 1 and names file and line', async (name, text, said) => {
    const file = scratch(name, text);
    const { exit, failures, out } = await check(file);
    expect(exit).toBe(1);
    expect(out).toEqual([]);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ code: 'BAD_HISTORY' });
    expect(failures[0]?.error).toContain(`${file}${said}`);
  });

  test('is said of a file that is not there', async () => {
    const { exit, failures } = await check(join(SCRATCH, 'nowhere'));
    expect(exit).toBe(1);
    expect(failures[0]?.error).toMatch(/nowhere:1: expected a readable file, got ENOENT$/);
  });

  test.each([
    [[], 'FILE'],
    [[GOOD, '--model', 'x'], '--model'],
    [[GOOD, '--memory', '1'], '--memory'],
    [[GOOD, '--timeout', '5'], '--timeout'],
    [[GOOD, BAD, '--html', 'x'], '--html'],
    [[GOOD, '--wrong'], '--wrong'],
  ])('%j is wrong usage', async (args, named) => {
    const { exit, failures } = await check(...args);
    expect(exit).toBe(2);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.error).toContain(named);
  });
});
