// Requests on the store, checked at the gateway and turned into what the state machine carries out; and its answers turned
// back. Every field has a bound, and what is outside it is refused with its name. Pure.

import type { StoreCompare__Output } from '../generated/quorate/v1/StoreCompare.js';
import type { StoreEntry as EntryMessage } from '../generated/quorate/v1/StoreEntry.js';
import type { StoreOperation__Output } from '../generated/quorate/v1/StoreOperation.js';
import type { StoreRelation__Output } from '../generated/quorate/v1/StoreRelation.js';
import type { StoreResult as ResultMessage } from '../generated/quorate/v1/StoreResult.js';
import type { TransactRequest__Output } from '../generated/quorate/v1/TransactRequest.js';
import { unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import { STORE_LIMITS } from '../state-machine/store-types.js';
import type {
  StoreCompare,
  StoreEntry,
  StoreOperation,
  StoreOperationResult,
  StoreRelation,
  StoreTarget,
} from '../state-machine/store-types.js';
import { checkNumber, checkText, invalid, tooLarge } from './validate.js';

/** What a request compares and does; the rest of the command is the service's. */
export interface StoreChange {
  readonly compares: readonly StoreCompare[];
  readonly success: readonly StoreOperation[];
  readonly failure: readonly StoreOperation[];
}

const RELATIONS: Readonly<Record<StoreRelation__Output, StoreRelation>> = {
  STORE_RELATION_UNSPECIFIED: 'equal',
  STORE_RELATION_EQUAL: 'equal',
  STORE_RELATION_NOT_EQUAL: 'notEqual',
  STORE_RELATION_LESS: 'less',
  STORE_RELATION_GREATER: 'greater',
};

/** Checks a key. */
export function checkKey(field: string, key: string): void {
  checkText(field, key, 1, STORE_LIMITS.keyBytesMax);
}

/** Checks a value. */
export function checkValue(field: string, value: Uint8Array): void {
  const { valueBytesMax } = STORE_LIMITS;
  if (value.length > valueBytesMax) throw tooLarge(field, value.length, valueBytesMax, 'bytes');
}

/** Checks a whole transaction. */
export function changeOf({ compares, success, failure }: TransactRequest__Output): StoreChange {
  return {
    compares: bounded('compares', compares).map((each, at) => compareOf(`compares[${at}]`, each)),
    success: operationsOf('success', success),
    failure: operationsOf('failure', failure),
  };
}

/** An entry for a message; its value is not copied. */
export function entryMessage(
  { key, value, createdRevision, revision }: StoreEntry,
  isKeysOnly = false,
): EntryMessage {
  const bytes = Buffer.from(value.buffer, value.byteOffset, isKeysOnly ? 0 : value.byteLength);
  return { key, value: bytes, createdRevision, revision };
}

/** What one operation was answered, for a message. */
export function resultMessage(result: StoreOperationResult): ResultMessage {
  switch (result.type) {
    case 'put':
      return { put: { createdRevision: result.createdRevision } };
    case 'delete':
      return { delete: { existed: result.revision !== 0 } };
    case 'get':
      return { get: result.entry === null ? {} : { entry: entryMessage(result.entry) } };
    default:
      return unreachable(result);
  }
}

function compareOf(field: string, compare: StoreCompare__Output): StoreCompare {
  checkKey(`${field}.key`, compare.key);
  const relation = RELATIONS[compare.relation];
  // An enum of a newer version arrives as its number.
  if (relation === undefined) throw invalid(`${field}.relation`, 'expected a known relation');
  return { key: compare.key, relation, to: targetOf(field, compare) };
}

function targetOf(
  field: string,
  { revision, createdRevision, value }: StoreCompare__Output,
): StoreTarget {
  const max = Number.MAX_SAFE_INTEGER;
  if (value !== undefined) {
    checkValue(`${field}.value`, value);
    return { type: 'value', value };
  }
  if (revision !== undefined) {
    checkNumber(`${field}.revision`, revision, 0, max);
    return { type: 'revision', revision: revision as LogIndex };
  }
  if (createdRevision === undefined) {
    throw invalid(field, 'expected a revision, a created_revision or a value to compare with');
  }
  checkNumber(`${field}.created_revision`, createdRevision, 0, max);
  return { type: 'createdRevision', revision: createdRevision as LogIndex };
}

function operationsOf(
  field: 'success' | 'failure',
  operations: readonly StoreOperation__Output[],
): StoreOperation[] {
  const written = new Set<string>();
  return bounded(field, operations).map((each, at) => {
    const operation = operationOf(`${field}[${at}]`, each);
    if (operation.type === 'get') return operation;
    if (written.has(operation.key)) {
      const key = JSON.stringify(operation.key);
      throw invalid(`${field}[${at}].key`, `${key} is written by an earlier operation of the list`);
    }
    written.add(operation.key);
    return operation;
  });
}

function operationOf(
  field: string,
  { put, delete: remove, get }: StoreOperation__Output,
): StoreOperation {
  const found = put ?? remove ?? get ?? null;
  if (found === null) throw invalid(field, 'expected a put, a delete or a get');
  const { key } = found;
  checkKey(`${field}.key`, key);
  if (put === undefined || put === null) {
    return { type: remove === undefined || remove === null ? 'get' : 'delete', key };
  }
  checkValue(`${field}.value`, put.value);
  return { type: 'put', key, value: put.value };
}

function bounded<T>(field: string, list: readonly T[]): readonly T[] {
  const { operationsMax } = STORE_LIMITS;
  if (list.length <= operationsMax) return list;
  throw tooLarge(field, list.length, operationsMax, 'operations');
}
