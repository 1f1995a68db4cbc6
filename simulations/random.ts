// All chance of a run, from one 64-bit seed through named streams: a new draw in one stream shifts nothing in another.
// The generator is xoshiro128** (Blackman and Vigna, public domain), each stream seeded by splitmix32 from the run's
// seed and the stream's name. Only whole numbers and exactly rounded arithmetic are used, so every machine draws alike.

const SEED_MAX = (1n << 64n) - 1n;

/**
 * Reads a seed as people write it: decimal, or hexadecimal behind `0x`.
 * Null unless it is a whole number that fits 64 bits.
 */
export function parseSeed(text: string): bigint | null {
  if (!/^(\d{1,20}|0x[0-9a-fA-F]{1,16})$/.test(text)) return null;
  const seed = BigInt(text);
  return seed <= SEED_MAX ? seed : null;
}

/** The seed that stands `distance` after this one, around the end of 64 bits. */
export function seedPlus(seed: bigint, distance: number): bigint {
  return BigInt.asUintN(64, seed + BigInt(distance));
}

/** One sequence of numbers, fixed by the run's seed and its own name. */
export class Stream {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: bigint, name: string) {
    const low = Number(seed & 0xffffffffn);
    const high = Number((seed >> 32n) & 0xffffffffn);
    let mix = (low ^ Math.imul(nameHash(name), 0x9e3779b1)) >>> 0;
    const next = (): number => {
      mix = (mix + 0x9e3779b9) >>> 0;
      let z = (mix ^ high) >>> 0;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      mix = (mix + high) >>> 0;
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    // A state of four zeros would never leave zero.
    this.#d = next() | 1;
  }

  /** The next 32 bits. */
  bits(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled;
  }

  /** A whole number in [from, to], both included; the range must be smaller than 2^32. */
  between(from: number, to: number): number {
    return from + Math.floor((this.bits() / 4294967296) * (to - from + 1));
  }

  /** True in `perMillion` of a million draws. */
  chance(perMillion: number): boolean {
    return this.bits() < perMillion * 4294.967296;
  }

  /** One of the elements; the list must not be empty. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.between(0, list.length - 1)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }

  /** A whole number with the exponential distribution around `mean`, at most 20 times it. */
  exponential(mean: number): number {
    const uniform = (this.bits() + 1) / 4294967296;
    return Math.min(mean * 20, Math.floor(-naturalLog(uniform) * mean));
  }
}

/** Hands out the streams of one run by name, each made once. */
export class Streams {
  readonly seed: bigint;
  readonly #streams = new Map<string, Stream>();

  constructor(seed: bigint) {
    this.seed = seed;
  }

  stream(name: string): Stream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new Stream(this.seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** FNV-1a over the name's UTF-16 units. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** For 0 < x <= 1. Math.log may differ in its last bit from one engine to another; these operations may not. */
function naturalLog(x: number): number {
  let mantissa = x;
  let halvings = 0;
  while (mantissa < 0.5) {
    mantissa *= 2;
    halvings += 1;
  }
  const y = (mantissa - 1) / (mantissa + 1);
  let term = y;
  let sum = y;
  for (let n = 3; n <= 15; n += 2) {
    term *= y * y;
    sum += term / n;
  }
  return 2 * sum - halvings * 0.6931471805599453;
}
