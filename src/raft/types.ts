// The words of the core: identifiers, log entries, members and configurations, as plain data.
// Read this file first; message.ts, input.ts and ready.ts build on it. Nothing here acts.
// Source: Raft Fig. 2 for the names, Thesis ch. 4 for configurations.

declare const brand: unique symbol;

/** Number of a node in its cluster; minted with the data directory, never reused. Safe integer, at least 1. */
export type NodeId = number & { readonly [brand]: 'NodeId' };
/** Number of an election period; 0 means "before the first". Only grows. */
export type Term = number & { readonly [brand]: 'Term' };
/** Position in the log; the first entry has 1, 0 means "before the first". */
export type LogIndex = number & { readonly [brand]: 'LogIndex' };
/** Identity of one data directory: 16 lower-case hexadecimal digits, drawn when it is made. */
export type InstallId = string & { readonly [brand]: 'InstallId' };

export const TERM_ZERO = 0 as Term;
/** Feature level of a log that names none. */
export const FEATURE_LEVEL_FIRST = 1;
export const INDEX_ZERO = 0 as LogIndex;

/** Adds a signed distance to an index; the result must not fall below 0. */
export function indexPlus(index: LogIndex, distance: number): LogIndex {
  return (index + distance) as LogIndex;
}

/** The smaller of two indexes. */
export function minIndex(a: LogIndex, b: LogIndex): LogIndex {
  return a < b ? a : b;
}

/** The larger of two indexes. */
export function maxIndex(a: LogIndex, b: LogIndex): LogIndex {
  return a > b ? a : b;
}

/** The term after this one. */
export function nextTerm(term: Term): Term {
  return (term + 1) as Term;
}

/** Names one entry for ever: a leader writes one entry at an index in its term. Both 0: before the first. */
export interface EntryId {
  readonly term: Term;
  readonly index: LogIndex;
}

export const ENTRY_ID_ZERO: EntryId = { term: TERM_ZERO, index: INDEX_ZERO };

/** What everybody must know of a member to reach it and to count its answers. Opaque to the core but for the two ids. */
export interface Member {
  readonly id: NodeId;
  /** Answers of this member count only from this data directory. */
  readonly installId: InstallId;
  /** Unique in the cluster: `[A-Za-z0-9._-]{1,63}`. */
  readonly name: string;
  /** Advertised peer address, `HOST:PORT`. */
  readonly address: string;
  /** Advertised API address, `HOST:PORT`. */
  readonly api: string;
  /** Software version, as it last told a leader. */
  readonly version: string;
  /** Lowest and highest feature level that the member speaks, as it last told a leader. */
  readonly featureMin: number;
  readonly featureMax: number;
  /** A learner with this mark becomes a voter once it has caught up. */
  readonly autoPromote: boolean;
  /** The member whose place it is to take, in one change, once it has caught up; null: nobody's. */
  readonly replaces: NodeId | null;
  /**
   * Cluster time in ms before which nobody gives this newcomer up, set by the leader that appends it; 0: it is no
   * newcomer, and is never given up (newcomers.ts).
   */
  readonly patientUntilMs: number;
  /** Keeps log and snapshots as bytes that it never applies; leads only to hand over; never primary. */
  readonly witness: boolean;
  /** The voter with the highest should be primary when all are well; 0 to 100. */
  readonly priority: number;
  /** What its operator says of it, such as where it stands; absent: nothing. Opaque to the core. */
  readonly tags?: MemberTags;
}

/** Names and values, in the order of the names' bytes, without repeats. */
export type MemberTags = readonly (readonly [name: string, value: string])[];

/** Bounds of a member's tags: how many, and the bytes of all names and values together. */
export const MEMBER_TAGS = { countMax: 16, bytesMax: 512 } as const;

/** What a process says of itself when it greets another: software version, and the levels that it speaks. */
export type Software = Pick<Member, 'version' | 'featureMin' | 'featureMax'>;

