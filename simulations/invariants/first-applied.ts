// Looks at each entry once, when the first node of all applies it: what it changed is the same on every other node, as another
// property holds. Before an entry is applied first, those before it were.

import type { Applied, Invariant } from './invariant.js';

/** Calls `look` for each entry as it is applied for the first time anywhere. */
export function firstApplied(look: (applied: Applied) => void): NonNullable<Invariant['applied']> {
  let newest = 0;
  return (applied) => {
    if (applied.entry.index <= newest) return;
    newest = applied.entry.index;
    look(applied);
  };
}
