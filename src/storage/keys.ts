// Where things stand in the database: one byte for the kind, then big-endian numbers, so that keys sort as numbers do.
// Kinds are part of the disk format and never reused.

export const KEY_KIND = {
  seal: 1,
  identity: 2,
  hardState: 3,
  compacted: 4,
  snapshotMeta: 5,
  /** What this node promised while forming a first cluster. */
  forming: 6,
  /** Behind it the index of the record's first entry. */
  logRecord: 16,
  /** Behind it the generation of the snapshot, and the part's number from 0. */
  snapshotPart: 32,
} as const;

type KeyKind = (typeof KEY_KIND)[keyof typeof KEY_KIND];

/** The key of a kind with its numbers, each a safe integer of at least 0. */
export function keyOf(kind: KeyKind, ...numbers: readonly number[]): Buffer {
  const key = Buffer.alloc(1 + 8 * numbers.length);
  key.writeUInt8(kind);
  numbers.forEach((number, at) => key.writeBigUInt64BE(BigInt(number), 1 + 8 * at));
  return key;
}

/** The number at place `at` of a key; null if the key is too short. */
export function numberIn(key: Buffer, at: number): number | null {
  const offset = 1 + 8 * at;
  return key.length >= offset + 8 ? Number(key.readBigUInt64BE(offset)) : null;
}
