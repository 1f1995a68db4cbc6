// The log as a bar for each node: which part of its newest stretch a node has applied and knows committed. All bars share one
// stretch, so that who is behind is seen at once. Pure.

import type { NodeView } from '../feed.js';

export interface LogBar {
  readonly name: string;
  /** From 0 to 1 of the stretch; null: unknown. */
  readonly applied: number | null;
  readonly committed: number | null;
}

/** Entries that a stretch has at least: a lag of three must not look like a lag of a million. */
const STRETCH_MIN = 64;

export function logBars(nodes: readonly NodeView[]): readonly LogBar[] {
  const known = nodes.flatMap(({ commitIndex, lastApplied }) =>
    [commitIndex, lastApplied].filter((index) => index !== null),
  );
  const high = Math.max(0, ...known);
  const low = Math.min(high, ...known);
  const stretch = Math.max(STRETCH_MIN, Math.ceil((high - low) * 1.25));
  const share = (index: number | null): number | null =>
    index === null || high === 0 ? null : Math.max(0, 1 - (high - index) / stretch);
  return nodes.map(({ name, commitIndex, lastApplied }) => ({
    name,
    applied: share(lastApplied),
    committed: share(commitIndex),
  }));
}