/** Priority of a member that asked for none, and the highest that can be asked for. */
export const PRIORITY_DEFAULT = 50;
export const PRIORITY_MAX = 100;

/**
 * Who is replicated to and who is counted. Effective as soon as it is appended (Raft §6).
 * Invariant: voters, outgoing and leaving name only members; all lists are sorted by id without repeats.
 */
export interface Configuration {
  /** Everybody who receives entries: voters of both halves and learners. Sorted by id. */
  readonly members: readonly Member[];
  /** The incoming half; the only half unless joint. Empty only before a joiner has heard anything. */
  readonly voters: readonly NodeId[];
  /** The outgoing half while joint, else null. */
  readonly outgoing: readonly NodeId[] | null;
  /** Members that cease to be members when joint is left. Empty unless joint. */
  readonly leaving: readonly NodeId[];
  /** Voters that were not heard for so long, in ms, may be removed by the leader itself (removal.ts); null: nobody is. */
  readonly autoRemoveAfterMs: number | null;
  readonly reigns: ReignRules;
}

/** Whether a new leader makes itself primary without being asked (promotion.ts). */
export interface ReignRules {
  /** Never: only whom an operator names becomes primary. Fixed when the cluster is started, changed through the log. */
  readonly isManual: boolean;
  /** Who stopped it for a while and why, one line for people; null: nobody did. */
  readonly pausedBy: string | null;
}

export const REIGNS_AUTOMATIC: ReignRules = { isManual: false, pausedBy: null };

export const EMPTY_CONFIGURATION: Configuration = {
  members: [],
  voters: [],
  outgoing: null,
  leaving: [],
  autoRemoveAfterMs: null,
  reigns: REIGNS_AUTOMATIC,
};

/** What a member may change of its own row; id and install id say whose row it is and must be those of that row. */
export type MemberUpdate = Pick<
  Member,
  'id' | 'installId' | 'address' | 'api' | 'priority' | 'tags'
>;

/** A wish to change the configuration in one step; each id appears in at most one list. */
export interface ConfigChange {
  /** Newcomers; they enter as learners. */
  readonly add: readonly Member[];
  /** Learners that become voters. */
  readonly promote: readonly NodeId[];
  /** Voters that become learners. */
  readonly demote: readonly NodeId[];
  /** Members that leave. */
  readonly remove: readonly NodeId[];
  /** Members that are reached elsewhere than before, or have another priority or other tags. */
  readonly update: readonly MemberUpdate[];
  /** After how long voters that are not heard may be removed, and null for never; absent: as before. */
  readonly autoRemove?: { readonly afterMs: number | null };
  /** When a new leader makes itself primary; absent: as before. */
  readonly reigns?: ReignRules;
}

/** Changes nothing; for changes that say only what they change. */
export const NO_CHANGE: ConfigChange = { add: [], promote: [], demote: [], remove: [], update: [] };

/** Facts of the cluster fixed when it is started, written as its first entry. */
export interface Settings {
  /** Random, 32 lower-case hexadecimal digits. */
  readonly clusterId: string;
  readonly clusterName: string;
  /** Minimum election timeout in ms; all other timers scale from it (`timersFor`). */
  readonly electionTimeoutMs: number;
}

/**
 * One element of the log.
 * `stampMs` is cluster time: stamped by the leader at append, only grows along the log, never from a wall clock.
 */
export type Entry = {
  readonly term: Term;
  readonly index: LogIndex;
  readonly stampMs: number;
} & EntryPayload;

