// A model disk: what is durable of one node, as a plain value. It applies each batch whole, in the order that PersistBatch
// prescribes, and refuses what a real store could not make sense of: a gap, a compaction that goes back.

import type { Loaded } from '../../src/raft/initial.js';
import type { PersistBatch } from '../../src/raft/ready.js';
import type { Entry, EntryId, HardState, SnapshotMeta } from '../../src/raft/types.js';

export class ModelDisk {
  hardState: HardState;
  snapshot: SnapshotMeta | null;
  compacted: EntryId;
  entries: Entry[];

  constructor(loaded: Loaded) {
    this.hardState = loaded.hardState;
    this.snapshot = loaded.snapshot;
    this.compacted = loaded.compacted;
    this.entries = [...loaded.entries];
  }

  apply(batch: PersistBatch): void {
    const { hardState, truncateFrom, entries, install, compactTo } = batch;
    if (install !== null) {
      const { last } = install.meta;
      this.snapshot = install.meta;
      this.entries = install.keepSuffix
        ? this.entries.filter(({ index }) => index > last.index)
        : [];
      this.compacted = last;
    }
    if (truncateFrom !== null)
      this.entries = this.entries.filter(({ index }) => index < truncateFrom);
    for (const entry of entries) {
      this.#expect(
        entry.index === this.compacted.index + this.entries.length + 1,
        `entry ${entry.index} leaves a gap`,
      );
      this.#expect(
        entry.term >= (this.entries.at(-1)?.term ?? this.compacted.term),
        'a term falls along the log',
      );
      this.entries.push(entry);
    }
    if (hardState !== null) {
      this.#expect(hardState.term >= this.hardState.term, 'the term on disk falls');
      this.hardState = hardState;
    }
    if (compactTo !== null) {
      this.#expect(
        compactTo.index >= this.compacted.index,
        `compaction goes back to ${compactTo.index}`,
      );
      this.entries = this.entries.filter(({ index }) => index > compactTo.index);
      this.compacted = compactTo;
    }
  }

  /** Stores a snapshot taken by this node; the older one is forgotten. */
  save(meta: SnapshotMeta): void {
    if (this.snapshot !== null && this.snapshot.last.index >= meta.last.index) return;
    this.snapshot = meta;
  }

  /** Loses its entries after `index`, as a disk put back from an old copy does. */
  setBack(index: number): void {
    this.entries = this.entries.filter((entry) => entry.index <= index);
  }

  load(): Loaded {
    return {
      hardState: this.hardState,
      snapshot: this.snapshot,
      compacted: this.compacted,
      entries: [...this.entries],
    };
  }

  #expect(condition: boolean, message: string): void {
    if (!condition) throw new Error(`the disk cannot carry out a batch: ${message}`);
  }
}
