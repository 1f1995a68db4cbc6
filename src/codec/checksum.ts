// The checksums of everything stored or sent. They find accidental damage; they are no defence against an attacker.
// Ours is CRC-32; CRC-32C is only for reading what LevelDB wrote.

import crc32 from 'crc-32';
import crc32c from 'crc-32/crc32c.js';

/** CRC-32 (IEEE 802.3) of the bytes, as an unsigned 32-bit number; `seed`: the checksum of the bytes before them. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  return crc32.buf(bytes, seed | 0) >>> 0;
}

/** CRC-32C (Castagnoli) likewise. */
export function castagnoli(bytes: Uint8Array, seed = 0): number {
  return crc32c.buf(bytes, seed | 0) >>> 0;
}
