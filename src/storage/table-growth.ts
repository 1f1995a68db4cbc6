// How large LevelDB's table in memory is, found by going through what LevelDB does for each operation: `MemTable::Add`, `Arena` and
// `SkipList` of LevelDB 1.20, down to the numbers that its skip list draws, which begin anew with each table. Nothing of LevelDB tells it.

import type { Operation } from './live-keys.js';

/** Memory is taken in blocks of so many bytes, each noted by a pointer. What is larger than a quarter has one of its own. */
const BLOCK_BYTES = 4096;
const POINTER_BYTES = 8;
/** Of a list's node: its key and its first link. */
const NODE_BYTES = 2 * POINTER_BYTES;
const HEIGHT_MAX = 12;
/** One node in so many is a link higher, and of these again. */
const BRANCHING = 4;
/** `util/random.h`: a linear congruential generator of Park and Miller. */
const SEED = 0xdeadbeef & 0x7fffffff;
const FACTOR = 16_807;
const MODULUS = 2 ** 31 - 1;
/** Number and kind of an operation, behind its key. */
const TAG_BYTES = 8;

export class TableGrowth {
  #bytes = 0;
  /** In the newest block. */
  #left = 0;
  #drawn = SEED;

  constructor() {
    this.#addNode(HEIGHT_MAX);
  }

  /** What `ApproximateMemoryUsage` of the table says. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes in a batch. */
  add(operations: readonly Operation[]): void {
    for (const operation of operations) {
      const keyBytes = operation.key.length + TAG_BYTES;
      const valueBytes = operation.type === 'put' ? operation.value.length : 0;
      this.#take(lengthBytes(keyBytes) + keyBytes + lengthBytes(valueBytes) + valueBytes);
      this.#addNode(this.#drawHeight());
    }
  }

  #addNode(height: number): void {
    const bytes = NODE_BYTES + POINTER_BYTES * (height - 1);
    const slop = this.#left % POINTER_BYTES;
    if (bytes + slop <= this.#left) this.#left -= bytes + slop;
    else this.#takeAnew(bytes);
  }

  #take(bytes: number): void {
    if (bytes <= this.#left) this.#left -= bytes;
    else this.#takeAnew(bytes);
  }

  /** From memory that is taken for it; what was left is given up, unless this is too large for a common block. */
  #takeAnew(bytes: number): void {
    if (bytes > BLOCK_BYTES / 4) {
      this.#bytes += bytes + POINTER_BYTES;
      return;
    }
    this.#bytes += BLOCK_BYTES + POINTER_BYTES;
    this.#left = BLOCK_BYTES - bytes;
  }

  #drawHeight(): number {
    let height = 1;
    while (height < HEIGHT_MAX && this.#draw() % BRANCHING === 0) height += 1;
    return height;
  }

  #draw(): number {
    this.#drawn = (this.#drawn * FACTOR) % MODULUS;
    return this.#drawn;
  }
}

/** Bytes of a length with seven bits in each. */
function lengthBytes(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
