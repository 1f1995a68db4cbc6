// The driver's ports: what it needs from the outside world. Adapters implement them (storage/, transport/, ops/),
// and so does the simulator; nothing here knows which. A port may complete synchronously, inside the call.

import type { Message, Sender } from '../raft/message.js';
import type { PersistBatch, Promotion } from '../raft/ready.js';
import type {
  Entry,
  EntryId,
  HardState,
  Identity,
  LogIndex,
  Member,
  NodeId,
  SnapshotMeta,
} from '../raft/types.js';
import type { Command } from '../state-machine/command.js';
import type { SnapshotPart } from '../state-machine/snapshot-part.js';

export type { ClusterIdentity, Identity } from '../raft/types.js';

/** Monotonic milliseconds since some start of its own, time spent suspended included. Never falls; whole numbers. */
export interface ClockPort {
  nowMs(): number;
}

/** Calls back once, soon, never before it returns. Production: setImmediate. */
export interface SchedulePort {
  soon(callback: () => void): void;
}

/** What storage found when it was opened. */
export interface Stored {
  readonly identity: Identity;
  readonly hardState: HardState;
  /** The newest installed or taken snapshot; null: none. */
  readonly snapshot: SnapshotMeta | null;
  /** The entry just before the first stored one; equals `ENTRY_ID_ZERO` or lies at or below the snapshot's. */
  readonly compacted: EntryId;
  /** Contiguous from `compacted.index + 1`. */
  readonly entries: readonly Entry[];
}

/** The core's batch with what only the driver has: identity changes and a received snapshot's bytes. */
export interface PersistRequest {
  readonly batch: PersistBatch;
  /** Present exactly when `batch.install` is not null: the snapshot's bytes in order. */
  readonly installParts: readonly Uint8Array[] | null;
  /** Null: unchanged. Written in the same atomic batch. */
  readonly identity: Identity | null;
}

/** For what only the driver writes. */
export const EMPTY_BATCH: PersistBatch = {
  persistId: 0,
  hardState: null,
  truncateFrom: null,
  entries: [],
  install: null,
  compactTo: null,
};

/** Null: done and durable. Otherwise the write failed and nothing is known of the disk; the node is DEGRADED for good. */
export type Done = (error: Error | null) => void;

export interface StoragePort {
  /** One atomic synced batch; calls complete in the order they were made. */
  persist(request: PersistRequest, done: Done): void;
  /**
   * Stores a snapshot taken by this node beside the log, durable and whole or not at all,
   * and forgets the older one. The log is compacted by a later `persist`. Becomes durable in the order of the calls,
   * those of `persist` included: a snapshot that overtook the entries it covers would leave a log that ends below it.
   */
  saveSnapshot(meta: SnapshotMeta, parts: readonly Uint8Array[], done: Done): void;
  /** Bytes of the newest stored snapshot, in parts as they were given; null if there is none. Checked sums. */
  readSnapshot(
    done: (error: Error | null, found: { meta: SnapshotMeta; parts: Uint8Array[] } | null) => void,
  ): void;
}

export interface TransportPort {
  /** Never throws, never waits: what cannot be sent is dropped, the protocol repeats itself. */
  send(to: NodeId, message: Message): void;
  /** Whom this node may have to reach; replaces the earlier list. Does not include the node itself. */
  setPeers(members: readonly Member[]): void;
}

/** Handed to the transport: what to do with an arriving message. */
export type Receive = (from: Sender, message: Message) => void;

/** Until when a reign may run primary-only processes; absolute times on the node's clock. */
export interface LeaseOrder {
  readonly epoch: LogIndex;
  /** The bound: nothing starts before. */
  readonly fromMs: number;
  /** Everything is dead before. */
  readonly untilMs: number;
  /** The lease as it may be used; `untilMs` is that long after the start of a round that a quorum answered. */
  readonly leaseMs: number;
}

/** Whoever runs the primary-only processes of this node. It acts by itself when a deadline comes. */
export interface PrimaryPort {
  /** How long `stop` may take, in ms; may change. */
  readonly stopLimitMs: number;
  /** They may run; replaces what was said of this epoch before. */
  lease(order: LeaseOrder): void;
  /** Nothing starts under this epoch or an earlier one any more, and what runs ends before its lease does. */
  over(epoch: LogIndex): void;
  /** Ends them gracefully, for a hand-over; `done` when nothing is left, never if that cannot be said. */
  stop(epoch: LogIndex, done: () => void): void;
  /**
   * Asks the hook before promotion, which runs without any right of a primary; `done` once, in time or over it, with why this
   * node does not become primary, or null. Absent: there is no hook. A later call, of a later term, ends an earlier one.
   */
  promote?(promotion: Promotion, done: (why: string | null) => void): void;
  /** The hand-over was abandoned: `stop` is taken back, the reign goes on. */
  resume(epoch: LogIndex): void;
}

/** Turns commands into the bytes of an entry and back, and a snapshot's rows likewise. */
export interface CommandCodecPort {
  encodeCommand(command: Command): Uint8Array;
  /** Throws `InvariantViolation` on bytes it does not know: an unknown kind stops the node, it is never skipped. */
  decodeCommand(data: Uint8Array): Command;
  encodePart(part: SnapshotPart): Uint8Array;
  decodePart(data: Uint8Array): SnapshotPart;
  /** CRC-32, unsigned. */
  checksum(data: Uint8Array): number;
}

export interface LoggerPort {
  error(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  debug(fields: object, sentence: string): void;
}
