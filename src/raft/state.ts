// All that the core remembers, as one mutable value that the chapters of the protocol (election.ts, replication.ts, …)
// work on. Role-specific fields exist only in that role's variant. What is to be done outside collects in the outbox
// until raft.ts takes it as a `Ready`. Source: Raft Fig. 2.

import { EMPTY_CONFIGURATION, INDEX_ZERO } from './types.js';
import type {
  Configuration,
  EntryId,
  HardState,
  InstallId,
  LogIndex,
  Member,
  NodeId,
  Reign,
  Settings,
  SnapshotMeta,
  Term,
} from './types.js';
import type { Greeted } from './feature-level.js';
import type { CatchUp } from './catch-up.js';
import type { FollowerReads } from './follower-reads.js';
import type { Log } from './log.js';
import type { Message } from './message.js';
import type { RaftOptions } from './options.js';
import type { Persistence } from './persistence.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import type { Silences } from './removal.js';
import type {
  ChunkArrived,
  ChunkWish,
  Envelope,
  LostTail,
  PersistBatch,
  Promotion,
  RaftEvent,
  ReadRelease,
} from './ready.js';

export interface Follower {
  readonly type: 'follower';
}

/** Asks whether a campaign could win, without entering a new term; Thesis §9.6. */
export interface PreCandidate {
  readonly type: 'preCandidate';
  /** Answer of each voter, this node included. */
  readonly votes: Map<NodeId, boolean>;
  readonly why: string;
  /** Voters that have not answered are asked again at this time. */
  resendAtMs: number;
}

export interface Candidate {
  readonly type: 'candidate';
  /** Answers; this node's own vote enters when it is durable. */
  readonly votes: Map<NodeId, boolean>;
  readonly why: string;
  /** The old leader asked for it; lifts the withholding. */
  readonly transfer: boolean;
  /** An operator named this node. */
  readonly isChosen: boolean;
  resendAtMs: number;
}

export interface PendingRead {
  /** A read of this node. */
  readonly readId: number | null;
  /** A request of another node; null: its own. */
  readonly asker: { readonly id: NodeId; readonly requestId: number } | null;
  /** The round that will confirm it; null: waits for one to start. */
  round: number | null;
  /** commitIndex when that round began. */
  readIndex: LogIndex;
}

/** How far a hand-over is; Thesis §3.10, and a proof of stop of our own (README.md). */
export interface Transfer {
  readonly to: NodeId;
  readonly cause: string;
  /** An operator named the target. */
  readonly isChosen: boolean;
  /** While processes stop it leaves them their time; from then on it is an election timeout. */
  deadlineMs: number;
  /**
   * stopping: the driver stops processes; proving: the proof is being committed;
   * catchingUp: the target lacks entries; sent: TimeoutNow may have left.
   */
  phase: 'stopping' | 'proving' | 'catchingUp' | 'sent';
}

export interface Leader {
  readonly type: 'leader';
  readonly electedAtMs: number;
  /** Why this node campaigned, or the order to reign that came later; the cause of its reign. */
  cause: string;
  /** An operator named this node. */
  isChosen: boolean;
  /** Whether the hook before promotion was asked in this term; see promotion.ts. */
  promotion: 'unasked' | 'asked' | 'allowed';
  /** It had a reign in this term, which a hand-over that was given up may let it resume. */
  hasReigned: boolean;
  /** It was said already that nobody fit can take over. */
  hasWarned: boolean;
  /** Index of the no-op of this term. */
  readonly noopIndex: LogIndex;
  /** Everybody replicated to, without this node; departing members included. */
  readonly progress: Map<NodeId, Progress>;
  /** Members whose disk this leader found set back, and what they had acknowledged to it; not in `progress`. */
  readonly setBack: Map<NodeId, EntryId>;
  /** Members just removed, told until the time given so that they learn of it. */
  readonly departing: Map<NodeId, { readonly member: Member; readonly untilMs: number }>;
  /** How newcomers come on, as this leader sees it. */
  readonly catchUps: Map<NodeId, CatchUp>;
  /** Voters that this leader does not hear. */
  readonly silences: Silences;
  heartbeatDueMs: number;
  /** Newest round; counts from 1 in each term. */
  round: number;
  /** When the rounds began: `roundStartsMs[i]` is of round `firstRound + i`. Old ones are dropped. */
  roundStartsMs: number[];
  firstRound: number;
  readonly reads: PendingRead[];
  /** Bytes appended in this term and not committed. */
  uncommittedBytes: number;
  /** Index of this term's newest activation; null: not appended yet. */
  activationIndex: LogIndex | null;
  /** No process may start before; see lease.ts. Known once the no-op is applied. */
  boundUntilMs: number | null;
  /** The epoch of this term's activation may not be used again: a proof was proposed, or TimeoutNow may have left. */
  isEpochOver: boolean;
  transfer: Transfer | null;
  /** Not before this time does it hand over of itself. */
  yieldAfterMs: number;
  /** The feature level of the newest entry of its own that raises it; 0: none in this term. */
  raisedTo: number;
}

export type RoleState = Follower | PreCandidate | Candidate | Leader;

/** What the applied part of the log says; enters every snapshot. */
export interface AppliedFacts {
  configuration: Configuration;
  configurationIndex: LogIndex;
  stampMs: number;
  settings: Settings | null;
  reign: Reign;
  /** Invariant: never falls, and this node's software knows it. */
  featureLevel: number;
}

