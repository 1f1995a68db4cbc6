// A simulated disk behind the driver's storage port. What is given to it is kept as the bytes of record-codec and becomes
// durable some time later, batch by batch in order; a crash loses what was not durable, whole batches only. It can hang,
// fail and be set back, when faults say so. Opening it decodes those bytes again, so that a restarted node lives from what
// was really stored.

import {
  decodeBatchRecord,
  decodeHardState,
  decodeIdentity,
  decodeSnapshotMeta,
  encodeBatchRecord,
  encodeHardState,
  encodeIdentity,
  encodeSnapshotMeta,
} from '../src/codec/record-codec.js';
import { decodeEntry, encodeEntry } from '../src/codec/entry-codec.js';
import type { Done, PersistRequest, StoragePort, Stored } from '../src/node/ports.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO } from '../src/raft/types.js';
import type {
  Configuration,
  Entry,
  EntryId,
  HardState,
  Identity,
  SnapshotMeta,
} from '../src/raft/types.js';

/** What the disk needs of the world. */
export interface DiskModules {
  /** How long the next operation takes, in microseconds. */
  readonly syncUs: () => number;
  readonly later: (delayUs: number, run: () => void) => void;
  readonly nowUs: () => number;
  /** Told after a batch has become durable, before anybody else is. */
  readonly onDurable?: () => void;
}

/** The operations of one batch, as bytes. */
interface BatchBytes {
  readonly identity: Uint8Array | null;
  readonly hardState: Uint8Array | null;
  readonly install: { readonly snapshot: SnapshotBytes; readonly keepSuffix: boolean } | null;
  readonly truncateFrom: number | null;
  readonly entries: Uint8Array | null;
  readonly compactTo: EntryId | null;
}

interface SnapshotBytes {
  readonly meta: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

interface Pending {
  readonly apply: () => void;
  readonly done: Done;
}

const MESSAGES = {
  error: 'input/output error',
  full: 'no space left on device',
} as const;

type Found = Parameters<Parameters<StoragePort['readSnapshot']>[0]>[1];

export class Disk implements StoragePort {
  readonly #modules: DiskModules;
  #identity: Uint8Array;
  #hardState: Uint8Array | null = null;
  /** Bytes of the entries after `#compacted`, and their terms. */
  #entries: Uint8Array[] = [];
  #terms: number[] = [];
  #compacted: EntryId = ENTRY_ID_ZERO;
  #snapshot: SnapshotBytes | null = null;
  #snapshotLast: EntryId = ENTRY_ID_ZERO;
  #durableHardState: HardState = HARD_STATE_ZERO;
  /** Everything becomes durable in the order in which it was given. */
  #pending: Pending[] = [];
  #busyUntilUs = 0;
  /** Given and failed since the process started: nobody knows what of it is on disk. */
  #failed: Pending[] = [];
  #failsHow: keyof typeof MESSAGES | null = null;
  /** What came to its end while nothing gets on, in order; null: it gets on. */
  #frozen: (() => void)[] | null = null;
  /** The end of the log before it was set back for the first time; null: it never was. */
  #lostTail: EntryId | null = null;
  /** Counts crashes: what was planned before one does not happen after it. */
  #life = 0;

  constructor(identity: Identity, modules: DiskModules) {
    this.#modules = modules;
    this.#identity = encodeIdentity(identity);
  }

  /** Durable term and vote. */
  get hardState(): HardState {
    return this.#durableHardState;
  }

  /** Number of batches that are not durable yet. */
  get pendingBatches(): number {
    return this.#failed.length + this.#pending.length;
  }

  /** Whatever is written now fails. */
  get isFailing(): boolean {
    return this.#failsHow !== null;
  }

  /** It once lost what it had synced: what others believe of it may be wrong. */
  get wasSetBack(): boolean {
    return this.#lostTail !== null;
  }

  /** It lacks something that it once had synced. */
  get isSetBack(): boolean {
    return this.#lostTail !== null && !this.covers(this.#lostTail);
  }

