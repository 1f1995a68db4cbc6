// Direct calls beside grpc-js: two servers with the same handlers, one of which has grpc-js serve everything. Whatever bytes
// are sent, in whatever pieces and with whatever headers, both answer the same. What is said over HTTP/2 is compared raw.
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import {
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { STORE } from '../../src/client/protos.js';
import { DirectCalls } from '../../src/service/direct-calls.js';
import { tolerant } from '../../src/service/messages-in.js';
import type { UnaryAnswer, UnaryCall } from '../../src/service/unary.js';

const LIMITS = { receiveBytesMax: 1000, sendBytesMax: 2000 };
const { Put } = STORE;
const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 3000 : 60;

interface Request {
  readonly key?: string;
}

/** What a handler was told, and what it did: the key of a request chooses. */
function put(call: UnaryCall<Request>, answer: UnaryAnswer<object>): void {
  const { key = 'none' } = call.request;
  const id = String(call.metadata.get('x-request-id')[0]);
  const isLimited = Number.isFinite(Number(call.getDeadline()));
  const node = `${key} ${id} ${isLimited} ${/^127\.0\.0\.1:\d+$/.test(call.getPeer())}`;
  if (key === 'fail') {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([1, 2, 3]));
    metadata.set('x-why', 'because');
    answer({ code: status.ABORTED, details: 'ä % \n no', metadata });
  } else if (key === 'large') {
    answer(null, { header: { node: 'n'.repeat(LIMITS.sendBytesMax) } });
  } else if (key === 'wrong') {
    answer(null, { header: 5 });
  } else if (key !== 'never') {
    setImmediate(() => answer(null, { header: { node }, createdRevision: 7 }));
  }
}

async function serve(isDirect: boolean): Promise<{ server: Server; session: ClientHttp2Session }> {
  const server = new Server({
    'grpc.max_receive_message_length': LIMITS.receiveBytesMax,
    'grpc.max_send_message_length': LIMITS.sendBytesMax,
    'grpc.enable_channelz': 0,
  });
  const direct = new DirectCalls(server, LIMITS);
  const definition = tolerant({ Put });
  server.addService(definition, { Put: put });
  if (isDirect) direct.add(definition, { Put: put });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const session = connect(`http://127.0.0.1:${port}`);
  return { server, session };
}

type Side = Awaited<ReturnType<typeof serve>>;
let sides: [Side, Side];

beforeAll(async () => {
  setLogVerbosity(logVerbosity.NONE);
  sides = [await serve(true), await serve(false)];
});

afterAll(() => {
  for (const { server, session } of sides) {
    session.destroy();
    server.forceShutdown();
  }
});

