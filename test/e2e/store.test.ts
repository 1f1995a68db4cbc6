// `quorate store` as people and scripts use it: the built command against real daemons. What it prints for people is compared
// as text, what it prints for scripts as an object; a command runs under a lock. A write goes through a standby whose leader is killed meanwhile.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import { jsonAt, mustSucceed, runAt, startCleanDaemons } from '../support/cluster.js';

let cluster: LocalCluster;
let first: Daemon;
let second: Daemon;
const directory = mkdtempSync(join(tmpdir(), 'quorate-store-'));

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  const [one, two, three] = cluster.daemons;
  if (one === undefined || two === undefined || three === undefined) throw new Error();
  [first, second] = [one, two];
  mustSucceed(await runAt(one, 'cluster-start'));
  for (const joiner of [two, three]) mustSucceed(await runAt(joiner, 'cluster-join', one.api));
}, 60_000);

afterAll(async () => {
  await cluster.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Written {
  readonly revision: number;
}

test('a key is put, compared, read through another member, listed and deleted', async () => {
  const { revision } = await jsonAt<Written>(first, 'store', 'put', 'app/mode', 'blue');
  const taken = await runAt(second, 'store', 'put', 'app/mode', 'red', '--if-revision', '0');
  expect(taken).toMatchObject({ code: 1, stdout: '' });
  expect(taken.stderr).toContain(`expected revision 0, got ${revision}`);
  const green = await jsonAt<Written>(second, 'store', 'cas', 'app/mode', 'blue', 'green');
  const again = await runAt(first, 'store', 'cas', 'app/mode', 'blue', 'green', '--json');
  expect(again.code).toBe(1);
  expect(JSON.parse(again.stderr)).toMatchObject({ code: 'VALUE_MISMATCH' });
  const entry = { key: 'app/mode', value: 'green', ...green, createdRevision: revision };
  expect(await jsonAt(second, 'store', 'get', 'app/mode')).toEqual(entry);
  for (const node of [first, second]) {
    expect(await jsonAt(node, 'store', 'get', 'app/mode', '--leased')).toEqual(entry);
  }
  expect(await jsonAt(first, 'store', 'list', 'app/')).toEqual({ entries: [entry], more: false });
  expect(mustSucceed(await runAt(second, 'store', 'delete', 'app/mode'))).toBe(
    'app/mode is deleted.\n',
  );
  expect((await runAt(first, 'store', 'get', 'app/mode')).stderr).toContain('there is no key');
}, 90_000);

test('a command runs under a lock, and others see who holds it', async () => {
  const script = 'echo "token $QUORATE_LOCK_TOKEN"; exit 7';
  const said = await runAt(second, 'lock', 'run', 'backup', '--try', '--', 'sh', '-c', script);
  expect(said).toMatchObject({ code: 7 });
  expect(said.stdout).toMatch(/^token \d+\n$/);
  const none = await runAt(first, 'lock', 'get', 'backup', '--json');
  expect(none.code).toBe(1);
  expect(JSON.parse(none.stderr)).toMatchObject({ code: 'LOCK_NOT_FOUND' });
}, 90_000);

test('a value comes from a file and goes to one, to the byte', async () => {
  const bytes = Buffer.from([0, 10, 255, 128, 0]);
  writeFileSync(join(directory, 'value'), bytes);
  mustSucceed(await runAt(first, 'store', 'put', 'bytes', '--file', join(directory, 'value')));
  const { value } = await jsonAt<{ value: object }>(second, 'store', 'get', 'bytes');
  expect(value).toEqual({ base64: bytes.toString('base64') });
  writeFileSync(join(directory, 'text'), 'two\nlines\n');
  mustSucceed(await runAt(first, 'store', 'put', 'text', '--file', join(directory, 'text')));
  expect(mustSucceed(await runAt(second, 'store', 'get', 'text', '--raw'))).toBe('two\nlines\n');
}, 90_000);

test.each([
  [['put', 'k'], 'expected a value or --file'],
  [['put', 'k', '--file', '/does/not/exist'], 'cannot take the value from /does/not/exist'],
  [['get', 'k'.repeat(1025)], 'expected at most 1024 bytes, got 1025 bytes'],
  [['get', 'k', '--stale', '--leased'], 'cannot be used with option'],
  [['txn'], 'expected something to compare, to change or to read'],
  [['txn', '--if-revision', 'k=x'], 'expected a whole number'],
])('store %j is wrong usage', async (args, said) => {
  const { code, stdout, stderr } = await runAt(first, 'store', ...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(said);
});

test('a transaction does one thing or the other, and says which condition did not hold', async () => {
  const lock = ['txn', '--if-revision', 'lock=0', '--put', 'lock=me', '--else-get', 'lock'];
  const { revision } = await jsonAt<Written>(second, 'store', ...lock);
  const late = mustSucceed(await runAt(first, 'store', ...lock));
  expect(late).toMatch(/^lock=0 does not hold at revision \d+\.\n/);
  expect(late).toContain(`lock · revision ${revision} · created at ${revision}\n  me\n`);
  const both = await jsonAt<object>(first, 'store', 'txn', '--get', 'lock', '--get', 'none');
  expect(both).toMatchObject({
    succeeded: true,
    failedCompare: null,
    results: [{ get: { key: 'lock', value: 'me' } }, { get: null }],
  });
}, 90_000);

test('a write through a standby whose leader is killed happens once', async () => {
  mustSucceed(await runAt(second, 'store', 'put', 'counter', '0'));
  let killed: Promise<unknown> = Promise.resolve();
  for (let value = 1; value <= 30; value += 1) {
    const ifValue = Buffer.from(String(value - 1));
    const writing = second.client.putStore(
      { key: 'counter', value: Buffer.from(String(value)), ifValue },
      { timeoutMs: 20_000 },
    );
    if (value === 10) killed = first.stop('SIGKILL');
    await writing;
  }
  await killed;
  expect(await jsonAt(second, 'store', 'get', 'counter')).toMatchObject({ value: '30' });
}, 90_000);