export type EntryPayload =
  /** Appended by a new leader to commit in its own term; Raft §8. */
  | { readonly kind: 'noop' }
  /** A command of the state machine, encoded; bytes to the core. */
  | { readonly kind: 'command'; readonly data: Uint8Array }
  | {
      readonly kind: 'configuration';
      readonly configuration: Configuration;
      /** Who asked and why, for people. */
      readonly cause: string;
    }
  /** The first entry of every log. */
  | { readonly kind: 'settings'; readonly settings: Settings }
  /** Makes `nodeId` primary; the index of this entry is the epoch. */
  | {
      readonly kind: 'activation';
      readonly nodeId: NodeId;
      /** The longest lease that this reign may ever use, unshortened. */
      readonly leaseMs: number;
      readonly cause: string;
      /** An operator named this node. */
      readonly isChosen: boolean;
      /**
       * For how long nobody was primary before, in ms, as this node measured it (reign-gap.ts); null: nobody was primary before, it
       * does not know, or a proof of stop in the log tells it.
       */
      readonly gapMs: number | null;
    }
  /** Proof of stop: the primary-only processes of `epoch` and of all earlier epochs have ended. */
  | { readonly kind: 'proof'; readonly epoch: LogIndex }
  /** From here on everybody understands what this feature level brought; counts once it is applied. Only grows. */
  | { readonly kind: 'featureLevel'; readonly level: number };

/**
 * What the log has said so far about the right to be primary; a fold over applied entries (reign.ts).
 * Part of every snapshot.
 */
export interface Reign {
  /** Index of the newest applied activation; 0 before the first. Only grows. */
  readonly epoch: LogIndex;
  /** Term of that activation. */
  readonly term: Term;
  /** Who it made primary; null before the first. */
  readonly nodeId: NodeId | null;
  /** Lease that it recorded, in ms. */
  readonly leaseMs: number;
  /** A proof for the epoch, or an entry of a later term, has been applied. */
  readonly isOver: boolean;
  /** A valid proof of stop for the epoch has been applied. */
  readonly isProven: boolean;
  /** The longest lease of any activation since the newest valid proof, in ms; 0 when there is none. */
  readonly unprovenLeaseMs: number;
  /** An operator named this primary: priority does not undo it before the next unplanned fail-over. */
  readonly isChosen: boolean;
}

export const REIGN_NONE: Reign = {
  epoch: INDEX_ZERO,
  term: TERM_ZERO,
  nodeId: null,
  leaseMs: 0,
  isOver: true,
  isProven: true,
  unprovenLeaseMs: 0,
  isChosen: false,
};

/** What a snapshot says about the log that it replaces. The state machine's bytes travel beside it. */
export interface SnapshotMeta {
  /** The last entry that the snapshot covers. */
  readonly last: EntryId;
  /** Cluster time at that entry. */
  readonly stampMs: number;
  /** The newest configuration at or below `last`, and where it stands. */
  readonly configuration: Configuration;
  readonly configurationIndex: LogIndex;
  readonly settings: Settings;
  readonly reign: Reign;
  readonly featureLevel: number;
}

/** What must be durable before answering; Raft Fig. 2 "persistent state". */
export interface HardState {
  readonly term: Term;
  /** The candidate that got this node's vote in `term`; null: none. */
  readonly votedFor: NodeId | null;
}

export const HARD_STATE_ZERO: HardState = { term: TERM_ZERO, votedFor: null };

/** Who this data directory is; durable. */
export interface Identity {
  readonly nodeId: NodeId;
  readonly installId: InstallId;
  /** Null until this node has started or joined a cluster. */
  readonly cluster: ClusterIdentity | null;
  /** Why this data directory can never be a member again; null: it can. */
  readonly ended: Ended | null;
}

/** Removed from its cluster; or its disk was set back behind what it had acknowledged. */
export type Ended = 'removed' | 'setBack';

/** The cluster that a data directory belongs to, kept so that a restart needs nobody else. */
export interface ClusterIdentity {
  readonly clusterId: string;
  readonly clusterName: string;
  /** This node's name in the cluster. */
  readonly nodeName: string;
  /** It was started as a witness, and stays one. */
  readonly isWitness: boolean;
  readonly electionTimeoutMs: number;
}
