// What the newest entries changed, kept so that watchers can follow and resume. It is a memory of one node and no part of the
// replicated state: after a restart or a snapshot it begins anew. What it still has, it has whole: a reader either gets
// every change since the revision that it knows, or learns that it cannot.

import { invariant } from '../raft/assert.js';
import { INDEX_ZERO } from '../raft/types.js';
import type { LogIndex } from '../raft/types.js';
import { changeBytes } from './changes.js';
import type { Change } from './changes.js';
import type { StoreEntry } from './store-types.js';

/** Bounds of the history; the oldest is forgotten first. Design section 8. */
export const CHANGE_LIMITS = {
  revisionsMax: 10_000,
  /** Of the changes, about; at least one revision is kept. Many values are also part of the state. */
  bytesMax: 64 * 1024 * 1024,
} as const;

export type ChangeLimits = { readonly [name in keyof typeof CHANGE_LIMITS]: number };

/** All that one entry changed, at least one change. Delivered whole. */
export interface Revision {
  readonly revision: LogIndex;
  readonly changes: readonly Change[];
}

/**
 * A revision as it is kept. Nearly all put keys of the store and do nothing else: their entries, or the only one, say all of it, and
 * what is kept for long is dear to collect.
 */
type Kept = StoreEntry | readonly StoreEntry[] | Revision;

/** Stands in the place of a forgotten revision, so that its values can be freed. */
const FORGOTTEN: Revision = { revision: INDEX_ZERO, changes: [] };

export class ChangeHistory {
  readonly #limits: ChangeLimits;
  /** In the order of revisions; those before `#first` are forgotten. */
  #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;
  #knownAfter: LogIndex;

  constructor(limits: ChangeLimits = CHANGE_LIMITS) {
    this.#limits = limits;
    this.#knownAfter = INDEX_ZERO;
  }

  /** Every change after this revision is known; of earlier ones nothing. */
  get knownAfter(): LogIndex {
    return this.#knownAfter;
  }

  /** Takes in what an entry changed. Revisions only grow. */
  add(revision: LogIndex, changes: readonly Change[]): void {
    if (changes.length === 0) return;
    const last = this.#kept.at(-1);
    const isLater = revision > (last === undefined ? this.#knownAfter : revisionOf(last));
    invariant(isLater, 'revisions of the history grow');
    const all = { revision, changes };
    this.#kept.push(packed(all));
    this.#bytes += bytesOf(all);
    this.#forget();
  }

  /** Begins anew: nothing up to this revision is known. */
  reset(revision: LogIndex): void {
    this.#kept = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#knownAfter = revision;
  }

  /**
   * Revisions with changes after this one, in order, at most `countMax`; null: some of them are forgotten.
   */
  after(revision: LogIndex, countMax: number): readonly Revision[] | null {
    if (revision < this.#knownAfter) return null;
    const from = this.#placeAfter(revision);
    return this.#kept.slice(from, from + countMax).map(unpacked);
  }

  #forget(): void {
    const { revisionsMax, bytesMax } = this.#limits;
    while (this.#kept.length - this.#first > 1) {
      const isFull = this.#kept.length - this.#first > revisionsMax || this.#bytes > bytesMax;
      const oldest = this.#kept[this.#first];
      if (!isFull || oldest === undefined) break;
      this.#bytes -= bytesOf(unpacked(oldest));
      this.#knownAfter = revisionOf(oldest);
      this.#kept[this.#first] = FORGOTTEN;
      this.#first += 1;
    }
    // Now and then, so that forgetting costs little.
    if (this.#first * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#first);
    this.#first = 0;
  }

  /** Place of the first revision beyond the given one: the places before it hold none. */
  #placeAfter(revision: LogIndex): number {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (revisionOf(this.#kept[middle] ?? FORGOTTEN) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function packed(all: Revision): Kept {
  const { revision, changes } = all;
  const put = (change: Change | undefined): StoreEntry | null => {
    if (change?.fact !== 'store' || change.value?.revision !== revision) return null;
    return change.value;
  };
  const first = put(changes[0]);
  if (first === null || changes.length === 1) return first ?? all;
  const entries = changes.map(put).filter((entry) => entry !== null);
  return entries.length === changes.length ? entries : all;
}

function unpacked(kept: Kept): Revision {
  if ('changes' in kept) return kept;
  const entries = isList(kept) ? kept : [kept];
  const changes = entries.map((value): Change => ({ fact: 'store', key: value.key, value }));
  return { revision: revisionOf(kept), changes };
}

function revisionOf(kept: Kept): LogIndex {
  return isList(kept) ? (kept[0]?.revision ?? INDEX_ZERO) : kept.revision;
}

/** `Array.isArray`, of lists that nobody may write to. */
function isList(kept: Kept): kept is readonly StoreEntry[] {
  return Array.isArray(kept);
}

function bytesOf({ changes }: Revision): number {
  return changes.reduce((sum, change) => sum + changeBytes(change), 0);
}
