// Parameters that a sweep varies: every combination of the values asked for, each with all seeds. What is not varied is
// drawn from each seed.

import type { Overrides } from './parameters.js';

/** One combination; what is absent is drawn from each seed. */
export interface Variation {
  readonly names: { readonly nodes?: number; readonly electionTimeoutMs?: number };
  readonly part: Overrides;
}

/** All combinations; an empty list leaves its parameter to the seeds. */
export function variationsOf(
  nodes: readonly number[],
  electionTimeoutsMs: readonly number[],
): Variation[] {
  const each = <Value>(values: readonly Value[]): (Value | null)[] =>
    values.length === 0 ? [null] : [...values];
  return each(nodes).flatMap((count) =>
    each(electionTimeoutsMs).map((timeoutMs): Variation => {
      const names = {
        ...(count === null ? {} : { nodes: count }),
        ...(timeoutMs === null ? {} : { electionTimeoutMs: timeoutMs }),
      };
      return { names, part: names };
    }),
  );
}
