// The numbers that decide: ratios of slices that ran side by side, their median, and an interval that needs no assumption about how
// they scatter. Pure.

/** The middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low = NaN, high = NaN] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (low + high) / 2;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Probability that it contains the median of what is measured; at least what was asked for if there are enough values. */
  readonly confidence: number;
}

/**
 * The narrowest interval between two of the sorted values that contains the true median with the confidence asked for, by
 * the binomial distribution (sign test); of too few values, from the least to the greatest.
 */
export function medianInterval(values: readonly number[], confidence = 0.95): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let skipped = 0;
  while (skipped + 1 < n / 2 && coverage(n, skipped + 1) >= confidence) skipped += 1;
  const [low = NaN, high = NaN] = [sorted[skipped], sorted[n - 1 - skipped]];
  return { low, high, confidence: coverage(n, skipped) };
}

/** Of the interval that leaves out so many values at each end. */
function coverage(n: number, skipped: number): number {
  let tail = 0;
  for (let k = 0; k <= skipped; k += 1) tail += binomial(n, k) / 2 ** n;
  return 1 - 2 * tail;
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let at = 1; at <= k; at += 1) value = (value * (n - at + 1)) / at;
  return value;
}
