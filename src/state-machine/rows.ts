// How facts become parts of a snapshot: rows cut into slices that are bounded in number and in bytes, so that encoding
// one never stops the world, and read back with checks. What a row means is known to the module of its fact only.

import { InvariantViolation } from '../raft/assert.js';
import type { SnapshotPart, SnapshotValue } from './snapshot-part.js';
import { ValueReader } from './value-reader.js';

export type Row = readonly SnapshotValue[];

/** The rows of one fact, in an order that depends on their content only. */
export interface FactRows {
  readonly fact: string;
  readonly version: number;
  readonly rows: Iterable<Row>;
}

/** A part is closed once its rows have this many bytes and characters, whatever their number. */
const PART_BYTES_TARGET = 256 * 1024;

/** Cuts rows into parts of at most `rowsMax`; a fact without rows has no part. */
export function* partsOf(
  { fact, version, rows }: FactRows,
  rowsMax: number,
): Generator<SnapshotPart> {
  let slice: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    slice.push(row);
    bytes += sizeOf(row);
    if (slice.length < rowsMax && bytes < PART_BYTES_TARGET) continue;
    yield { fact, version, rows: slice };
    slice = [];
    bytes = 0;
  }
  if (slice.length > 0) yield { fact, version, rows: slice };
}

/** Reads a row; a row that is not what this fact writes is a bug, since its bytes had a sound checksum. */
export function readRow(fact: string, row: Row): ValueReader {
  return new ValueReader(
    `a row of ${fact} in a snapshot`,
    row,
    (message) => new InvariantViolation(message),
  );
}

function sizeOf(value: SnapshotValue): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (value === null || typeof value !== 'object') return 8;
  return value.reduce<number>((sum, element) => sum + sizeOf(element), 8);
}
