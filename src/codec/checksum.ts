// The checksum of everything stored or sent. It finds accidental damage; it is no defence against an attacker.

import crc32 from 'crc-32';

/** CRC-32 (IEEE 802.3) of the bytes, as an unsigned 32-bit number. */
export function checksum(bytes: Uint8Array): number {
  return crc32.buf(bytes) >>> 0;
}
