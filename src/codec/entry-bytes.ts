// Where the bytes stand that an entry was encoded to, or decoded from, remembered in the entry itself under names that nobody else can
// see: no comparison, digest or log line finds them. A WeakMap says the same and costs twenty times as much by entry, most of it when
// garbage is collected; an array on the bytes would be one more object for each entry that lives as long as the log keeps it.

import type { Entry } from '../raft/types.js';

/** Makes a derived constructor give its fields to an object that exists already. */
class Existing {
  constructor(entry: Entry) {
    return entry;
  }
}

class EntryBytes extends Existing {
  readonly #memory: Uint8Array['buffer'];
  readonly #at: number;
  readonly #length: number;

  constructor(entry: Entry, memory: Uint8Array['buffer'], at: number, length: number) {
    super(entry);
    this.#memory = memory;
    this.#at = at;
    this.#length = length;
  }

  static of(entry: Entry): EntryPlace | null {
    if (!(#memory in entry)) return null;
    const known = entry as unknown as EntryBytes;
    return { memory: known.#memory, at: known.#at, length: known.#length };
  }
}

/** `length` bytes of the memory from `at` on. */
export interface EntryPlace {
  readonly memory: Uint8Array['buffer'];
  readonly at: number;
  readonly length: number;
}

/** Where the remembered bytes stand; null: none are. */
export function rememberedPlace(entry: Entry): EntryPlace | null {
  return EntryBytes.of(entry);
}

/** Remembers `length` bytes of `bytes` from `from` on, once for each entry. Entries never change, so neither may these. */
export function rememberBytes(entry: Entry, bytes: Uint8Array, from: number, length: number): void {
  void new EntryBytes(entry, bytes.buffer, bytes.byteOffset + from, length);
}