  /** What ended its node's membership for good, as stored; null: nothing. */
  get ended(): Identity['ended'] {
    return decodeIdentity(this.#identity).ended;
  }

  /** The newest durable entry. */
  get last(): EntryId {
    const id = { index: this.lastIndex, term: this.#terms.at(-1) ?? this.#compacted.term };
    return id as EntryId;
  }

  /** Index of the last durable entry. */
  get lastIndex(): number {
    return this.#compacted.index + this.#entries.length;
  }

  /** Durable term at `index`; null if it is compacted or beyond the last. */
  termAt(index: number): number | null {
    if (index === this.#compacted.index) return this.#compacted.term;
    if (index === this.#snapshotLast.index) return this.#snapshotLast.term;
    return this.#terms[index - this.#compacted.index - 1] ?? null;
  }

  /** Whether this very entry is durable here, in the log or under a snapshot of committed entries. */
  covers(id: { readonly term: number; readonly index: number }): boolean {
    if (id.index <= this.#compacted.index || id.index <= this.#snapshotLast.index) return true;
    return this.termAt(id.index) === id.term;
  }

  persist(request: PersistRequest, done: Done): void {
    const bytes = encodeBatch(request);
    this.#take({ apply: () => this.#applyBatch(bytes), done });
  }

  saveSnapshot(meta: SnapshotMeta, parts: readonly Uint8Array[], done: Done): void {
    const snapshot = snapshotBytes(meta, parts);
    const apply = (): void => {
      if (meta.last.index > this.#snapshotLast.index) this.#setSnapshot(snapshot);
    };
    this.#take({ apply, done });
  }

  readSnapshot(done: (error: Error | null, found: Found) => void): void {
    const life = this.#life;
    this.#modules.later(this.#modules.syncUs(), () => {
      if (life !== this.#life) return;
      const snapshot = this.#snapshot;
      if (snapshot === null) {
        done(null, null);
        return;
      }
      const parts = snapshot.parts.map((part) => new Uint8Array(part));
      done(null, { meta: decodeSnapshotMeta(snapshot.meta), parts });
    });
  }

  /**
   * Power is lost: the first `keptBatches` waiting batches had just reached the disk although nobody was told,
   * the others are gone.
   */
  crash(keptBatches: number): void {
    const waiting = [...this.#failed, ...this.#pending];
    for (const { apply } of waiting.slice(0, keptBatches)) apply();
    this.#life += 1;
    this.#pending = [];
    this.#failed = [];
    this.#failsHow = null;
    this.#frozen = null;
    this.#busyUntilUs = 0;
  }

  /** Nothing gets on until `thaw`. */
  freeze(): void {
    this.#frozen ??= [];
  }

  thaw(): void {
    const frozen = this.#frozen ?? [];
    this.#frozen = null;
    for (const finish of frozen) this.#modules.later(0, finish);
  }

  /** What is given from now on is not finished within this time. */
  hang(forUs: number): void {
    this.#busyUntilUs = Math.max(this.#busyUntilUs, this.#modules.nowUs() + forUs);
  }

  /** Whatever is not durable yet fails, until a crash. */
  fail(how: keyof typeof MESSAGES): void {
    this.#failsHow = how;
  }

  /** Entries that it could lose from the end: those that no snapshot holds. */
  get losable(): readonly EntryId[] {
    const from = Math.max(0, this.#snapshotLast.index - this.#compacted.index);
    return this.#terms.slice(from).map((term, at) => {
      return { term, index: this.#compacted.index + from + at + 1 } as EntryId;
    });
  }

  /** Index of the newest configuration in the log; 0: none. Goes through the log. */
  get newestConfiguration(): number {
    return this.#configurationUpTo(this.lastIndex)?.index ?? 0;
  }

  /** The configuration in force at an entry that no snapshot holds; null: there is none before it. Goes through the log. */
  configurationAt(index: number): Configuration | null {
    const newest = this.#configurationUpTo(index);
    if (newest !== null) return newest.configuration;
    return this.#snapshot === null ? null : decodeSnapshotMeta(this.#snapshot.meta).configuration;
  }

  /** The newest configuration in the log up to an index; null: none. */
  #configurationUpTo(index: number): Extract<Entry, { kind: 'configuration' }> | null {
    for (let at = index - this.#compacted.index - 1; at >= 0; at -= 1) {
      const entry = decodeEntry(this.#entries[at] as Uint8Array);
      if (entry.kind === 'configuration') return entry;
    }
    return null;
  }

  /** Its newest entries are gone, though they were durable. */
  setBack(entries: number): void {
    this.#lostTail ??= this.last;
    this.#truncate(this.lastIndex - entries + 1);
  }

  /** What a node finds when it starts. */
  open(): Stored {
    const snapshot = this.#snapshot === null ? null : decodeSnapshotMeta(this.#snapshot.meta);
    return {
      identity: decodeIdentity(this.#identity),
      hardState: this.#hardState === null ? HARD_STATE_ZERO : decodeHardState(this.#hardState),
      snapshot,
      compacted: this.#compacted,
      entries: this.#entries.map(decodeEntry),
    };
  }

  #take(pending: Pending): void {
    const { nowUs, syncUs, later } = this.#modules;
    const life = this.#life;
    this.#pending.push(pending);
    this.#busyUntilUs = Math.max(nowUs(), this.#busyUntilUs) + syncUs();
    const finish = (): void => {
      if (life !== this.#life) return;
      if (this.#frozen === null) this.#finish(pending);
      else this.#frozen.push(finish);
    };
    later(this.#busyUntilUs - nowUs(), finish);
  }

  #finish(pending: Pending): void {
    this.#pending.shift();
    const how = this.#failsHow;
    if (how === null) {
      pending.apply();
      this.#modules.onDurable?.();
      pending.done(null);
    } else {
      this.#failed.push(pending);
      pending.done(new Error(MESSAGES[how]));
    }
  }

  /** In the order that `PersistBatch` prescribes. */
  #applyBatch(batch: BatchBytes): void {
    if (batch.identity !== null) this.#identity = batch.identity;
    if (batch.install !== null) {
      this.#setSnapshot(batch.install.snapshot);
      this.#compact(this.#snapshotLast);
      if (!batch.install.keepSuffix) this.#truncate(this.#snapshotLast.index + 1);
    }
    if (batch.truncateFrom !== null) this.#truncate(batch.truncateFrom);
    if (batch.entries !== null) {
      for (const entry of decodeBatchRecord(batch.entries)) this.#append(entry);
    }
    if (batch.hardState !== null) {
      this.#hardState = batch.hardState;
      this.#durableHardState = decodeHardState(batch.hardState);
    }
    if (batch.compactTo !== null) this.#compact(batch.compactTo);
  }

  #append(entry: Entry): void {
    if (entry.index !== this.lastIndex + 1) {
      throw new Error(`expected entry ${this.lastIndex + 1} to be stored next, got ${entry.index}`);
    }
    this.#entries.push(encodeEntry(entry));
    this.#terms.push(entry.term);
  }

  #truncate(from: number): void {
    const kept = Math.max(0, from - this.#compacted.index - 1);
    if (kept >= this.#entries.length) return;
    this.#entries.length = kept;
    this.#terms.length = kept;
  }

  #compact(to: EntryId): void {
    const gone = to.index - this.#compacted.index;
    if (gone <= 0) return;
    this.#entries.splice(0, gone);
    this.#terms.splice(0, gone);
    this.#compacted = to;
  }

  #setSnapshot(snapshot: SnapshotBytes): void {
    this.#snapshot = snapshot;
    this.#snapshotLast = decodeSnapshotMeta(snapshot.meta).last;
  }
}

function encodeBatch({ batch, installParts, identity }: PersistRequest): BatchBytes {
  const { install } = batch;
  return {
    identity: identity === null ? null : encodeIdentity(identity),
    hardState: batch.hardState === null ? null : encodeHardState(batch.hardState),
    install:
      install === null
        ? null
        : {
            snapshot: snapshotBytes(install.meta, installParts ?? []),
            keepSuffix: install.keepSuffix,
          },
    truncateFrom: batch.truncateFrom,
    entries: batch.entries.length === 0 ? null : encodeBatchRecord(batch.entries),
    compactTo: batch.compactTo,
  };
}

function snapshotBytes(meta: SnapshotMeta, parts: readonly Uint8Array[]): SnapshotBytes {
  return { meta: encodeSnapshotMeta(meta), parts: parts.map((part) => new Uint8Array(part)) };
}
