// How long it takes at most until processes that are told to end gracefully have ended: those of a group one after the
// other, everything else at once. Pure.

import type { ProcessDefinition } from '../keeper/process-definition.js';

/** For SIGKILL, and for finding that nothing is left. */
const KILL_ALLOWANCE_MS = 1500;

/** In ms; the graces of a group add up. */
export function longestStopMs(processes: readonly ProcessDefinition[]): number {
  const groups = new Map<string, number>();
  for (const { name, group, stopGraceMs } of processes) {
    // No group is called like this: a name has no slash.
    const key = group ?? `/${name}`;
    groups.set(key, (groups.get(key) ?? 0) + stopGraceMs);
  }
  return Math.max(0, ...groups.values()) + KILL_ALLOWANCE_MS;
}
