// `quorate/client` against real services on loopback: what a program writes and reads, how it finds and follows the leader,
// how it is refused, and how a call ends that its caller gives up. Deaths of real processes are in failover.test.ts.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { connect, QuorateError } from '../../src/client/index.js';
import type { ConnectOptions, Quorate } from '../../src/client/index.js';
import type { NodeId } from '../../src/raft/types.js';
import { eventually, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const clients: Quorate[] = [];

function opened(...nodes: readonly TestNode[]): Quorate {
  return openedWith({ addresses: nodes.map(({ api }) => api) });
}

function openedWith(options: ConnectOptions): Quorate {
  const client = connect(options);
  clients.push(client);
  return client;
}

async function failure(promise: Promise<unknown>): Promise<QuorateError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error;
  throw new Error(`expected a QuorateError, got ${String(error)}`);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describe('of three members', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[] = [];
  let second: TestNode;

  beforeAll(async () => {
    nodes = await cluster.form(3);
    const [, two] = nodes;
    if (two === undefined) throw new Error('expected three nodes');
    second = two;
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test('text and bytes are put, read, listed in pages and deleted', async () => {
    const { store } = opened(second);
    const made = await store.put('k/a', 'äöü');
    expect(made.createdRevision).toBe(made.revision);
    await store.put('k/b', new Uint8Array([0, 255]), { ifRevision: 0 });
    await store.put('k/c', '');
    const entry = await store.get('k/a');
    expect(entry).toEqual({ key: 'k/a', value: Buffer.from('äöü'), ...made });
    expect(await store.get('k/z')).toBeNull();
    const listed = await all(store.list({ prefix: 'k/', pageSize: 2 }));
    expect(listed.map(({ key, value }) => [key, value.length])).toEqual([
      ['k/a', 6],
      ['k/b', 2],
      ['k/c', 0],
    ]);
    const keys = await all(store.list({ prefix: 'k/', after: 'k/a', keysOnly: true, pageSize: 1 }));
    expect(keys.map(({ key }) => key)).toEqual(['k/b', 'k/c']);
    expect(await store.delete('k/a')).toBe(true);
    expect(await store.delete('k/a')).toBe(false);
    for (const consistency of ['linearizable', 'leased', 'stale'] as const) {
      const read = await store.get('k/b', { consistency });
      expect(read?.value).toEqual(Buffer.from([0, 255]));
    }
  });

  test('a compare-and-set says refused, with what is there', async () => {
    const { store } = opened(second);
    const { revision } = await store.put('cas', '1');
    const error = await failure(store.put('cas', '2', { ifRevision: 0 }));
    expect(error).toMatchObject({
      code: 'REVISION_MISMATCH',
      outcome: 'refused',
      data: { actual: String(revision) },
    });
    expect(error.hint).toContain(String(revision));
    await store.put('cas', '2', { ifValue: '1' });
    expect(await failure(store.delete('cas', { ifRevision: revision }))).toMatchObject({
      code: 'REVISION_MISMATCH',
    });
  });

  test('a transaction does one thing or the other', async () => {
    const { store } = opened(...nodes);
    const take = {
      compares: [{ key: 'lock', exists: false }],
      success: [{ put: 'lock', value: 'me' }, { get: 'none' }],
      failure: [{ get: 'lock' }, { delete: 'none' }],
    } as const;
    const taken = await store.transaction(take);
    expect(taken).toMatchObject({ succeeded: true, failedCompare: null });
    expect(taken.results).toEqual([
      { type: 'put', createdRevision: taken.revision },
      { type: 'get', entry: null },
    ]);
    const late = await store.transaction(take);
    expect(late).toMatchObject({ succeeded: false, failedCompare: 0 });
    expect(late.results[0]).toMatchObject({ type: 'get', entry: { value: Buffer.from('me') } });
    expect(late.results[1]).toEqual({ type: 'delete', existed: false });
    const newer = { key: 'lock', revision: taken.revision, is: 'less' } as const;
    expect((await store.transaction({ compares: [newer] })).succeeded).toBe(false);
    const wrong = await failure(store.transaction({ compares: [{ key: 'lock' }] }));
    expect(wrong.code).toBe('INVALID_ARGUMENT');
  });

  test('a watch that is ended while it connects tells nothing', async () => {
    const ending = new AbortController();
    const updates = opened(second).watch({ signal: ending.signal });
    const first = updates.next();
    ending.abort();
    expect(await first).toEqual({ done: true, value: undefined });
  });

  test('what is no number or no value is refused before it is sent, not turned into another', async () => {
    const client = opened(second);
    const { store, sessions, locks, jobs, policies, services, cluster: view } = client;
    const never = undefined as never;
    const first = (list: AsyncIterator<unknown>): Promise<unknown> => list.next();
    const wrong: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['ifRevision', () => store.put('n', 'x', { ifRevision: -1 })],
      ['ifRevision', () => store.delete('n', { ifRevision: 1.5 })],
      ['ifRevision', () => sessions.put('n', { ifRevision: Number.NaN })],
      ['ttlMs', () => sessions.put('n', { ttlMs: -1 })],
      ['ttlMs', () => sessions.put('n', { ttlMs: '5000' as never })],
      ['value', () => store.put('n', never)],
      ['value', () => sessions.put('n', { attributes: { a: 5 as never } })],
      ['revision', () => store.transaction({ compares: [{ key: 'n', revision: -1 }] })],
      ['pageSize', () => first(store.list({ pageSize: -1 }))],
      ['afterRevision', () => first(client.watch({ afterRevision: -1 }))],
      ['attempts', () => jobs.submit('t', { id: 'n', attempts: -1 })],
      ['backoffMs', () => jobs.submit('t', { id: 'n', backoffMs: 0.5 })],
      ['backoffMaxMs', () => jobs.submit('t', { id: 'n', backoffMaxMs: Number.NaN })],
      ['heartbeatMs', () => jobs.submit('t', { id: 'n', heartbeatMs: -1 })],
      ['delayMs', () => jobs.submit('t', { id: 'n', delayMs: '5000' as never })],
      ['pageSize', () => first(jobs.list({ pageSize: 1.5 }))],
      ['pageSize', () => first(locks.list({ pageSize: -1 }))],
      ['ttlMs', () => locks.acquire('n', { ttlMs: -1 })],
      ['delayMs', () => locks.acquire('n', { delayMs: 0.5 })],
      ['waitMs', () => locks.acquire('n', { waitMs: Number.NaN })],
      ['ifVersion', () => policies.put('n', 'x', { ifVersion: -1 })],
      ['version', () => policies.get('n', { version: 0.5 })],
      ['version', () => policies.rollBack('n', -1)],
      ['pageSize', () => first(policies.list({ pageSize: -1 }))],
      ['pageSize', () => first(services.list({ pageSize: -1 }))],
      ['epoch', () => view.checkEpoch(-1)],
      ['timeoutMs', () => store.get('n', { timeoutMs: Number.NaN })],
      ['timeoutMs', () => store.get('n', { timeoutMs: 0 })],
    ];
    for (const [field, ask] of wrong) {
      const { code, data } = await failure(ask());
      expect([field, code, data['field']]).toEqual([field, 'INVALID_ARGUMENT', field]);
    }
    expect(await store.get('n')).toBeNull();
    expect(await sessions.get('n')).toBeNull();
    expect(await jobs.get('n')).toBeNull();
    expect(await locks.get('n')).toBeNull();
    expect(await policies.get('n')).toBeNull();
  });

  test('sessions are put, merged, read, listed, touched and deleted', async () => {
    const { sessions } = opened(second);
    const made = await sessions.put('s1', { attributes: { a: '1', b: 'x' }, ttlMs: 5000 });
    expect(made).toMatchObject({ id: 's1', owner: '', ttlMs: 5000 });
    const merged = await sessions.put('s1', { attributes: { a: '2' }, remove: ['b'], owner: 'o' });
    expect(merged.attributes).toEqual({ a: Buffer.from('2') });
    const change = { ifRevision: made.revision };
    expect((await failure(sessions.put('s1', change))).code).toBe('REVISION_MISMATCH');
    await sessions.put('s2');
    const listed = await all(sessions.list({ prefix: 's', pageSize: 1 }));
    expect(listed.map(({ id }) => id)).toEqual(['s1', 's2']);
    expect((await sessions.touch('s1'))?.remainingMs).toBeGreaterThan(3000);
    expect(await sessions.touch('s3')).toBeNull();
    expect(await sessions.delete('s1')).toBe(true);
    expect(await sessions.get('s1')).toBeNull();
  });

  test('the cluster is looked at: status, members, events, epoch', async () => {
    const { cluster: view } = opened(second);
    expect(await view.status()).toMatchObject({ quorum: true, primary: 'n1', leader: 'n1' });
    const members = await view.members();
    expect(members.map(({ name, voter }) => [name, voter])).toEqual([
      ['n1', true],
      ['n2', true],
      ['n3', true],
    ]);
    const events = await all(view.events({ pageSize: 2 }));
    expect(events.filter(({ kind }) => kind === 'memberJoined').length).toBeGreaterThan(1);
    const rest = await all(view.events({ afterRevision: events[1]?.revision ?? 0 }));
    expect(rest.length).toBeLessThan(events.length);
    const settings = await view.settings();
    expect(settings).toMatchObject({ cluster: 'quorate', failover: 'automatic' });
    expect(settings.electionTimeoutMaxMs).toBe(2 * settings.electionTimeoutMs);
    const { epoch } = await view.checkEpoch(0);
    expect(await view.checkEpoch(epoch)).toEqual({ isCurrent: true, epoch, primary: 'n1' });
  });

  test('guard runs a function under the running epoch only', async () => {
    const client = opened(second);
    const { epoch } = await client.cluster.checkEpoch(0);
    expect(await client.guard(epoch, (given) => Promise.resolve(given + 1))).toBe(epoch + 1);
    let hasRun = false;
    const stale = client.guard(epoch - 1, () => {
      hasRun = true;
    });
    expect(await failure(stale)).toMatchObject({ code: 'STALE_EPOCH', outcome: 'refused' });
    expect(hasRun).toBe(false);
    const thrown = client.guard(epoch, () => Promise.reject(new Error('its own')));
    await expect(thrown).rejects.toThrow('its own');
  });

  test('a client that was given one member learns of all', async () => {
    const client = opened(second);
    await client.store.get('x');
    await eventually(() => client.addresses.length === 3);
    expect(client.addresses.toSorted()).toEqual(nodes.map(({ api }) => api).toSorted());
  });

  test('a watch tells what is written, through whichever member, until the loop is left', async () => {
    const client = opened(second);
    const { revision: afterRevision } = await client.store.put('watched/0', '');
    const filters = [{ fact: 'FACT_STORE', prefix: 'watched/' }] as const;
    const written: number[] = [];
    for (const key of ['watched/1', 'elsewhere', 'watched/2']) {
      const { revision } = await client.store.put(key, '1');
      if (key !== 'elsewhere') written.push(revision);
    }
    const told: number[] = [];
    for await (const update of client.watch({ filters, afterRevision })) {
      if (update.type === 'changes') told.push(...update.revisions.map((one) => one.revision));
      if (told.length >= written.length) break;
    }
    expect(told).toEqual(written);
  });

  test('an address that nobody listens at costs nothing but a moment', async () => {
    const client = openedWith({ addresses: ['127.0.0.1:1', second.api], timeoutMs: 5000 });
    expect((await client.store.put('x', '1')).revision).toBeGreaterThan(0);
  });

  test('many writes at once each happen once', async () => {
    const { store } = openedWith({ addresses: [second.api], timeoutMs: 25_000 });
    const { revision: before } = await store.put('many', '');
    const writes = Array.from({ length: 50 }, (_, at) => store.put(`many/${at}`, String(at)));
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(50);
    expect(Math.min(...revisions)).toBeGreaterThan(before);
    expect(await all(store.list({ prefix: 'many/', pageSize: 1000 }))).toHaveLength(50);
  });

  test('without a client session writes are written all the same', async () => {
    const client = openedWith({ addresses: [second.api], clientSession: false });
    expect((await client.store.put('bare', '1')).revision).toBeGreaterThan(0);
  });
});

describe('when members fail', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[] = [];

  beforeAll(async () => {
    nodes = await cluster.form(3);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test('calls go to another than the leader that is cut off, and each write happens once', async () => {
    const client = opened(...nodes);
    await client.store.put('count', '0');
    cluster.cut(1 as NodeId);
    for (let count = 1; count <= 5; count += 1) {
      const { revision } = (await client.store.get('count')) ?? { revision: -1 };
      await client.store.put('count', String(count), { ifRevision: revision });
    }
    cluster.heal();
    expect((await client.store.get('count'))?.value.toString()).toBe('5');
  });

  test('without a quorum the error says so at the deadline, and what became of the write', async () => {
    const client = openedWith({ addresses: nodes.map(({ api }) => api), timeoutMs: 4000 });
    await client.store.put('x', '1');
    cluster.cut(1 as NodeId);
    cluster.cut(2 as NodeId);
    const begunMs = performance.now();
    const read = await failure(client.store.get('x'));
    expect(read).toMatchObject({ code: 'NO_QUORUM', outcome: 'refused' });
    const write = await failure(client.store.put('x', '2'));
    expect(['NO_QUORUM', 'INDETERMINATE']).toContain(write.code);
    expect(performance.now() - begunMs).toBeLessThan(12_000);
    cluster.heal();
    await eventually(() => nodes.some(({ node }) => node.status().isPrimary));
    expect((await client.store.put('x', '3', { timeoutMs: 8000 })).revision).toBeGreaterThan(0);
  });
});

describe('a host that says nothing', () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Read, though never answered: only so does it see the end.
    socket.resume();
    socket.once('close', () => sockets.delete(socket));
  });
  let address = '';

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('ends a call by its deadline, with a line for each address', async () => {
    const client = openedWith({ addresses: [address, '127.0.0.1:1'], timeoutMs: 1200 });
    const begunMs = performance.now();
    const error = await failure(client.store.put('x', '1'));
    expect(performance.now() - begunMs).toBeLessThan(4000);
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'refused' });
    expect(error.message).toContain(address);
    expect(error.message).toContain('127.0.0.1:1 cannot be reached: nobody listens there');
  });

  test('does not hold a call that its caller ends, and no connection stays', async () => {
    const client = openedWith({ addresses: [address] });
    const controller = new AbortController();
    const call = failure(client.store.put('x', '1', { signal: controller.signal }));
    await eventually(() => sockets.size > 0);
    const begunMs = performance.now();
    controller.abort(new Error('enough'));
    const error = await call;
    expect(performance.now() - begunMs).toBeLessThan(500);
    expect(error).toMatchObject({ code: 'CANCELLED', outcome: 'refused' });
    expect(error.cause).toEqual(new Error('enough'));
    client.close();
    await eventually(() => sockets.size === 0);
  });

  test('does not hold a client that is closed', async () => {
    const client = openedWith({ addresses: [address] });
    const call = failure(client.store.get('x'));
    await eventually(() => sockets.size > 0);
    client.close();
    expect((await call).code).toBe('CANCELLED');
  });
});

