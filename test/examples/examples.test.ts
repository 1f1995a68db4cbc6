// The examples as they stand, plain JavaScript against real daemons, through the package's own name as a user's project
// would import it. A session store's interface is driven as express-session drives it; a worker goes on through a fail-over.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
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
  readonly quorateStore: (session: { Store: typeof EventEmitter }, client: Quorate) => Store;
}

const EXAMPLE: string = new URL('./session-store.mjs', import.meta.url).href;
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
  const store = quorateStore({ Store: EventEmitter }, client);
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
