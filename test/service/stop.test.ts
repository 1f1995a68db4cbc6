// The end of the API's server: what is idle ends at once, a call that is still open gets its time and is then cut off. So no connection
// outlives the daemon.

import { Client, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';

import { STORE } from '../../src/client/protos.js';
import { ApiServer } from '../../src/service/api-server.js';

const DRAIN_MS = 150;
const clients: Client[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

async function connected(): Promise<{ readonly server: ApiServer; readonly client: Client }> {
  const server = new ApiServer({ listen: { host: '127.0.0.1', port: 0 }, drainMs: DRAIN_MS });
  const port = await server.listen();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  clients.push(client);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 10_000, (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });
  return { server, client };
}

test('a connection without calls ends at once', async () => {
  const { server } = await connected();
  expect(await server.stop()).toBe(true);
});

test('a call that nobody answers is cut off when its time is over, stopped twice or once', async () => {
  const { server, client } = await connected();
  const { path, requestSerialize, responseDeserialize } = STORE.Get;
  // No node serves yet, so the call waits.
  const ended = new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { key: 'k' }, resolve);
  });
  await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  const [first, second] = await Promise.all([server.stop(), server.stop()]);
  expect([first, second]).toEqual([false, false]);
  const error = await ended;
  expect([status.CANCELLED, status.UNAVAILABLE]).toContain(error?.code);
});
