// Callers that do not keep to the protocol: raw bytes, a wrong first message, damaged messages, too many streams.
// Each costs its own stream, one line in the log, and nothing else.

import { connect } from 'node:net';

import { credentials, status } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { formatAddress } from '../../src/address.js';
import { encodeMessage } from '../../src/codec/message-codec.js';
import type { ExchangeRequest } from '../../src/generated/quorate/raft/v1/ExchangeRequest.js';
import type { ExchangeResponse__Output } from '../../src/generated/quorate/raft/v1/ExchangeResponse.js';
import type { PeerServiceClient } from '../../src/generated/quorate/raft/v1/PeerService.js';
import { helloTo } from '../../src/transport/handshake.js';
import { INBOUND_STREAMS_MAX } from '../../src/transport/inbound.js';
import { PeerService } from '../../src/transport/peer-service.js';
import { N, install, sender } from '../support/raft-words.js';
import { CLUSTER, LOOPBACK, TestNode, heartbeat, until } from './bench.js';

let node: TestNode;
let client: PeerServiceClient;

beforeEach(async () => {
  node = await TestNode.start(1);
  client = new PeerService(formatAddress(node.address), credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  await node.transport.close();
});

interface Caller {
  readonly call: ClientDuplexStream<ExchangeRequest, ExchangeResponse__Output>;
  readonly answers: ExchangeResponse__Output[];
  /** Status code of the end; null while it lasts. */
  code: status | null;
}

function makeCall(from: PeerServiceClient = client): Caller {
  const caller: Caller = { call: from.exchange(), answers: [], code: null };
  caller.call.on('data', (answer: ExchangeResponse__Output) => caller.answers.push(answer));
  caller.call.on('error', () => {});
  caller.call.on('status', ({ code }) => (caller.code = code));
  return caller;
}

function hello(from = 2, incarnation = 1): ExchangeRequest {
  const installId = install(from, incarnation);
  const local = {
    nodeId: N(from),
    installId,
    version: '1',
    incarnation: '00000000000000aa',
    featureMin: 1,
    featureMax: 1,
    advertised: () => '',
  };
  return { hello: helloTo(local, CLUSTER, N(1)) };
}

async function greet(from = 2, incarnation = 1): Promise<Caller> {
  const caller = makeCall();
  caller.call.write(hello(from, incarnation));
  await until('an answer', () => caller.answers.length === 1);
  return caller;
}

async function expectServing(): Promise<void> {
  const before = node.received.length;
  const caller = await greet(9);
  caller.call.write({ message: encodeMessage(heartbeat(1)) });
  await until('a message arrived', () => node.received.length === before + 1);
  expect(node.received.at(-1)?.from).toEqual(sender(9));
  caller.call.end();
}

describe('a server outlives', () => {
  test.each([
    ['a message before the greeting', [{ message: encodeMessage(heartbeat(1)) }]],
    ['an empty request', [{}]],
    ['a greeting without anything in it', [{ hello: {} }]],
    ['a greeting with a damaged identity', [{ hello: { ...hello().hello, fromInstallId: 'x' } }]],
    ['a greeting from node 0', [{ hello: { ...hello().hello, fromNodeId: 0 } }]],
    ['a node id beyond safe integers', [{ hello: { ...hello().hello, fromNodeId: 2 ** 60 } }]],
    ['a second greeting', [hello(), hello()]],
    ['a message of no bytes', [hello(), { message: Buffer.alloc(0) }]],
    ['a message of other bytes', [hello(), { message: Buffer.from('GET / HTTP/1.1') }]],
  ] satisfies [string, ExchangeRequest[]][])('%s', async (_name, requests) => {
    const { lines } = node.log;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const caller = makeCall();
      for (const request of requests) caller.call.write(request);
      await until('the stream is closed', () => caller.code !== null);
      expect(caller.code).toBe(status.INVALID_ARGUMENT);
    }
    expect(node.received).toEqual([]);
    expect(lines.map(({ sentence }) => sentence)).toEqual(['a stream of a peer was closed']);
    await expectServing();
  });

  test('messages cut anywhere and with any byte changed', async () => {
    const sound = encodeMessage(heartbeat(1));
    for (let at = 0; at < sound.length; at += 3) {
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      for (const message of [damaged, sound.subarray(0, at)]) {
        const caller = await greet();
        caller.call.write({ message });
        caller.call.end();
        await until('the stream is closed', () => caller.code !== null);
      }
    }
    await expectServing();
  });

  test('connections that speak something else, or nothing', async () => {
    const words = [
      '',
      'GET / HTTP/1.1\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\0'.repeat(99),
    ];
    for (const word of words) {
      const socket = connect(node.address.port, LOOPBACK);
      socket.on('error', () => {});
      socket.write(word);
      socket.write(Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 7919) % 256)));
      await until('it is written', () => socket.bytesWritten >= 500 || socket.destroyed);
      socket.destroy();
    }
    await expectServing();
  });

  test('protobuf that does not parse', async () => {
    const path = PeerService.service.Exchange.path;
    const raw = client.makeBidiStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    let code: status | null = null;
    raw.on('error', () => {});
    raw.on('data', () => {});
    raw.on('status', (ended) => (code = ended.code));
    raw.write(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3]));
    await until('the stream is closed', () => code !== null);
    expect(code).toBe(status.INTERNAL);
    await expectServing();
  });

  test('more streams than it takes', async () => {
    const clients = Array.from({ length: INBOUND_STREAMS_MAX / 8 + 1 }, () => {
      const options = { 'grpc.use_local_subchannel_pool': 1 };
      return new PeerService(formatAddress(node.address), credentials.createInsecure(), options);
    });
    const callers = clients.flatMap((each) => Array.from({ length: 8 }, () => makeCall(each)));
    const refused = (): Caller[] => callers.filter(({ code }) => code !== null);
    await until('some were refused', () => refused().length === 8);
    expect(refused().map(({ code }) => code)).toEqual(Array(8).fill(status.RESOURCE_EXHAUSTED));
    for (const { call } of callers) call.cancel();
    for (const each of clients) each.close();
    await until('there is room again', () => refused().length === callers.length);
    await expectServing();
  });
});

describe('a stream', () => {
  test('ends when the same data directory opens another, and only then', async () => {
    const [first, other, otherDisk] = [await greet(2), await greet(3), await greet(2, 2)];
    await greet(2);
    await until('the first is over', () => first.code !== null);
    expect(first.code).toBe(status.ABORTED);
    expect([other.code, otherDisk.code]).toEqual([null, null]);
  });

  test('is answered in order when its caller ends it', async () => {
    const caller = await greet();
    caller.call.end();
    await until('it is over', () => caller.code !== null);
    expect(caller.code).toBe(status.OK);
    expect(node.log.lines).toEqual([]);
  });
});
