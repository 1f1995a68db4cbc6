// Which configurations the search has been in: Lowe's memory, in typed arrays, so that its size is known to the byte. A
// configuration is a level, a state, the open operations that took effect, and how many of the loose ones did. One that differs from
// a known one only in that more loose operations took effect is as good as known: whatever follows from it follows
// from the other too.

const CHUNK_ENTRIES = 1024;
const FIRST_INDEX_ENTRIES = 256;
const NODE_CHUNK = 1024;
const NONE = -1;

/** Which loose operations took effect, by number; 0 is none of them. */
export interface LooseOrder {
  /** Whether everything that took effect in `less` did so in `more`. */
  isWithin(less: number, more: number): boolean;
}

export class Seen {
  readonly #order: LooseOrder;
  /** Words of a key, then the first node of its list. */
  readonly #stride: number;
  readonly #entries: Int32Array[] = [];
  /** Pairs: what took effect, next node. */
  readonly #nodes: Int32Array[] = [];
  #index = new Int32Array(FIRST_INDEX_ENTRIES);
  #count = 0;
  #nodeCount = 0;

  constructor(keyWords: number, order: LooseOrder) {
    this.#stride = keyWords + 1;
    this.#order = order;
  }

  /** Configurations that were different in more than their loose operations. */
  get size(): number {
    return this.#count;
  }

  get bytes(): number {
    const entries = this.#entries.length * CHUNK_ENTRIES * this.#stride;
    return 4 * (entries + this.#nodes.length * NODE_CHUNK * 2 + this.#index.length);
  }

  /** The highest that `bytes` can be during the next `add`. */
  get bytesNext(): number {
    const grown = this.#isCrowded() ? 8 * this.#index.length : 0;
    return this.bytes + grown + 4 * (CHUNK_ENTRIES * this.#stride + NODE_CHUNK * 2);
  }

  /** Remembers the configuration; false: it, or one that is at least as good, was known. The key is copied. */
  add(key: Int32Array, loose: number): boolean {
    if (this.#isCrowded()) this.#grow();
    const mask = this.#index.length - 1;
    let at = hash(key) & mask;
    while (true) {
      const entry = (this.#index[at] as number) - 1;
      if (entry < 0) break;
      if (this.#isAt(entry, key)) return this.#addLoose(entry, loose);
      at = (at + 1) & mask;
    }
    this.#index[at] = this.#append(key, loose) + 1;
    return true;
  }

  #isCrowded(): boolean {
    return this.#count * 2 >= this.#index.length;
  }

  #isAt(entry: number, key: Int32Array): boolean {
    const chunk = this.#chunk(entry);
    const base = (entry % CHUNK_ENTRIES) * this.#stride;
    for (let word = 0; word < key.length; word += 1) {
      if (chunk[base + word] !== key[word]) return false;
    }
    return true;
  }

  #addLoose(entry: number, loose: number): boolean {
    const chunk = this.#chunk(entry);
    const head = (entry % CHUNK_ENTRIES) * this.#stride + this.#stride - 1;
    for (let node = chunk[head] as number; node !== NONE; node = this.#node(node, 1)) {
      if (this.#order.isWithin(this.#node(node, 0), loose)) return false;
    }
    chunk[head] = this.#appendNode(loose, chunk[head] as number);
    return true;
  }

  #append(key: Int32Array, loose: number): number {
    const entry = this.#count;
    if (entry % CHUNK_ENTRIES === 0) {
      this.#entries.push(new Int32Array(CHUNK_ENTRIES * this.#stride));
    }
    this.#count += 1;
    const base = (entry % CHUNK_ENTRIES) * this.#stride;
    const chunk = this.#chunk(entry);
    chunk.set(key, base);
    chunk[base + this.#stride - 1] = this.#appendNode(loose, NONE);
    return entry;
  }

  #appendNode(loose: number, next: number): number {
    const node = this.#nodeCount;
    if (node % NODE_CHUNK === 0) this.#nodes.push(new Int32Array(NODE_CHUNK * 2));
    this.#nodeCount += 1;
    const chunk = this.#nodes[Math.floor(node / NODE_CHUNK)] as Int32Array;
    chunk[(node % NODE_CHUNK) * 2] = loose;
    chunk[(node % NODE_CHUNK) * 2 + 1] = next;
    return node;
  }

  #node(node: number, word: number): number {
    const chunk = this.#nodes[Math.floor(node / NODE_CHUNK)] as Int32Array;
    return chunk[(node % NODE_CHUNK) * 2 + word] as number;
  }

  #chunk(entry: number): Int32Array {
    return this.#entries[Math.floor(entry / CHUNK_ENTRIES)] as Int32Array;
  }

  #grow(): void {
    const index = new Int32Array(this.#index.length * 2);
    const mask = index.length - 1;
    for (let entry = 0; entry < this.#count; entry += 1) {
      const base = (entry % CHUNK_ENTRIES) * this.#stride;
      const key = this.#chunk(entry).subarray(base, base + this.#stride - 1);
      let at = hash(key) & mask;
      while (index[at] !== 0) at = (at + 1) & mask;
      index[at] = entry + 1;
    }
    this.#index = index;
  }
}

function hash(key: Int32Array): number {
  let mixed = 0x811c9dc5;
  for (let word = 0; word < key.length; word += 1) {
    mixed = Math.imul(mixed ^ (key[word] as number), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x85ebca6b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
