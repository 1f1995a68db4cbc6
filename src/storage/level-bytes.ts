// What LevelDB's files are made of, below records and blocks: masked checksums, variable-length integers and slices.
// Reading beyond the end throws; the caller says which file that was. Integers beyond 2^53 are not told apart from
// damage, no file of ours comes near.
// Source: LevelDB util/coding.cc, util/crc32c.h.

import { castagnoli } from '../codec/checksum.js';

/** LevelDB stores checksums rotated and shifted, so that a checksum of checksums is sound. */
export function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/** Whether a masked checksum is that of the bytes. */
export function isSumOf(masked: number, bytes: Uint8Array): boolean {
  return unmask(masked) === castagnoli(bytes);
}

/** Reads numbers and slices one behind the other. Each method throws an Error beyond the end. */
export class LevelReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** An unsigned integer, seven bits a byte, the lowest first. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error('a number is cut short or too large');
  }

  slice(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error('a field reaches beyond its record');
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }

  /** A slice with its length before it. */
  prefixed(): Uint8Array {
    return this.slice(this.varint());
  }
}
