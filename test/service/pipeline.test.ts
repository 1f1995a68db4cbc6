// Pipelined streams as any gRPC client sees them, through the leader and through a member that forwards; and bytes that are no message, at
// every method of the API. What a stream cannot take ends it by name; what an operation is refused for is refused to it alone.
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { CLIENT_SESSIONS, STORE } from '../../src/client/protos.js';
import { errorFromStatus } from '../../src/client/status-details.js';
import type { StorePipelineOperation } from '../../src/generated/quorate/v1/StorePipelineOperation.js';
import type { StorePipelineRequest } from '../../src/generated/quorate/v1/StorePipelineRequest.js';
import type { StorePipelineResponse__Output } from '../../src/generated/quorate/v1/StorePipelineResponse.js';
import type { StorePipelineResult__Output } from '../../src/generated/quorate/v1/StorePipelineResult.js';
import { METHODS } from '../support/grpc-words.js';
import { snapshotOf } from '../support/log-words.js';
import { eventually, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

const cluster = new TestCluster();
const clients: Client[] = [];
let leader: TestNode;
let standby: TestNode;

beforeAll(async () => {
  [leader, standby] = (await cluster.form(2)) as [TestNode, TestNode];
});

afterAll(async () => {
  for (const client of clients) client.close();
  await cluster.stop();
});

function clientOf(node: TestNode): Client {
  const client = new Client(node.api, credentials.createInsecure());
  clients.push(client);
  return client;
}

type Pipeline = ClientDuplexStream<StorePipelineRequest, StorePipelineResponse__Output>;

function opened(
  node: TestNode,
  options: { deadline?: number } = {},
  metadata = new Metadata(),
): Pipeline {
  const { path, requestSerialize, responseDeserialize } = STORE.Pipeline;
  return clientOf(node).makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    metadata,
    options,
  );
}

/** All answers, and the reason that the stream ended with; null: it ended well. */
function ended(
  stream: Pipeline,
): Promise<{ answers: StorePipelineResult__Output[]; code: string | null }> {
  const answers: StorePipelineResult__Output[] = [];
  return new Promise((resolve) => {
    stream.on('data', ({ results }: StorePipelineResponse__Output) => answers.push(...results));
    stream.on('error', (error: ServiceError) => {
      resolve({ answers, code: errorFromStatus(error)?.code ?? `gRPC ${error.code}` });
    });
    stream.on('end', () => setImmediate(() => resolve({ answers, code: null })));
  });
}

function put(key: string, value: string, more: object = {}): StorePipelineOperation {
  return { put: { key, value: Buffer.from(value), ...more } };
}

test.each(['leader', 'standby'] as const)(
  'a stream through the %s is answered in order, and each operation fails as its call would',
  async (which) => {
    const node = which === 'leader' ? leader : standby;
    const { session } = await node.ask(CLIENT_SESSIONS.Open, {});
    const once = { client: { session, sequence: 1 } };
    const stream = opened(node);
    const operations: StorePipelineOperation[] = [
      put(`${which}/a`, '1'),
      { get: { key: `${which}/a` } },
      put(`${which}/a`, '2', { ifRevision: 0 }),
      put('', 'x'),
      {},
      { get: { key: `${which}/none` } },
      put(`${which}/b`, '1', once),
      put(`${which}/b`, 'another', once),
      { get: { key: `${which}/b` } },
      { delete: { key: `${which}/a` } },
      { get: { key: `${which}/a` } },
    ];
    stream.write({ operations: operations.slice(0, 4) });
    stream.write({ operations: operations.slice(4) });
    stream.end();
    const { answers, code } = await ended(stream);
    expect(code).toBeNull();
    expect(answers.map(({ result, error }) => error?.reason ?? result)).toEqual([
      'put',
      'get',
      'REVISION_MISMATCH',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'KEY_NOT_FOUND',
      'put',
      'put',
      'get',
      'delete',
      'KEY_NOT_FOUND',
    ]);
    expect(answers[1]?.get?.entry?.value.toString()).toBe('1');
    expect(answers[7]?.put?.header?.revision).toBe(answers[6]?.put?.header?.revision);
    expect(answers[8]?.get?.entry?.value.toString()).toBe('1');
    const own = await node.refused(STORE.Get, { key: `${which}/none` });
    expect(answers[5]?.error).toMatchObject({ code: own.grpcCode, message: own.message });
    expect(answers[5]?.error?.details).toMatchObject({ ...own.data, hint: own.hint });
  },
);

