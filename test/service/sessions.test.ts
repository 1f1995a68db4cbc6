// Sessions.* over real gRPC with the real driver: what is written through one member is read through another, every
// refusal has its code and its hint, and what cannot be known is said to be indeterminate.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SESSIONS } from '../../src/client/protos.js';
import type { QuorateError } from '../../src/errors.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;

describe('sessions', () => {
  const cluster = new TestCluster();
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    await cluster.form(2);
    first = nodeOf(cluster, 1);
    second = nodeOf(cluster, 2);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test('are written through a standby and read through the leader', async () => {
    const request = {
      id: 'a',
      owner: 'o',
      attributes: { k: Buffer.from([0, 255]) },
      ttlMs: 60_000,
    };
    const put = await second.ask(SESSIONS.Put, request, WRITE);
    expect(put.session).toMatchObject({ id: 'a', owner: 'o', node: 'n2', ttlMs: 60_000 });
    expect(put.session?.revision).toBe(put.header?.revision);
    expect(put.session?.createdRevision).toBe(put.session?.revision);
    const got = await first.ask(SESSIONS.Get, { id: 'a' });
    expect(got.session?.attributes).toEqual({ k: Buffer.from([0, 255]) });
    expect(got.session?.remainingMs).toBeGreaterThan(30_000);
    expect(got.session?.remainingMs).toBeLessThanOrEqual(60_000);
    expect(got.header?.stalenessMs).toBeUndefined();
    expect(got.header).toMatchObject({ node: 'n1', clusterId: put.header?.clusterId });
  });

  test('merge attributes, remove some and keep what is not named', async () => {
    const attributes = { x: Buffer.from('1'), y: Buffer.from('2') };
    await first.ask(SESSIONS.Put, { id: 'm', owner: 'o', attributes, ttlMs: 9000 }, WRITE);
    const merged = await second.ask(
      SESSIONS.Put,
      { id: 'm', attributes: { y: Buffer.from('3') }, removedAttributes: ['x'] },
      WRITE,
    );
    expect(merged.session).toMatchObject({ owner: 'o', ttlMs: 9000 });
    expect(merged.session?.attributes).toEqual({ y: Buffer.from('3') });
    expect(merged.session?.createdRevision).toBeLessThan(merged.session?.revision ?? 0);
  });

  test('take an attribute named __proto__ like any other', async () => {
    const attributes = Object.fromEntries([['__proto__', Buffer.from('1')]]);
    await first.ask(SESSIONS.Put, { id: 'p', attributes }, WRITE);
    const { session } = await second.ask(SESSIONS.Get, { id: 'p' });
    expect(Object.entries(session?.attributes ?? {})).toEqual([['__proto__', Buffer.from('1')]]);
  });

  test('compare the revision before they change', async () => {
    const created = await first.ask(SESSIONS.Put, { id: 'c', ifRevision: 0 }, WRITE);
    const revision = created.session?.revision ?? 0;
    const twice = await second.refused(SESSIONS.Put, { id: 'c', ifRevision: 0 }, WRITE);
    expect(twice).toMatchObject({ code: 'REVISION_MISMATCH', grpcCode: 10, exitCode: 1 });
    expect(twice.data).toMatchObject({ expected: '0', actual: String(revision) });
    expect(twice.hint).toContain(`revision ${revision}`);
    await second.ask(SESSIONS.Put, { id: 'c', ifRevision: revision }, WRITE);
    const late = await first.refused(SESSIONS.Delete, { id: 'c', ifRevision: revision }, WRITE);
    expect(late.code).toBe('REVISION_MISMATCH');
  });

  test('are touched without a new revision, and deleted once', async () => {
    const put = await first.ask(SESSIONS.Put, { id: 't', ttlMs: 4000 }, WRITE);
    const touched = await second.ask(SESSIONS.Touch, { id: 't' }, WRITE);
    expect(touched.session?.revision).toBe(put.session?.revision);
    expect(touched.header?.revision).toBeGreaterThan(put.header?.revision ?? 0);
    expect(await second.ask(SESSIONS.Delete, { id: 't' }, WRITE)).toMatchObject({ existed: true });
    expect(await first.ask(SESSIONS.Delete, { id: 't' }, WRITE)).toMatchObject({ existed: false });
    const errors: QuorateError[] = [
      await first.refused(SESSIONS.Get, { id: 't' }),
      await first.refused(SESSIONS.Touch, { id: 't' }),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'SESSION_NOT_FOUND', grpcCode: 5, data: { id: 't' } });
      expect(error.hint).toContain('session put');
    }
  });

  test('are listed in pages in the order of their bytes', async () => {
    const ids = ['l/é', 'l/a', 'l/\u{1f600}', 'l/b', 'l/\uffee'];
    for (const id of ids) await first.ask(SESSIONS.Put, { id }, WRITE);
    const sorted = ids.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const page = await second.ask(SESSIONS.List, { prefix: 'l/', limit: 3 });
    expect(page.sessions.map(({ id }) => id)).toEqual(sorted.slice(0, 3));
    expect(page.more).toBe(true);
    const afterId = page.sessions.at(-1)?.id ?? '';
    const rest = await second.ask(SESSIONS.List, { prefix: 'l/', afterId, limit: 3 });
    expect(rest.sessions.map(({ id }) => id)).toEqual(sorted.slice(3));
    expect(rest.more).toBe(false);
  });

  test('are refused at the gateway when they are out of bounds', async () => {
    const ttl = await second.refused(SESSIONS.Put, { id: 'g', ttlMs: 1 }, WRITE);
    expect(ttl).toMatchObject({ code: 'INVALID_ARGUMENT', grpcCode: 3, data: { field: 'ttl_ms' } });
    const attributes = { big: Buffer.alloc(1024 * 1024) };
    const large = await second.refused(SESSIONS.Put, { id: 'g', attributes }, WRITE);
    expect(large).toMatchObject({ code: 'TOO_LARGE', grpcCode: 3, outcome: 'refused' });
    const huge = { big: Buffer.alloc(2 * 1024 * 1024) };
    const cut = await second.refused(SESSIONS.Put, { id: 'g', attributes: huge }, WRITE);
    expect(cut).toMatchObject({ code: 'TOO_LARGE', isRetryable: false });
    const pages = await second.refused(SESSIONS.List, { limit: 5000 });
    expect(pages).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'limit' } });
  });

  test('are refused where merging makes them too large', async () => {
    const half = (name: string): Record<string, Buffer> => ({ [name]: Buffer.alloc(600 * 1024) });
    await first.ask(SESSIONS.Put, { id: 'h', attributes: half('a') }, WRITE);
    const error = await second.refused(SESSIONS.Put, { id: 'h', attributes: half('b') }, WRITE);
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', grpcCode: 9, outcome: 'refused' });
  });
});

