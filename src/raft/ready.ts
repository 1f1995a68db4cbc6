// What the core wants done, shaped by durability: what to persist, what may leave at once,
// and what must wait until that persist, and every earlier one, is durable.
// Source: Thesis §10.2.1 (leader's disk write in parallel), §3.8 (persisted state).

import type { InstallSnapshot, Message } from './message.js';
import type {
  Configuration,
  Entry,
  EntryId,
  HardState,
  LogIndex,
  NodeId,
  SnapshotMeta,
  Term,
} from './types.js';

export interface Envelope {
  readonly to: NodeId;
  readonly message: Message;
}

/** One atomic synced batch. Applied in this order: snapshot, truncation, entries, hard state, compaction. */
export interface PersistBatch {
  /** Counts from 1 within one run of the process; batches become durable in this order. */
  readonly persistId: number;
  /** Null: unchanged. */
  readonly hardState: HardState | null;
  /** Remove every stored entry from this index on, before adding `entries`. Null: nothing to remove. */
  readonly truncateFrom: LogIndex | null;
  /** Contiguous; follow the log that is stored after truncation. */
  readonly entries: readonly Entry[];
  /**
   * Install this received snapshot in the place of the whole stored log
   * (`keepSuffix`: of the log up to and including its last entry). The driver adds the bytes.
   */
  readonly install: {
    readonly meta: SnapshotMeta;
    readonly keepSuffix: boolean;
  } | null;
  /** Entries up to and including this index may be deleted. Null: unchanged. */
  readonly compactTo: EntryId | null;
}

/** A chunk of the newest stored snapshot to be sent; the driver reads the bytes and fills them in. */
export interface ChunkWish {
  readonly to: NodeId;
  /** The snapshot being sent; where its bytes are gone, the newest takes its place. */
  readonly last: EntryId;
  readonly offset: number;
  readonly word: Pick<InstallSnapshot, 'term' | 'round' | 'leaseMs' | 'clusterTimeMs'>;
}

/** A chunk that arrived from the rightful leader; the driver stores it and answers with an input. */
export interface ChunkArrived {
  readonly from: NodeId;
  readonly chunk: InstallSnapshot;
}

export interface ReadRelease {
  readonly readId: number;
  /** Serve once lastApplied is at least this; null: the node ceased to lead, ask again elsewhere. */
  readonly readIndex: LogIndex | null;
}

/** What a disk that was set back had acknowledged, and what is left. */
export interface LostTail {
  readonly acknowledged: LogIndex;
  readonly last: LogIndex;
}

/** What the hook before promotion is asked about. */
export interface Promotion {
  readonly term: Term;
  /** Why this node would become primary. */
  readonly cause: string;
  /** Of the newest reign so far. */
  readonly lastEpoch: LogIndex;
}

export interface Ready {
  readonly persist: PersistBatch | null;
  /** May leave before `persist` is durable. */
  readonly messages: readonly Envelope[];
  /** Must wait for the newest persist handed out so far, this one included. */
  readonly messagesAfterPersist: readonly Envelope[];
  readonly chunksToSend: readonly ChunkWish[];
  readonly chunksArrived: readonly ChunkArrived[];
  /** Load this snapshot into the state machine, before `committed`. */
  readonly restore: SnapshotMeta | null;
  /** Apply in order; contiguous from lastApplied + 1. The core counts them as applied when this is handed out. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadRelease[];
  /** Stop the primary-only processes of this epoch gracefully, then give the input `stopped`. */
  readonly stopEpoch: LogIndex | null;
  /** Ask the hook before promotion, then give the input `promotion`. */
  readonly promote: Promotion | null;
  /** The leader found that this node's disk was set back, from which entry to which: it must never vote again. */
  readonly lostTail: LostTail | null;
  /** The configuration in force changed. */
  readonly configuration: Configuration | null;
  /** For logs, events and metrics; nothing depends on them. */
  readonly events: readonly RaftEvent[];
}

export type RaftEvent =
  | {
      readonly type: 'becameFollower';
      readonly term: Term;
      readonly why: string;
    }
  | {
      readonly type: 'becamePreCandidate';
      readonly term: Term;
      readonly why: string;
    }
  | {
      readonly type: 'becameCandidate';
      readonly term: Term;
      readonly why: string;
    }
  | { readonly type: 'becameLeader'; readonly term: Term }
  | {
      readonly type: 'leaderChanged';
      readonly term: Term;
      readonly leaderId: NodeId | null;
    }
  | {
      readonly type: 'configurationChanged';
      readonly index: LogIndex;
      readonly cause: string;
    }
  | { readonly type: 'activated'; readonly epoch: LogIndex }
  /** The hook before promotion said no, or nothing in time. */
  | { readonly type: 'promotionRefused'; readonly why: string }
  /** This leader must not be primary, and no other voter may take over. */
  | { readonly type: 'nobodyFit'; readonly why: string }
  | { readonly type: 'handOverStarted'; readonly to: NodeId }
  | {
      readonly type: 'handOverAbandoned';
      readonly to: NodeId;
      readonly why: string;
    }
  /** This leader removes a learner that did not catch up; `replaces` stays a member. */
  | {
      readonly type: 'newcomerGivenUp';
      readonly id: NodeId;
      readonly name: string;
      readonly replaces: NodeId | null;
    }
  /** This leader removes voters that were not heard for as long as the cluster's setting says. */
  | { readonly type: 'deadRemoved'; readonly names: readonly string[]; readonly afterMs: number }
  | { readonly type: 'lateTimer'; readonly lateMs: number }
  /** This leader found that the disk of a member was set back. */
  | {
      readonly type: 'foundSetBack';
      readonly id: NodeId;
      readonly name: string;
      readonly acknowledged: EntryId;
    }
  | { readonly type: 'featureLevelRaised'; readonly level: number }
  | { readonly type: 'truncated'; readonly from: LogIndex };
