// `client.locks` against real services on loopback: a lock goes from holder to holder in order, its holder is told before it is
// unsafe to go on, who gives up waiting gives up its place. The service's own waiting and refusals come last.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { connect, QuorateError } from '../../src/client/index.js';
import type { HeldLock, Quorate } from '../../src/client/index.js';
import { LOCKS, SESSIONS } from '../../src/client/protos.js';
import { eventually, eventuallyAnswers, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const cluster = new TestCluster();
const clients: Quorate[] = [];
let nodes: TestNode[] = [];
let node: TestNode;

beforeAll(async () => {
  nodes = await cluster.form(3);
  const [first] = nodes;
  if (first === undefined) throw new Error('expected nodes');
  node = first;
});

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

afterAll(async () => {
  await cluster.stop();
});

function opened(): Quorate {
  const client = connect({ addresses: nodes.map(({ api }) => api) });
  clients.push(client);
  return client;
}

/** Somebody waits for the lock. */
async function waits(client: Quorate, name: string): Promise<void> {
  await eventuallyAnswers(
    () => client.locks.get(name),
    (lock) => lock?.waiting === 1,
  );
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error.code;
  throw new Error(`expected a QuorateError, got ${String(error)}`);
}

describe('a lock', () => {
  test('is held by one at a time, with tokens that grow, and gets to everybody', async () => {
    const name = 'in turn';
    let holding = 0;
    let most = 0;
    const tokens: number[] = [];
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await opened().locks.with(name, async (lock: HeldLock) => {
          holding += 1;
          most = Math.max(most, holding);
          tokens.push(lock.token);
          await pause(10);
          holding -= 1;
        });
      }),
    );
    expect(most).toBe(1);
    expect(tokens).toHaveLength(5);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(new Set(tokens).size).toBe(5);
    expect(await opened().locks.get(name)).toBeNull();
  });

  test('tells who holds it and who waits, and what they say of themselves', async () => {
    const [one, two] = [opened(), opened()];
    const lock = await one.locks.acquire('leader', { value: 'n1:80' });
    const waiting = two.locks.acquire('leader', { value: 'n2:80' });
    await waits(one, 'leader');
    const view = await one.locks.get('leader');
    expect(view?.holder).toMatchObject({ token: lock.token, value: Buffer.from('n1:80') });
    expect(view?.waiters).toMatchObject([{ value: Buffer.from('n2:80') }]);
    await lock.release();
    const next = await waiting;
    expect(next.token).toBeGreaterThan(lock.token);
    const names: string[] = [];
    for await (const { name } of one.locks.list({ prefix: 'lead' })) names.push(name);
    expect(names).toEqual(['leader']);
    await next.release();
  });

  test('that is held is refused to whoever will not wait, and the place of who gives up is free', async () => {
    const [one, two] = [opened(), opened()];
    const lock = await one.locks.acquire('busy');
    expect(await codeOf(two.locks.acquire('busy', { waitMs: 0 }))).toBe('LOCK_HELD');
    expect(await codeOf(two.locks.acquire('busy', { waitMs: 50 }))).toBe('LOCK_HELD');
    const gaveUp = new AbortController();
    const waiting = two.locks.acquire('busy', { signal: gaveUp.signal });
    await waits(one, 'busy');
    gaveUp.abort();
    expect(await codeOf(waiting)).toBe('CANCELLED');
    expect((await one.locks.get('busy'))?.waiting).toBe(0);
    expect(lock.signal.aborted).toBe(false);
    await lock.release();
  });

  test('is renewed beyond its time to live while its holder runs', async () => {
    const lock = await opened().locks.acquire('long', { ttlMs: 2000 });
    await pause(3000);
    expect(lock.signal.aborted).toBe(false);
    expect(lock.remainingMs()).toBeGreaterThan(0);
    await lock.release();
  });

  test('whose session is gone is lost: its holder is told, and it is kept free for a while', async () => {
    const client = opened();
    const lock = await client.locks.acquire('lost', { ttlMs: 2000, delayMs: 60_000 });
    const { holder } = (await client.locks.get('lost')) ?? {};
    await client.sessions.delete(holder?.session ?? '');
    await eventually(() => lock.signal.aborted);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    const view = await client.locks.get('lost');
    expect(view?.holder).toBeNull();
    expect(view?.freeInMs).toBeGreaterThan(50_000);
    expect(await codeOf(opened().locks.acquire('lost', { waitMs: 0 }))).toBe('LOCK_HELD');
  });
});

describe('the service', () => {
  test('answers a wait with the grant, at a member that does not lead', async () => {
    for (const id of ['s1', 's2']) await node.ask(SESSIONS.Put, { id }, { isWrite: true });
    const follower = nodes.find((each) => each.node.status().role === 'follower') ?? node;
    const first = await node.ask(LOCKS.Acquire, { name: 'w', session: 's1' }, { isWrite: true });
    expect(first).toMatchObject({ ahead: 0, holder: 's1' });
    const wish = { name: 'w', session: 's2', waitMs: 8000 };
    const granted = follower.ask(LOCKS.Acquire, wish, { isWrite: true, timeoutMs: 10_000 });
    await waits(opened(), 'w');
    await node.ask(LOCKS.Release, { name: 'w', session: 's1' }, { isWrite: true });
    const { token, ahead, holder } = await granted;
    expect({ ahead, holder }).toEqual({ ahead: 0, holder: 's2' });
    expect(token).toBeGreaterThan(first.token ?? 0);
  });

  test('answers the place when the wait is over, and keeps it', async () => {
    for (const id of ['t1', 't2']) await node.ask(SESSIONS.Put, { id }, { isWrite: true });
    await node.ask(LOCKS.Acquire, { name: 'v', session: 't1' }, { isWrite: true });
    const wish = { name: 'v', session: 't2', waitMs: 100 };
    const answer = await node.ask(LOCKS.Acquire, wish, { isWrite: true });
    expect(answer).toMatchObject({ ahead: 1, holder: 't1' });
    expect(answer.token).toBeUndefined();
    const { held, waited } = await node.ask(
      LOCKS.Release,
      { name: 'v', session: 't2' },
      { isWrite: true },
    );
    expect({ held, waited }).toEqual({ held: false, waited: true });
  });
});