test('a message beyond its bound ends the stream by name, after what had begun is answered', async () => {
  const stream = opened(standby);
  stream.write({ operations: [put('bound', '1')] });
  stream.write({ operations: Array.from({ length: 513 }, () => ({})) });
  const { answers, code } = await ended(stream);
  expect(answers.map(({ result }) => result)).toEqual(['put']);
  expect(code).toBe('TOO_LARGE');
});

test('a member that does not lead says so to whom it shall not forward', async () => {
  const metadata = new Metadata();
  metadata.set('x-quorate-no-forward', '1');
  const stream = opened(standby, {}, metadata);
  stream.write({ operations: [put('direct', '1'), put('direct', '2')] });
  const { answers, code } = await ended(stream);
  expect(code).toBe('NOT_LEADER');
  expect(answers[0]?.error?.details['leader']).toBe(leader.api);
});

test('a caller that reads nothing is not read from beyond the bounds, and one that leaves leaves nothing', async () => {
  const stream = opened(leader);
  const value = Buffer.alloc(500_000);
  const gone = ended(stream);
  stream.pause();
  for (let at = 0; at < 40; at += 1)
    stream.write({ operations: [{ put: { key: `slow/${at}`, value } }] });
  await leader.ask(STORE.Put, { key: 'meanwhile', value }, { isWrite: true });
  stream.cancel();
  stream.resume();
  expect((await gone).code).toBe('gRPC 1');
  const late = opened(leader, { deadline: Date.now() + 300 });
  expect((await ended(late)).code).toBe('gRPC 4');
  expect((await leader.ask(STORE.Get, { key: 'meanwhile' })).entry?.key).toBe('meanwhile');
});

/** What a method answers to bytes; null: an answer came, or none within the time. */
function toldOf(client: Client, path: string, bytes: Buffer): Promise<number | null> {
  const same = (given: Buffer): Buffer => given;
  const stream = client.makeBidiStreamRequest(path, same, same, new Metadata(), {
    deadline: Date.now() + 2000,
  });
  return new Promise((resolve) => {
    stream.on('data', () => {
      resolve(null);
      stream.cancel();
    });
    stream.on('error', () => {});
    stream.on('status', ({ code }) => resolve(code === 0 ? null : code));
    stream.write(bytes);
    stream.end();
  });
}

test('bytes that are no message are refused at every method as the fault of the caller, and any bytes leave all states equal', async () => {
  const paths = METHODS.map(({ path }) => path);
  paths.push(
    '/grpc.health.v1.Health/Check',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  );
  const client = clientOf(standby);
  for (const path of paths) {
    // A field of a wire type that there is not.
    const code = await toldOf(client, path, Buffer.from([0xa7, 0x06]));
    expect([path, code]).toEqual([path, 3]);
  }
  const valid = Buffer.from(
    STORE.Pipeline.requestSerialize({ operations: [put('mutated', 'x'), { get: { key: 'k' } }] }),
  );
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(valid);
      bytes[at] = byte;
      return bytes;
    }),
  );
  const answers = fc.asyncProperty(fc.constantFrom(...paths), anyBytes, async (path, bytes) => {
    const code = await toldOf(client, path, bytes);
    expect(code === null || (code > 0 && code !== 2 && code !== 13)).toBe(true);
  });
  await fc.assert(answers, { numRuns: process.env['QUORATE_TEST_LONG'] === '1' ? 5000 : 40 });
  expect([...leader.fatal, ...standby.fatal]).toEqual([]);
  // Bytes that were a message may have been carried out, on both alike.
  const indexOf = ({ node }: TestNode): number => node.state.lastApplied.index;
  await eventually(() => indexOf(leader) === indexOf(standby));
  expect(snapshotOf(leader.node.state)).toEqual(snapshotOf(standby.node.state));
});
