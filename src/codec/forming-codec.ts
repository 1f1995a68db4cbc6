// What nodes that form a cluster say to each other, and what they promise durably, as bytes: one envelope each, with version and
// checksum. What is decoded has names, addresses and counts of bounded length, whoever sent it. A beacon is the little that
// a datagram carries: who is where.

import { FORMING_LIMITS } from '../forming/types.js';
import type {
  Announcement,
  Attempt,
  FormingBody,
  FormingMessage,
  FormingRecord,
  Founder,
  Plan,
} from '../forming/types.js';
import type { InstallId } from '../raft/types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { openKind, seal } from './envelope.js';
import type { FieldValue } from './envelope.js';
import { FieldReader } from './field-reader.js';
import { FORMING_KIND } from './kinds.js';

/** Longest message: 31 founders with everything at its longest, and room to grow. */
export const FORMING_BYTES_MAX = 64 * 1024;
/** Longest datagram; fits every network's smallest packet. */
export const BEACON_BYTES_MAX = 1024;

const NAME = /^[A-Za-z0-9._-]{1,63}$/;
const CLUSTER_ID = /^[0-9a-f]{32}$/;
const ADDRESS_LENGTH_MAX = 260;
const VERSION_LENGTH_MAX = 128;

/** What a datagram says: a node of that cluster name can be met at that peer address. */
export interface Beacon {
  readonly clusterName: string;
  readonly nodeName: string;
  readonly installId: InstallId;
  /** HOST:PORT. */
  readonly address: string;
}

export function encodeBeacon({ clusterName, nodeName, installId, address }: Beacon): Uint8Array {
  return seal(FORMING_KIND.beacon, [clusterName, nodeName, installId, address]);
}

/** Throws `CodecError`. */
export function decodeBeacon(bytes: Uint8Array): Beacon {
  const reader = reading('beacon', FORMING_KIND.beacon, bytes);
  return {
    clusterName: nameIn(reader, 'clusterName'),
    nodeName: nameIn(reader, 'nodeName'),
    installId: reader.installId('installId'),
    address: textIn(reader, 'address', ADDRESS_LENGTH_MAX),
  };
}

export function encodeFormingRecord({ floor, promise }: FormingRecord): Uint8Array {
  return seal(FORMING_KIND.record, [floor, promise === null ? null : attemptFields(promise)]);
}

/** Throws `CodecError`. */
export function decodeFormingRecord(bytes: Uint8Array): FormingRecord {
  const reader = reading('forming record', FORMING_KIND.record, bytes);
  return {
    floor: numberIn(reader, 'floor'),
    promise: reader.nullable((field) => field.nested('promise', readAttempt)),
  };
}

export function encodeFormingMessage({ from, body }: FormingMessage): Uint8Array {
  return seal(FORMING_KIND.message, [announcementFields(from), bodyFields(body)]);
}

/** Throws `CodecError`. */
export function decodeFormingMessage(bytes: Uint8Array): FormingMessage {
  const reader = reading('forming message', FORMING_KIND.message, bytes);
  return {
    from: reader.nested('from', readAnnouncement),
    body: reader.nested('body', readBody),
  };
}

function reading(what: string, kind: number, bytes: Uint8Array): FieldReader {
  return new FieldReader(what, openKind(what, kind, bytes));
}

function announcementFields(said: Announcement): FieldValue[] {
  const { clusterName, who, plan, floor, promised, cluster, isSpent } = said;
  return [clusterName, founderFields(who), planFields(plan), floor, promised, cluster, isSpent];
}

function readAnnouncement(reader: ValueReader): Announcement {
  return {
    clusterName: nameIn(reader, 'clusterName'),
    who: reader.nested('who', readFounder),
    plan: reader.nested('plan', readPlan),
    floor: numberIn(reader, 'floor'),
    promised: reader.nullable((field) => clusterIdIn(field, 'promised')),
    cluster: reader.nullable((field) => clusterIdIn(field, 'cluster')),
    isSpent: reader.boolean('isSpent'),
  };
}

function bodyFields(body: FormingBody): FieldValue[] {
  switch (body.type) {
    case 'announce':
      return [body.type];
    case 'propose':
      return [body.type, attemptFields(body.attempt)];
    case 'answer':
      return [body.type, body.clusterId, body.verdict];
  }
}