/** The leader heard last, for withholding votes. */
export interface HeardLeader {
  readonly id: NodeId;
  readonly term: Term;
  readonly atMs: number;
  readonly round: number;
}

export interface Outbox {
  messages: Envelope[];
  messagesAfterPersist: Envelope[];
  chunksToSend: ChunkWish[];
  chunksArrived: ChunkArrived[];
  reads: ReadRelease[];
  stopEpoch: LogIndex | null;
  promote: Promotion | null;
  lostTail: LostTail | null;
  restore: SnapshotMeta | null;
  install: PersistBatch['install'];
  compactTo: EntryId | null;
  hasConfigurationChanged: boolean;
  events: RaftEvent[];
}

export interface RaftState {
  readonly options: RaftOptions;
  readonly random: Random;
  /** Time of the newest input. Invariant: never falls. */
  nowMs: number;
  /** Latest term seen. Invariant: never falls. Durable. */
  term: Term;
  /** Vote in `term`. Invariant: set at most once a term. Durable. */
  votedFor: NodeId | null;
  role: RoleState;
  /** Leader of `term` as far as known. Volatile. */
  leaderId: NodeId | null;
  /** Durable; persistence says up to where. */
  readonly log: Log;
  /** Highest entry known committed. Invariant: never falls. Volatile: recomputed from the leader's word. */
  commitIndex: LogIndex;
  /** Highest entry handed out for application. Invariant: lastApplied <= commitIndex. Volatile. */
  lastApplied: LogIndex;
  /** In force: the newest appended one; older ones to fall back to on truncation. Never empty. Oldest first. */
  configurations: {
    readonly index: LogIndex;
    readonly configuration: Configuration;
  }[];
  readonly applied: AppliedFacts;
  /** The newest durable snapshot; null: none. */
  snapshot: SnapshotMeta | null;
  /** A follower or candidate campaigns at this time. */
  electionDeadlineMs: number;
  /** A late tick has moved that time already, since a leader was heard or the timer began. */
  hasListenedLate: boolean;
  heard: HeardLeader | null;
  /** The newest greeting of each node, for what it runs. Volatile: everybody greets again. */
  readonly greeted: Map<NodeId, Greeted>;
  /**
   * When the newest applied reign was known last not to have ended, on this node's clock; null: not known (reign-gap.ts).
   * Volatile: a node that restarts has not seen it.
   */
  reignSeenMs: number | null;
  /** Votes are withheld until then. */
  withholdUntilMs: number;
  /** Cluster time `stampMs` was true at `atMs` of this node's clock. */
  clusterClock: { stampMs: number; atMs: number };
  readonly persistence: Persistence;
  readonly followerReads: FollowerReads;
  outbox: Outbox;
  /** Why the node's own health checks say that it must not be primary; null: they do not. Volatile. */
  health: string | null;
  /** How long the processes of a reign may take to stop at a hand-over, in ms. Volatile. */
  stopLimitMs: number;
  /** The term that this node's own hand-over cost it while it reigned: should it lead next, its reign is resumed; null: none. */
  resumesTerm: Term | null;
  /** The hook before promotion refused, or took too long; until then this node must not be primary. Volatile. */
  refused: { readonly why: string; readonly untilMs: number } | null;
}

export function emptyOutbox(): Outbox {
  return {
    messages: [],
    messagesAfterPersist: [],
    chunksToSend: [],
    chunksArrived: [],
    reads: [],
    stopEpoch: null,
    promote: null,
    lostTail: null,
    restore: null,
    install: null,
    compactTo: null,
    hasConfigurationChanged: false,
    events: [],
  };
}

/** The configuration in force: the newest in the log, committed or not (Raft §6). */
export function configurationInForce(state: RaftState): Configuration {
  return newestConfiguration(state).configuration;
}

/** Where the configuration in force stands; 0 before any. */
export function configurationIndex(state: RaftState): LogIndex {
  return newestConfiguration(state).index;
}

function newestConfiguration(state: RaftState): RaftState['configurations'][number] {
  return (
    state.configurations.at(-1) ?? {
      index: INDEX_ZERO,
      configuration: EMPTY_CONFIGURATION,
    }
  );
}

/** Sends what claims nothing that is not durable. */
export function send(state: RaftState, to: NodeId, message: Message): void {
  state.outbox.messages.push({ to, message });
}

/** Sends once everything handed out to be persisted, and what is about to be, is durable. */
export function sendAfterPersist(state: RaftState, to: NodeId, message: Message): void {
  state.outbox.messagesAfterPersist.push({ to, message });
}

export function emit(state: RaftState, event: RaftEvent): void {
  state.outbox.events.push(event);
}

export function hardState(state: RaftState): HardState {
  return { term: state.term, votedFor: state.votedFor };
}

/** Whether answers from this data directory of this node count: it is a member, or was just removed by this leader. */
export function isCounted(state: RaftState, id: NodeId, installId: InstallId): boolean {
  const member =
    configurationInForce(state).members.find((known) => known.id === id) ??
    (state.role.type === 'leader' ? state.role.departing.get(id)?.member : undefined);
  return member?.installId === installId;
}
