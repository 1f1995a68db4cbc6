// Server reflection, v1 and v1alpha, as a tool without proto files uses it. Every service that is served is listed and described completely, and a question that has
// no answer gets an error without ending the stream.
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { STORE } from '../../src/client/protos.js';
import { TestCluster } from './harness.js';
import type { TestNode } from './harness.js';
import { Inquiry } from './inquiry.js';

const cluster = new TestCluster();
let node: TestNode;

beforeAll(async () => {
  node = await cluster.add(1);
});

afterAll(async () => {
  await cluster.stop();
});

const SERVED = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'quorate.v1.ClientSessions',
  'quorate.v1.Cluster',
  'quorate.v1.Jobs',
  'quorate.v1.Locks',
  'quorate.v1.Maintenance',
  'quorate.v1.Policies',
  'quorate.v1.Processes',
  'quorate.v1.Services',
  'quorate.v1.Sessions',
  'quorate.v1.Store',
];

/** A google.protobuf.FileDescriptorSet of one file: field 1, its length, its bytes. */
function setOf(bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let left = bytes.length; ; left >>>= 7) {
    length.push(left < 128 ? left : (left & 127) | 128);
    if (left < 128) return Buffer.concat([Buffer.from([10, ...length]), bytes]);
  }
}

test.each(['v1', 'v1alpha'] as const)('%s lists and describes what is served', async (version) => {
  const inquiry = new Inquiry(node.api, version);
  expect(await inquiry.services()).toEqual(SERVED);
  for (const name of SERVED) {
    const file = await inquiry.fileOf(name);
    const byName = await inquiry.ask({ fileByFilename: file.name });
    expect(byName.fileDescriptorResponse?.fileDescriptorProto).toHaveLength(1);
    // What a client that knows nothing else makes of it.
    const made = loadFileDescriptorSetFromBuffer(setOf(file.bytes))[name];
    expect(Object.keys(made ?? {}).length).toBeGreaterThan(0);
  }
  const { bytes } = await inquiry.fileOf('quorate.v1.Store');
  const store = loadFileDescriptorSetFromBuffer(setOf(bytes))['quorate.v1.Store'];
  expect(Object.keys(store ?? {})).toEqual(expect.arrayContaining(Object.keys(STORE)));
  inquiry.close();
});

test('a message, a method and a type inside a type are found in the file of their package', async () => {
  const inquiry = new Inquiry(node.api, 'v1');
  for (const [symbol, file] of [
    ['quorate.v1.StoreEntry', 'quorate_v1.proto'],
    ['quorate.v1.Store.Put', 'quorate_v1.proto'],
    ['grpc.health.v1.HealthCheckResponse.ServingStatus', 'grpc_health_v1.proto'],
  ] as const) {
    expect((await inquiry.fileOf(symbol)).name).toBe(file);
  }
  inquiry.close();
});

test.each([
  [{ fileContainingSymbol: 'quorate.v1.Nothing' }, 5],
  [{ fileByFilename: '../../etc/passwd' }, 5],
  [{ fileContainingSymbol: '__proto__' }, 5],
  [{ fileContainingExtension: { containingType: 'x', extensionNumber: 1 } }, 5],
  [{ allExtensionNumbersOfType: 'quorate.v1.Nothing' }, 5],
  [{}, 3],
])('%j is answered by an error, and the stream goes on', async (question, code) => {
  const inquiry = new Inquiry(node.api, 'v1');
  const { errorResponse } = await inquiry.ask({ host: 'h', ...question });
  expect(errorResponse?.errorCode).toBe(code);
  expect(await inquiry.services()).toEqual(SERVED);
  inquiry.close();
});

test('extensions are none of any message', async () => {
  const inquiry = new Inquiry(node.api, 'v1');
  const said = await inquiry.ask({ allExtensionNumbersOfType: 'quorate.v1.Store' });
  expect(said.allExtensionNumbersResponse).toEqual({
    baseTypeName: 'quorate.v1.Store',
    extensionNumber: [],
  });
  inquiry.close();
});

test('whom the hook refuses learns nothing', async () => {
  node.isAuthorised = false;
  const inquiry = new Inquiry(node.api, 'v1');
  await expect(inquiry.services()).rejects.toMatchObject({ code: 7 });
  node.isAuthorised = true;
  inquiry.close();
});
