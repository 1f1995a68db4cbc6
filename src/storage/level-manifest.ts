// The state of a LevelDB database as its MANIFEST tells it: which write-ahead log is the oldest that still counts, and
// which tables are in force, with their sizes. Files that it does not name are left-overs of a crash and count for nothing.
// Source: LevelDB db/version_edit.cc.

import { LevelReader } from './level-bytes.js';

const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

export interface LevelTable {
  readonly number: number;
  readonly bytes: number;
}

export interface LevelState {
  /** The oldest write-ahead log in force; null: no edit says. */
  readonly logNumber: number | null;
  readonly tables: readonly LevelTable[];
}

/** Applies the edits of a MANIFEST in order. Throws an Error that says what is no edit. */
export function readManifest(edits: readonly Uint8Array[]): LevelState {
  const tables = new Map<string, LevelTable>();
  let logNumber: number | null = null;
  for (const edit of edits) {
    const reader = new LevelReader(edit);
    while (reader.hasMore) {
      const tag = reader.varint();
      if (tag === TAG.logNumber) logNumber = reader.varint();
      else readField(reader, tag, tables);
    }
  }
  return { logNumber, tables: [...tables.values()] };
}

function readField(reader: LevelReader, tag: number, tables: Map<string, LevelTable>): void {
  switch (tag) {
    case TAG.comparator:
      reader.prefixed();
      return;
    case TAG.nextFileNumber:
    case TAG.lastSequence:
    case TAG.previousLogNumber:
      reader.varint();
      return;
    case TAG.compactPointer:
      reader.varint();
      reader.prefixed();
      return;
    case TAG.deletedFile:
      // A table that moves down is deleted in one level and new in the next.
      tables.delete(`${reader.varint()}/${reader.varint()}`);
      return;
    case TAG.newFile: {
      const level = reader.varint();
      const number = reader.varint();
      tables.set(`${level}/${number}`, { number, bytes: reader.varint() });
      reader.prefixed();
      reader.prefixed();
      return;
    }
    default:
      throw new Error(`an edit has the unknown tag ${tag}`);
  }
}
