// The table of methods in proto/README.md against a running server: by reflection each method has one row and no row is made up.
// Idempotency is what the descriptor and the request's field `client` say, and what is refused is refused as the row tells.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { JOBS, LOCKS, POLICIES, SERVICES, SESSIONS, STORE } from '../../src/client/protos.js';
import { isErrorCode } from '../../src/errors.js';
import type { QuorateError } from '../../src/errors.js';
import { TestCluster } from './harness.js';
import type { TestNode } from './harness.js';
import { Inquiry } from './inquiry.js';
import type { DescribedMethod } from './inquiry.js';

interface Row {
  readonly consistency: string;
  readonly idempotency: string;
  readonly errors: readonly string[];
  readonly limits: string;
}

const page = readFileSync(new URL('../../proto/README.md', import.meta.url), 'utf8');
const [prose = '', table = ''] = page.split('| Method |');
const rows = new Map<string, Row>(
  table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line): [string, Row] => {
      const [, name = '', consistency = '', idempotency = '', errors = '', limits = ''] = line
        .split('|')
        .map((cell) => cell.trim());
      return [
        name.replaceAll('`', ''),
        { consistency, idempotency, errors: codes(errors), limits },
      ];
    }),
);

function codes(text: string): string[] {
  return [...text.matchAll(/`([A-Z_]{4,})`/g)].map(([, code = '']) => code);
}

const cluster = new TestCluster();
const methods = new Map<string, DescribedMethod & { readonly isCovered: boolean }>();
let node: TestNode;

beforeAll(async () => {
  [node] = (await cluster.form(1)) as [TestNode];
  const inquiry = new Inquiry(node.api, 'v1');
  for (const service of await inquiry.services()) {
    const file = await inquiry.fileOf(service);
    const own = file.service.find(({ name }) => `${file.package}.${name}` === service);
    for (const method of own?.method ?? []) {
      const input = file.messageType.find(({ name }) => method.inputType.endsWith(`.${name}`));
      const isCovered = input?.field.some(({ name }) => name === 'client') === true;
      methods.set(`${service}/${method.name}`, { ...method, isCovered });
    }
  }
  inquiry.close();
});

afterAll(async () => {
  await cluster.stop();
});

test('every method that the server lists has a row, and no row is made up', () => {
  expect([...rows.keys()].toSorted()).toEqual([...methods.keys()].toSorted());
});

test('idempotency is what the descriptor says, and whether the request has a place for a client session', () => {
  for (const [name, { idempotency }] of rows) {
    const method = methods.get(name);
    const level = method?.options?.idempotencyLevel ?? 'IDEMPOTENCY_UNKNOWN';
    const expected = method?.isCovered === true ? 'once' : 'no';
    const told = level === 'NO_SIDE_EFFECTS' ? 'no side effects' : expected;
    expect([name, idempotency.split(',')[0]]).toEqual([name, told]);
  }
});

test('every reason that the page names is in the table of errors', () => {
  const reasons = [...rows.values()].flatMap(({ errors }) => errors);
  expect(reasons.length).toBeGreaterThan(30);
  const named = [...reasons, ...codes(prose)].filter((code) => code !== 'NO_SIDE_EFFECTS');
  for (const code of named.filter((one) => one !== 'LEASED' && one !== 'STALE')) {
    expect([code, isErrorCode(code)]).toEqual([code, true]);
  }
});

const PROVIDER = { service: 's', id: 'a' };
const VALUE = Buffer.from('x');
const MANY = Array.from({ length: 129 }, (_, at) => ({ delete: { key: `k${at}` } }));
const WRITE = { isWrite: true } as const;
const LARGE = Buffer.alloc(256 * 1024 + 1);

