// The core's dice: a small seeded generator, so that every run can be repeated from its seed.
// Election timeouts are its only use; it is no source of secrets. Algorithm: mulberry32 (public domain).

/** A sequence of numbers fixed by its seed. */
export class Random {
  #state: number;

  /** `seed` is taken as 32 bits. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The seed of a sequence that goes on as this one does. */
  save(): number {
    return this.#state;
  }

  /** A whole number in [from, toExclusive); the range is not empty. */
  between(from: number, toExclusive: number): number {
    return from + Math.floor(this.#next() * (toExclusive - from));
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
