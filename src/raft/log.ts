// The replicated log as this node has it: entries above a compacted prefix, contiguous, in memory.
// It implements the consistency check's look-ups of Raft §5.3 and the hints of a conflict; it decides nothing about
// commitment, and knows nothing of disks: what is durable is persistence.ts's subject.

import { invariant } from './assert.js';
import { ENTRY_ID_ZERO, indexPlus } from './types.js';
import type { Entry, EntryId, LogIndex, Term } from './types.js';

/** Bytes that an entry counts for in limits: its payload and a constant for the rest. */
export function entryBytes(entry: Entry): number {
  return entry.kind === 'command' ? entry.data.length + ENTRY_OVERHEAD_BYTES : ENTRY_CORE_BYTES;
}

const ENTRY_OVERHEAD_BYTES = 32;
const ENTRY_CORE_BYTES = 1024;

export class Log {
  #compacted: EntryId = ENTRY_ID_ZERO;
  #entries: Entry[] = [];

  constructor(compacted: EntryId, entries: readonly Entry[]) {
    this.#compacted = compacted;
    this.append(entries);
  }

  /** All entries kept, in order; a copy. */
  entries(): Entry[] {
    return [...this.#entries];
  }

  /** The entry just before the first one kept; both 0 while nothing was compacted. */
  get compacted(): EntryId {
    return this.#compacted;
  }

  get firstIndex(): LogIndex {
    return indexPlus(this.#compacted.index, 1);
  }

  get lastIndex(): LogIndex {
    return indexPlus(this.#compacted.index, this.#entries.length);
  }

  /** The last entry, or the compacted one if none is kept. */
  get last(): EntryId {
    const entry = this.#entries.at(-1);
    return entry === undefined ? this.#compacted : { term: entry.term, index: entry.index };
  }

  /** Cluster time of the last entry kept; null if none is kept. */
  get lastStampMs(): number | null {
    return this.#entries.at(-1)?.stampMs ?? null;
  }

  /** Null below the compacted entry and beyond the last. */
  entryAt(index: LogIndex): Entry | null {
    return this.#entries[index - this.#compacted.index - 1] ?? null;
  }

  /** Term of the entry at `index`, the compacted one included; null where it is not known. */
  termAt(index: LogIndex): Term | null {
    if (index === this.#compacted.index) return this.#compacted.term;
    return this.entryAt(index)?.term ?? null;
  }

  /** Whether this very entry is known to be in the log. */
  has(id: EntryId): boolean {
    return this.termAt(id.index) === id.term;
  }

  /**
   * Entries of [from, toExclusive), cut to the limits; at least one if there is any.
   * `from` must not lie in the compacted part.
   */
  slice(from: LogIndex, toExclusive: LogIndex, countMax: number, bytesMax: number): Entry[] {
    invariant(from > this.#compacted.index, 'entries are read above the compacted prefix');
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index < toExclusive; index = indexPlus(index, 1)) {
      const entry = this.entryAt(index);
      if (entry === null || found.length >= countMax) break;
      bytes += entryBytes(entry);
      if (bytes > bytesMax && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  /** Appends entries that follow the last one; terms and stamps never fall (Raft §5.3). */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const last = this.#entries.at(-1);
      invariant(entry.index === this.lastIndex + 1, 'the log is contiguous');
      invariant(entry.term >= this.last.term, 'terms never fall along the log (Raft §5.3)');
      if (last !== undefined) {
        invariant(entry.stampMs >= last.stampMs, 'cluster time never falls along the log');
      }
      this.#entries.push(entry);
    }
  }

  /** Removes the entry at `index` and all after it. */
  truncateFrom(index: LogIndex): void {
    invariant(index > this.#compacted.index, 'the compacted prefix is never truncated');
    this.#entries.length = Math.min(this.#entries.length, index - this.#compacted.index - 1);
  }

  /** Forgets entries up to and including `index`, which must be in the log; answers its id. */
  compactTo(index: LogIndex): EntryId {
    const term = this.termAt(index);
    invariant(term !== null, 'only entries of the log are compacted');
    this.#entries.splice(0, index - this.#compacted.index);
    this.#compacted = { term, index };
    return this.#compacted;
  }

  /** Begins again after `id`, without entries. */
  reset(id: EntryId): void {
    this.#entries = [];
    this.#compacted = id;
  }

  /**
   * The last entry at or before `from.index` whose term is not above `from.term`: where two logs may agree at the latest.
   * May be the compacted entry, which is committed and so agrees everywhere.
   * Source: Raft §5.3, last paragraphs; skipping whole terms halves the probes.
   */
  lastAgreeable(from: EntryId): EntryId {
    let index = from.index < this.lastIndex ? from.index : this.lastIndex;
    while (index > this.#compacted.index) {
      const term = this.termAt(index);
      invariant(term !== null, 'an index between compacted and last has an entry');
      if (term <= from.term) return { term, index };
      index = indexPlus(index, -1);
    }
    return this.#compacted;
  }
}
