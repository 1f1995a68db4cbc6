// What came of a planted bug: one attempt for each base seed, and what all attempts together say. Medians count an attempt
// that found nothing as one that took for ever, so that a bug found half of the time is not made to look easy.

/** What a run found in a copy with a bug. */
export interface Found {
  /** The seed that shows it; null: it was no run of a seed. */
  readonly seed: string | null;
  /** The property that fired; `liveness`, `hung` and `crashed` for a run that did not recover, end or go on. */
  readonly property: string;
  readonly detail: string;
  /** Simulated time; null: it was no violation. */
  readonly atUs: number | null;
}

/** Seeds one after the other from a base seed on, until one of them shows the bug or the limit is reached. */
export interface Attempt {
  readonly base: string;
  /** Seeds run. */
  readonly seeds: number;
  /** Real time on a machine that does nothing else: time of the processor. */
  readonly elapsedMs: number;
  readonly simulatedMs: number;
  /** Null: nothing. */
  readonly found: Found | null;
}

/** The middle of the numbers, the lower one of two; infinite where the middle attempt found nothing. */
export function medianOf(attempts: readonly Attempt[], of: (attempt: Attempt) => number): number {
  const rising = attempts
    .map((attempt) => (attempt.found === null ? Number.POSITIVE_INFINITY : of(attempt)))
    .sort((a, b) => a - b);
  return rising[Math.floor((rising.length - 1) / 2)] ?? Number.POSITIVE_INFINITY;
}

/** The properties that fired, the most frequent first, with how often. */
export function propertiesOf(attempts: readonly Attempt[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { found } of attempts) {
    if (found !== null) counts.set(found.property, (counts.get(found.property) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
