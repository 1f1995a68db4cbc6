// What a leader knows of one peer: how far its log agrees, what is on its way, when it last answered.
// Three states as in etcd's raft: probe (one message at a time until the logs meet), replicate (pipelined within limits),
// snapshot (chunk by chunk). Leaf: it sends nothing and reads no clock.

import { invariant } from './assert.js';
import type { Limits } from './options.js';
import { INDEX_ZERO, indexPlus, maxIndex } from './types.js';
import type { EntryId, LogIndex } from './types.js';

export type ProgressState =
  | { readonly type: 'probe'; readonly isPaused: boolean }
  | { readonly type: 'replicate' }
  | ({ readonly type: 'snapshot' } & SnapshotSending);

/** How far a snapshot is on its way to a peer. */
export interface SnapshotSending {
  readonly last: EntryId;
  readonly offset: number;
  /** When the chunk at `offset` was last sent; null: not yet. */
  readonly sentAtMs: number | null;
}

interface Inflight {
  readonly lastIndex: LogIndex;
  readonly bytes: number;
}

/** All that a leader knows of one peer, as plain data. */
export interface SavedProgress extends Pick<
  Progress,
  | 'nextIndex'
  | 'matchIndex'
  | 'matchedInRound'
  | 'state'
  | 'ackedRound'
  | 'ackedRoundStartMs'
  | 'lastContactMs'
  | 'contactSinceMs'
  | 'unfit'
  | 'offer'
  | 'offeredIndex'
> {
  readonly inflight: readonly Inflight[];
}

export class Progress {
  /** Next entry to send. Invariant: nextIndex > matchIndex. */
  nextIndex: LogIndex;
  /** Highest entry known identical and durable there. Only grows. */
  matchIndex: LogIndex = INDEX_ZERO;
  /** The newest round that had begun when matchIndex last grew; what answers a later one was written after. */
  matchedInRound = 0;
  state: ProgressState = { type: 'probe', isPaused: false };
  /** Newest heartbeat round answered; 0: none. Only grows. */
  ackedRound = 0;
  /** When that round began, on the leader's clock; null: none answered. */
  ackedRoundStartMs: number | null = null;
  /** When it last answered anything; null: not yet in this term. */
  lastContactMs: number | null = null;
  /** Since when it has answered without a gap of an election timeout; null: not in contact. */
  contactSinceMs: number | null = null;
  /** Why it must not become primary, as it said last; null: it may. */
  unfit: string | null = null;
  /** A snapshot on its way to a witness beside the entries, since it takes none of its own; null: none. */
  offer: SnapshotSending | null = null;
  /** The newest snapshot that a witness is known to have. Only grows. */
  offeredIndex: LogIndex = INDEX_ZERO;
  #inflight: Inflight[] = [];
  #inflightBytes = 0;

  constructor(nextIndex: LogIndex) {
    this.nextIndex = nextIndex;
  }

  save(): SavedProgress {
    return {
      nextIndex: this.nextIndex,
      matchIndex: this.matchIndex,
      matchedInRound: this.matchedInRound,
      state: this.state,
      ackedRound: this.ackedRound,
      ackedRoundStartMs: this.ackedRoundStartMs,
      lastContactMs: this.lastContactMs,
      contactSinceMs: this.contactSinceMs,
      unfit: this.unfit,
      offer: this.offer,
      offeredIndex: this.offeredIndex,
      inflight: [...this.#inflight],
    };
  }

  static restored({ inflight, ...rest }: SavedProgress): Progress {
    const restored = Object.assign(new Progress(rest.nextIndex), rest);
    restored.#inflight = [...inflight];
    restored.#inflightBytes = inflight.reduce((sum, { bytes }) => sum + bytes, 0);
    return restored;
  }

  /** Notes an answer; a silence longer than `gapMs` begins the contact anew. */
  heard(nowMs: number, gapMs: number): void {
    const isUnbroken = this.lastContactMs !== null && nowMs - this.lastContactMs <= gapMs;
    if (!isUnbroken || this.contactSinceMs === null) this.contactSinceMs = nowMs;
    this.lastContactMs = nowMs;
  }

  isInContact(nowMs: number, withinMs: number): boolean {
    return this.lastContactMs !== null && nowMs - this.lastContactMs <= withinMs;
  }

  /** Notes that a round was answered; older answers that arrive late change nothing. */
  acknowledgeRound(round: number, startMs: number): void {
    if (round <= this.ackedRound) return;
    this.ackedRound = round;
    this.ackedRoundStartMs = startMs;
  }

  /** The logs agree up to `index`, heard while `round` is the newest; leaves probing, and a snapshot that this covers. */
  matched(index: LogIndex, round: number): void {
    if (index > this.matchIndex) this.matchedInRound = round;
    this.matchIndex = maxIndex(this.matchIndex, index);
    this.nextIndex = maxIndex(this.nextIndex, indexPlus(this.matchIndex, 1));
    this.#forgetUpTo(this.matchIndex);
    if (this.state.type === 'snapshot' && this.matchIndex < this.state.last.index) return;
    if (this.state.type === 'replicate') return;
    this.state = { type: 'replicate' };
    this.nextIndex = indexPlus(this.matchIndex, 1);
    this.checkInvariant();
  }

  /** The logs do not agree at the last probe: try from `nextIndex`, one message at a time. */
  becomeProbe(nextIndex: LogIndex): void {
    this.nextIndex = maxIndex(nextIndex, indexPlus(this.matchIndex, 1));
    this.state = { type: 'probe', isPaused: false };
    this.#inflight = [];
    this.#inflightBytes = 0;
    this.checkInvariant();
  }

  becomeSnapshot(last: EntryId): void {
    this.state = { type: 'snapshot', last, offset: 0, sentAtMs: null };
    this.#inflight = [];
    this.#inflightBytes = 0;
  }

  canSend(limits: Limits): boolean {
    switch (this.state.type) {
      case 'probe':
        return !this.state.isPaused;
      case 'replicate':
        return (
          this.#inflight.length < limits.inflightMessagesMax &&
          this.#inflightBytes < limits.inflightBytesMax
        );
      case 'snapshot':
        return false;
    }
  }

  /** Notes that entries up to `lastIndex` are on their way. */
  sent(lastIndex: LogIndex, bytes: number): void {
    if (this.state.type === 'probe') {
      this.state = { type: 'probe', isPaused: true };
      return;
    }
    this.nextIndex = indexPlus(lastIndex, 1);
    this.#inflight.push({ lastIndex, bytes });
    this.#inflightBytes += bytes;
  }

  checkInvariant(): void {
    invariant(this.nextIndex > this.matchIndex, 'nextIndex stays above matchIndex');
  }

  #forgetUpTo(index: LogIndex): void {
    while (true) {
      const first = this.#inflight[0];
      if (first === undefined || first.lastIndex > index) return;
      this.#inflight.shift();
      this.#inflightBytes -= first.bytes;
    }
  }
}
