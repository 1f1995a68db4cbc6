// The checksums of everything stored or sent. They find accidental damage; they are no defence against an attacker.
// Ours is CRC-32; CRC-32C is only for reading what LevelDB wrote.

import crc32 from 'crc-32';
import crc32c from 'crc-32/crc32c.js';

/** CRC-32 (IEEE 802.3) of the bytes, as an unsigned 32-bit number; `seed`: the checksum of the bytes before them. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  return crc32.buf(bytes, seed | 0) >>> 0;
}

/** The same of the bytes from `from` up to `to`. Short runs are summed here: nothing is made for them. */
export function checksumOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > SHORT_MAX) return checksum(bytes.subarray(from, to));
  let sum = -1;
  for (let at = from; at < to; at += 1) {
    sum = (sum >>> 8) ^ (TABLE[(sum ^ (bytes[at] as number)) & 0xff] as number);
  }
  return ~sum >>> 0;
}

/** Longer ones are faster sixteen bytes at a time. */
const SHORT_MAX = 256;

/** CRC-32 of each byte alone. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** CRC-32C (Castagnoli) likewise. */
export function castagnoli(bytes: Uint8Array, seed = 0): number {
  return crc32c.buf(bytes, seed | 0) >>> 0;
}
