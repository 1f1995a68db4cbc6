// What is durable and what is on its way to the disk. Batches are numbered and become durable in order; while one is
// in flight the core goes on, and what it claims to others waits for the batch that makes it true.
// Source: Raft Fig. 2 "updated on stable storage before responding", Thesis §3.8 and §10.2.1.

import { invariant } from './assert.js';
import { INDEX_ZERO, indexPlus, maxIndex, minIndex } from './types.js';
import type { HardState, LogIndex } from './types.js';

export interface InFlight {
  readonly persistId: number;
  readonly startedAtMs: number;
  /** Entries up to here are durable once this batch is; lowered when a later truncation takes them back. */
  lastIndex: LogIndex;
  readonly hardState: HardState;
}

/** All that it knows, as plain data. */
export interface SavedPersistence {
  readonly durableIndex: LogIndex;
  readonly durableHardState: HardState;
  readonly handedHardState: HardState;
  readonly unhandedFrom: LogIndex;
  readonly truncateFrom: LogIndex | null;
  readonly inFlight: readonly InFlight[];
  readonly nextPersistId: number;
}

export class Persistence {
  /** Entries up to here are durable and as in the log. */
  #durableIndex: LogIndex;
  #durableHardState: HardState;
  /** As handed out; differs from the durable one while a batch is in flight. */
  #handedHardState: HardState;
  /** First entry that was not handed out yet. */
  #unhandedFrom: LogIndex;
  #truncateFrom: LogIndex | null = null;
  #inFlight: InFlight[] = [];
  #nextPersistId = 1;

  constructor(lastIndex: LogIndex, hardState: HardState) {
    this.#durableIndex = lastIndex;
    this.#durableHardState = hardState;
    this.#handedHardState = hardState;
    this.#unhandedFrom = indexPlus(lastIndex, 1);
  }

  save(): SavedPersistence {
    return {
      durableIndex: this.#durableIndex,
      durableHardState: this.#durableHardState,
      handedHardState: this.#handedHardState,
      unhandedFrom: this.#unhandedFrom,
      truncateFrom: this.#truncateFrom,
      inFlight: this.#inFlight.map((batch) => ({ ...batch })),
      nextPersistId: this.#nextPersistId,
    };
  }

  static restored(saved: SavedPersistence): Persistence {
    const restored = new Persistence(saved.durableIndex, saved.durableHardState);
    restored.#handedHardState = saved.handedHardState;
    restored.#unhandedFrom = saved.unhandedFrom;
    restored.#truncateFrom = saved.truncateFrom;
    restored.#inFlight = saved.inFlight.map((batch) => ({ ...batch }));
    restored.#nextPersistId = saved.nextPersistId;
    return restored;
  }

  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  get durableHardState(): HardState {
    return this.#durableHardState;
  }

  get unhandedFrom(): LogIndex {
    return this.#unhandedFrom;
  }

  /** Since when the oldest unfinished batch has been on its way; null: none is. */
  get oldestStartMs(): number | null {
    return this.#inFlight[0]?.startedAtMs ?? null;
  }

  /** The log lost its entries from `index` on. */
  truncated(index: LogIndex): void {
    const last = indexPlus(index, -1);
    this.#durableIndex = minIndex(this.#durableIndex, last);
    for (const batch of this.#inFlight) batch.lastIndex = minIndex(batch.lastIndex, last);
    if (index >= this.#unhandedFrom) return;
    this.#truncateFrom = this.#truncateFrom === null ? index : minIndex(this.#truncateFrom, index);
    this.#unhandedFrom = index;
  }

  /** A received snapshot takes the place of the log up to `last`; without a kept suffix nothing else is left to write. */
  installed(last: LogIndex, keepSuffix: boolean): void {
    if (keepSuffix) {
      this.#unhandedFrom = maxIndex(this.#unhandedFrom, indexPlus(last, 1));
      return;
    }
    this.#truncateFrom = null;
    this.#unhandedFrom = indexPlus(last, 1);
    // What the disk has may differ anywhere from what the snapshot covers; nothing is claimed until it is durable.
    this.#durableIndex = INDEX_ZERO;
    for (const batch of this.#inFlight) batch.lastIndex = INDEX_ZERO;
  }

  /** Whether something the disk does not know is waiting to be handed out. */
  hasWork(lastIndex: LogIndex, hardState: HardState): boolean {
    return (
      this.#truncateFrom !== null ||
      this.#unhandedFrom <= lastIndex ||
      !isSameHardState(this.#handedHardState, hardState)
    );
  }

  /** Numbers a batch that brings the disk to `lastIndex` and `hardState`; null parts did not change. */
  handOut(
    nowMs: number,
    lastIndex: LogIndex,
    hardState: HardState,
  ): {
    persistId: number;
    hardState: HardState | null;
    truncateFrom: LogIndex | null;
  } {
    const persistId = this.#nextPersistId;
    this.#nextPersistId += 1;
    const isChanged = !isSameHardState(this.#handedHardState, hardState);
    const truncateFrom = this.#truncateFrom;
    this.#handedHardState = hardState;
    this.#truncateFrom = null;
    this.#unhandedFrom = indexPlus(lastIndex, 1);
    this.#inFlight.push({
      persistId,
      startedAtMs: nowMs,
      lastIndex,
      hardState,
    });
    return { persistId, hardState: isChanged ? hardState : null, truncateFrom };
  }

  /** The batch `persistId` is durable, and all before it. */
  persisted(persistId: number): void {
    while (true) {
      const batch = this.#inFlight[0];
      if (batch === undefined || batch.persistId > persistId) return;
      this.#inFlight.shift();
      this.#durableIndex = maxIndex(this.#durableIndex, batch.lastIndex);
      this.#durableHardState = batch.hardState;
      invariant(
        this.#durableIndex < this.#unhandedFrom,
        'only what was handed out becomes durable',
      );
    }
  }

  /** Whether a claim about the log up to `index` and about `hardState` is already true on disk. */
  isDurable(index: LogIndex, hardState: HardState): boolean {
    return index <= this.#durableIndex && isSameHardState(this.#durableHardState, hardState);
  }
}

function isSameHardState(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.votedFor === b.votedFor;
}
