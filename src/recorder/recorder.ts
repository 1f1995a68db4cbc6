// The flight recorder of one node: the inputs of its core, encoded as they come, and what the core became by them, in a ring of
// two segments that each begin with a checkpoint. It only looks; whatever goes wrong in it ends the recording, not the node.
// It keeps no payload, writes no file and reads no clock.

import type { CoreObserver } from '../node/observed-raft.js';
import type { Input } from '../raft/input.js';
import type { Raft } from '../raft/raft.js';
import type { Ready } from '../raft/ready.js';
import { ByteWriter } from './bytes.js';
import { encodeCheckpoint } from './checkpoint.js';
import { outcomeDigest } from './digest.js';
import { ItemWriter } from './items.js';

interface Limits {
  /** Checkpoint and items of one of the two segments, but for the items of the turn that fills it. */
  readonly segmentBytesMax: number;
  /** Of a segment's bytes at most this part may be its checkpoint; else nothing is recorded until the log is shorter. */
  readonly checkpointShareMax: number;
  /** After a checkpoint that was too large the next is tried so much later. */
  readonly retryMs: number;
}

const RECORDER_LIMITS: Limits = {
  segmentBytesMax: 8 * 1024 * 1024,
  checkpointShareMax: 0.5,
  retryMs: 60_000,
};

type RecorderLimits = Pick<Limits, 'segmentBytesMax' | 'checkpointShareMax'>;

/** A checkpoint, and all that happened since, as bytes. */
export interface Segment {
  readonly checkpoint: Uint8Array;
  /** Pieces of the items' bytes, which belong behind one another. */
  readonly items: readonly Uint8Array[];
}

interface OpenSegment {
  readonly beganAtMs: number;
  readonly checkpoint: Uint8Array;
  readonly out: ByteWriter;
  readonly items: ItemWriter;
}

export class Recorder implements CoreObserver {
  readonly #segmentBytesMax: number;
  readonly #checkpointBytesMax: number;
  #older: OpenSegment | null = null;
  #newer: OpenSegment | null = null;
  #retryAtMs = 0;
  /** Why nothing is recorded any more; null: it is, or the node is clean. */
  #fault: Error | null = null;

  constructor({ segmentBytesMax, checkpointShareMax }: RecorderLimits = RECORDER_LIMITS) {
    this.#segmentBytesMax = segmentBytesMax;
    this.#checkpointBytesMax = segmentBytesMax * checkpointShareMax;
  }

  /** Why nothing is recorded any more; null: it is, or there is no core yet. */
  get fault(): Error | null {
    return this.#fault;
  }

  /** Bytes held at the moment, those not yet used of the newest piece left out. */
  get bytes(): number {
    return [this.#older, this.#newer].reduce((sum, segment) => sum + bytesOf(segment), 0);
  }

  /** What is held, oldest first; it does not change any more. Empty: there is no core yet, or it could not be recorded. */
  segments(): Segment[] {
    return [this.#older, this.#newer].flatMap((segment) =>
      segment === null ? [] : [{ checkpoint: segment.checkpoint, items: segment.out.pieces() }],
    );
  }

  began(raft: Raft): void {
    this.#guard(() => this.#checkpoint(raft));
  }

  stepping(input: Input): void {
    const segment = this.#newer;
    if (segment !== null) this.#guard(() => segment.items.input(input));
  }

  took(raft: Raft, ready: Ready | null): void {
    const segment = this.#newer;
    this.#guard(() => {
      segment?.items.taken(outcomeDigest(raft.state, ready));
      // Only now is nothing waiting in the core, so that it can be saved.
      if (ready === null && this.#isDue(raft)) this.#checkpoint(raft);
    });
  }

  violated(error: unknown): void {
    const segment = this.#newer;
    const message = error instanceof Error ? error.message : String(error);
    if (segment !== null) this.#guard(() => segment.items.violated(message));
  }

  #isDue({ state }: Raft): boolean {
    if (this.#newer !== null) return bytesOf(this.#newer) >= this.#segmentBytesMax;
    return this.#fault === null && state.nowMs >= this.#retryAtMs;
  }

  #checkpoint(raft: Raft): void {
    const checkpoint = encodeCheckpoint(raft.save());
    const { nowMs } = raft.state;
    if (checkpoint.length > this.#checkpointBytesMax) {
      // What was recorded so far stays until something newer begins, which then does not follow it.
      this.#older = this.#newer ?? this.#older;
      this.#newer = null;
      this.#retryAtMs = nowMs + RECORDER_LIMITS.retryMs;
      return;
    }
    const out = new ByteWriter();
    const items = new ItemWriter(out, nowMs);
    this.#older = this.#newer;
    this.#newer = { beganAtMs: nowMs, checkpoint, out, items };
  }

  #guard(record: () => void): void {
    if (this.#fault !== null) return;
    try {
      record();
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error));
      this.#newer = null;
      this.#older = null;
    }
  }
}

function bytesOf(segment: OpenSegment | null): number {
  return segment === null ? 0 : segment.checkpoint.length + segment.out.length;
}
