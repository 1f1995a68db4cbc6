// Locks in a snapshot: one row each, in the order of names, waiters in the order in which they are granted. A row is written and
// read here only; what a request was answered, as the exactly-once table keeps it, stands here too.

import { unreachable } from '../raft/assert.js';
import type { Lock, LockClaim, LockResult } from './lock-types.js';
import type { LockMap } from './locks.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';
import type { ValueReader } from './value-reader.js';

export const LOCKS_FACT = 'locks';

const HAD = ['lock', 'place', 'nothing'] as const;

/** One row for each lock; read lazily, a slice at a time. */
export function lockRows(locks: LockMap): FactRows {
  return { fact: LOCKS_FACT, version: 1, rows: rowsOf(locks) };
}

/** Reads one row of `lockRows`. */
export function restoreLock(row: Row): Lock {
  return readLock(readRow(LOCKS_FACT, row));
}

/** What a request was answered, as plain values. */
export function lockResultRow(result: LockResult): Row {
  switch (result.type) {
    case 'lock':
      return [result.token, result.ahead, result.holder, result.revision];
    case 'lockReleased':
      return [result.had];
    default:
      return unreachable(result);
  }
}

/** Reads what `lockResultRow` wrote of an answer of this type. */
export function readLockResult(type: LockResult['type'], reader: ValueReader): LockResult {
  if (type === 'lockReleased') return { type, had: reader.oneOf('had', HAD) };
  return {
    type,
    token: reader.nullable((field) => field.index('token')),
    ahead: reader.integer('ahead'),
    holder: reader.nullable((field) => field.string('holder')),
    revision: reader.index('revision'),
  };
}

function lockRow({ name, holder, waiters, freeAtMs, revision }: Lock): Row {
  const held = holder === null ? null : [...claimRow(holder), holder.token];
  return [name, held, waiters.map(claimRow), freeAtMs, revision];
}

function claimRow({ session, value, delayMs }: LockClaim): Row {
  return [session, value, delayMs];
}

function readLock(reader: ValueReader): Lock {
  return {
    name: reader.string('name'),
    holder: reader.nullable((field) =>
      field.nested('holder', (holder) => ({ ...readClaim(holder), token: holder.index('token') })),
    ),
    waiters: reader.list('waiters', (list) => list.nested('waiter', readClaim)),
    freeAtMs: reader.integer('freeAtMs'),
    revision: reader.index('revision'),
  };
}

function readClaim(reader: ValueReader): LockClaim {
  return {
    session: reader.string('session'),
    value: reader.bytes('value'),
    delayMs: reader.integer('delayMs'),
  };
}

function* rowsOf(locks: LockMap): Generator<Row> {
  for (const lock of locks.values(null)) yield lockRow(lock);
}
