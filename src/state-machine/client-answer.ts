// An answer that the exactly-once table keeps: what the state said to a request when it was carried out, be it a
// refusal. It is kept whole, since the client must get the very same again, and written into a snapshot as plain values.

import { unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { FactRefusal, FirstResult } from './command.js';
import { attributesBytes } from './session-limits.js';
import type { Row } from './rows.js';
import { readSession, sessionRow } from './session-rows.js';
import {
  JOB_REASONS,
  jobRefusalRow,
  jobResultRow,
  readJobRefusal,
  readJobResult,
} from './job-rows.js';
import { lockResultRow, readLockResult } from './lock-rows.js';
import {
  readServiceRefusal,
  readServiceResult,
  SERVICE_REASONS,
  serviceRefusalRow,
  serviceResultRow,
} from './service-rows.js';
import {
  isPolicyRefusal,
  POLICY_REASONS,
  policyRefusalRow,
  policyResultRow,
  readPolicyRefusal,
  readPolicyResult,
} from './policy-rows.js';
import { readStoreResult, storeResultRow } from './store-rows.js';
import type { StoreOperationResult } from './store-types.js';
import type { ValueReader } from './value-reader.js';

export interface ClientAnswer {
  /** Id of the client session. */
  readonly session: string;
  readonly sequence: number;
  /** Index of the entry that carried the request out. */
  readonly revision: LogIndex;
  readonly result: FirstResult;
  /** About what it takes in memory. */
  readonly bytes: number;
}

/** Of what is not counted one by one: objects, numbers, the places in the tables. */
const ANSWER_BYTES_BASE = 256;

/** The same, of one operation of a transaction. */
const OPERATION_BYTES = 64;

const RESULT_TYPES = [
  'session',
  'deleted',
  'store',
  'lock',
  'lockReleased',
  'job',
  'jobClaim',
  'policy',
  'provider',
  'deregistered',
  'refused',
] as const;
const REASONS = [
  'revisionMismatch',
  'sessionNotFound',
  'limitExceeded',
  'storeRequestTooLarge',
  'storeFull',
  'lockHeld',
  'lockLimit',
  ...JOB_REASONS,
  ...POLICY_REASONS,
  ...SERVICE_REASONS,
] as const;

/** About what an answer takes in memory; depends on the answer only. */
export function answerBytes(result: FirstResult): number {
  switch (result.type) {
    case 'session': {
      const { id, owner, attributes } = result.session;
      return ANSWER_BYTES_BASE + id.length + owner.length + attributesBytes(attributes);
    }
    case 'deleted':
      return ANSWER_BYTES_BASE;
    case 'store':
      return result.results.reduce((sum, each) => sum + storeBytes(each), ANSWER_BYTES_BASE);
    case 'lock':
      return ANSWER_BYTES_BASE + (result.holder?.length ?? 0);
    case 'lockReleased':
    case 'policy':
      return ANSWER_BYTES_BASE;
    case 'job':
    case 'jobClaim':
      return ANSWER_BYTES_BASE + (result.id?.length ?? 0);
    case 'provider':
    case 'deregistered':
      return ANSWER_BYTES_BASE;
    case 'refused':
      return ANSWER_BYTES_BASE + textOf(result.refusal).length;
    default:
      return unreachable(result);
  }
}

/** The answer's result as plain values, its type first. */
export function resultRow(result: FirstResult): Row {
  switch (result.type) {
    case 'session':
      return [result.type, sessionRow(result.session)];
    case 'deleted':
      return [result.type, result.existed];
    case 'store':
      return [result.type, storeResultRow(result)];
    case 'lock':
    case 'lockReleased':
      return [result.type, lockResultRow(result)];
    case 'job':
    case 'jobClaim':
      return [result.type, jobResultRow(result)];
    case 'policy':
      return [result.type, policyResultRow(result)];
    case 'provider':
    case 'deregistered':
      return [result.type, serviceResultRow(result)];
    case 'refused':
      return [result.type, refusalRow(result.refusal)];
    default:
      return unreachable(result);
  }
}

/** Reads what `resultRow` wrote. */
export function readResult(reader: ValueReader): FirstResult {
  const type = reader.oneOf('type', RESULT_TYPES);
  switch (type) {
    case 'session':
      return { type, session: reader.nested('session', readSession) };
    case 'deleted':
      return { type, existed: reader.boolean('existed') };
    case 'store':
      return reader.nested('store', readStoreResult);
    case 'lock':
    case 'lockReleased':
      return reader.nested('lock', (lock) => readLockResult(type, lock));
    case 'job':
    case 'jobClaim':
      return reader.nested('job', (job) => readJobResult(type, job));
    case 'policy':
      return reader.nested('policy', readPolicyResult);
    case 'provider':
    case 'deregistered':
      return reader.nested('service', (service) => readServiceResult(type, service));
    case 'refused':
      return { type, refusal: reader.nested('refusal', readRefusal) };
    default:
      return unreachable(type);
  }
}

function refusalRow(refusal: FactRefusal): Row {
  switch (refusal.reason) {
    case 'revisionMismatch':
      return [refusal.reason, refusal.expected, refusal.actual];
    case 'sessionNotFound':
      return [refusal.reason, refusal.id];
    case 'limitExceeded':
    case 'storeRequestTooLarge':
    case 'lockLimit':
      return [refusal.reason, refusal.detail];
    case 'lockHeld':
      return [refusal.reason, refusal.holder];
    case 'storeFull':
      return [refusal.reason, refusal.limit];
    case 'providerReplaced':
    case 'providerMember':
    case 'serviceLimit':
      return [refusal.reason, ...serviceRefusalRow(refusal)];
    default:
      return [
        refusal.reason,
        ...(isPolicyRefusal(refusal) ? policyRefusalRow(refusal) : jobRefusalRow(refusal)),
      ];
  }
}

function readRefusal(reader: ValueReader): FactRefusal {
  const reason = reader.oneOf('reason', REASONS);
  switch (reason) {
    case 'revisionMismatch':
      return { reason, expected: reader.index('expected'), actual: reader.index('actual') };
    case 'sessionNotFound':
      return { reason, id: reader.string('id') };
    case 'limitExceeded':
    case 'storeRequestTooLarge':
    case 'lockLimit':
      return { reason, detail: reader.string('detail') };
    case 'lockHeld':
      return { reason, holder: reader.nullable((field) => field.string('holder')) };
    case 'storeFull':
      return { reason, limit: reader.string('limit') };
    case 'providerReplaced':
    case 'providerMember':
    case 'serviceLimit':
      return readServiceRefusal(reason, reader);
    case 'policyVersionMismatch':
    case 'policyNotFound':
    case 'policyVersionNotFound':
    case 'policyLimit':
      return readPolicyRefusal(reason, reader);
    default:
      return readJobRefusal(reason, reader);
  }
}

function storeBytes(result: StoreOperationResult): number {
  if (result.type !== 'get' || result.entry === null) return OPERATION_BYTES;
  return OPERATION_BYTES + result.entry.key.length + result.entry.value.length;
}

/** The part of a refusal whose length varies. */
function textOf(refusal: FactRefusal): string {
  if (refusal.reason === 'sessionNotFound') return refusal.id;
  if (refusal.reason === 'lockHeld') return refusal.holder ?? '';
  if ('id' in refusal) return refusal.id;
  if ('name' in refusal) return refusal.name;
  if ('key' in refusal) return refusal.key;
  return 'detail' in refusal ? refusal.detail : '';
}
