// The examples as they stand, plain JavaScript against real daemons, through the package's own name as a user's project
// would import it. A session store extends the real express-session and serves two web servers; a worker goes on through a fail-over.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import { connect } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import { startCleanDaemons } from '../support/cluster.js';

type Callback = (error: Error | null, value?: unknown) => void;
interface Store {
  get(sid: string, callback: Callback): void;
  set(sid: string, data: object, callback: Callback): void;
  touch(sid: string, data: object, callback: Callback): void;
  destroy(sid: string, callback: Callback): void;
  all(callback: Callback): void;
  length(callback: Callback): void;
  clear(callback: Callback): void;
}
interface Example {
  readonly quorateStore: (session: unknown, client: Quorate) => Store;
}
interface BalancedExample {
  readonly balancedCaller: (
    client: Quorate,
    service: string,
  ) => { readonly get: () => Promise<string>; readonly close: () => void };
}
interface WebExample {
  readonly webServer: (client: Quorate, options: { secret: string; maxAge?: number }) => Server;
}

const EXAMPLE: string = new URL('./session-store.mjs', import.meta.url).href;
const WEB: string = new URL('./web-server.mjs', import.meta.url).href;
const BALANCED = new URL('./balanced-server.mjs', import.meta.url);
const WORKER = fileURLToPath(new URL('./leader-worker.mjs', import.meta.url));

let cluster: LocalCluster;
let client: Quorate;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
  client = connect({ addresses: cluster.daemons.map(({ api }) => api), timeoutMs: 30_000 });
}, 90_000);

afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  client.close();
  await cluster.close();
});

test('the session store keeps, touches, lists and destroys what a web framework gives it', async () => {
  const { quorateStore } = (await import(EXAMPLE)) as Example;
  const store = quorateStore(createRequire(import.meta.url)('express-session'), client);
  const said = (ask: (callback: Callback) => void): Promise<unknown> =>
    new Promise((resolve, reject) => {
      ask((error, value) => {
        if (error === null) resolve(value);
        else reject(error);
      });
    });
  const data = { cookie: { originalMaxAge: 60_000 }, user: 'alice' };
  expect(await said((done) => store.get('s1', done))).toBeNull();
  await said((done) => store.set('s1', data, done));
  await said((done) => store.set('s2', { user: 'bob' }, done));
  expect(await said((done) => store.get('s1', done))).toEqual(data);
  await said((done) => store.touch('s1', { cookie: { originalMaxAge: 90_000 } }, done));
  expect(await client.sessions.get('express:s1')).toMatchObject({ ttlMs: 90_000 });
  expect(await said((done) => store.get('s1', done))).toEqual(data);
  await said((done) => store.touch('gone', data, done));
  expect(await said((done) => store.all(done))).toEqual([data, { user: 'bob' }]);
  await said((done) => store.destroy('s1', done));
  expect(await said((done) => store.length(done))).toBe(1);
  await said((done) => store.clear(done));
  expect(await said((done) => store.length(done))).toBe(0);
  client.close();
  await expect(said((done) => store.get('s1', done))).rejects.toMatchObject({ code: 'CANCELLED' });
  client = connect({ addresses: cluster.daemons.map(({ api }) => api), timeoutMs: 30_000 });
}, 60_000);

test('a visitor is known to every web server, until the logout', async () => {
  const { webServer } = (await import(WEB)) as WebExample;
  const servers = [0, 1].map(() => webServer(client, { secret: 'for tests' }));
  try {
    const origins = await Promise.all(servers.map(listening));
    const ask = async (at: number, path: string, cookie = ''): Promise<[string, string]> => {
      const response = await fetch(`${origins[at]}${path}`, { headers: { cookie } });
      const [given = cookie] = (response.headers.get('set-cookie') ?? cookie).split(';');
      return [(await response.text()).trim(), given];
    };
    const [first, cookie] = await ask(0, '/');
    expect([first, cookie]).toEqual(['visit 1', expect.stringContaining('connect.sid')]);
    expect(await ask(1, '/', cookie)).toEqual(['visit 2', cookie]);
    // Not changed: express-session touches it, and sends the cookie anew.
    expect(await ask(0, '/look', cookie)).toEqual(['visit 2', cookie]);
    expect(await ask(1, '/')).toEqual(['visit 1', expect.not.stringContaining(cookie)]);
    const [fresh] = await ask(1, '/login', cookie);
    expect(fresh).toBe('visit 0');
    expect((await ask(0, '/', cookie))[0]).toBe('visit 1');
    const [gone] = await ask(0, '/logout', cookie);
    expect(gone).toBe('visit 0');
    expect((await ask(1, '/look', cookie))[0]).toBe('visit 0');
  } finally {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}, 60_000);

test('callers of a service leave a provider that is killed, and none of their calls fails', async () => {
  const { balancedCaller } = (await import(BALANCED.href)) as BalancedExample;
  const addresses = cluster.daemons.map(({ api }) => api);
  const started = ['a', 'b', 'c'].map((id): [string, ChildProcess] => {
    const args = [fileURLToPath(BALANCED), 'web', id, '5000', ...addresses];
    return [id, spawn(process.execPath, args, { stdio: 'ignore' })];
  });
  workers.push(...started.map(([, child]) => child));
  const isThere = async (): Promise<boolean> => {
    const found = started.map(([id]) => client.services.get('web', id));
    return (await Promise.all(found)).every((provider) => provider !== null);
  };
  await vi.waitUntil(isThere, { timeout: 60_000, interval: 50 });
  const caller = balancedCaller(client, 'web');
  const answered = new Set<string>();
  await vi.waitUntil(async () => answered.add(await caller.get()).size === 3, {
    timeout: 30_000,
    interval: 10,
  });
  new Map(started).get('b')?.kill('SIGKILL');
  // The two others take its calls at once: who failed asked again.
  for (let count = 0; count < 50; count += 1) expect(await caller.get()).toMatch(/^[abc]$/);
  const isGone = async (): Promise<boolean> => (await client.services.get('web', 'b')) === null;
  await vi.waitUntil(isGone, { timeout: 30_000, interval: 50 });
  for (let count = 0; count < 20; count += 1) {
    expect((await client.services.resolve('web')).id).toMatch(/^[ac]$/);
  }
  caller.close();
}, 120_000);

test('the worker works where the primary is, and elsewhere after a fail-over', async () => {
  const addresses = cluster.daemons.map(({ api }) => api);
  for (const { name } of cluster.daemons) {
    workers.push(spawn(process.execPath, [WORKER, name, ...addresses], { stdio: 'ignore' }));
  }
  const workedBy = async (name: string | null): Promise<boolean> => {
    const last = await client.store.get('worker/last');
    return name !== null && last?.value.toString().startsWith(`${name} at`) === true;
  };
  const { primary } = await cluster.settled(60_000);
  await vi.waitUntil(() => workedBy(primary), { timeout: 30_000, interval: 50 });
  const epochBefore = (await client.store.get('worker/epoch'))?.value.toString() ?? '';
  await cluster.daemon(primary ?? '').stop('SIGKILL');
  const isNew = (view: { primary: string | null }): boolean =>
    view.primary !== null && view.primary !== primary;
  const next = await cluster.until('a new primary', isNew, 60_000);
  await vi.waitUntil(() => workedBy(next.primary), { timeout: 30_000, interval: 50 });
  const epochAfter = (await client.store.get('worker/epoch'))?.value.toString() ?? '';
  expect(epochAfter > epochBefore).toBe(true);
}, 120_000);

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    });
  });
}
