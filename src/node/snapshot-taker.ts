// Takes a snapshot of this node's own state machine once enough has been applied since the last one: freezes it in
// constant time, encodes it a few parts a turn, and saves it. The moment is drawn anew each time, so that the nodes of a
// cluster do not all do it at once. A large state waits until the log is worth it (Raft §7).

import type { Random } from '../raft/random.js';
import type { SnapshotMeta } from '../raft/types.js';
import type { SnapshotPart } from '../state-machine/snapshot-part.js';
import type { CommandCodecPort } from './ports.js';

export interface SnapshotLimits {
  /** Take one after this many applied entries, or this many bytes of them; the least of both, less up to a half. */
  readonly entriesMax: number;
  readonly bytesMax: number;
  /** Rows of one part, and parts encoded in one turn. */
  readonly partRowsMax: number;
  readonly partsPerTurn: number;
  /** Length of one chunk sent to a peer. */
  readonly chunkBytes: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  entriesMax: 10_000,
  bytesMax: 32 * 1024 * 1024,
  partRowsMax: 256,
  partsPerTurn: 4,
  chunkBytes: 256 * 1024,
};

/**
 * None is taken before this share of the newest one's bytes was applied since. Writing a state costs as much as it is large: without
 * this, a million rows would be written anew after every ten thousand entries. So the log stays below a quarter of the state.
 */
const SHARE_OF_STATE = 0.25;

interface Running {
  readonly meta: SnapshotMeta;
  readonly source: Iterator<SnapshotPart>;
  readonly encoded: Uint8Array[];
}

export class SnapshotTaker {
  readonly #limits: SnapshotLimits;
  readonly #random: Random;
  readonly #codec: CommandCodecPort;
  #entriesSince = 0;
  #bytesSince = 0;
  /** Of the newest snapshot, own or received. */
  #stateBytes = 0;
  /** Share of the limits, in thousandths, after which the next one is taken. */
  #dueShare: number;
  #running: Running | null = null;

  constructor(limits: SnapshotLimits, random: Random, codec: CommandCodecPort) {
    this.#limits = limits;
    this.#random = random;
    this.#codec = codec;
    this.#dueShare = random.between(500, 1001);
  }

  /** Notes what was applied. */
  applied(bytes: number): void {
    this.#entriesSince += 1;
    this.#bytesSince += bytes;
  }

  get isDue(): boolean {
    if (this.#running !== null) return false;
    const share = this.#dueShare / 1000;
    if (this.#bytesSince < this.#stateBytes * SHARE_OF_STATE * share) return false;
    return (
      this.#entriesSince >= Math.max(1, this.#limits.entriesMax * share) ||
      this.#bytesSince >= this.#limits.bytesMax * share
    );
  }

  /** Notes the newest snapshot, whoever took it. */
  noteState(parts: readonly Uint8Array[]): void {
    this.#stateBytes = parts.reduce((sum, { length }) => sum + length, 0);
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Begins with the frozen state's parts. */
  begin(meta: SnapshotMeta, source: Iterator<SnapshotPart>): void {
    this.#running = { meta, source, encoded: [] };
    this.#entriesSince = 0;
    this.#bytesSince = 0;
    this.#dueShare = this.#random.between(500, 1001);
  }

  /** Encodes a few parts; answers the whole when there are no more. */
  proceed(): { meta: SnapshotMeta; parts: readonly Uint8Array[] } | null {
    const running = this.#running;
    if (running === null) return null;
    for (let count = 0; count < this.#limits.partsPerTurn; count += 1) {
      const next = running.source.next();
      if (next.done === true) {
        this.#running = null;
        this.noteState(running.encoded);
        return { meta: running.meta, parts: running.encoded };
      }
      running.encoded.push(this.#codec.encodePart(next.value));
    }
    return null;
  }

  /** A received snapshot has overtaken the one being taken, if any. */
  abandon(): void {
    this.#running = null;
    this.#entriesSince = 0;
    this.#bytesSince = 0;
  }
}
