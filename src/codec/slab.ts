// Small runs of bytes, kept side by side in memory that they share: a buffer of its own costs a run of 128 bytes 550 bytes and nearly a
// microsecond. What was written is never written over. Whoever keeps one run keeps the slab that it stands in, so a slab is no
// longer than what one run may cost once the others are gone.

export class Slab {
  readonly #slabBytes: number;
  readonly #runBytesMax: number;
  #slab: Uint8Array;
  #used = 0;

  /** Runs of more than `runBytesMax` get memory of their own. */
  constructor(slabBytes: number, runBytesMax: number) {
    this.#slabBytes = slabBytes;
    this.#runBytesMax = runBytesMax;
    this.#slab = new Uint8Array(slabBytes);
  }

  /** A copy of what stands in `bytes` between `from` and `to`. */
  copyOf(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
    const length = to - from;
    // A view costs as much as the copy; `slice` takes longer than all the rest, and `subarray` would answer a Buffer for one.
    const isWhole = length === bytes.length;
    const source = isWhole ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);
    if (length > this.#runBytesMax) return new Uint8Array(source);
    if (this.#used + length > this.#slabBytes) {
      this.#slab = new Uint8Array(this.#slabBytes);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#slab.buffer, this.#used, length);
    copy.set(source);
    this.#used += length;
    return copy;
  }
}

/** Entries and what else is encoded: neighbours are let go together, when the log is compacted. */
export const ENCODED = new Slab(16 * 1024, 2 * 1024);

/**
 * What the state keeps: one value may outlive its neighbours by days. Then it keeps 512 bytes, which with what a buffer costs beside them is
 * about twice what one of its own would.
 */
export const VALUES = new Slab(512, 256);
