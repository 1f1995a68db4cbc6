// The newest measurements of one kind between two looks, for people who watch: their number and two percentiles. The histograms of
// Prometheus are told the same values, and keep no order among them. Bounded: beyond `KEPT_MAX` a value takes the place of another.

/** Values kept between two looks. */
const KEPT_MAX = 2048;

export interface RecentFigures {
  /** All that were told, also those that were not kept. */
  readonly count: number;
  /** Null: none was told. */
  readonly p50: number | null;
  readonly p99: number | null;
}

export class Recent {
  readonly #kept: number[] = [];
  #count = 0;

  add(value: number): void {
    // A ring: the newest are kept.
    this.#kept[this.#count % KEPT_MAX] = value;
    this.#count += 1;
  }

  /** What was told since the last look. */
  take(): RecentFigures {
    const sorted = this.#kept.sort((a, b) => a - b);
    const figures = { count: this.#count, p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
    this.#kept.length = 0;
    this.#count = 0;
    return figures;
  }
}

/** Nearest rank. */
function at(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
