// A sorted map that can be cloned in constant time: the container of every fact that may grow large, because a snapshot
// freezes the state while it goes on changing. The one place that knows the library, a B+ tree that copies on write.

import sortedBtree from 'sorted-btree';

// The package is CommonJS: what it exports by default is a property of what is imported.
const BTree = sortedBtree.default;
type Tree<K, V> = InstanceType<typeof BTree<K, V>>;

export class SortedMap<K, V> {
  readonly #tree: Tree<K, V>;

  /** `compare` is a total order, the same for the map's whole life; `tree` is for `clone` only. */
  constructor(compare: (a: K, b: K) => number, tree = new BTree<K, V>(undefined, compare)) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: K): V | null {
    return this.#tree.get(key) ?? null;
  }

  set(key: K, value: V): void {
    this.#tree.set(key, value);
  }

  /** Removes the key; nothing happens if it is not there. */
  delete(key: K): void {
    this.#tree.delete(key);
  }

  /** The first value; null: the map is empty. */
  get first(): V | null {
    const key = this.#tree.minKey();
    return key === undefined ? null : this.get(key);
  }

  /** Values in order, from the first key that is not below `key`; null: from the first. Not to be changed meanwhile. */
  values(from: K | null): IterableIterator<V> {
    return from === null ? this.#tree.values() : this.#tree.values(from);
  }

  /** A map with the same content that changes independently; constant time, what is shared is copied on write. */
  clone(): SortedMap<K, V> {
    const tree = this.#tree.clone();
    return new SortedMap<K, V>(tree._compare, tree);
  }
}
