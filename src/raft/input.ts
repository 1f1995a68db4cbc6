// Everything that can happen to the core, as plain serialisable data with its time.
// The simulator, replay and tests speak to the core only in these words; `Answer` is what it says at once.

import type { Message, Sender } from './message.js';
import type {
  ConfigChange,
  EntryId,
  LogIndex,
  NodeId,
  SnapshotMeta,
  Software,
  Term,
} from './types.js';

/** `nowMs` is the node's monotonic time, suspended time included; it never falls from one input to the next. */
export type Input = { readonly nowMs: number } & (
  | {
      /** Time has passed; `lateMs` says how much later than planned this tick came. */
      readonly type: 'tick';
      readonly lateMs: number;
    }
  | {
      readonly type: 'message';
      readonly from: Sender;
      readonly message: Message;
    }
  | {
      /** Appends one command entry for each element, in order, or refuses all of them. */
      readonly type: 'propose';
      readonly commands: readonly Uint8Array[];
    }
  | {
      /** A linearizable read: released in `Ready.reads` under the same `readId`. Ids are never reused. */
      readonly type: 'readIndex';
      readonly readId: number;
    }
  | {
      readonly type: 'changeConfiguration';
      readonly change: ConfigChange;
      readonly cause: string;
    }
  | {
      /** Hands leadership (and primacy) over to a voter; `to` null: to the best candidate. */
      readonly type: 'transferLeadership';
      readonly to: NodeId | null;
      readonly cause: string;
      /** An operator named the target: priority leaves it alone until the next unplanned fail-over. */
      readonly isChosen: boolean;
    }
  | {
      /** The primary-only processes of `epoch` have ended on this node. Answers `Ready.stopEpoch`. */
      readonly type: 'stopped';
      readonly epoch: LogIndex;
    }
  | {
      /** From now on the processes of a reign may take so long to stop at a hand-over. Default at start: as in the options. */
      readonly type: 'stopLimit';
      readonly stopLimitMs: number;
    }
  | {
      /** What the node's own health checks say; `why` null: nothing against its being primary. Default at start: null. */
      readonly type: 'health';
      readonly why: string | null;
    }
  | {
      /** The hook before promotion has answered for this term; `why` null: it agrees. Answers `Ready.promote`. */
      readonly type: 'promotion';
      readonly term: Term;
      readonly why: string | null;
    }
  | {
      /** Another node's process said who it is; before any message of it. */
      readonly type: 'greeted';
      readonly from: Sender;
      readonly software: Software;
    }
  | {
      /** The persist with this number, and every earlier one, is durable. */
      readonly type: 'persisted';
      readonly persistId: number;
    }
  | {
      /** The driver saved a snapshot of its own state machine durably. */
      readonly type: 'snapshotTaken';
      readonly meta: SnapshotMeta;
    }
  | {
      /** A chunk from the leader is stored; `nextOffset` is wanted next. */
      readonly type: 'snapshotChunkStored';
      readonly from: NodeId;
      readonly last: EntryId;
      readonly nextOffset: number;
    }
  | {
      /** All chunks of a leader's snapshot are here and their bytes are sound. */
      readonly type: 'snapshotReceived';
      readonly from: NodeId;
      readonly meta: SnapshotMeta;
    }
);

/** The inputs that a leader may refuse for what they would do, without their time and cause: for asking whether it would. */
export type Wish =
  | Pick<Extract<Input, { type: 'changeConfiguration' }>, 'type' | 'change'>
  | Pick<Extract<Input, { type: 'transferLeadership' }>, 'type' | 'to' | 'isChosen'>;

/** What `step` says at once. Protocol inputs get `null`. */
export type Answer =
  | {
      readonly type: 'appended';
      readonly first: EntryId;
      readonly count: number;
    }
  | { readonly type: 'accepted' }
  | Refused;

export interface Refused {
  readonly type: 'refused';
  readonly refusal: Refusal;
}

/** Expected ways to say no; the edges map them to public errors. */
export type Refusal =
  /** This node does not lead; `leaderId` may. */
  | { readonly reason: 'notLeader'; readonly leaderId: NodeId | null }
  /** Leads, but has not committed in its own term, or activated itself, yet. */
  | { readonly reason: 'leaderNotReady' }
  /** A hand-over runs; `to` is about to lead. */
  | { readonly reason: 'handingOver'; readonly to: NodeId | null }
  /** Too much is proposed and not yet committed. */
  | { readonly reason: 'overloaded' }
  /** An earlier configuration change is not finished. */
  | { readonly reason: 'changeRunning' }
  /** The change names an unknown node, adds a known one, or asks for what is so already. */
  | { readonly reason: 'invalidChange'; readonly detail: string }
  /** The voters in contact would not be a quorum of the configuration asked for. */
  | { readonly reason: 'wouldLoseQuorum'; readonly detail: string }
  /** The target of a hand-over is not a voter, or not in contact, or too far behind. */
  | { readonly reason: 'targetUnfit'; readonly detail: string };
