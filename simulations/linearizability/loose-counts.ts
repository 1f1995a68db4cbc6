// How many operations of each loose kind took effect, as one number for each such combination. Number 0 is none.

import type { LooseOrder } from './configurations.js';

/** What one combination costs, about, beside its counts. */
const COMBINATION_BYTES = 200;
const COUNT_BYTES = 20;

/** Counts by loose kind, those that are not 0, in the order of kinds. */
type Counts = readonly (readonly [kind: number, count: number])[];

export class LooseCounts implements LooseOrder {
  readonly #all: Counts[] = [[]];
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #totals: number[] = [0];
  #bytes = 0;

  /** Memory in use, about. */
  get bytes(): number {
    return this.#bytes;
  }

  countOf(number: number, kind: number): number {
    for (const [each, count] of this.#of(number)) if (each === kind) return count;
    return 0;
  }

  /** How many took effect, of whatever kind. */
  totalOf(number: number): number {
    return this.#totals[number] ?? 0;
  }

  /** The combination with one more of this kind. */
  plusOne(number: number, kind: number): number {
    const rest = this.#of(number).filter(([each]) => each !== kind);
    const counts = [...rest, [kind, this.countOf(number, kind) + 1] as const].sort(
      ([a], [b]) => a - b,
    );
    const text = counts.join(' ');
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#bytes += COMBINATION_BYTES + counts.length * COUNT_BYTES;
    this.#numbers.set(text, this.#all.length);
    this.#totals.push(this.totalOf(number) + 1);
    return this.#all.push(counts) - 1;
  }

  isWithin(less: number, more: number): boolean {
    if (less === more || less === 0) return true;
    const [small, large] = [this.#of(less), this.#of(more)];
    let at = 0;
    for (const [kind, count] of small) {
      while (at < large.length && (large[at]?.[0] ?? 0) < kind) at += 1;
      const found = large[at];
      if (found === undefined || found[0] !== kind || found[1] < count) return false;
    }
    return true;
  }

  #of(number: number): Counts {
    return this.#all[number] ?? [];
  }
}
