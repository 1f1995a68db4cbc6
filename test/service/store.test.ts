// Store.* over real gRPC with the real driver: what is written through one member is read through another, transactions
// compare and change at one revision, and every refusal has its code.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QuorateClient } from '../../src/client/client.js';
import { CLIENT_SESSIONS, STORE } from '../../src/client/protos.js';
import type { TransactRequest } from '../../src/generated/quorate/v1/TransactRequest.js';
import { TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;
const MiB = 1024 * 1024;

describe('the store', () => {
  const cluster = new TestCluster();
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    const [one, two] = await cluster.form(2);
    if (one === undefined || two === undefined) throw new Error('expected two nodes');
    [first, second] = [one, two];
  });

  afterAll(async () => {
    await cluster.stop();
  });

  const put = (key: string, value: string | Buffer = ''): Promise<{ revision: number }> =>
    second
      .ask(STORE.Put, { key, value: Buffer.from(value) }, WRITE)
      .then(({ header }) => ({ revision: header?.revision ?? 0 }));

  test('is written through a standby and read through the leader', async () => {
    const { revision } = await put('a', Buffer.from([0, 255]));
    const { entry } = await first.ask(STORE.Get, { key: 'a' });
    const value = Buffer.from([0, 255]);
    expect(entry).toEqual({ key: 'a', value, revision, createdRevision: revision });
    const again = await second.ask(STORE.Put, { key: 'a', value: Buffer.from('b') }, WRITE);
    expect(again.createdRevision).toBe(revision);
    expect(again.header?.revision).toBeGreaterThan(revision);
    const stale = await first.ask(STORE.Get, { key: 'a', consistency: 'STALE' });
    expect(stale.entry?.value.toString()).toBe('b');
    expect(stale.header?.stalenessMs).toBeDefined();
  });

  test('compares by revision and by value before it changes', async () => {
    const { revision } = await put('c', 'one');
    const twice = await second.refused(STORE.Put, { key: 'c', ifRevision: 0 }, WRITE);
    const data = { expected: '0', actual: String(revision) };
    expect(twice).toMatchObject({ code: 'REVISION_MISMATCH', grpcCode: 10, data });
    const value = { key: 'c', value: Buffer.from('two'), ifValue: Buffer.from('other') };
    const other = await first.refused(STORE.Put, value, WRITE);
    expect(other).toMatchObject({ code: 'VALUE_MISMATCH', grpcCode: 10, outcome: 'refused' });
    const nothing = await first.refused(STORE.Put, { ...value, key: 'c/none' }, WRITE);
    expect(nothing.message).toContain('no such key');
    await second.ask(STORE.Put, { ...value, ifValue: Buffer.from('one') }, WRITE);
    const late = await first.refused(STORE.Delete, { key: 'c', ifRevision: revision }, WRITE);
    expect(late.code).toBe('REVISION_MISMATCH');
    const { entry } = await first.ask(STORE.Get, { key: 'c' });
    expect(entry?.value.toString()).toBe('two');
  });

  test('deletes once, and says what was not there', async () => {
    await put('d');
    expect(await second.ask(STORE.Delete, { key: 'd' }, WRITE)).toMatchObject({ existed: true });
    expect(await first.ask(STORE.Delete, { key: 'd' }, WRITE)).toMatchObject({ existed: false });
    const gone = await second.refused(STORE.Get, { key: 'd' });
    expect(gone).toMatchObject({ code: 'KEY_NOT_FOUND', grpcCode: 5, data: { key: 'd' } });
    expect(gone.hint).toContain('store put');
  });

  test('lists in pages in the order of bytes, values or not', async () => {
    const keys = ['l/é', 'l/a', 'l/\u{1f600}', 'l/b', 'l/\uffee'];
    for (const key of keys) await put(key, 'v');
    const sorted = keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = await second.ask(STORE.List, { prefix: 'l/', limit: 3 });
    expect(page.entries.map(({ key }) => key)).toEqual(sorted.slice(0, 3));
    expect(page.entries[0]?.value.toString()).toBe('v');
    expect(page.more).toBe(true);
    const afterKey = page.entries.at(-1)?.key ?? '';
    const rest = await second.ask(STORE.List, { prefix: 'l/', afterKey, keysOnly: true });
    expect(rest.entries.map(({ key }) => key)).toEqual(sorted.slice(3));
    expect(rest.entries.map(({ value }) => value.length)).toEqual([0, 0]);
    expect(rest.more).toBe(false);
  });

  test('carries a transaction out at one revision, one way or the other', async () => {
    const transaction: TransactRequest = {
      compares: [
        { key: 't/lock', revision: 0 },
        { key: 't/x', relation: 'STORE_RELATION_NOT_EQUAL', value: Buffer.from('taken') },
      ],
      success: [
        { put: { key: 't/lock', value: Buffer.from('mine') } },
        { get: { key: 't/lock' } },
        { delete: { key: 't/x' } },
      ],
      failure: [{ get: { key: 't/lock' } }, { get: { key: 't/none' } }],
    };
    const done = await second.ask(STORE.Transact, transaction, WRITE);
    const revision = done.header?.revision ?? 0;
    expect(done).toMatchObject({ succeeded: true });
    expect(done.failedCompare).toBeUndefined();
    expect(done.results.map(({ result }) => result)).toEqual(['put', 'get', 'delete']);
    expect(done.results[1]?.get?.entry).toMatchObject({ key: 't/lock', revision });
    expect(done.results[2]?.delete).toEqual({ existed: false });
    const not = await first.ask(STORE.Transact, transaction, WRITE);
    expect(not).toMatchObject({ succeeded: false, failedCompare: 0 });
    expect(not.results[0]?.get?.entry?.value.toString()).toBe('mine');
    expect(not.results[1]?.get?.entry).toBeNull();
  });

  const tooMany = Array.from({ length: 129 }, (_, at) => ({ get: { key: String(at) } }));
  test.each<[string, string, TransactRequest]>([
    ['INVALID_ARGUMENT', 'success[0].key', { success: [{ get: { key: '' } }] }],
    ['INVALID_ARGUMENT', 'success[0].key', { success: [{ get: { key: 'a\ufffd' } }] }],
    ['TOO_LARGE', 'failure[0].key', { failure: [{ get: { key: 'k'.repeat(1025) } }] }],
    ['INVALID_ARGUMENT', 'success[0]', { success: [{}] }],
    ['TOO_LARGE', 'success', { success: tooMany }],
    [
      'TOO_LARGE',
      'success[0].value',
      { success: [{ put: { key: 'a', value: Buffer.alloc(MiB + 1) } }] },
    ],
    [
      'INVALID_ARGUMENT',
      'success[1].key',
      { success: [{ delete: { key: 'a' } }, { put: { key: 'a' } }] },
    ],
    ['INVALID_ARGUMENT', 'compares[0]', { compares: [{ key: 'a' }] }],
    [
      'INVALID_ARGUMENT',
      'compares[0].relation',
      { compares: [{ key: 'a', relation: 9, value: '' }] } as never,
    ],
    [
      'INVALID_ARGUMENT',
      'compares[0].revision',
      { compares: [{ key: 'a', revision: '18446744073709551615' }] },
    ],
  ])('refuses as %s where %s is out of bounds', async (code, field, request) => {
    const error = await second.refused(STORE.Transact, request, WRITE);
    expect(error).toMatchObject({ code, outcome: 'refused', data: { field } });
  });

  test('takes the largest value, and refuses to read two of them at once', async () => {
    await put('v/1', Buffer.alloc(MiB));
    await put('v/2', Buffer.alloc(MiB));
    const { entries, more } = await second.ask(STORE.List, { prefix: 'v/' });
    expect([entries.length, more]).toEqual([1, true]);
    const success = [{ get: { key: 'v/1' } }, { get: { key: 'v/2' } }];
    const error = await second.refused(STORE.Transact, { success }, WRITE);
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', grpcCode: 9, outcome: 'refused' });
    expect(error.hint).toContain('fewer keys');
  });

  test('gives a repeated request of a client session the first answer', async () => {
    const { session } = await first.ask(CLIENT_SESSIONS.Open, {});
    const client = { session, sequence: 1 };
    const success = [{ get: { key: 'once' } }, { put: { key: 'once', value: Buffer.from('v') } }];
    const before = await second.ask(STORE.Transact, { success, client }, WRITE);
    const again = await first.ask(STORE.Transact, { success, client }, WRITE);
    expect(again.results).toEqual(before.results);
    expect(again.header?.revision).toBe(before.header?.revision);
  });

  test('is asked by the client library', async () => {
    const client = new QuorateClient({ address: second.api });
    await client.putStore({ key: 'lib', value: Buffer.from('1') });
    const { succeeded } = await client.transact({ success: [{ delete: { key: 'lib' } }] });
    expect(succeeded).toBe(true);
    expect((await client.listStore({ prefix: 'lib' })).entries).toEqual([]);
    expect((await client.deleteStore({ key: 'lib' })).existed).toBe(false);
    const error: unknown = await client.getStore({ key: 'lib' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'KEY_NOT_FOUND' });
    client.close();
  });
});
