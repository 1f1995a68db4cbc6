// Which changes a watcher asked for: of one fact, with one key, with keys that begin alike, or all. A watch has several
// filters, and gets what any of them lets through, once.

import type { Change, Fact } from '../state-machine/changes.js';

export interface WatchFilter {
  readonly fact: Fact;
  /** Exactly this key, or every key that begins with this; an empty prefix is every key of the fact. */
  readonly by: 'key' | 'prefix';
  readonly key: string;
}

const FACTS: readonly Fact[] = [
  'session',
  'store',
  'lock',
  'job',
  'policy',
  'service',
  'member',
  'primary',
  'event',
];

/** Every change of every fact. */
export const EVERYTHING: readonly WatchFilter[] = FACTS.map((fact) => ({
  fact,
  by: 'prefix',
  key: '',
}));

export function isWanted(
  filters: readonly WatchFilter[],
  change: Pick<Change, 'fact' | 'key'>,
): boolean {
  return filters.some((filter) => letsThrough(filter, change));
}

function letsThrough(
  { fact, by, key }: WatchFilter,
  change: Pick<Change, 'fact' | 'key'>,
): boolean {
  if (fact !== change.fact) return false;
  return by === 'key' ? change.key === key : change.key.startsWith(key);
}
