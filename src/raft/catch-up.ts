// Whether a newcomer comes closer to the log of the leader that looks: entries still missing become fewer than ever, or a
// snapshot on its way moves on. Replication alone is no progress where writes come faster. Leaf: it reads no clock.
// Source: Thesis §4.2.1 (rounds of catching up; a server that is too slow is given up).

import type { Progress } from './progress.js';
import type { LogIndex } from './types.js';

/** Snapshots whose transfer counts as coming closer; where one after the other is compacted away, it never ends. */
const SNAPSHOTS_MAX = 10;

/** All that it knows, as plain data. */
export interface SavedCatchUp {
  readonly gainedAtMs: number;
  readonly smallestLag: number;
  readonly snapshotIndex: number;
  readonly snapshotCount: number;
  readonly offset: number;
}

export class CatchUp {
  /** When it last came closer, or when the leader began to look. */
  gainedAtMs: number;
  #smallestLag = Number.POSITIVE_INFINITY;
  #snapshotIndex = 0;
  #snapshotCount = 0;
  #offset = 0;

  constructor(nowMs: number) {
    this.gainedAtMs = nowMs;
  }

  save(): SavedCatchUp {
    return {
      gainedAtMs: this.gainedAtMs,
      smallestLag: this.#smallestLag,
      snapshotIndex: this.#snapshotIndex,
      snapshotCount: this.#snapshotCount,
      offset: this.#offset,
    };
  }

  static restored(saved: SavedCatchUp): CatchUp {
    const restored = new CatchUp(saved.gainedAtMs);
    restored.#smallestLag = saved.smallestLag;
    restored.#snapshotIndex = saved.snapshotIndex;
    restored.#snapshotCount = saved.snapshotCount;
    restored.#offset = saved.offset;
    return restored;
  }

  /** Looks how far it is. */
  look({ matchIndex, state }: Progress, lastIndex: LogIndex, nowMs: number): void {
    const lag = lastIndex - matchIndex;
    if (matchIndex > 0 && lag < this.#smallestLag) {
      this.#smallestLag = lag;
      this.gainedAtMs = nowMs;
    }
    if (state.type !== 'snapshot') return;
    if (state.last.index !== this.#snapshotIndex) {
      this.#snapshotIndex = state.last.index;
      this.#snapshotCount += 1;
      this.#offset = 0;
    }
    if (state.offset <= this.#offset) return;
    this.#offset = state.offset;
    if (this.#snapshotCount <= SNAPSHOTS_MAX) this.gainedAtMs = nowMs;
  }
}
