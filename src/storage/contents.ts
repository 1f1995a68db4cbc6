// What an opened database holds, read whole and proven: every key fits the seal, records decode, indexes are contiguous,
// log and snapshot meet. Anything else is damage, named with the directory and what is wrong; nothing is mended.

import type { Level } from 'level';

import { decodeBatchRecord, decodeHardState, decodeIdentity } from '../codec/record-codec.js';
import { decodeFormingRecord } from '../codec/forming-codec.js';
import { checksum } from '../codec/checksum.js';
import type { FormingRecord } from '../forming/types.js';
import type { Identity, Stored } from '../node/ports.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO } from '../raft/types.js';
import type { Entry, EntryId, HardState, LogIndex, Term } from '../raft/types.js';
import { KEY_KIND, numberIn } from './keys.js';
import { decodeSeal, LiveKeys } from './live-keys.js';
import type { Seal } from './live-keys.js';
import { decodeSnapshotRecord, sortParts } from './snapshot-records.js';
import type { SnapshotRecord, StoredPart, StoredSnapshot } from './snapshot-records.js';

export type Database = Level<Buffer, Uint8Array>;

/** One stored append batch. */
export interface LogRecord {
  readonly firstIndex: number;
  /** As on disk; those at or below the compacted entry are no longer part of the log. */
  readonly entries: readonly Entry[];
}

export interface Contents {
  readonly live: LiveKeys;
  /** Null: a new database. */
  readonly identity: Identity | null;
  /** Null: nothing was ever promised. */
  readonly forming: FormingRecord | null;
  readonly stored: Omit<Stored, 'identity'>;
  readonly records: readonly LogRecord[];
  readonly snapshot: StoredSnapshot | null;
  /** Parts of a snapshot whose saving, or whose removal, a crash cut short. */
  readonly orphans: readonly StoredPart[];
  /** Higher than every generation in use. */
  readonly nextGeneration: number;
}

interface Found {
  seal: Seal | null;
  identity: Identity | null;
  forming: FormingRecord | null;
  hardState: HardState;
  compacted: EntryId;
  snapshot: SnapshotRecord | null;
  readonly records: LogRecord[];
  readonly parts: StoredPart[];
}

/** Reads and proves everything. Throws an Error that says what does not fit; the caller names the directory. */
export async function readContents(database: Database): Promise<Contents> {
  const live = new LiveKeys();
  const found: Found = {
    seal: null,
    identity: null,
    forming: null,
    hardState: HARD_STATE_ZERO,
    compacted: ENTRY_ID_ZERO,
    snapshot: null,
    records: [],
    parts: [],
  };
  for await (const [key, value] of database.iterator()) {
    if (key[0] === KEY_KIND.seal) found.seal = decodeSeal(value);
    else live.note(key, value);
    take(found, key, value);
  }
  checkSeal(found.seal, live.seal);
  live.continueAfter(found.seal?.sequence ?? 0);
  const entries = found.records
    .flatMap((record) => record.entries)
    .filter(({ index }) => index > found.compacted.index);
  checkLog(found, entries);
  const { parts, orphans } = sortParts(found.snapshot, found.parts);
  const { identity, forming, hardState, compacted, records } = found;
  const snapshot = found.snapshot === null ? null : { ...found.snapshot, parts };
  const generations = found.parts.map(({ key }) => numberIn(key, 0) ?? 0);
  return {
    live,
    identity,
    forming,
    stored: { hardState, snapshot: snapshot?.meta ?? null, compacted, entries },
    records,
    snapshot,
    orphans,
    nextGeneration: 1 + generations.reduce((a, b) => Math.max(a, b), snapshot?.generation ?? 0),
  };
}

function take(found: Found, key: Buffer, value: Uint8Array): void {
  switch (key[0]) {
    case KEY_KIND.seal:
      return;
    case KEY_KIND.identity:
      found.identity = decodeIdentity(value);
      return;
    case KEY_KIND.forming:
      found.forming = decodeFormingRecord(value);
      return;
    case KEY_KIND.hardState:
      found.hardState = decodeHardState(value);
      return;
    case KEY_KIND.compacted:
      found.compacted = decodeEntryId(value);
      return;
    case KEY_KIND.snapshotMeta:
      found.snapshot = decodeSnapshotRecord(value);
      return;
    case KEY_KIND.logRecord:
      found.records.push({ firstIndex: numberIn(key, 0) ?? 0, entries: decodeBatchRecord(value) });
      return;
    case KEY_KIND.snapshotPart:
      found.parts.push({ key, sum: checksum(value) });
      return;
    default:
      throw new Error(`a key of the unknown kind ${key[0]}`);
  }
}

function checkSeal(seal: Seal | null, actual: Seal): void {
  if (seal === null) {
    if (actual.count > 0) throw new Error('the seal over the contents is missing or damaged');
    return;
  }
  if (seal.count !== actual.count) {
    throw new Error(`expected ${seal.count} records, found ${actual.count}`);
  }
  if (seal.sum !== actual.sum) throw new Error('the records are not those that were written last');
}

function checkLog({ compacted, snapshot, records }: Found, entries: readonly Entry[]): void {
  for (const { firstIndex, entries: stored } of records) {
    if (stored[0]?.index !== firstIndex)
      throw new Error(`the record ${firstIndex} holds other entries`);
  }
  let expected = compacted.index + 1;
  for (const { index } of entries) {
    if (index !== expected) throw new Error(`expected entry ${expected}, found ${index}`);
    expected += 1;
  }
  if (compacted.index > 0 && (snapshot === null || snapshot.meta.last.index < compacted.index)) {
    throw new Error('no snapshot covers the part of the log that was compacted');
  }
}

/** An entry id as two numbers; the seal guards it. */
export function encodeEntryId({ term, index }: EntryId): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(BigInt(term), 0);
  bytes.writeBigUInt64BE(BigInt(index), 8);
  return bytes;
}

function decodeEntryId(value: Uint8Array): EntryId {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length !== 16) throw new Error('an entry id has another length');
  return {
    term: Number(bytes.readBigUInt64BE(0)) as Term,
    index: Number(bytes.readBigUInt64BE(8)) as LogIndex,
  };
}
