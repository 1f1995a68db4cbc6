// `client.services` against real services on loopback: an offer lives as long as its program, comes back after its session ended, and
// knows when it is over; a balancer follows what becomes of providers without asking. Resolve and reports of the service come last.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { connect, QuorateError } from '../../src/client/index.js';
import type { OfferOptions, Quorate, ServiceOffer } from '../../src/client/index.js';
import { SERVICES, SESSIONS } from '../../src/client/protos.js';
import { eventually, eventuallyAnswers, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const cluster = new TestCluster();
const clients: Quorate[] = [];
let nodes: TestNode[] = [];
let leader: TestNode;
let standby: TestNode;

beforeAll(async () => {
  nodes = await cluster.form(3);
  [leader, standby] = nodes as [TestNode, TestNode];
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

function offered(service: string, id: string, more: Partial<OfferOptions> = {}) {
  return opened().services.register(service, { address: `${id}:80`, id, ...more });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QuorateError) return error.code;
  throw new Error(`expected a QuorateError, got ${String(error)}`);
}

async function sessionOf(service: string, id: string): Promise<string> {
  const provider = await opened().services.get(service, id);
  return provider?.session ?? '';
}

async function over(offer: ServiceOffer): Promise<unknown> {
  await eventually(() => offer.signal.aborted);
  const { reason } = offer.signal as { readonly reason: QuorateError };
  return reason.code;
}

describe('an offer', () => {
  test('is found, tells load and health, and is gone when it is closed', async () => {
    const { services } = opened();
    expect(await codeOf(services.resolve('shop'))).toBe('NO_PROVIDER');
    const offer = await offered('shop', 'a', { load: 3, tags: { zone: 'b' }, node: 'n2' });
    const found = await services.resolve('shop');
    const about = { service: 'shop', id: 'a', address: 'a:80', load: 3, health: 'healthy' };
    expect(found).toMatchObject({ ...about, tags: { zone: 'b' }, node: 'n2' });
    expect(found.registration).toBe(offer.registration);
    await offer.report({ health: 'draining', load: 4 });
    expect(await services.get('shop', 'a')).toMatchObject({ load: 4, withheld: 'draining' });
    expect(await codeOf(services.resolve('shop'))).toBe('NO_PROVIDER');
    await offer.report({ health: 'healthy' });
    expect((await services.resolve('shop')).load).toBe(4);
    await offer.close();
    expect(await services.get('shop', 'a')).toBeNull();
    expect(offer.signal.aborted).toBe(false);
  });

  test('is registered anew after its session ended', async () => {
    const offer = await offered('again', 'a', { load: 7 });
    const session = await sessionOf('again', 'a');
    await leader.ask(SESSIONS.Delete, { id: session }, { isWrite: true });
    const now = await eventuallyAnswers(
      () => opened().services.get('again', 'a'),
      (provider) => provider !== null && provider.session !== session,
    );
    expect(now).toMatchObject({ load: 7, withheld: null });
    await eventually(() => offer.registration === now?.registration);
    await offer.report({ health: 'unhealthy' });
    expect(await opened().services.get('again', 'a')).toMatchObject({ withheld: 'unhealthy' });
    await offer.close();
  });

  test('is over when another registers its id, and when somebody takes it away', async () => {
    const first = await offered('one', 'a');
    const second = await offered('one', 'a', { address: 'other:80' });
    expect(await over(first)).toBe('PROVIDER_REPLACED');
    expect(await codeOf(first.report({ load: 1 }))).toBe('PROVIDER_REPLACED');
    await first.close();
    expect((await opened().services.resolve('one')).address).toBe('other:80');
    expect(await opened().services.deregister('one', 'a')).toBe(true);
    expect(await over(second)).toBe('PROVIDER_NOT_FOUND');
    expect(await opened().services.deregister('one', 'a')).toBe(false);
    await second.close();
  });

  test('stores the newest of many loads, a few entries in all', async () => {
    const offer = await offered('busy', 'a');
    const before = leader.node.status().commitIndex;
    const told: Promise<void>[] = [];
    for (let load = 1; load <= 300; load += 1) told.push(offer.report({ load }));
    await Promise.all(told);
    expect((await opened().services.get('busy', 'a'))?.load).toBe(300);
    // Renewals and client sessions of this file's other clients may be among them.
    expect(leader.node.status().commitIndex - before).toBeLessThan(30);
    await offer.close();
  });

  test('of which a place cannot be used is refused, and takes nothing away', async () => {
    const offer = await offered('kept', 'a');
    expect(await codeOf(offered('kept', 'a', { node: 'nobody' }))).toBe('UNKNOWN_NODE');
    expect(await codeOf(offered('no/slash', 'a'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(offered('kept', 'a', { load: 1.5 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(offer.report({ load: -1 }))).toBe('INVALID_ARGUMENT');
    expect((await opened().services.resolve('kept')).id).toBe('a');
    await offer.close();
  });
});

describe('a balancer', () => {
  test('spreads over those that are well, and leaves those that are not without asking', async () => {
    const offers = await Promise.all(['a', 'b', 'c'].map((id) => offered('api', id)));
    const [a, b, c] = offers as [ServiceOffer, ServiceOffer, ServiceOffer];
    const balancer = opened().services.balancer('api', { rule: 'roundRobin' });
    await balancer.next();
    await eventually(() => balancer.providers.length === 3);
    const picked = (): string[] => Array.from({ length: 6 }, () => balancer.pick()?.id ?? '');
    expect(picked().toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    await a.report({ health: 'draining' });
    await eventually(() => !picked().includes('a'));
    await b.close();
    await eventually(() => new Set(picked()).size === 1);
    const [left] = balancer.providers;
    if (left === undefined) throw new Error('expected a provider');
    // The only one that is left is picked although it was failed with.
    balancer.failed(left);
    expect(picked()[0]).toBe('c');
    await c.close();
    await eventually(() => balancer.pick() === null);
    const waiting = balancer.next();
    await a.report({ health: 'healthy' });
    expect((await waiting).id).toBe('a');
    for await (const { id } of balancer) {
      expect(id).toBe('a');
      balancer.close();
    }
    await a.close();
  });

  test('prefers a member, wants tags, and avoids for a while what was failed with', async () => {
    await offered('near', 'a', { node: 'n1', tags: { v: '1' } });
    await offered('near', 'b', { node: 'n2', tags: { v: '2' } });
    const near = opened().services.balancer('near', { preferNode: 'n2' });
    await eventually(() => near.providers.length === 2);
    expect(near.pick()?.id).toBe('b');
    const second = near.pick();
    if (second === null) throw new Error('expected a provider');
    near.failed(second, 200);
    expect(near.pick()?.id).toBe('a');
    await eventually(() => near.pick()?.id === 'b');
    const tagged = opened().services.balancer('near', { tags: { v: '1' } });
    expect((await tagged.next()).id).toBe('a');
    const none = opened().services.balancer('nobody');
    expect(await codeOf(none.next({ waitMs: 100 }))).toBe('NO_PROVIDER');
    const given = new AbortController();
    const waits = none.next({ signal: given.signal });
    given.abort();
    expect(await codeOf(waits)).toBe('CANCELLED');
    none.close();
    expect(await codeOf(none.next())).toBe('CANCELLED');
    const client = opened();
    const left = client.services.balancer('nobody');
    const waiting = left.next();
    client.close();
    expect(await codeOf(waiting)).toBe('CANCELLED');
  });
});

describe('Resolve', () => {
  const register = (id: string, more: object = {}) =>
    standby.ask(SERVICES.Register, { service: 'r', id, address: 'x:1', ...more }, WRITE);
  const WRITE = { isWrite: true } as const;

  test('picks by the rule that is asked for, through any member', async () => {
    await register('a', { load: 5 });
    await register('b', { load: 1, tags: { v: '2' } });
    await register('c', { load: 9, node: 'n3' });
    await register('d', { load: 0, health: 'PROVIDER_DRAINING' });
    const ask = async (more: object): Promise<string> => {
      const answer = await standby.ask(SERVICES.Resolve, { service: 'r', ...more });
      return answer.provider?.id ?? '';
    };
    expect(await ask({ rule: 'PICK_LEAST_LOADED' })).toBe('b');
    expect(await ask({ rule: 'PICK_LEAST_LOADED', avoid: ['b'] })).toBe('a');
    expect(await ask({ preferNode: 'n3' })).toBe('c');
    expect(await ask({ tags: { v: '2' } })).toBe('b');
    expect(await ask({ rule: 'PICK_ROUND_ROBIN', afterId: 'b' })).toBe('c');
    expect(await ask({ rule: 'PICK_ROUND_ROBIN' })).toBe('a');
    expect(await ask({ rule: 'PICK_ROUND_ROBIN' })).toBe('b');
    // Of two that are drawn the most loaded of three is never taken.
    for (let count = 0; count < 12; count += 1) expect(['a', 'b']).toContain(await ask({}));
    const { providers } = await leader.ask(SERVICES.List, { service: 'r' });
    // It was asked through a standby, which is where it is said to run.
    const about = { session: '', node: 'n2' };
    expect(providers.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(providers[0]).toMatchObject({ ...about, load: 5, withheld: '' });
    expect(providers[3]).toMatchObject({ ...about, withheld: 'draining' });
  });

  test('never picks one whose session is over, also before that is in the log', async () => {
    await leader.ask(SESSIONS.Put, { id: 'short', ttlMs: 2000 }, WRITE);
    await register('a', { service: 'brief', session: 'short' });
    const ask = () => leader.ask(SERVICES.Resolve, { service: 'brief' });
    expect((await ask()).provider?.id).toBe('a');
    const { deadlineMs } = leader.node.state.session('short') ?? { deadlineMs: 0 };
    let refused: string;
    for (;;) {
      const askedAtMs = leader.node.clusterTimeMs();
      const answer = await ask().catch((error: unknown) => error);
      refused = answer instanceof QuorateError ? answer.code : '';
      if (refused !== '') break;
      expect(askedAtMs).toBeLessThan(deadlineMs);
      await pause(20);
    }
    expect(refused).toBe('NO_PROVIDER');
    expect(leader.node.clusterTimeMs()).toBeGreaterThanOrEqual(deadlineMs);
  });

  test('leaves a member out that the leader does not hear', async () => {
    await register('far', { service: 'own', node: 'n3' });
    await register('near', { service: 'own', node: 'n2', load: 50 });
    const ask = () => leader.ask(SERVICES.Resolve, { service: 'own', rule: 'PICK_LEAST_LOADED' });
    expect((await ask()).provider?.id).toBe('far');
    const [, , third] = nodes;
    if (third === undefined) throw new Error('expected three nodes');
    cluster.cut(third.id);
    await eventuallyAnswers(ask, ({ provider }) => provider?.id === 'near');
    const { provider } = await leader.ask(SERVICES.Get, { service: 'own', id: 'far' });
    expect(provider?.withheld).toBe('its member is not heard');
    cluster.heal();
    await eventuallyAnswers(ask, ({ provider: now }) => now?.id === 'far');
  });

  test('reports of many are one entry, and tell which are not known', async () => {
    const many = Array.from({ length: 20 }, (_, at) => `m${at}`);
    await Promise.all(many.map((id) => register(id, { service: 'many' })));
    const before = leader.node.status().commitIndex;
    const reports = [...many, 'none'].map((id) => {
      return { service: 'many', id, health: 'PROVIDER_UNHEALTHY' } as const;
    });
    const { providers } = await standby.ask(SERVICES.Report, { reports }, WRITE);
    expect(providers).toHaveLength(21);
    expect(providers[20]?.revision).toBeUndefined();
    const revisions = new Set(providers.slice(0, 20).map(({ revision }) => revision));
    expect(revisions.size).toBe(1);
    expect([...revisions][0]).toBeGreaterThan(before);
    // What one tells again and again waits for its second, and only the newest is stored.
    const told = Array.from({ length: 30 }, (_, load) => {
      const loaded = [{ service: 'many', id: 'm0', load: load + 1 }];
      return standby.ask(SERVICES.Report, { reports: loaded }, WRITE);
    });
    const stored = new Set((await Promise.all(told)).map(({ providers: [of] }) => of?.revision));
    expect(stored.size).toBeLessThanOrEqual(3);
    const { provider } = await leader.ask(SERVICES.Get, { service: 'many', id: 'm0' });
    expect(provider?.load).toBeGreaterThan(0);
    const twice = await standby.refused(
      SERVICES.Report,
      { reports: [...reports, ...reports.slice(0, 1)] },
      WRITE,
    );
    expect(twice.code).toBe('INVALID_ARGUMENT');
  });
});
