// Who is to be told of a change, without asking everybody: watchers by the exact key that they asked for, and by prefix. A
// look-up costs one step for the key and one for each length of a prefix that anybody asked for.

import type { Change, Fact } from '../state-machine/changes.js';
import type { WatchFilter } from './filter.js';

/** Watchers by what they asked for, of one fact. */
interface OfFact<W> {
  readonly byKey: Map<string, Set<W>>;
  readonly byPrefix: Map<string, Set<W>>;
  /** How many prefixes there are of each length. */
  readonly lengths: Map<number, number>;
}

export class Interests<W> {
  readonly #byFact = new Map<Fact, OfFact<W>>();

  add(watcher: W, filters: readonly WatchFilter[]): void {
    for (const { fact, by, key } of filters) {
      const of = this.#of(fact);
      const map = by === 'key' ? of.byKey : of.byPrefix;
      const known = map.get(key);
      if (known !== undefined) {
        known.add(watcher);
        continue;
      }
      map.set(key, new Set([watcher]));
      if (by === 'prefix') of.lengths.set(key.length, (of.lengths.get(key.length) ?? 0) + 1);
    }
  }

  /** Undoes `add` with the same filters. */
  remove(watcher: W, filters: readonly WatchFilter[]): void {
    for (const { fact, by, key } of filters) {
      const of = this.#of(fact);
      const map = by === 'key' ? of.byKey : of.byPrefix;
      const known = map.get(key);
      if (known === undefined) continue;
      known.delete(watcher);
      if (known.size > 0) continue;
      map.delete(key);
      if (by === 'key') continue;
      const count = (of.lengths.get(key.length) ?? 1) - 1;
      if (count === 0) of.lengths.delete(key.length);
      else of.lengths.set(key.length, count);
    }
  }

  /** Adds to `found` everybody who asked for it. */
  collect({ fact, key }: Pick<Change, 'fact' | 'key'>, found: Set<W>): void {
    const of = this.#byFact.get(fact);
    if (of === undefined) return;
    for (const watcher of of.byKey.get(key) ?? []) found.add(watcher);
    for (const length of of.lengths.keys()) {
      if (length > key.length) continue;
      for (const watcher of of.byPrefix.get(key.slice(0, length)) ?? []) found.add(watcher);
    }
  }

  #of(fact: Fact): OfFact<W> {
    let of = this.#byFact.get(fact);
    if (of === undefined) {
      of = { byKey: new Map(), byPrefix: new Map(), lengths: new Map() };
      this.#byFact.set(fact, of);
    }
    return of;
  }
}
