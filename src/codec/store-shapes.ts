// Comparisons and operations on the store as fields of a command. Bytes that are read are copies, since values live for
// long and must not keep alive what they came in.

import type { Command } from '../state-machine/command.js';
import { STORE_RELATIONS } from '../state-machine/store-types.js';
import type { StoreCompare, StoreOperation } from '../state-machine/store-types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import type { FieldValue } from './envelope.js';
import { VALUES } from './slab.js';

type StoreRequest = Pick<
  Extract<Command, { kind: 'changeStore' }>,
  'compares' | 'success' | 'failure'
>;

const TARGET_TYPES = ['revision', 'createdRevision', 'value'] as const;
const OPERATION_TYPES = ['put', 'delete', 'get'] as const;

/** All fields of the command; `client` is the last. */
export function storeFields(
  requestId: string,
  { compares, success, failure }: StoreRequest,
  client: FieldValue,
): FieldValue[] {
  const compareFields = compares.map(({ key, relation, to }) => {
    return [key, relation, to.type, to.type === 'value' ? to.value : to.revision];
  });
  const did = success.map((operation) => operationFields(operation));
  const didElse = failure.map((operation) => operationFields(operation));
  return [requestId, compareFields, did, didElse, client];
}

/** Reads what `storeFields` wrote, between the first field and the last. */
export function readStore(reader: ValueReader): StoreRequest {
  return {
    compares: reader.list('compares', compareIn),
    success: reader.list('success', operationIn),
    failure: reader.list('failure', operationIn),
  };
}

function operationFields(operation: StoreOperation): FieldValue[] {
  const { type, key } = operation;
  return type === 'put' ? [type, key, operation.value] : [type, key];
}

const compareIn = (list: ValueReader): StoreCompare => list.nested('compare', readCompare);
const operationIn = (list: ValueReader): StoreOperation => list.nested('operation', readOperation);

function readCompare(reader: ValueReader): StoreCompare {
  const key = reader.string('key');
  const relation = reader.oneOf('relation', STORE_RELATIONS);
  const type = reader.oneOf('type', TARGET_TYPES);
  if (type === 'value') return { key, relation, to: { type, value: readValue(reader) } };
  return { key, relation, to: { type, revision: reader.index('revision') } };
}

function readOperation(reader: ValueReader): StoreOperation {
  const type = reader.oneOf('type', OPERATION_TYPES);
  const key = reader.string('key');
  return type === 'put' ? { type, key, value: readValue(reader) } : { type, key };
}

function readValue(reader: ValueReader): Uint8Array {
  return VALUES.copyOf(reader.bytes('value'));
}
