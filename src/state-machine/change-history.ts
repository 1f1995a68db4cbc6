// What the newest entries changed, kept so that watchers can follow and resume. It is a memory of one node and no part of the
// replicated state: after a restart or a snapshot it begins anew. What it still has, it has whole: a reader either gets
// every change since the revision that it knows, or learns that it cannot.

import { invariant } from '../raft/assert.js';
import { INDEX_ZERO } from '../raft/types.js';
import type { LogIndex } from '../raft/types.js';
import { changeBytes } from './changes.js';
import type { Change } from './changes.js';

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

interface Kept extends Revision {
  readonly bytes: number;
}

/** Stands in the place of a forgotten revision, so that its values can be freed. */
const FORGOTTEN: Kept = { revision: INDEX_ZERO, changes: [], bytes: 0 };

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
    const last = this.#kept.at(-1)?.revision ?? this.#knownAfter;
    invariant(revision > last, 'revisions of the history grow');
    const bytes = changes.reduce((sum, change) => sum + changeBytes(change), 0);
    this.#kept.push({ revision, changes, bytes });
    this.#bytes += bytes;
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
    return this.#kept.slice(from, from + countMax);
  }

  #forget(): void {
    const { revisionsMax, bytesMax } = this.#limits;
    while (this.#kept.length - this.#first > 1) {
      const isFull = this.#kept.length - this.#first > revisionsMax || this.#bytes > bytesMax;
      const oldest = this.#kept[this.#first];
      if (!isFull || oldest === undefined) break;
      this.#bytes -= oldest.bytes;
      this.#knownAfter = oldest.revision;
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
      if ((this.#kept[middle]?.revision ?? INDEX_ZERO) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
