// A sorted map whose keys are texts, in the order of their UTF-8 bytes: what most facts are found by. It differs from sorted-map.ts in
// that a key is brought into a form once, by which engines compare it at once, and not at each of the ten comparisons of a search.

import { SortedMap } from './sorted-map.js';
import { compareUnits, sortKeyOf } from './utf8-order.js';

export class TextMap<V> {
  readonly #bySortKey: SortedMap<string, V>;

  /** `bySortKey` is for `clone` only. */
  constructor(bySortKey = new SortedMap<string, V>(compareUnits)) {
    this.#bySortKey = bySortKey;
  }

  get size(): number {
    return this.#bySortKey.size;
  }

  /** Null if there is none. */
  get(key: string): V | null {
    return this.#bySortKey.get(sortKeyOf(key));
  }

  set(key: string, value: V): void {
    this.#bySortKey.set(sortKeyOf(key), value);
  }

  /** Removes the key; nothing happens if it is not there. */
  delete(key: string): void {
    this.#bySortKey.delete(sortKeyOf(key));
  }

  /** Values in order, from the first key that is not below `key`; null: from the first. Not to be changed meanwhile. */
  values(from: string | null): IterableIterator<V> {
    return this.#bySortKey.values(from === null ? null : sortKeyOf(from));
  }

  /** A map with the same content that changes independently; constant time, what is shared is copied on write. */
  clone(): TextMap<V> {
    return new TextMap(this.#bySortKey.clone());
  }
}
