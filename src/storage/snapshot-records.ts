// How a snapshot lies in the database: its parts under a generation of their own, a number that is never used twice, and
// one record that makes a generation the current one. So the parts of the next snapshot can be written in bounded batches
// beside the current ones, and the change from one to the other is a single key.

import { checksum } from '../codec/checksum.js';
import { decodeSnapshotMeta, encodeSnapshotMeta } from '../codec/record-codec.js';
import type { SnapshotMeta } from '../raft/types.js';
import { KEY_KIND, keyOf, numberIn } from './keys.js';
import type { Operation } from './live-keys.js';

/** Parts are written in batches of at most this many bytes, or of one part. */
const PART_BATCH_BYTES_MAX = 1024 * 1024;
const HEAD_BYTES = 16;

/** Where a part stands and the CRC-32 that it must have. */
export interface StoredPart {
  readonly key: Buffer;
  readonly sum: number;
}

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly generation: number;
  readonly parts: readonly StoredPart[];
}

/** What the record of the current snapshot says. */
export interface SnapshotRecord {
  readonly meta: SnapshotMeta;
  readonly generation: number;
  readonly partCount: number;
}

/** Plans a snapshot's way to the disk: its parts in batches of bounded size, and where each part will stand. */
export function stageSnapshot(
  meta: SnapshotMeta,
  generation: number,
  values: readonly Uint8Array[],
): { readonly snapshot: StoredSnapshot; readonly batches: readonly (readonly Operation[])[] } {
  const parts: StoredPart[] = [];
  const batches: Operation[][] = [];
  let room = 0;
  for (const [at, value] of values.entries()) {
    const key = keyOf(KEY_KIND.snapshotPart, generation, at);
    parts.push({ key, sum: checksum(value) });
    if (value.length > room || batches.length === 0) {
      batches.push([]);
      room = PART_BATCH_BYTES_MAX;
    }
    batches.at(-1)?.push({ type: 'put', key, value });
    room -= value.length;
  }
  return { snapshot: { meta, generation, parts }, batches };
}

/** Makes a staged snapshot the current one. */
export function putSnapshot({ meta, generation, parts }: StoredSnapshot): Operation {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeBigUInt64BE(BigInt(generation), 0);
  head.writeBigUInt64BE(BigInt(parts.length), 8);
  const value = Buffer.concat([head, encodeSnapshotMeta(meta)]);
  return { type: 'put', key: keyOf(KEY_KIND.snapshotMeta), value };
}

/** Throws `CodecError`, or an Error if the record is too short. */
export function decodeSnapshotRecord(value: Uint8Array): SnapshotRecord {
  if (value.length < HEAD_BYTES) throw new Error('the record of the snapshot is too short');
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    generation: Number(view.getBigUint64(0)),
    partCount: Number(view.getBigUint64(8)),
    meta: decodeSnapshotMeta(value.subarray(HEAD_BYTES)),
  };
}

/**
 * Tells the parts of the current snapshot from those that a crash left behind.
 * Throws an Error if one of the current parts is missing.
 */
export function sortParts(
  record: SnapshotRecord | null,
  found: readonly StoredPart[],
): { readonly parts: readonly StoredPart[]; readonly orphans: readonly StoredPart[] } {
  const isCurrent = ({ key }: StoredPart): boolean => numberIn(key, 0) === record?.generation;
  const parts = found.filter(isCurrent);
  const expected = record?.partCount ?? 0;
  if (parts.length !== expected || parts.some(({ key }, at) => numberIn(key, 1) !== at)) {
    throw new Error(`expected ${expected} parts of the snapshot, found ${parts.length}`);
  }
  return { parts, orphans: found.filter((part) => !isCurrent(part)) };
}

/** Removes parts. */
export function removeParts(parts: readonly StoredPart[]): Operation[] {
  return parts.map(({ key }) => ({ type: 'del', key }));
}
