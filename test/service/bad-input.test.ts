// Bad input, row by row of proto/bad-input.md, really sent over gRPC. Each is answered with the canonical code, the reason and the
// details that the page tells, and a hint; no row is without a test, and no test without a row.
import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  CLIENT_SESSIONS,
  CLUSTER,
  POLICIES,
  SERVICES,
  SESSIONS,
  STORE,
} from '../../src/client/protos.js';
import { errorFromStatus } from '../../src/client/status-details.js';
import { GRPC_CODES } from '../../src/errors.js';
import type { QuorateError } from '../../src/errors.js';
import { TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

interface Row {
  readonly code: string;
  readonly reason: string;
  readonly details: readonly string[];
}

const page = readFileSync(new URL('../../proto/bad-input.md', import.meta.url), 'utf8');
const ROWS = new Map<string, Row>(
  page
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes(' `'))
    .map((line): [string, Row] => {
      const [, name = '', code = '', reason = '', details = ''] = line
        .split('|')
        .map((cell) => cell.trim());
      const words = [...details.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
      return [name, { code: bare(code), reason: bare(reason), details: words }];
    }),
);

function bare(cell: string): string {
  return cell.replaceAll('`', '');
}

const cluster = new TestCluster();
const clients = new Map<TestNode, Client>();
let members: [TestNode, TestNode];
let clean: TestNode;

/** Who leads and who does not: on a loaded machine that may change between rows. */
function roles(): { readonly leader: TestNode; readonly standby: TestNode } {
  const [one, two] = members;
  const isSecond = two.node.status().role === 'leader';
  return isSecond ? { leader: two, standby: one } : { leader: one, standby: two };
}

beforeAll(async () => {
  members = (await cluster.form(2)) as [TestNode, TestNode];
  clean = await cluster.add(3);
}, 60_000);

afterAll(async () => {
  for (const client of clients.values()) client.close();
  await cluster.stop();
});

/** What came of a call: gRPC's status, and ours if there is one. */
interface Told {
  readonly code: number;
  readonly error: QuorateError | null;
}

interface SendOptions {
  readonly to?: TestNode;
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Sends bytes to a method and reads what it ends with; of a stream, after its caller has said all. */
function sendBytes(path: string, bytes: Buffer, options: SendOptions = {}): Promise<Told> {
  const { to = roles().leader, timeoutMs = 10_000, metadata = {} } = options;
  const client = clients.get(to) ?? new Client(to.api, credentials.createInsecure());
  clients.set(to, client);
  const sent = new Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  const same = (given: Buffer): Buffer => given;
  const stream = client.makeBidiStreamRequest(path, same, same, sent, {
    deadline: Date.now() + timeoutMs,
  });
  return new Promise((resolve) => {
    let failed: ServiceError | null = null;
    stream.on('data', () => {});
    stream.on('error', (error: ServiceError) => (failed = error));
    stream.on('status', ({ code }) => {
      setImmediate(() => {
        resolve({ code, error: failed === null ? null : errorFromStatus(failed) });
      });
    });
    stream.write(bytes);
    stream.end();
  });
}

function send<Request>(
  method: MethodDefinition<Request, object>,
  request: Request,
  options: SendOptions = {},
): Promise<Told> {
  return sendBytes(method.path, method.requestSerialize(request), options);
}

const VALUE = Buffer.from('x');
const MIB = 1024 * 1024;
/** A message whose field 1 is `k`, and -1 as other languages send it: our own encoder makes 0 of it. */
const MESSAGE_K = [0x0a, 0x01, 0x6b];
const MINUS_ONE = [...Array.from({ length: 9 }, () => 0xff), 0x01];

function put(key: string, more: object = {}): Promise<Told> {
  return send(STORE.Put, { key, value: VALUE, ...more });
}

function ttl(ttlMs: number): Promise<Told> {
  return send(SESSIONS.Put, { id: 'lives', ttlMs });
}

/** A client session with one request that was answered. */
async function opened(): Promise<string> {
  const { session } = await members[0].ask(CLIENT_SESSIONS.Open, {});
  await members[0].ask(STORE.Put, { key: 'once', value: VALUE, client: { session, sequence: 1 } });
  return session;
}

const SENT: Readonly<Record<string, () => Promise<readonly Told[]>>> = {
  'a request beyond 1.5 MiB and its frame': async () => [
    await send(STORE.Put, { key: 'k', value: Buffer.alloc(2 * MIB) }),
  ],
  'a value beyond 1 MiB': async () => [
    await send(STORE.Put, { key: 'k', value: Buffer.alloc(MIB + 1) }),
  ],
  'an id or a key that is too long': async () => [
    await put('k'.repeat(1025)),
    await send(STORE.Get, { key: 'ä'.repeat(513) }),
    await send(SESSIONS.Put, { id: 's'.repeat(513) }),
  ],
  'an empty id or key': async () => [await put(''), await send(SESSIONS.Get, { id: '' })],
  'text that is not UTF-8, or has U+FFFD': async () => [
    await sendBytes(STORE.Put.path, Buffer.from([0x0a, 0x02, 0xff, 0xfe])),
    await put('k\ufffd'),
    await sendBytes(SESSIONS.Put.path, Buffer.from([0x0a, 0x01, 0xc0])),
  ],
  'bytes that are no message of the method': async () => [
    await sendBytes(STORE.Put.path, Buffer.from([0xa7, 0x06])),
    await sendBytes(STORE.Pipeline.path, Buffer.from([0x0a, 0x7f])),
    await sendBytes(CLUSTER.Watch.path, Buffer.from([0xa7, 0x06])),
  ],
  'fields that this version does not know': async () => {
    const known = STORE.Put.requestSerialize({ key: 'newer', value: VALUE });
    // Field 900 with a number, field 901 with text.
    const unknown = Buffer.from([0xa0, 0x38, 0x07, 0xaa, 0x38, 0x02, 0x68, 0x69]);
    return [await sendBytes(STORE.Put.path, Buffer.concat([known, unknown]))];
  },
  'a value of an enum that this version does not know': async () => [
    await sendBytes(STORE.Get.path, Buffer.from([0x0a, 0x01, 0x6b, 0x10, 0x63])),
    await sendBytes(STORE.Transact.path, Buffer.from([0x0a, 0x05, 0x0a, 0x01, 0x6b, 0x10, 0x63])),
  ],
  'a method that this version does not know': async () => [
    await sendBytes('/quorate.v1.Store/Newer', Buffer.alloc(0)),
  ],
  'a time to live below 2 s, negative, or beyond 24 h': async () => [
    await ttl(0),
    await ttl(1999),
    await sendBytes(SESSIONS.Put.path, Buffer.from([...MESSAGE_K, 0x28, ...MINUS_ONE])),
    await ttl(86_400_001),
    await ttl(2 ** 60),
  ],
  'a revision that is negative or beyond 2^53': async () => [
    await sendBytes(STORE.Put.path, Buffer.from([...MESSAGE_K, 0x18, ...MINUS_ONE])),
    await send(SESSIONS.Delete, { id: 's', ifRevision: 2 ** 60 }),
  ],
  'a stale revision': async () => {
    await put('stale');
    await send(SESSIONS.Put, { id: 'stale' });
    return [
      await put('stale', { ifRevision: 0 }),
      await send(STORE.Delete, { key: 'stale', ifRevision: 1 }),
      await send(SESSIONS.Put, { id: 'stale', ifRevision: 1 }),
      await send(SESSIONS.Delete, { id: 'stale', ifRevision: 1 }),
    ];
  },
  'another value than expected': async () => [await put('stale', { ifValue: Buffer.from('y') })],
  'a sequence that is replayed': async () => {
    const client = { session: await opened(), sequence: 1 };
    return [await put('another', { client })];
  },
  'a sequence whose answer was acknowledged': async () => {
    const session = await opened();
    await put('once', { client: { session, sequence: 2, acknowledgedBelow: 2 } });
    return [await put('once', { client: { session, sequence: 1 } })];
  },
  'a client session that the cluster does not know': async () => [
    await put('k', { client: { session: '0'.repeat(32), sequence: 1 } }),
  ],
  'a sequence of 0, or a client session that cannot be one': async () => [
    await put('k', { client: { session: await opened(), sequence: 0 } }),
    await put('k', { client: { session: 'me', sequence: 1 } }),
  ],
  'a sequence beyond the window': async () => [
    await put('k', { client: { session: await opened(), sequence: 5000 } }),
  ],
  'a transaction of more than 128 operations': async () => {
    const gets = Array.from({ length: 129 }, () => ({ get: { key: 'k' } }));
    const compares = Array.from({ length: 129 }, () => ({ key: 'k', revision: 0 }));
    return [
      await send(STORE.Transact, { success: gets }),
      await send(STORE.Transact, { failure: gets }),
      await send(STORE.Transact, { compares }),
    ];
  },
  'a transaction that writes a key twice': async () => [
    await send(STORE.Transact, {
      success: [{ put: { key: 'k', value: VALUE } }, { delete: { key: 'k' } }],
    }),
  ],
  'a transaction that reads more than 1.5 MiB': async () => {
    for (const key of ['big/1', 'big/2']) {
      await send(STORE.Put, { key, value: Buffer.alloc(MIB) });
    }
    const success = ['big/1', 'big/2'].map((key) => ({ get: { key } }));
    return [await send(STORE.Transact, { success })];
  },
  'a report that tells neither load nor health, or a provider twice': async () => {
    const report = { service: 'web', id: 'a' };
    const loaded = { ...report, load: 1 };
    return [
      await send(SERVICES.Report, { reports: [report] }),
      await send(SERVICES.Report, { reports: [loaded, loaded] }),
    ];
  },
  "a name of a policy that cannot be a file's": async () => [
    await send(POLICIES.Put, { name: '.hidden' }),
    await send(POLICIES.Put, { name: 'a/b' }),
    await send(POLICIES.Put, { name: 'a'.repeat(64) }),
    await send(POLICIES.Get, { name: '' }),
    await send(POLICIES.NodeStatus, { names: ['..'] }),
  ],
  'a version of a policy that is not in force': async () => [
    await send(POLICIES.Put, { name: 'absent', ifVersion: 1 }),
    await send(POLICIES.Delete, { name: 'absent', ifVersion: 1 }),
  ],
  'a version of a policy that has no document': async () => {
    await send(POLICIES.Put, { name: 'gone' });
    await send(POLICIES.Delete, { name: 'gone' });
    return [
      await send(POLICIES.Get, { name: 'gone', version: 2 }),
      await send(POLICIES.RollBack, { name: 'gone', version: 3 }),
    ];
  },
  'a service that nobody well offers': async () => {
    const sick = {
      service: 'sick',
      id: 'a',
      address: 'x:1',
      health: 'PROVIDER_UNHEALTHY',
    } as const;
    await send(SERVICES.Register, sick);
    return [
      await send(SERVICES.Resolve, { service: 'nobody' }),
      await send(SERVICES.Resolve, { service: 'sick' }),
      await send(SERVICES.Resolve, { service: 'sick' }, { to: roles().standby }),
    ];
  },
  'a page of more than 1000': async () => [
    await send(STORE.List, { limit: 1001 }),
    await send(SESSIONS.List, { limit: 1001 }),
    await send(CLUSTER.Events, { limit: 1001 }),
  ],
  'a watch of more than 64 filters': async () => [
    await send(CLUSTER.Watch, { filters: Array.from({ length: 65 }, () => ({ key: 'k' })) }),
  ],
  'a stream that its caller closes in the middle': async () => [
    await send(STORE.Pipeline, { operations: [{ put: { key: 'half', value: VALUE } }] }),
    await send(SESSIONS.KeepAlive, { ids: ['nobody'] }),
  ],
  'metadata that is out of bounds': async () => [
    await send(STORE.Get, { key: 'k' }, { metadata: { 'x-request-id': 'r'.repeat(129) } }),
  ],
  'a standby that shall not forward': async () => {
    const options = { to: roles().standby, metadata: { 'x-quorate-no-forward': '1' } };
    return [
      await send(STORE.Put, { key: 'k', value: VALUE }, options),
      await send(SESSIONS.Get, { id: 's' }, options),
    ];
  },
  'a node that belongs to no cluster': async () => [
    await send(STORE.Put, { key: 'k', value: VALUE }, { to: clean }),
    await send(CLUSTER.Watch, {}, { to: clean }),
  ],
  'a caller without the right': async () => {
    for (const member of members) member.isAuthorised = false;
    const told = [await put('k'), await send(STORE.Pipeline, {}), await send(CLUSTER.Watch, {})];
    for (const member of members) member.isAuthorised = true;
    return told;
  },
  'a deadline that is over': async () => [
    await send(STORE.Get, { key: 'k' }, { timeoutMs: -1 }),
    await send(STORE.Pipeline, {}, { timeoutMs: -1 }),
  ],
  'a write that gets no quorum before its deadline': async () => {
    cluster.cut(roles().standby.id);
    return [await send(STORE.Put, { key: 'k', value: VALUE }, { timeoutMs: 4000 })];
  },
  'a read without a quorum': async () => [
    await send(STORE.Get, { key: 'k' }, { to: members[0], timeoutMs: 3000 }),
    await send(STORE.Get, { key: 'k' }, { to: members[1], timeoutMs: 3000 }),
  ],
};

test('each row of the page has a test, and each test a row', () => {
  expect([...ROWS.keys()]).toEqual(Object.keys(SENT));
});

test.each([...ROWS])(
  '%s is answered as the page says',
  async (name, { code, reason, details }) => {
    const all = (await SENT[name]?.()) ?? [];
    expect(all.length).toBeGreaterThan(0);
    for (const [at, told] of all.entries()) {
      const canonical = Object.entries(GRPC_CODES).find(([, number]) => number === told.code)?.[0];
      expect([at, canonical, told.error?.code ?? '']).toEqual([at, code, reason]);
      for (const key of details) expect(told.error?.data[key]).toMatch(/./);
      // A sentence, with nothing in capitals that should have been filled in.
      expect(told.error?.hint ?? 'None.').toMatch(/^(?!.*\b[A-Z]{4,}\.).+\.$/);
    }
    expect(members.flatMap(({ fatal }) => fatal)).toEqual([]);
  },
  30_000,
);
