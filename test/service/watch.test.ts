// Cluster.Watch over real gRPC with the real driver: through any member, from a revision, with the state, resumed elsewhere, read
// slowly or not at all, by many at once; and every bad request by its code. What is told when is test/watch's subject.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { errorFromStatus } from '../../src/client/status-details.js';
import { CLUSTER, SESSIONS, STORE } from '../../src/client/protos.js';
import type { Change__Output as Change } from '../../src/generated/quorate/v1/Change.js';
import type { WatchRequest } from '../../src/generated/quorate/v1/WatchRequest.js';
import type { WatchResponse__Output as WatchResponse } from '../../src/generated/quorate/v1/WatchResponse.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;

/** A watch as its caller reads it. */
class Reading {
  readonly responses: WatchResponse[] = [];
  readonly client: Client;
  readonly stream: ClientReadableStream<WatchResponse>;
  failure: string | null = null;

  constructor(address: string, request: WatchRequest, client?: Client) {
    this.client = client ?? new Client(address, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = CLUSTER.Watch;
    this.stream = this.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      {},
    );
    this.stream.on('data', (response: WatchResponse) => this.responses.push(response));
    this.stream.on('error', (error: ServiceError) => {
      this.failure = errorFromStatus(error)?.code ?? String(error.code);
    });
  }

  get changes(): Change[] {
    return this.responses.flatMap(
      ({ changes }) => changes?.revisions.flatMap((revision) => revision.changes) ?? [],
    );
  }

  get told(): string[] {
    return this.changes.map(
      ({ fact, key, value }) => `${fact} ${key}${value === undefined ? ' gone' : ''}`,
    );
  }

  get revision(): number {
    return this.responses.at(-1)?.revision ?? 0;
  }

  async begun(): Promise<this> {
    await eventually(() => this.responses.length > 0);
    return this;
  }

  close(): void {
    this.stream.cancel();
    this.client.close();
  }
}