describe('a write', () => {
  test('that reached a leader without its quorum is indeterminate', async () => {
    const cluster = new TestCluster();
    await cluster.form(2);
    const first = nodeOf(cluster, 1);
    cluster.cut(nodeOf(cluster, 2).id);
    const error = await first.refused(SESSIONS.Put, { id: 's' }, { timeoutMs: 300, ...WRITE });
    expect(error).toMatchObject({ code: 'INDETERMINATE', outcome: 'indeterminate', exitCode: 3 });
    expect(error.isRetryable).toBe(false);
    await cluster.stop();
  });

  test('waits for the next leader where nothing was appended', async () => {
    const cluster = new TestCluster();
    await cluster.form(3);
    const second = nodeOf(cluster, 2);
    await nodeOf(cluster, 1).stop();
    await eventually(() => second.node.status().leaderId !== nodeOf(cluster, 1).id);
    const put = await second.ask(SESSIONS.Put, { id: 's' }, WRITE);
    expect(put.session?.node).toBe('n2');
    await cluster.stop();
  });
});

function nodeOf(cluster: TestCluster, id: number): TestNode {
  const found = [...cluster.nodes.values()].find((node) => Number(node.id) === id);
  if (found === undefined) throw new Error(`no node ${id}`);
  return found;
}
