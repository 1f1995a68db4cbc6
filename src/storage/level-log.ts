// Reads LevelDB's own log format (write-ahead log and MANIFEST), before LevelDB does: its recovery drops what it cannot
// read and says nothing. Format: blocks of 32 KiB; records of crc32c (masked, of type and payload), length, type,
// payload, little-endian; a record longer than its block continues in fragments.
// Source: LevelDB doc/log_format.md.

import { castagnoli } from '../codec/checksum.js';
import { isSumOf, unmask } from './level-bytes.js';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;
const ZEROS_MIN = 16;
const FULL = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;

export type LogScan =
  /** Every record is sound, but for a last one that a crash cut short (`isTorn`). */
  | { readonly type: 'sound'; readonly records: readonly Uint8Array[]; readonly isTorn: boolean }
  | { readonly type: 'damaged'; readonly offset: number; readonly detail: string };

interface Fragment {
  readonly type: number;
  readonly payload: Uint8Array;
  readonly end: number;
}

type Read =
  | { readonly type: 'fragment'; readonly fragment: Fragment }
  | { readonly type: 'end' }
  | { readonly type: 'torn' }
  | { readonly type: 'damaged'; readonly detail: string };

/** Reads all records; tells a torn tail, which a crash may leave, from damage, which it cannot. */
export function scanLog(bytes: Uint8Array): LogScan {
  const records: Uint8Array[] = [];
  let open: Uint8Array[] | null = null;
  let offset = 0;
  while (true) {
    const at = skipTrailer(bytes, offset);
    if (at === null)
      return { type: 'damaged', offset, detail: 'the padding of a block is not zero' };
    const read = readFragment(bytes, at);
    if (read.type === 'end' || read.type === 'torn') {
      return { type: 'sound', records, isTorn: read.type === 'torn' || open !== null };
    }
    if (read.type === 'damaged') return { type: 'damaged', offset: at, detail: read.detail };
    const { type, payload, end } = read.fragment;
    const isContinuation = type === MIDDLE || type === LAST;
    if (isContinuation !== (open !== null)) {
      return {
        type: 'damaged',
        offset: at,
        detail: 'the fragments of a record do not follow each other',
      };
    }
    if (type === FULL) records.push(payload);
    else if (type === FIRST) open = [payload];
    else open?.push(payload);
    if (type === LAST) {
      records.push(Buffer.concat(open ?? []));
      open = null;
    }
    offset = end;
  }
}

/** Where the next header stands: the last bytes of a block that cannot hold one are zero. Null: they are not. */
function skipTrailer(bytes: Uint8Array, offset: number): number | null {
  const left = BLOCK_BYTES - (offset % BLOCK_BYTES);
  if (left >= HEADER_BYTES) return offset;
  const end = Math.min(offset + left, bytes.length);
  return isZero(bytes.subarray(offset, end)) ? offset + left : null;
}

function readFragment(bytes: Uint8Array, at: number): Read {
  if (at >= bytes.length) return { type: 'end' };
  const header = bytes.subarray(at, at + HEADER_BYTES);
  // A crash may leave a file longer than what reached it.
  if (isZero(header) && isZero(bytes.subarray(at))) return { type: 'torn' };
  if (header.length < HEADER_BYTES) return { type: 'torn' };
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const masked = view.getUint32(0, true);
  const length = view.getUint16(4, true);
  const type = view.getUint8(6);
  const end = at + HEADER_BYTES + length;
  const blockEnd = at - (at % BLOCK_BYTES) + BLOCK_BYTES;
  if (end > blockEnd) return { type: 'damaged', detail: 'a record reaches beyond its block' };
  if (end > bytes.length) return judgeShort(bytes, at, masked);
  const body = bytes.subarray(at + HEADER_BYTES - 1, end);
  if (!isSumOf(masked, body)) {
    if (isCutByZeros(bytes, at, end)) return { type: 'torn' };
    return { type: 'damaged', detail: 'a record does not match its checksum' };
  }
  if (type < FULL || type > LAST)
    return { type: 'damaged', detail: `a record has the type ${type}` };
  return { type: 'fragment', fragment: { type, payload: body.subarray(1), end } };
}

/**
 * A record claims more than there is: a crash cut the last one short, unless the checksum fits some part of what is there
 * and the log goes on soundly behind it; then only the length is wrong.
 */
function judgeShort(bytes: Uint8Array, at: number, masked: number): Read {
  const expected = unmask(masked);
  let sum = 0;
  for (let end = at + HEADER_BYTES - 1; end < bytes.length;) {
    sum = castagnoli(bytes.subarray(end, end + 1), sum);
    end += 1;
    if (sum === expected && (end === bytes.length || goesOn(bytes, end))) {
      return { type: 'damaged', detail: 'the length of a record is wrong' };
    }
  }
  return { type: 'torn' };
}

function goesOn(bytes: Uint8Array, at: number): boolean {
  const next = readFragment(bytes, at);
  return next.type === 'fragment' || next.type === 'torn';
}

/**
 * Whether all is zero from a sector inside this record to the end of the file: the file grew, but not all of an append
 * reached it. Our batches end with the seal's checksum, never with that many zeros.
 */
function isCutByZeros(bytes: Uint8Array, at: number, end: number): boolean {
  let zerosFrom = bytes.length;
  while (bytes[zerosFrom - 1] === 0) zerosFrom -= 1;
  const cut = Math.ceil(zerosFrom / SECTOR_BYTES) * SECTOR_BYTES;
  if (cut < at + HEADER_BYTES) return bytes.length - cut >= ZEROS_MIN;
  return end - cut >= ZEROS_MIN;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