describe('a watch', () => {
  const cluster = new TestCluster();
  const readings: Reading[] = [];
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    const [one, two] = await cluster.form(2);
    if (one === undefined || two === undefined) throw new Error('expected two nodes');
    [first, second] = [one, two];
  });

  afterEach(() => {
    for (const reading of readings.splice(0)) reading.close();
  });

  afterAll(async () => {
    await cluster.stop();
  });

  const watch = (node: TestNode, request: WatchRequest): Reading => {
    const reading = new Reading(node.api, request);
    readings.push(reading);
    return reading;
  };
  const put = async (key: string, value = ''): Promise<number> => {
    const { header } = await first.ask(STORE.Put, { key, value: Buffer.from(value) }, WRITE);
    return header?.revision ?? 0;
  };

  test('of a standby tells what is written through the leader, with its values', async () => {
    const prefix: WatchRequest = { filters: [{ fact: 'FACT_STORE', prefix: 'w/' }] };
    const reading = await watch(second, prefix).begun();
    await put('other');
    const revision = await put('w/a', 'one');
    await first.ask(STORE.Delete, { key: 'w/a' }, WRITE);
    await eventually(() => reading.changes.length === 2);
    const [written, deleted] = reading.changes;
    const entry = { key: 'w/a', value: Buffer.from('one'), revision, createdRevision: revision };
    expect(written).toMatchObject({ fact: 'FACT_STORE', key: 'w/a', entry });
    expect(deleted).toMatchObject({ key: 'w/a', expired: false });
    expect(deleted?.value).toBeUndefined();
  });

  test('tells sessions, members, the primary and events with the names that people know', async () => {
    // A state, and none that is older than this.
    const reading = await watch(second, { withState: true, afterRevision: 1 }).begun();
    await eventually(() => reading.responses.some(({ state }) => state?.last === true));
    const rows = reading.responses.flatMap(({ state }) => state?.rows ?? []);
    expect(
      rows.filter(({ fact }) => fact === 'FACT_MEMBER').map(({ member }) => member?.name),
    ).toEqual(['n1', 'n2']);
    expect(rows.find(({ fact }) => fact === 'FACT_PRIMARY')?.primary).toMatchObject({ node: 'n1' });
    expect(rows.some(({ event }) => event?.kind === 'clusterStarted')).toBe(true);
    await first.ask(SESSIONS.Put, { id: 's', attributes: { a: Buffer.from('1') } }, WRITE);
    await eventually(() => reading.changes.length > 0);
    expect(reading.changes[0]).toMatchObject({
      fact: 'FACT_SESSION',
      session: { id: 's', node: 'n1', attributes: { a: Buffer.from('1') }, ttlMs: 1_800_000 },
    });
  });

  test('goes on at another member after the last revision', async () => {
    const filters = [{ fact: 'FACT_STORE', prefix: 'r/' }] as const;
    const one = await watch(first, { filters: [...filters] }).begun();
    for (const key of ['r/a', 'r/b', 'r/c']) await put(key);
    await eventually(() => one.changes.length === 3);
    one.close();
    for (const key of ['r/d', 'r/e']) await put(key);
    const two = watch(second, { filters: [...filters], afterRevision: one.revision });
    await eventually(() => two.changes.length === 2);
    expect(two.told).toEqual(['FACT_STORE r/d', 'FACT_STORE r/e']);
    const clusterId = second.node.status().cluster?.clusterId;
    expect([one, two].map(({ responses }) => responses[0]?.clusterId)).toEqual([
      clusterId,
      clusterId,
    ]);
  });

  test('says that nothing happened', async () => {
    const filters = [{ fact: 'FACT_STORE', key: 'never' }] as const;
    const reading = await watch(second, { filters: [...filters], bookmarkMs: 100 }).begun();
    const revision = await put('other');
    await eventually(() => reading.revision >= revision);
    expect(reading.responses.every(({ content }) => content === 'bookmark')).toBe(true);
  });

  test('of a caller that does not read takes no memory, and is whole once it reads', async () => {
    const filters = [{ fact: 'FACT_STORE', prefix: 'slow/' }] as const;
    const reading = await watch(second, { filters: [...filters] }).begun();
    reading.stream.pause();
    const value = 'x'.repeat(100_000);
    for (let at = 0; at < 60; at += 1) await put('slow/k', `${at}${value}`);
    expect(reading.changes.length).toBeLessThan(60);
    reading.stream.resume();
    await eventually(() => reading.changes.length === 60);
    const numbers = reading.changes.map(({ entry }) => parseInt(entry?.value.toString() ?? '', 10));
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, at) => at));
  });

  test('of hundreds on one key reaches all of them', async () => {
    const filters = [{ fact: 'FACT_STORE', key: 'many' }] as const;
    const client = new Client(second.api, credentials.createInsecure());
    const all = Array.from({ length: 300 }, () => {
      const reading = new Reading(second.api, { filters: [...filters] }, client);
      readings.push(reading);
      return reading;
    });
    await eventually(() => all.every(({ responses }) => responses.length > 0));
    await put('many', 'v');
    await eventually(() => all.every(({ changes }) => changes.length === 1));
    expect(new Set(all.map(({ changes }) => changes[0]?.entry?.value.toString()))).toEqual(
      new Set(['v']),
    );
  });

  const bad: readonly (readonly [string, WatchRequest, string])[] = [
    ['a fact that is none', { filters: [{ key: 'a' }] }, 'INVALID_ARGUMENT'],
    [
      'too many filters',
      { filters: Array.from({ length: 65 }, () => ({ fact: 'FACT_STORE' as const })) },
      'TOO_LARGE',
    ],
    [
      'a key that is too long',
      { filters: [{ fact: 'FACT_STORE', key: 'x'.repeat(1025) }] },
      'TOO_LARGE',
    ],
    [
      'text that is not UTF-8',
      { filters: [{ fact: 'FACT_STORE', key: '\ufffd' }] },
      'INVALID_ARGUMENT',
    ],
    ['bookmarks too often', { bookmarkMs: 99 }, 'INVALID_ARGUMENT'],
    ['a revision that is no number', { afterRevision: 2 ** 60 }, 'INVALID_ARGUMENT'],
    ['another cluster', { clusterId: 'ff' }, 'OTHER_CLUSTER'],
  ];

  test.each(bad)('is refused %s', async (_what, request, code) => {
    const reading = watch(second, request);
    await eventually(() => reading.failure !== null);
    expect(reading.failure).toBe(code);
  });

  test('is refused by a node that belongs to no cluster', async () => {
    const clean = await cluster.add(7);
    const reading = watch(clean, {});
    await eventually(() => reading.failure !== null);
    expect(reading.failure).toBe('CLEAN_NODE');
  });

  test('needs the right to watch', async () => {
    second.isAuthorised = false;
    const reading = watch(second, {});
    await eventually(() => reading.failure !== null);
    second.isAuthorised = true;
    expect(reading.failure).toBe('PERMISSION_DENIED');
  });

  test('ends with a reason when the node stops, and leaves nothing behind', async () => {
    const reading = await watch(second, {}).begun();
    await second.stop();
    await eventually(() => reading.failure !== null);
    expect(reading.failure).toBe('STOPPING');
  });
});
