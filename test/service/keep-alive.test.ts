// Sessions.Renew and Sessions.KeepAlive over real gRPC with the real driver: through any member, many to an entry, none while the
// deadline stands. A session that is kept alive outlives its time to live.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SESSIONS } from '../../src/client/protos.js';
import { errorFromStatus } from '../../src/client/status-details.js';
import type { RenewSessionsResponse__Output as Renewed } from '../../src/generated/quorate/v1/RenewSessionsResponse.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const WRITE = { isWrite: true } as const;

describe('keep-alives', () => {
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

  /** Through the first member, which need not lead; answers its revision once that member has applied it. */
  const put = async (id: string, ttlMs: number): Promise<number> => {
    const { session } = await first.ask(SESSIONS.Put, { id, ttlMs, attributes: {} }, WRITE);
    await eventually(() => first.node.state.session(id) !== null);
    return session?.createdRevision ?? 0;
  };
  const renew = (ids: string[]): Promise<Renewed> => second.ask(SESSIONS.Renew, { ids }, WRITE);

  test('write nothing while little of a life has passed, and tell the deadline that stands', async () => {
    await put('fresh', 60_000);
    const before = first.node.status().lastLogIndex;
    const { sessions } = await renew(['fresh', 'fresh']);
    expect(first.node.status().lastLogIndex).toBe(before);
    expect(sessions.map(({ id }) => id)).toEqual(['fresh', 'fresh']);
    for (const { remainingMs } of sessions) {
      expect(remainingMs).toBeGreaterThan(50_000);
      expect(remainingMs).toBeLessThanOrEqual(60_000);
    }
  });

  test('of many sessions share entries, and say which do not exist', async () => {
    const ids = Array.from({ length: 40 }, (_, at) => `many-${at}`);
    await Promise.all(ids.map((id) => put(id, 20_000)));
    await pause(5100);
    const before = first.node.status().lastLogIndex;
    const answers = await Promise.all(ids.map((id) => renew([id, `no-${id}`])));
    expect(first.node.status().lastLogIndex - before).toBeLessThan(ids.length);
    for (const { sessions } of answers) {
      expect(sessions[0]?.remainingMs).toBeGreaterThan(10_000);
      expect(sessions[1]?.remainingMs).toBeUndefined();
    }
  });

  test('keep a session beyond its time to live; without them it ends', async () => {
    const ttlMs = 5000;
    // Where the machine itself stood still for a whole life nothing was kept alive, and it is begun anew.
    let [beganMs, renewedMs] = [0, 0];
    let revision = 0;
    const begin = async (): Promise<void> => {
      beganMs = performance.now();
      revision = await put('kept', ttlMs);
      renewedMs = beganMs;
    };
    await begin();
    while (performance.now() - beganMs < ttlMs + 1000) {
      await pause(500);
      const askedMs = performance.now();
      const [kept] = (await renew(['kept'])).sessions;
      const isLate = performance.now() - renewedMs >= ttlMs;
      const { remainingMs = 0 } = kept ?? {};
      expect(isLate || remainingMs > 0).toBe(true);
      if (remainingMs === 0) await begin();
      renewedMs = Math.max(renewedMs, askedMs);
    }
    expect(first.node.state.session('kept')).toMatchObject({ revision });
    await eventually(() => first.node.state.session('kept') === null);
  });

  test.each([
    ['an id that is empty', [''], 'INVALID_ARGUMENT'],
    ['too many ids', Array.from({ length: 1001 }, (_, at) => `${at}`), 'TOO_LARGE'],
  ])('are refused for %s', async (_what, ids, code) => {
    expect((await second.refused(SESSIONS.Renew, { ids }, WRITE)).code).toBe(code);
  });

  test('as a stream are answered one by one, in order, and end with the request that fails', async () => {
    await put('streamed', 60_000);
    const client = new Client(second.api, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = SESSIONS.KeepAlive;
    const call = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      new Metadata(),
      {},
    );
    const told: (readonly string[])[] = [];
    let failure: string | null = null;
    call.on('data', ({ sessions }: Renewed) => {
      told.push(
        sessions.map(
          ({ id, remainingMs }) => `${id} ${remainingMs === undefined ? 'gone' : 'lives'}`,
        ),
      );
    });
    call.on('error', (error: ServiceError) => {
      failure = errorFromStatus(error)?.code ?? error.message;
    });
    call.write({ ids: ['streamed'] });
    call.write({ ids: [] });
    call.write({ ids: ['nobody', 'streamed'] });
    await eventually(() => told.length === 3);
    expect(told).toEqual([['streamed lives'], [], ['nobody gone', 'streamed lives']]);
    call.write({ ids: [''] });
    await eventually(() => failure !== null);
    expect(failure).toBe('INVALID_ARGUMENT');
    client.close();
  });

  test('without a quorum are refused, since nobody may promise a life', async () => {
    await put('lost', 4000);
    await pause(1100);
    cluster.cut(second.id);
    const refused = await first.refused(
      SESSIONS.Renew,
      { ids: ['lost'] },
      { isWrite: true, timeoutMs: 3000 },
    );
    expect(['NO_QUORUM', 'INDETERMINATE']).toContain(refused.code);
    cluster.heal();
  });
});