test.each<[string, string, string, () => Promise<QuorateError>]>([
  ['Sessions/Put', 'id 1 to 512 bytes', 'TOO_LARGE', () => putSession({ id: 'i'.repeat(513) })],
  ['Sessions/Put', '2 s to 24 h', 'INVALID_ARGUMENT', () => putSession({ id: 'i', ttlMs: 1999 })],
  ['Sessions/Put', '', 'REVISION_MISMATCH', () => putSession({ id: 'i', ifRevision: 7 })],
  ['Sessions/Get', '', 'SESSION_NOT_FOUND', () => node.refused(SESSIONS.Get, { id: 'none' })],
  [
    'Sessions/Touch',
    '',
    'SESSION_NOT_FOUND',
    () => node.refused(SESSIONS.Touch, { id: 'n' }, WRITE),
  ],
  [
    'Sessions/List',
    '1000 sessions',
    'INVALID_ARGUMENT',
    () => node.refused(SESSIONS.List, { limit: 1001 }),
  ],
  [
    'Store/Put',
    'key 1 to 1024 bytes',
    'TOO_LARGE',
    () => put({ key: 'k'.repeat(1025), value: VALUE }),
  ],
  [
    'Store/Put',
    'value 1 MiB',
    'TOO_LARGE',
    () => put({ key: 'k', value: Buffer.alloc(1024 * 1024 + 1) }),
  ],
  [
    'Locks/Acquire',
    'value 4096 bytes',
    'TOO_LARGE',
    () => acquire({ session: 's', value: Buffer.alloc(4097) }),
  ],
  ['Locks/Acquire', 'delay 60 s', 'INVALID_ARGUMENT', () => acquire({ delayMs: 60_001 })],
  ['Locks/Acquire', '', 'SESSION_NOT_FOUND', () => acquire({ session: 'none' })],
  ['Locks/Get', '', 'LOCK_NOT_FOUND', () => node.refused(LOCKS.Get, { name: 'none' })],
  ['Jobs/Submit', 'type 255 bytes', 'TOO_LARGE', () => submitJob({ type: 't'.repeat(256) })],
  ['Jobs/Submit', 'payload 256 KiB', 'TOO_LARGE', () => submitJob({ payload: LARGE })],
  ['Jobs/Submit', '1000 attempts', 'INVALID_ARGUMENT', () => submitJob({ attempts: 1001 })],
  ['Jobs/Submit', '1 s to 24 h', 'INVALID_ARGUMENT', () => submitJob({ heartbeatMs: 999 })],
  ['Jobs/Claim', '32 types', 'INVALID_ARGUMENT', () => node.refused(JOBS.Claim, {}, WRITE)],
  ['Jobs/RecordStep', 'result 64 KiB', 'TOO_LARGE', () => recordStep({ result: LARGE })],
  ['Jobs/RecordStep', 'name 1 to 255 bytes', 'INVALID_ARGUMENT', () => recordStep({ name: '' })],
  ['Jobs/RecordStep', '', 'JOB_NOT_FOUND', () => recordStep({})],
  ['Jobs/Cancel', '', 'JOB_NOT_FOUND', () => node.refused(JOBS.Cancel, { id: 'none' }, WRITE)],
  ['Jobs/Get', '', 'JOB_NOT_FOUND', () => node.refused(JOBS.Get, { id: 'none' })],
  ['Jobs/List', '1000 jobs', 'INVALID_ARGUMENT', () => node.refused(JOBS.List, { limit: 1001 })],
  ['Locks/List', '1000 locks', 'INVALID_ARGUMENT', () => node.refused(LOCKS.List, { limit: 1001 })],
  ['Policies/Put', 'document 256 KiB', 'TOO_LARGE', () => putPolicy({ document: LARGE })],
  ['Policies/Put', 'reason 512 bytes', 'TOO_LARGE', () => putPolicy({ reason: 'r'.repeat(513) })],
  ['Policies/Put', '', 'VERSION_MISMATCH', () => putPolicy({ ifVersion: 7 })],
  [
    'Policies/RollBack',
    '',
    'POLICY_NOT_FOUND',
    () => node.refused(POLICIES.RollBack, { name: 'none', version: 1 }, WRITE),
  ],
  ['Policies/Get', '', 'POLICY_NOT_FOUND', () => node.refused(POLICIES.Get, { name: 'none' })],
  [
    'Policies/History',
    '',
    'POLICY_NOT_FOUND',
    () => node.refused(POLICIES.History, { name: 'none' }),
  ],
  [
    'Policies/List',
    '1000 policies',
    'INVALID_ARGUMENT',
    () => node.refused(POLICIES.List, { limit: 1001 }),
  ],
  [
    'Policies/Status',
    '200 policies',
    'INVALID_ARGUMENT',
    () => node.refused(POLICIES.Status, { limit: 201 }),
  ],
  [
    'Policies/NodeStatus',
    '1000 names',
    'TOO_LARGE',
    () => node.refused(POLICIES.NodeStatus, { names: Array.from({ length: 1001 }, () => 'p') }),
  ],
  ['Services/Register', 'id 1 to 255 bytes', 'TOO_LARGE', () => offer({ id: 'i'.repeat(256) })],
  ['Services/Register', '', 'SESSION_NOT_FOUND', () => offer({ session: 'none' })],
  ['Services/Register', '', 'UNKNOWN_NODE', () => offer({ node: 'none' })],
  ['Services/Register', '32 tags', 'TOO_LARGE', () => offer({ tags: manyTags(33) })],
  ['Services/Register', '2048 bytes', 'TOO_LARGE', () => offer({ tags: { t: 'v'.repeat(2048) } })],
  ['Services/Register', 'load 1 000 000 000', 'INVALID_ARGUMENT', () => offer({ load: 1e9 + 1 })],
  ['Services/Get', '', 'PROVIDER_NOT_FOUND', () => node.refused(SERVICES.Get, PROVIDER)],
  ['Services/Resolve', '', 'NO_PROVIDER', () => node.refused(SERVICES.Resolve, { service: 's' })],
  [
    'Services/List',
    '1000 providers',
    'INVALID_ARGUMENT',
    () => node.refused(SERVICES.List, { limit: 1001 }),
  ],
  ['Store/Put', '', 'REVISION_MISMATCH', () => put({ key: 'k', value: VALUE, ifRevision: 7 })],
  ['Store/Put', '', 'VALUE_MISMATCH', () => put({ key: 'k', value: VALUE, ifValue: VALUE })],
  ['Store/Get', '', 'KEY_NOT_FOUND', () => node.refused(STORE.Get, { key: 'none' })],
  ['Store/List', '1000 keys', 'INVALID_ARGUMENT', () => node.refused(STORE.List, { limit: 1001 })],
  [
    'Store/Transact',
    '128 operations',
    'TOO_LARGE',
    () => node.refused(STORE.Transact, { success: MANY }, WRITE),
  ],
])('%s, %s: %s', async (method, limit, code, refused) => {
  const row = rows.get(`quorate.v1.${method}`);
  expect(row?.limits).toContain(limit);
  expect((await refused()).code).toBe(code);
  expect([...(row?.errors ?? []), ...codes(prose)]).toContain(code);
});

