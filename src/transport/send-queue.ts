// What waits to be sent to one peer: two lanes, bounded together in messages and bytes. No sockets here.
// A leader's messages (entries, heartbeats, snapshot chunks) keep their order: a heartbeat names the last entry sent, so
// one that overtook its entries would look like a loss and be answered with a conflict. Votes, answers and TimeoutNow
// say nothing about the order of others, are small, and go first.
// Whatever is dropped is safe: Raft assumes that messages are lost, late, doubled and out of order (Raft §2, §5.5).

import type { Message } from '../raft/message.js';

export type Lane = 'first' | 'ordered';

const LANES: Readonly<Record<Message['type'], Lane>> = {
  requestVote: 'first',
  requestVoteResponse: 'first',
  appendEntriesResponse: 'first',
  installSnapshotResponse: 'first',
  timeoutNow: 'first',
  diskSetBack: 'first',
  readIndexRequest: 'first',
  readIndexResponse: 'first',
  appendEntries: 'ordered',
  installSnapshot: 'ordered',
};

/** Where a message waits. */
export function laneOf(message: Message): Lane {
  return LANES[message.type];
}

/** Bounds of one peer's queue, both lanes together. One message is taken whatever its size. */
export const QUEUE_MESSAGES_MAX = 256;
export const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
/** Messages of the first lane that wait for a peer that is not connected: the vote that starts a cluster is not lost. */
export const QUEUE_UNCONNECTED_MAX = 8;

export class SendQueue {
  readonly #lanes: Readonly<Record<Lane, Uint8Array[]>> = { first: [], ordered: [] };
  #bytes = 0;

  get count(): number {
    return this.#lanes.first.length + this.#lanes.ordered.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a message and returns how many older ones had to go for it: the oldest of the ordered lane first. The newest
   * are worth keeping: they carry the present term and round, and the leader repeats entries that a peer lacks from
   * where the peer's log ends, whichever are lost.
   */
  push(lane: Lane, bytes: Uint8Array): number {
    this.#lanes[lane].push(bytes);
    this.#bytes += bytes.length;
    let droppedCount = 0;
    while (this.count > 1 && (this.count > QUEUE_MESSAGES_MAX || this.#bytes > QUEUE_BYTES_MAX)) {
      this.#dropOldest(lane);
      droppedCount += 1;
    }
    return droppedCount;
  }

  /** Takes the next message; null: none waits. */
  shift(): Uint8Array | null {
    const bytes = this.#lanes.first.shift() ?? this.#lanes.ordered.shift() ?? null;
    this.#bytes -= bytes?.length ?? 0;
    return bytes;
  }

  /** Drops what is worth nothing once the connection is gone. */
  keepUnconnected(): void {
    const { first, ordered } = this.#lanes;
    ordered.length = 0;
    first.splice(0, Math.max(0, first.length - QUEUE_UNCONNECTED_MAX));
    this.#bytes = first.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** The message just added to `newest` is never the victim. */
  #dropOldest(newest: Lane): void {
    const { first, ordered } = this.#lanes;
    const victims = ordered.length > (newest === 'ordered' ? 1 : 0) ? ordered : first;
    this.#bytes -= victims.shift()?.length ?? 0;
  }
}