describe('a signal', () => {
  const cluster = new TestCluster();
  let nodes: TestNode[] = [];

  beforeAll(async () => {
    nodes = await cluster.form(3);
  });

  afterAll(async () => {
    await cluster.stop();
  });

  test('that was given already sends nothing', async () => {
    const client = opened(...nodes);
    const signal = AbortSignal.abort();
    const error = await failure(client.store.put('never', '1', { signal }));
    expect(error).toMatchObject({ code: 'CANCELLED', outcome: 'refused' });
    expect(await client.store.get('never')).toBeNull();
  });

  test('ends a write that waits for a quorum at once, as one that may happen', async () => {
    const client = opened(...nodes);
    await client.store.put('waits', '1');
    cluster.cut(2 as NodeId);
    cluster.cut(3 as NodeId);
    const controller = new AbortController();
    const call = failure(client.store.put('waits', '2', { signal: controller.signal }));
    const [first] = nodes;
    const { lastLogIndex } = first?.node.status() ?? { lastLogIndex: 0 };
    await eventually(() => (first?.node.status().lastLogIndex ?? 0) > lastLogIndex);
    const begunMs = performance.now();
    controller.abort();
    expect(await call).toMatchObject({ code: 'CANCELLED', outcome: 'indeterminate' });
    expect(performance.now() - begunMs).toBeLessThan(500);
    cluster.heal();
  });

  test('is not needed to end what waits: closing the client does', async () => {
    const client = opened(...nodes);
    await client.store.put('waits', '3', { timeoutMs: 20_000 });
    cluster.cut(2 as NodeId);
    cluster.cut(3 as NodeId);
    const call = failure(client.store.put('waits', '4'));
    const [first] = nodes;
    const { lastLogIndex } = first?.node.status() ?? { lastLogIndex: 0 };
    await eventually(() => (first?.node.status().lastLogIndex ?? 0) > lastLogIndex);
    const begunMs = performance.now();
    client.close();
    expect((await call).outcome).toBe('indeterminate');
    expect(performance.now() - begunMs).toBeLessThan(500);
    cluster.heal();
  });
});

test.each<[ConnectOptions, string]>([
  [{ addresses: [] }, 'expected at least one API address'],
  [{ addresses: ['http://a:1'] }, 'without a scheme'],
  [{ addresses: ['a:1'], timeoutMs: Number.NaN }, 'timeoutMs: expected'],
  [{ addresses: ['a:1'], tls: { certFile: '/none', keyFile: '/none', caFile: '/none' } }, '/none'],
])('%j cannot be used, and is told so', (options, said) => {
  expect(() => connect(options)).toThrow(said);
});
