// Callers that are no clients: random bytes on every port, frames that lie, every method with any payload and any field,
// streams by the thousand that nobody ends. Afterwards every daemon is the process it was, within a bound of memory, has
// logged no fault of its own, holds the state that the others hold, and serves a client as if nothing had been.
// More rounds: QUORATE_TEST_LONG=1; a run again: QUORATE_SEED=….
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import { errorFromStatus } from '../../src/client/status-details.js';
import { startCleanDaemons } from '../support/cluster.js';
import { anyRequest, callRaw, dial, frame, METHODS } from '../support/grpc-words.js';
import type { AnyMethod, RawCall } from '../support/grpc-words.js';

const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 10 : 1;
const SEED = Number(process.env['QUORATE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** A daemon at rest has about 90 MiB; a request may have 1.5 MiB, and garbage is collected late. */
const RSS_MIB_MAX = 400;
const LIMIT_MS = 120_000 * ROUNDS;

let cluster: LocalCluster;
let pids: (number | null)[];

beforeAll(async () => {
  console.info(`QUORATE_SEED=${SEED}`);
  cluster = await startCleanDaemons(3);
  await cluster.form();
  await cluster.settled();
  pids = cluster.daemons.map(({ pid }) => pid);
}, 60_000);

afterAll(() => cluster.close());

/** What holds whatever happened: the same processes, bounded, without a fault of their own, equal, serving. */
async function expectUnharmed(): Promise<void> {
  expect(cluster.daemons.map(({ pid }) => pid)).toEqual(pids);
  await cluster.settled();
  const [n1, ...others] = cluster.daemons;
  const id = `after-${Math.random()}`;
  await n1?.client.putSession({ id, attributes: { ok: Buffer.from('yes') } });
  for (const { client } of others) {
    const { session } = await client.getSession({ id });
    expect(session?.attributes['ok']?.toString()).toBe('yes');
  }
  await expectEqualStates();
  for (const { pid, logPath } of cluster.daemons) {
    expect(rssMib(pid)).toBeLessThan(RSS_MIB_MAX);
    const faults = readFileSync(logPath, 'utf8').split('\n');
    expect(faults.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  }
}

/** The sessions that each node itself has, once all have applied what is committed. */
async function expectEqualStates(): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const states = await Promise.all(
      cluster.daemons.map(async ({ client }) => {
        const { sessions } = await client.listSessions({ consistency: 'STALE', limit: 1000 });
        return JSON.stringify(sessions.map((session) => ({ ...session, remainingMs: 0 })));
      }),
    );
    const isEqual = states.every((state) => state === states[0]);
    if (isEqual || performance.now() > deadlineMs) {
      expect(new Set(states).size).toBe(1);
      return;
    }
    await pause(50);
  }
}

function rssMib(pid: number | null): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

function options(numRuns: number): { seed: number; numRuns: number; endOnFailure: true } {
  return { seed: SEED, numRuns: numRuns * ROUNDS, endOnFailure: true };
}

const anyPort = fc.nat(5).map((at) => {
  const { plan } = cluster.daemons[at % 3] ?? { plan: { api: '', address: '' } };
  return at < 3 ? plan.api : plan.address;
});

/** Writes the bytes and waits until the other end closes, or for a moment. */
function throwAt(address: string, bytes: Uint8Array, staysOpen: boolean): Promise<void> {
  return new Promise((resolve) => {
    const [host = '', port = ''] = address.split(':');
    const socket = connect({ host, port: Number(port) });
    const timer = setTimeout(() => socket.destroy(), 30);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    if (staysOpen) socket.write(bytes);
    else socket.end(bytes);
  });
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const bytes = fc.uint8Array({ maxLength: 2000 });

/** HTTP/2 frames with a type and flags of their own, and a length that may lie. */
const http2Frames = fc
  .array(fc.tuple(fc.nat(12), fc.nat(255), fc.nat(9), fc.uint8Array({ maxLength: 60 }), fc.nat(9)))
  .map((frames) =>
    Buffer.concat(
      frames.map(([type, flags, stream, payload, lie]) => {
        const length = lie === 0 ? 0xff_ff_ff : payload.length;
        const head = [
          length >> 16,
          (length >> 8) & 255,
          length & 255,
          type,
          flags,
          0,
          0,
          0,
          stream,
        ];
        return Buffer.concat([Buffer.from(head), payload]);
      }),
    ),
  );

test(
  'random bytes, and HTTP/2 of random frames, on every port',
  { timeout: LIMIT_MS },
  async () => {
    const garbage = fc.oneof(
      bytes.map((random) => Buffer.from(random)),
      bytes.map((random) => Buffer.concat([PREFACE, random])),
      http2Frames.map((frames) => Buffer.concat([PREFACE, SETTINGS, frames])),
      fc
        .constantFrom('GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x02\x00', 'SSH-2.0-x\r\n')
        .map((text) => Buffer.from(text, 'latin1')),
    );
    await fc.assert(fc.asyncProperty(anyPort, garbage, fc.boolean(), throwAt), options(150));
    await expectUnharmed();
  },
);

const headerValues = fc
  .string({ maxLength: 30 })
  .map((text) => text.replaceAll(/[^\x20-\x7e]/g, ''));
const anyHeaders = fc.record(
  {
    'content-type': fc.constantFrom('application/grpc', 'application/grpc+json', 'text/html', ''),
    te: fc.constant('trailers'),
    'grpc-timeout': fc.constantFrom('1n', '0m', '99999999H', '100000000S', '-1S', 'x', '5S'),
    'grpc-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'zstd'),
    'grpc-accept-encoding': headerValues,
    'x-request-id': fc.oneof(headerValues, fc.constant('r'.repeat(500))),
    'x-quorate-forwarded': fc.constantFrom('0', '1', '7', '-1', 'NaN', '1e99'),
    'x-quorate-via': fc.constantFrom('0', '5', '99999999999999999999'),
    'x-quorate-who': headerValues,
    'x-quorate-no-forward': headerValues,
    'grpc-status-details-bin': headerValues,
    'x-large': fc.constantFrom('small', 'l'.repeat(9000), 'l'.repeat(20_000)),
  },
  { requiredKeys: ['content-type'] },
);

const paths = [
  ...METHODS.map(({ path }) => path),
  '/quorate.raft.v1.PeerService/Exchange',
  '/quorate.v1.Cluster/NoSuchMethod',
  '/',
  '/commandcenter',
];

const anyCall: fc.Arbitrary<RawCall> = fc.record({
  path: fc.constantFrom(...paths),
  headers: anyHeaders,
  body: fc.oneof(
    bytes.map((payload) => frame(payload)),
    bytes.map((payload) => frame(payload, 0xff_ff_ff_ff)),
    fc.tuple(bytes, fc.nat(3000)).map(([payload, length]) => frame(payload, length)),
    fc.tuple(bytes, fc.nat(255)).map(([payload, flag]) => frame(payload, payload.length, flag)),
    fc.constant(frame(Buffer.alloc(3_000_000))),
    bytes.map((payload) => Buffer.concat([frame(payload), frame(payload)])),
    bytes,
  ),
  staysOpen: fc.boolean(),
});

test('every method with any headers and any payload', { timeout: LIMIT_MS }, async () => {
  await fc.assert(
    fc.asyncProperty(
      anyPort,
      fc.array(anyCall, { minLength: 1, maxLength: 8 }),
      async (to, calls) => {
        const session = dial(to);
        const statuses = await Promise.all(calls.map((call) => callRaw(session, call, 300)));
        session.destroy();
        const foreign = statuses.filter(
          (status) => status !== null && !(status >= 0 && status <= 16),
        );
        expect(foreign).toEqual([]);
      },
    ),
    options(60),
  );
  await expectUnharmed();
});

/** Asks; null: an answer came, or a stream did not end at once. */
function ask(client: Client, method: AnyMethod, request: object): Promise<ServiceError | null> {
  const { path, requestSerialize, responseDeserialize, requestStream, responseStream } = method;
  return new Promise((resolve) => {
    if (!requestStream && !responseStream) {
      const options = { deadline: Date.now() + 4000 };
      const ended = (error: ServiceError | null): void => resolve(error);
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, ended);
      return;
    }
    const metadata = new Metadata();
    const call = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    const timer = setTimeout(() => end(null), 1000);
    const end = (error: ServiceError | null): void => {
      clearTimeout(timer);
      resolve(error);
      call.cancel();
    };
    call.on('data', () => end(null));
    call.on('error', end);
    call.write(request);
    if (!requestStream) call.end();
  });
}

test(
  'every method with any field: an answer, or a refusal of ours',
  { timeout: LIMIT_MS },
  async () => {
    const clients = cluster.daemons.map(({ api }) => new Client(api, credentials.createInsecure()));
    const anyFields = fc
      .constantFrom(...METHODS)
      .chain((method) => anyRequest(method).map((request) => ({ method, request })))
      // A removal that is meant is carried out, and the node is gone; a setting may leave the cluster without a primary.
      .map(({ method, request }) =>
        /\/(Remove|ChangeSettings)$/.test(method.path)
          ? { method, request: { ...request, dryRun: true } }
          : { method, request },
      );
    await fc.assert(
      fc.asyncProperty(fc.nat(2), anyFields, async (at, { method, request }) => {
        const client = clients[at];
        if (client === undefined) throw new Error('expected a client');
        const error = await ask(client, method, request);
        const refusal = error === null ? null : (errorFromStatus(error)?.code ?? error.message);
        expect(refusal).toSatisfy(
          (code: string | null) => code === null || (/^[A-Z_]+$/.test(code) && code !== 'INTERNAL'),
        );
      }),
      options(200),
    );
    for (const client of clients) client.close();
    await expectUnharmed();
  },
);

test(
  'streams by the thousand, and connections by the hundred, that nobody ends',
  { timeout: LIMIT_MS },
  async () => {
    const ports = cluster.daemons.flatMap(({ plan: { api, address } }) => [api, address]);
    const sessions = ports.map(dial);
    const sockets = ports.flatMap((address) => {
      const [host = '', port = ''] = address.split(':');
      return Array.from({ length: 100 }, () =>
        connect({ host, port: Number(port) }).on('error', () => {}),
      );
    });
    for (const [at, session] of sessions.entries()) {
      const path = paths[at % 2 === 0 ? 0 : METHODS.length] ?? '';
      const headers = { 'content-type': 'application/grpc', te: 'trailers' };
      const open = Array.from({ length: 1500 }, () =>
        callRaw(session, { path, headers, body: Buffer.from([0]), staysOpen: true }, 60_000),
      );
      void Promise.all(open);
    }
    // While they stand, others are served.
    for (const { client } of cluster.daemons) await client.putSession({ id: 'meanwhile' });
    for (const session of sessions) session.destroy();
    for (const socket of sockets) socket.destroy();
    await expectUnharmed();
  },
);
