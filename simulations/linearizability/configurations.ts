// Which configurations the search has been in: Lowe's memory, in typed arrays, so that its size is known to the byte. A
// configuration is a level, a state, the open operations that took effect, and which of the loose ones did. One that differs
// from a known one only in that more loose operations took effect is as good as known: whatever follows from it follows
// from the other too. Each knows how it was reached, and what was tried from it.

const CHUNK_ENTRIES = 1024;
const FIRST_INDEX_ENTRIES = 256;
/** No configuration, or no further one. */
export const NONE = -1;

/** Words of a node: which loose operations took effect, and so on. */
const LOOSE = 0;
const NEXT = 1;
const ENTRY = 2;
const PARENT = 3;
const CHOICE = 4;
const CURSOR = 5;
const NODE_WORDS = 6;

/** Which loose operations took effect, by number; 0 is none of them. */
export interface LooseOrder {
  /** Whether everything that took effect in `less` did so in `more`. */
  isWithin(less: number, more: number): boolean;
}

/** A number for each configuration, in the order in which they were found. */
export class Configurations {
  readonly #order: LooseOrder;
  readonly #keyWords: number;
  /** Keys, each with the first node of its list: the nodes of a list differ in their loose operations. */
  readonly #entries: Int32Array[] = [];
  readonly #nodes: Int32Array[] = [];
  #index = new Int32Array(FIRST_INDEX_ENTRIES);
  #entryCount = 0;
  #nodeCount = 0;

  constructor(keyWords: number, order: LooseOrder) {
    this.#keyWords = keyWords;
    this.#order = order;
  }

  get bytes(): number {
    const entryWords = this.#entries.length * CHUNK_ENTRIES * (this.#keyWords + 1);
    const nodeWords = this.#nodes.length * CHUNK_ENTRIES * NODE_WORDS;
    return 4 * (entryWords + nodeWords + this.#index.length);
  }

  /** The highest that `bytes` can be during the next `add`. */
  get bytesNext(): number {
    const grown = this.#isCrowded() ? 8 * this.#index.length : 0;
    return this.bytes + grown + 4 * CHUNK_ENTRIES * (this.#keyWords + 1 + NODE_WORDS);
  }

  /** Remembers a configuration; NONE: it, or one that is at least as good, was known. The key is copied. */
  add(key: Int32Array, loose: number, parent: number, choice: number): number {
    if (this.#isCrowded()) this.#grow();
    const mask = this.#index.length - 1;
    let at = hash(key) & mask;
    while (true) {
      const entry = (this.#index[at] as number) - 1;
      if (entry < 0) break;
      if (this.#isAt(entry, key)) return this.#addLoose(entry, loose, parent, choice);
      at = (at + 1) & mask;
    }
    const entry = this.#appendEntry(key);
    this.#index[at] = entry + 1;
    return this.#appendNode(entry, loose, parent, choice);
  }

  /** Copies the key of a configuration. */
  readKey(node: number, into: Int32Array): void {
    const entry = this.#get(node, ENTRY);
    const base = this.#baseOf(entry);
    const chunk = this.#chunkOf(entry);
    for (let word = 0; word < into.length; word += 1) into[word] = chunk[base + word] as number;
  }

  looseOf(node: number): number {
    return this.#get(node, LOOSE);
  }

  /** Next of the choices to try from there. */
  cursorOf(node: number): number {
    return this.#get(node, CURSOR);
  }

  setCursor(node: number, cursor: number): void {
    const chunk = this.#nodes[Math.floor(node / CHUNK_ENTRIES)] as Int32Array;
    chunk[(node % CHUNK_ENTRIES) * NODE_WORDS + CURSOR] = cursor;
  }

  /** The choices that led there from the first configuration. */
  choicesTo(node: number): number[] {
    const choices: number[] = [];
    for (let at = node; this.#get(at, PARENT) !== NONE; at = this.#get(at, PARENT)) {
      choices.push(this.#get(at, CHOICE));
    }
    return choices.reverse();
  }

  #isCrowded(): boolean {
    return this.#entryCount * 2 >= this.#index.length;
  }

  #isAt(entry: number, key: Int32Array): boolean {
    const chunk = this.#chunkOf(entry);
    const base = this.#baseOf(entry);
    for (let word = 0; word < key.length; word += 1) {
      if (chunk[base + word] !== key[word]) return false;
    }
    return true;
  }

  #addLoose(entry: number, loose: number, parent: number, choice: number): number {
    const head = this.#chunkOf(entry)[this.#baseOf(entry) + this.#keyWords] as number;
    for (let node = head; node !== NONE; node = this.#get(node, NEXT)) {
      if (this.#order.isWithin(this.#get(node, LOOSE), loose)) return NONE;
    }
    return this.#appendNode(entry, loose, parent, choice);
  }

  #appendEntry(key: Int32Array): number {
    const entry = this.#entryCount;
    if (entry % CHUNK_ENTRIES === 0) {
      this.#entries.push(new Int32Array(CHUNK_ENTRIES * (this.#keyWords + 1)));
    }
    this.#entryCount += 1;
    const chunk = this.#chunkOf(entry);
    chunk.set(key, this.#baseOf(entry));
    chunk[this.#baseOf(entry) + this.#keyWords] = NONE;
    return entry;
  }

  #appendNode(entry: number, loose: number, parent: number, choice: number): number {
    const node = this.#nodeCount;
    if (node % CHUNK_ENTRIES === 0) this.#nodes.push(new Int32Array(CHUNK_ENTRIES * NODE_WORDS));
    this.#nodeCount += 1;
    const chunk = this.#nodes[Math.floor(node / CHUNK_ENTRIES)] as Int32Array;
    const base = (node % CHUNK_ENTRIES) * NODE_WORDS;
    const entries = this.#chunkOf(entry);
    const head = this.#baseOf(entry) + this.#keyWords;
    chunk[base + LOOSE] = loose;
    chunk[base + NEXT] = entries[head] as number;
    chunk[base + ENTRY] = entry;
    chunk[base + PARENT] = parent;
    chunk[base + CHOICE] = choice;
    entries[head] = node;
    return node;
  }

  #get(node: number, word: number): number {
    const chunk = this.#nodes[Math.floor(node / CHUNK_ENTRIES)] as Int32Array;
    return chunk[(node % CHUNK_ENTRIES) * NODE_WORDS + word] as number;
  }

  #chunkOf(entry: number): Int32Array {
    return this.#entries[Math.floor(entry / CHUNK_ENTRIES)] as Int32Array;
  }

  #baseOf(entry: number): number {
    return (entry % CHUNK_ENTRIES) * (this.#keyWords + 1);
  }

  #grow(): void {
    const index = new Int32Array(this.#index.length * 2);
    const mask = index.length - 1;
    for (let entry = 0; entry < this.#entryCount; entry += 1) {
      const base = this.#baseOf(entry);
      const key = this.#chunkOf(entry).subarray(base, base + this.#keyWords);
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
