// The envelope around everything stored or sent: version byte, kind byte, fields, CRC-32 of all that (big-endian).
// The fields are one msgpack array without shared records, and are only ever appended: a reader ignores fields beyond
// those it knows. The checksum is compared first, so that the msgpack parser sees only what an encoder wrote.

import { checksumOf } from './checksum.js';
import { CodecError } from './codec-error.js';
import { packFields, unpackFields } from './pack.js';
import type { FieldValue } from './pack.js';
import { ENCODED } from './slab.js';

export type { FieldValue } from './pack.js';

/** Version of the envelope and of the meaning of every field inside. */
const VERSION = 1;
const HEAD_BYTES = 2;
const CHECKSUM_BYTES = 4;

/** Bytes that sealing adds to the packed fields. */
const ENVELOPE_BYTES = HEAD_BYTES + CHECKSUM_BYTES;

/** Packs the fields and puts the envelope around them; the result is never written over. */
export function seal(kind: number, fields: readonly FieldValue[]): Uint8Array {
  const { room, end } = packFields(HEAD_BYTES, fields);
  room[0] = VERSION;
  room[1] = kind;
  writeUint32(room, end, checksumOf(room, 0, end));
  return ENCODED.copyOf(room, 0, end + CHECKSUM_BYTES);
}

/**
 * Takes the envelope off that stands in `bytes` between `from` and `to`; bytes among the fields are views on `bytes`. Throws
 * `CodecError`.
 */
export function open(
  what: string,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): { readonly kind: number; readonly fields: readonly unknown[] } {
  if (to - from < ENVELOPE_BYTES) {
    throw damaged(what, `expected at least ${ENVELOPE_BYTES} bytes, got ${to - from}`);
  }
  const end = to - CHECKSUM_BYTES;
  const expected = readUint32(bytes, end);
  const actual = checksumOf(bytes, from, end);
  if (expected !== actual) throw damaged(what, `expected checksum ${expected}, got ${actual}`);
  checkVersion(what, bytes[from]);
  return { kind: bytes[from + 1] ?? 0, fields: fieldsIn(what, bytes, from + HEAD_BYTES, end) };
}

/** The same for the one kind that is expected. */
export function openKind(what: string, kind: number, bytes: Uint8Array): readonly unknown[] {
  const opened = open(what, bytes);
  if (opened.kind !== kind) throw unknownKind(what, `expected kind ${kind}, got ${opened.kind}`);
  return opened.fields;
}

/** Packs fields behind version and kind without a checksum, for what travels inside something that has one. */
export function wrap(kind: number, fields: readonly FieldValue[]): Uint8Array {
  const { room, end } = packFields(HEAD_BYTES, fields);
  room[0] = VERSION;
  room[1] = kind;
  return ENCODED.copyOf(room, 0, end);
}

/** Takes apart what `wrap` made. Throws `CodecError`. */
export function unwrap(
  what: string,
  bytes: Uint8Array,
): { readonly kind: number; readonly fields: readonly unknown[] } {
  const kind = bytes[1];
  if (kind === undefined)
    throw damaged(what, `expected at least ${HEAD_BYTES} bytes, got ${bytes.length}`);
  checkVersion(what, bytes[0]);
  return { kind, fields: fieldsIn(what, bytes, HEAD_BYTES, bytes.length) };
}

export function damaged(what: string, detail: string): CodecError {
  return new CodecError('damaged', `${what}: ${detail}`);
}

export function unknownKind(what: string, detail: string): CodecError {
  return new CodecError('unknownKind', `${what}: ${detail}`);
}

/** Writes 32 bits, unsigned, big-endian. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Reads what `writeUint32` wrote; all four bytes must be there. */
export function readUint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return ((high << 16) | low) >>> 0;
}

function checkVersion(what: string, version: number | undefined): void {
  if (version === VERSION) return;
  throw new CodecError(
    'unknownVersion',
    `${what}: expected version ${VERSION}, got ${String(version)}`,
  );
}

function fieldsIn(what: string, bytes: Uint8Array, from: number, to: number): readonly unknown[] {
  let fields: unknown;
  try {
    fields = unpackFields(bytes, from, to);
  } catch (error) {
    throw new CodecError('damaged', `${what}: expected packed fields, got something else`, {
      cause: error,
    });
  }
  if (!Array.isArray(fields))
    throw damaged(what, `expected an array of fields, got ${typeof fields}`);
  return fields;
}
