// grpc.health.v1 of nodes that are clean, lead, follow, lose their quorum, break their disk and stop: what is answered when
// asked, and what watchers are told without asking. The rules themselves have their table in test/http/states.test.ts.
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';

import type { HealthCheckResponse__Output } from '../../src/generated/grpc/health/v1/HealthCheckResponse.js';
import { SESSIONS } from '../../src/client/protos.js';
import { HEALTH } from '../../src/service/standard-protos.js';
import { HEALTH_LIMITS } from '../../src/service/health-service.js';
import { eventually, eventuallyAnswers, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const FACTS = ['', 'quorate.v1.Sessions', 'quorate.v1.Store', 'quorate.v1.ClientSessions'];

let cluster = new TestCluster();
const watches: Watch[] = [];

afterEach(async () => {
  for (const watch of watches.splice(0)) watch.close();
  await cluster.stop();
  cluster = new TestCluster();
});

/** Watches a service of a node, and keeps what it was told. */
class Watch {
  readonly told: string[] = [];
  error: ServiceError | null = null;
  readonly #client: Client;
  readonly #stream: ClientReadableStream<HealthCheckResponse__Output>;

  constructor(api: string, service: string, client = dial(api)) {
    this.#client = client;
    const { path, requestSerialize, responseDeserialize } = HEALTH.Watch;
    this.#stream = this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service },
      new Metadata(),
      {},
    );
    this.#stream.on('data', (said: HealthCheckResponse__Output) => this.told.push(said.status));
    this.#stream.on('error', (error: ServiceError) => (this.error = error));
    watches.push(this);
  }

  get last(): string | undefined {
    return this.told.at(-1);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** A client with a connection of its own. */
function dial(api: string): Client {
  return new Client(api, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
}

async function statuses(node: TestNode): Promise<Record<string, string>> {
  const { statuses: all } = await node.ask(HEALTH.List, {});
  return Object.fromEntries(Object.entries(all).map(([name, said]) => [name, said.status]));
}

function expected(facts: string): Record<string, string> {
  const names = FACTS.map((name): [string, string] => [name, facts]);
  return { ...Object.fromEntries(names), 'quorate.v1.Cluster': 'SERVING' };
}

test('a clean node serves the service Cluster alone, a leader and its followers serve all', async () => {
  const clean = await cluster.add(9);
  expect(await statuses(clean)).toEqual(expected('NOT_SERVING'));
  const nodes = await cluster.form(3);
  for (const node of nodes) {
    const ask = (): Promise<Record<string, string>> => statuses(node);
    const all = await eventuallyAnswers(ask, (told) => told[''] === 'SERVING');
    expect(all).toEqual(expected('SERVING'));
    const { status: said } = await node.ask(HEALTH.Check, { service: 'quorate.v1.Store' });
    expect(said).toBe('SERVING');
  }
});

test('a watcher is told when the quorum is lost and found again', async () => {
  const [first] = await cluster.form(3);
  if (first === undefined) throw new Error('expected three nodes');
  const watch = new Watch(first.api, '');
  const own = new Watch(first.api, 'quorate.v1.Cluster');
  await eventually(() => watch.last === 'SERVING' && own.last === 'SERVING');
  cluster.cut(first.id);
  await eventually(() => watch.last === 'NOT_SERVING');
  expect(await statuses(first)).toEqual(expected('NOT_SERVING'));
  cluster.heal();
  await eventually(() => watch.last === 'SERVING');
  expect(watch.told).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
  expect(own.told).toEqual(['SERVING']);
});

test('a node whose disk broke does not serve', async () => {
  const [first] = await cluster.form(1);
  if (first === undefined) throw new Error('expected a node');
  const watch = new Watch(first.api, 'quorate.v1.Sessions');
  await eventually(() => watch.last === 'SERVING');
  first.disk.isBroken = true;
  await first.refused(SESSIONS.Put, { id: 'a' }, { isWrite: true, timeoutMs: 1000 });
  await eventually(() => watch.last === 'NOT_SERVING');
});

test('a node that stops says so from the moment it was told, and ends its watches', async () => {
  const [, second] = await cluster.form(3);
  if (second === undefined) throw new Error('expected three nodes');
  const watch = new Watch(second.api, '');
  await eventually(() => watch.last === 'SERVING');
  second.isStopping = true;
  await eventually(() => watch.last === 'NOT_SERVING');
  expect((await statuses(second))['quorate.v1.Cluster']).toBe('NOT_SERVING');
  await second.stop();
  await eventually(() => watch.error !== null);
  expect(watch.error?.code).toBe(status.UNAVAILABLE);
  expect(watch.error?.details).toContain('stopping');
});

test('an unknown service is refused, and watched as unknown', async () => {
  const node = await cluster.add(1);
  const error = await node.refused(HEALTH.Check, { service: 'quorate.v1.Shop' });
  expect(error).toMatchObject({ code: 'UNKNOWN_SERVICE', grpcCode: status.NOT_FOUND });
  expect(error.hint).toContain('"quorate.v1.Store"');
  const watch = new Watch(node.api, 'quorate.v1.Shop');
  await eventually(() => watch.last === 'SERVICE_UNKNOWN');
  expect(watch.error).toBeNull();
});

test('whom the hook refuses may neither ask nor watch', async () => {
  const node = await cluster.add(1);
  node.isAuthorised = false;
  const error = await node.refused(HEALTH.Check, { service: '' });
  expect(error.code).toBe('PERMISSION_DENIED');
  const watch = new Watch(node.api, '');
  await eventually(() => watch.error !== null);
  expect(watch.error?.code).toBe(status.PERMISSION_DENIED);
  expect(watch.told).toEqual([]);
});

test('beyond the bound another watch is refused, until one has ended', async () => {
  const node = await cluster.add(1);
  const { watchesMax } = HEALTH_LIMITS;
  const clients = Array.from({ length: 5 }, () => dial(node.api));
  const many = Array.from(
    { length: watchesMax },
    (_, at) => new Watch(node.api, '', clients[at % clients.length]),
  );
  await eventually(() => many.every(({ told }) => told.length === 1));
  const late = new Watch(node.api, '');
  await eventually(() => late.error !== null);
  expect(late.error?.code).toBe(status.RESOURCE_EXHAUSTED);
  many[0]?.close();
  let next = new Watch(node.api, '');
  await eventually(() => {
    if (next.error !== null) next = new Watch(node.api, '');
    return next.last === 'NOT_SERVING';
  });
  for (const client of clients) client.close();
});
