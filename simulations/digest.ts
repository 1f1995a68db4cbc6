// Short digests of bytes and plain values, to compare what several nodes hold without keeping it all.
// 53 bits in one number: a collision can only hide a difference, never invent one. Not for secrets. The mixing is
// cyrb53's (public domain): two 32-bit lanes, multiplied and folded.

/** Grows value by value; equal sequences give equal results. */
export class Digest {
  #low: number;
  #high: number;

  constructor(start = 0) {
    this.#low = 0xdeadbeef ^ (start >>> 0);
    this.#high = 0x41c6ce57 ^ (start / 4294967296);
  }

  /** Takes in the low 32 bits. */
  word(value: number): this {
    this.#low = Math.imul(this.#low ^ value, 2654435761);
    this.#high = Math.imul(this.#high ^ value, 1597334677);
    return this;
  }

  /** Takes in a number of up to 53 bits. */
  number(value: number): this {
    return this.word(value | 0).word(Math.floor(value / 4294967296) | 0);
  }

  bytes(bytes: Uint8Array): this {
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i] as number;
      low = Math.imul(low ^ byte, 2654435761);
      high = Math.imul(high ^ byte, 1597334677);
    }
    this.#low = low;
    this.#high = high;
    return this.word(bytes.length);
  }

  text(text: string): this {
    for (let i = 0; i < text.length; i += 1) this.word(text.charCodeAt(i));
    return this.word(text.length);
  }

  /** Takes in plain data of any shape; the order of an object's keys does not matter, that of a map's does. */
  value(value: unknown): this {
    if (value === null || value === undefined) return this.word(1);
    if (typeof value === 'number') return this.word(2).number(value);
    if (typeof value === 'string') return this.word(3).text(value);
    if (typeof value === 'boolean') return this.word(value ? 4 : 5);
    if (value instanceof Uint8Array) return this.word(6).bytes(value);
    if (value instanceof Map) return this.value([...value.entries()]);
    if (Array.isArray(value)) {
      this.word(7).word(value.length);
      for (const element of value) this.value(element);
      return this;
    }
    if (typeof value !== 'object') throw new Error(`no digest for a ${typeof value}`);
    this.word(8);
    for (const key of sorted(Object.keys(value))) {
      this.text(key).value((value as Record<string, unknown>)[key]);
    }
    return this;
  }

  /** 53 bits. */
  end(): number {
    let low = this.#low ^ (this.#low >>> 16);
    low = Math.imul(low, 2246822507) ^ Math.imul(this.#high ^ (this.#high >>> 13), 3266489909);
    let high = this.#high ^ (this.#high >>> 16);
    high = Math.imul(high, 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    return 4294967296 * (2097151 & high) + (low >>> 0);
  }
}

/** Digest of a run of bytes. */
export function digestOfBytes(bytes: Uint8Array): number {
  return new Digest().bytes(bytes).end();
}

/** Digest of plain data. */
export function digestOf(value: unknown): number {
  return new Digest().value(value).end();
}

/** Hexadecimal, always 14 digits. */
export function showDigest(digest: number): string {
  return digest.toString(16).padStart(14, '0');
}

/** Sorts in place; made for the few keys of one object, which are nearly sorted or the same again and again. */
function sorted(keys: string[]): string[] {
  for (let from = 1; from < keys.length; from += 1) {
    const key = keys[from] as string;
    let at = from;
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}
