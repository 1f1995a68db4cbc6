// The bytes that an entry was encoded to, or decoded from, remembered in the entry itself under a name that nobody else can see: no
// comparison, digest or log line finds them. A WeakMap says the same and costs twenty times as much by entry, most of it when garbage is
// collected.

import type { Entry } from '../raft/types.js';

/** Makes a derived constructor give its fields to an object that exists already. */
class Existing {
  constructor(entry: Entry) {
    return entry;
  }
}

class EntryBytes extends Existing {
  readonly #bytes: Uint8Array;

  constructor(entry: Entry, bytes: Uint8Array) {
    super(entry);
    this.#bytes = bytes;
  }

  static of(entry: Entry): Uint8Array | null {
    return #bytes in entry ? (entry as unknown as EntryBytes).#bytes : null;
  }
}

/** The remembered bytes; null: none are. */
export function rememberedBytes(entry: Entry): Uint8Array | null {
  return EntryBytes.of(entry);
}

/** Remembers the bytes, once for each entry. Entries never change, so neither may these. */
export function rememberBytes(entry: Entry, bytes: Uint8Array): void {
  void new EntryBytes(entry, bytes);
}
