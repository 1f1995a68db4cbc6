// The store in a snapshot, one row for each key in the order of keys, and the answers to its requests as plain values. Rows
// are written and read here only; how they travel is codec's subject.

import { unreachable } from '../raft/assert.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import type { StoreMap } from './store.js';
import type { StoreEntry, StoreOperationResult, StoreResult } from './store-types.js';
import type { ValueReader } from './value-reader.js';

export const STORE_FACT = 'store';

const RESULT_TYPES = ['put', 'delete', 'get'] as const;

/** One row for each key; read lazily, a slice at a time. */
export function storeRows(entries: StoreMap): FactRows {
  return { fact: STORE_FACT, version: 1, rows: rowsOf(entries) };
}

/** Reads one row of `storeRows`. */
export function restoreStoreEntry(row: Row): StoreEntry {
  return readEntry(readRow(STORE_FACT, row));
}

/** The answer as plain values. */
export function storeResultRow({ failed, results }: StoreResult): Row {
  const failure = failed === null ? null : [failed.at, failed.revision];
  return [failure, results.map((result) => operationRow(result))];
}

/** Reads what `storeResultRow` wrote. */
export function readStoreResult(reader: ValueReader): StoreResult {
  return {
    type: 'store',
    failed: reader.nullable((field) =>
      field.nested('failed', (pair) => ({
        at: pair.integer('at'),
        revision: pair.index('revision'),
      })),
    ),
    results: reader.list('results', (list) => list.nested('result', readOperation)),
  };
}

function operationRow(result: StoreOperationResult): Row {
  switch (result.type) {
    case 'put':
      return [result.type, result.createdRevision];
    case 'delete':
      return [result.type, result.revision];
    case 'get':
      return [result.type, result.entry === null ? null : entryRow(result.entry)];
    default:
      return unreachable(result);
  }
}

function readOperation(reader: ValueReader): StoreOperationResult {
  const type = reader.oneOf('type', RESULT_TYPES);
  switch (type) {
    case 'put':
      return { type, createdRevision: reader.index('createdRevision') };
    case 'delete':
      return { type, revision: reader.index('revision') };
    case 'get':
      return { type, entry: reader.nullable((field) => field.nested('entry', readEntry)) };
    default:
      return unreachable(type);
  }
}

function entryRow({ key, value, createdRevision, revision }: StoreEntry): Row {
  return [key, value, createdRevision, revision];
}

function readEntry(reader: ValueReader): StoreEntry {
  return {
    key: reader.string('key'),
    value: reader.bytes('value'),
    createdRevision: reader.index('createdRevision'),
    revision: reader.index('revision'),
  };
}

function* rowsOf(entries: StoreMap): Generator<Row> {
  for (const entry of entries.values(null)) yield entryRow(entry);
}