interface Sent {
  readonly pieces: readonly Buffer[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: Store.Put. */
  readonly path?: string;
}

interface Told {
  readonly http: unknown;
  /** grpc-js tells the date. */
  readonly isDirect: boolean;
  readonly said: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const COMPARED = [
  'content-type',
  'grpc-status',
  'grpc-message',
  'grpc-status-details-bin',
  'x-why',
];

/** Sends pieces, each in a frame of its own, and tells what came back. */
function send({ session }: Side, { pieces, headers = {}, path = Put.path }: Sent): Promise<Told> {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const got: IncomingHttpHeaders = {};
  const body: Buffer[] = [];
  const note = (told: IncomingHttpHeaders): void => void Object.assign(got, told);
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('data', (bytes: Buffer) => body.push(bytes));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return new Promise((resolve, reject) => {
    stream.on('error', reject);
    stream.on('close', () => {
      // grpc-js says "OK" beside its code; nobody needs it.
      const message = got['grpc-message'] === 'OK' ? undefined : got['grpc-message'];
      const said = { ...got, 'grpc-message': message };
      resolve({
        http: got[':status'],
        isDirect: got.date === undefined,
        said: Object.fromEntries(COMPARED.map((name) => [name, said[name as keyof typeof said]])),
        body: Buffer.concat(body).toString('hex'),
      });
    });
  });
}

async function both(sent: Sent): Promise<[Told, Told]> {
  const [direct, library] = sides;
  return [await send(direct, sent), await send(library, sent)];
}

function expectSame([direct, library]: readonly [Told, Told]): void {
  expect({ ...direct, isDirect: false }).toEqual(library);
}

function framed(message: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const asKey = (key: string): Buffer => Put.requestSerialize({ key });
const whole = (key: string): Buffer => framed(asKey(key));
const deserialize = (told: Told): string =>
  Put.responseDeserialize(Buffer.from(told.body, 'hex').subarray(5)).header?.node ?? '';

const ROWS: Readonly<Record<string, Sent>> = {
  'a request': { pieces: [whole('k')] },
  'an empty message': { pieces: [framed(Buffer.alloc(0))] },
  'a request in two pieces': { pieces: [whole('key').subarray(0, 7), whole('key').subarray(7)] },
  'a prefix in pieces': { pieces: [...whole('key')].map((byte) => Buffer.from([byte])) },
  'no message': { pieces: [] },
  'half a message': { pieces: [whole('key').subarray(0, 8)] },
  'two messages at once': { pieces: [Buffer.concat([whole('a'), whole('b')])] },
  'two messages one after the other': { pieces: [whole('a'), whole('b')] },
  'a message and the beginning of another': { pieces: [whole('a'), Buffer.from([0, 0])] },
  'a message that says it is too large': { pieces: [Buffer.from([0, 0, 0, 4, 0, 1, 1])] },
  'a message that is too large': { pieces: [framed(Buffer.alloc(1001))] },
  'bytes that are no message of the method': { pieces: [framed(Buffer.from([0xa7, 6]))] },
  'a failure with details': { pieces: [whole('fail')] },
  'an answer that is too large': { pieces: [whole('large')] },
  'an answer that cannot be written': { pieces: [whole('wrong')] },
  'a request id': { pieces: [whole('k')], headers: { 'x-request-id': 'abc' } },
  'a request id of other letters': {
    pieces: [whole('k')],
    headers: { 'x-request-id': 'ab\u00e4' },
  },
  'a deadline': { pieces: [whole('k')], headers: { 'grpc-timeout': '5S' } },
  'a deadline that passes': { pieces: [whole('never')], headers: { 'grpc-timeout': '20m' } },
  'a deadline that nobody can read': { pieces: [whole('k')], headers: { 'grpc-timeout': 'soon' } },
  'a flag for compression without its name': { pieces: [framed(asKey('k'), 1)] },
  'a compressed request': {
    pieces: [framed(gzipSync(asKey('k')), 1)],
    headers: { 'grpc-encoding': 'gzip' },
  },
  'an encoding that nobody knows': {
    pieces: [framed(asKey('k'), 1)],
    headers: { 'grpc-encoding': 'brotli' },
  },
  'a method that nobody knows': { pieces: [whole('k')], path: '/quorate.v1.Store/None' },
  'another kind of content': { pieces: [], headers: { 'content-type': 'text/plain' } },
};

test.each(Object.entries(ROWS))('%s is answered as by grpc-js', async (_name, sent) => {
  expectSame(await both(sent));
});

test('a request is read, and what its headers say with it', async () => {
  const headers = { 'x-request-id': 'abc', 'grpc-timeout': '5S' };
  const [direct] = await both({ pieces: [whole('k')], headers });
  expect(deserialize(direct)).toBe('k abc true true');
  expect(direct).toMatchObject({ http: 200, isDirect: true, said: { 'grpc-status': '0' } });
});

const outline = ({ http, said, body }: Told): object => ({
  http,
  isDone: said['grpc-status'] === '0',
  isOurs: said['grpc-status-details-bin'] !== undefined,
  body,
});

test('any bytes in any pieces are answered, or refused, as by grpc-js', async () => {
  const messages = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => framed(Buffer.from(bytes))),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(whole('k'), whole('fail')),
    ),
    { maxLength: 3 },
  );
  const cuts = fc.array(fc.nat(100), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(messages, cuts, async (sent, at) => {
      const bytes = Buffer.concat(sent);
      const edges = [0, ...at.map((cut) => Math.min(cut, bytes.length)), bytes.length];
      const sorted = edges.sort((left, right) => left - right);
      const pieces = sorted
        .slice(1)
        .map((end, index) => bytes.subarray(sorted[index], end))
        .filter(({ length }) => length > 0);
      const [direct, library] = await both({ pieces });
      // Of several faults each may name another.
      expect(outline(direct)).toEqual(outline(library));
    }),
    { numRuns: ROUNDS },
  );
});

test('a caller that goes away leaves the connection as it was', async () => {
  const [direct] = sides;
  const stream = direct.session.request({
    ':method': 'POST',
    ':path': Put.path,
    'content-type': 'application/grpc',
    'grpc-timeout': '5S',
  });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.on('error', () => {});
  stream.end(whole('never'));
  stream.close(8);
  await closed;
  expect(deserialize(await send(direct, { pieces: [whole('after')] }))).toMatch(/^after /);
});