function readBody(reader: ValueReader): FormingBody {
  const type = reader.oneOf('type', ['announce', 'propose', 'answer']);
  switch (type) {
    case 'announce':
      return { type };
    case 'propose':
      return { type, attempt: reader.nested('attempt', readAttempt) };
    case 'answer':
      return {
        type,
        clusterId: clusterIdIn(reader, 'clusterId'),
        verdict: reader.oneOf('verdict', ['promised', 'refused', 'founded']),
      };
  }
}

function attemptFields(attempt: Attempt): FieldValue[] {
  const { clusterId, clusterName, number, coordinator, plan, electionTimeoutMs, isManual } =
    attempt;
  const facts = [clusterId, clusterName, number, coordinator, planFields(plan), electionTimeoutMs];
  return [...facts, attempt.founders.map(founderFields), isManual];
}

function readAttempt(reader: ValueReader): Attempt {
  const clusterId = clusterIdIn(reader, 'clusterId');
  const clusterName = nameIn(reader, 'clusterName');
  const number = numberIn(reader, 'number');
  const coordinator = reader.installId('coordinator');
  const plan = reader.nested('plan', readPlan);
  const electionTimeoutMs = reader.integer('electionTimeoutMs');
  const founders = reader.list('founders', (list) => list.nested('founder', readFounder));
  const isManual = reader.boolean('isManual');
  if (plan.type === 'join') throw reader.damaged('an attempt of a node that forms nothing');
  checkCount(reader, founders.length);
  const isSorted = founders.every(({ id }, at) => at === 0 || id > (founders[at - 1]?.id ?? 0));
  if (!isSorted) throw reader.damaged('founders that are not sorted by id');
  const facts = { clusterId, clusterName, number, coordinator, plan, electionTimeoutMs };
  return { ...facts, isManual, founders };
}

function founderFields(founder: Founder): FieldValue[] {
  const { id, installId, name, address, api, version } = founder;
  const { featureMin, featureMax, witness, priority } = founder;
  return [id, installId, name, address, api, version, featureMin, featureMax, witness, priority];
}

function readFounder(reader: ValueReader): Founder {
  return {
    id: reader.nodeId('id'),
    installId: reader.installId('installId'),
    name: nameIn(reader, 'name'),
    address: textIn(reader, 'address', ADDRESS_LENGTH_MAX),
    api: textIn(reader, 'api', ADDRESS_LENGTH_MAX),
    version: textIn(reader, 'version', VERSION_LENGTH_MAX),
    featureMin: reader.integer('featureMin'),
    featureMax: reader.integer('featureMax'),
    witness: reader.boolean('witness'),
    priority: reader.integer('priority'),
  };
}

function planFields(plan: Plan): FieldValue[] {
  if (plan.type === 'hosts') return [plan.type, plan.names];
  return plan.type === 'count' ? [plan.type, plan.count] : [plan.type];
}

function readPlan(reader: ValueReader): Plan {
  const type = reader.oneOf('type', ['hosts', 'count', 'join']);
  if (type === 'join') return { type };
  if (type === 'count') {
    const count = reader.integer('count');
    checkCount(reader, count);
    return { type, count };
  }
  const names = reader.list('names', (list) => nameIn(list, 'name'));
  checkCount(reader, names.length);
  return { type, names };
}

function checkCount(reader: ValueReader, count: number): void {
  if (count >= 1 && count <= FORMING_LIMITS.foundersMax) return;
  throw reader.damaged(`expected 1 to ${FORMING_LIMITS.foundersMax} founders, got ${count}`);
}

function numberIn(reader: ValueReader, field: string): number {
  const value = reader.integer(field);
  if (value <= FORMING_LIMITS.numberMax) return value;
  throw reader.damaged(`expected at most ${FORMING_LIMITS.numberMax} as ${field}, got ${value}`);
}

function nameIn(reader: ValueReader, field: string): string {
  const value = reader.string(field);
  if (NAME.test(value)) return value;
  throw reader.damaged(`expected a name as ${field}`);
}

function clusterIdIn(reader: ValueReader, field: string): string {
  const value = reader.string(field);
  if (CLUSTER_ID.test(value)) return value;
  throw reader.damaged(`expected 32 hexadecimal digits as ${field}`);
}

function textIn(reader: ValueReader, field: string, lengthMax: number): string {
  const value = reader.string(field);
  if (value.length <= lengthMax) return value;
  throw reader.damaged(`expected at most ${lengthMax} characters as ${field}`);
}