function putSession(
  request: Parameters<typeof SESSIONS.Put.requestSerialize>[0],
): Promise<QuorateError> {
  return node.refused(SESSIONS.Put, request, WRITE);
}

function submitJob(
  request: Parameters<typeof JOBS.Submit.requestSerialize>[0],
): Promise<QuorateError> {
  return node.refused(JOBS.Submit, { id: 'j', type: 't', ...request }, WRITE);
}

function recordStep(
  request: Parameters<typeof JOBS.RecordStep.requestSerialize>[0],
): Promise<QuorateError> {
  const claim = { id: 'none', epoch: 1, token: 1, name: 's' };
  return node.refused(JOBS.RecordStep, { ...claim, ...request }, WRITE);
}

function putPolicy(
  request: Parameters<typeof POLICIES.Put.requestSerialize>[0],
): Promise<QuorateError> {
  return node.refused(POLICIES.Put, { name: 'p', ...request }, WRITE);
}

function offer(
  request: Parameters<typeof SERVICES.Register.requestSerialize>[0],
): Promise<QuorateError> {
  return node.refused(SERVICES.Register, { ...PROVIDER, address: 'x:1', ...request }, WRITE);
}

function manyTags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`t${at}`, '']));
}

function acquire(
  request: Parameters<typeof LOCKS.Acquire.requestSerialize>[0],
): Promise<QuorateError> {
  return node.refused(LOCKS.Acquire, { name: 'x', session: 's', ...request }, WRITE);
}

function put(request: Parameters<typeof STORE.Put.requestSerialize>[0]): Promise<QuorateError> {
  return node.refused(STORE.Put, request, WRITE);
}
