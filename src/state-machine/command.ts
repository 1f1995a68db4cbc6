// The commands of the state machine: what a client request becomes in the log, as plain data.
// One client request is one command is one entry is one revision. codec/command-codec.ts turns them into bytes;
// each command is carried out by the module of its fact. Kinds are numbered in the codec and never reused.

import type { LogIndex, NodeId } from '../raft/types.js';
import type { JobCommand, JobRefusal, JobResult, LapseJobs } from './job-types.js';
import type { LockResult } from './lock-types.js';
import type { PolicyCommand, PolicyRefusal, PolicyResult } from './policy-types.js';
import type {
  ReportProviders,
  ServiceCommand,
  ServiceRefusal,
  ServiceResult,
} from './service-types.js';
import type { StoreCompare, StoreOperation, StoreResult } from './store-types.js';

/**
 * Which request of which client session a command is: the same in each repetition of the request.
 * Source: Thesis §6.3.
 */
export interface ClientRequest {
  /** Id of an open client session, 32 hexadecimal digits. */
  readonly session: string;
  /** Numbers the requests of the session from 1; each number belongs to one request for ever. */
  readonly sequence: number;
  /** The client needs no answer below this any more. At most `sequence`. */
  readonly acknowledgedBelow: number;
}

/** Attributes of a session: names to bytes. Names are valid UTF-8 of 1 to 255 bytes. */
export type Attributes = ReadonlyMap<string, Uint8Array>;

export type Command =
  | JobCommand
  | LapseJobs
  | PolicyCommand
  | ServiceCommand
  | ReportProviders
  | {
      /** Opens a client session. The id is drawn for this one command: no other entry ever opens it again. */
      readonly kind: 'openClientSession';
      readonly requestId: string;
      /** 128 random bits as 32 hexadecimal digits. */
      readonly id: string;
    }
  | {
      /** Creates the session or merges into it: given attributes replace those of the same name. */
      readonly kind: 'putSession';
      readonly requestId: string;
      /** Null: not covered by a client session, so that a repetition is another request. So in every command. */
      readonly client: ClientRequest | null;
      readonly id: string;
      /** Null: keep, or empty on creation. */
      readonly owner: string | null;
      /** The member through which the request came; kept as `node` of the session. */
      readonly nodeId: NodeId;
      readonly attributes: Attributes;
      /** Names to remove. */
      readonly removed: readonly string[];
      /** Null: keep, or 30 minutes on creation. */
      readonly ttlMs: number | null;
      /** Refused unless the session has this revision; 0: unless it does not exist. Null: whatever it has. */
      readonly ifRevision: LogIndex | null;
    }
  | {
      /** Starts the session's life again from this entry's stamp; its revision stays. */
      readonly kind: 'touchSession';
      readonly requestId: string;
      readonly client: ClientRequest | null;
      readonly id: string;
    }
  | {
      readonly kind: 'deleteSession';
      readonly requestId: string;
      readonly client: ClientRequest | null;
      readonly id: string;
      readonly ifRevision: LogIndex | null;
    }
  | {
      /** Compares, then carries out `success` if everything holds, else `failure`. */
      readonly kind: 'changeStore';
      readonly requestId: string;
      readonly client: ClientRequest | null;
      readonly compares: readonly StoreCompare[];
      readonly success: readonly StoreOperation[];
      readonly failure: readonly StoreOperation[];
    }
  | {
      /** Grants the session the lock if it is free, else lets it wait; asked again, it keeps place and token. */
      readonly kind: 'acquireLock';
      readonly requestId: string;
      readonly client: ClientRequest | null;
      readonly name: string;
      readonly session: string;
      readonly value: Uint8Array;
      readonly delayMs: number;
      /** False: refused unless it is free. */
      readonly isWaiting: boolean;
    }
  | {
      /** Gives up the lock, or the place among those who wait. */
      readonly kind: 'releaseLock';
      readonly requestId: string;
      readonly client: ClientRequest | null;
      readonly name: string;
      readonly session: string;
    }
  | {
      /** Proposed by the leader: the delays of these locks are over. One that no longer fits is left alone. */
      readonly kind: 'grantLocks';
      readonly names: readonly string[];
    }
  | {
      /** Told by a primary: a process that only it runs was given up, and nobody takes over. For the history, while that reign lasts. */
      readonly kind: 'noteGivenUp';
      readonly name: string;
      readonly epoch: LogIndex;
      /** For people, one line. */
      readonly why: string;
    }
  | {
      /** Starts the lives of these sessions again; of keep-alives, many in one. Those that do not exist stay so. */
      readonly kind: 'renewSessions';
      readonly ids: readonly string[];
    }
  | {
      /** Proposed by the leader. One that no longer fits (other revision, or renewed meanwhile) is left alone. */
      readonly kind: 'expireSessions';
      readonly sessions: readonly { readonly id: string; readonly revision: LogIndex }[];
    };

/** What clients ask for, and a client session can cover. */
export type ClientCommand = Extract<Command, { client: ClientRequest | null }>;

/** A replicated session as reads see it. */
export interface Session {
  readonly id: string;
  readonly owner: string;
  /** The member through which it was last written. */
  readonly nodeId: NodeId;
  readonly attributes: Attributes;
  readonly ttlMs: number;
  /** Cluster time at which it may expire. */
  readonly deadlineMs: number;
  /** Index of the entry that created it, and of the last one that changed it. */
  readonly createdRevision: LogIndex;
  readonly revision: LogIndex;
}

/** What applying an entry answers to whoever proposed it. */
export type ApplyResult =
  | FirstResult
  | { readonly type: 'none' }
  | { readonly type: 'clientSessionOpened'; readonly id: string }
  | {
      /** The request was carried out, or refused by the state, by an earlier entry; this one changed no fact. */
      readonly type: 'repeated';
      /** Index of that entry, and what it answered. */
      readonly revision: LogIndex;
      readonly first: FirstResult;
    }
  | { readonly type: 'expired'; readonly count: number }
  | { readonly type: 'locksGranted'; readonly count: number }
  | { readonly type: 'jobsLapsed'; readonly count: number }
  /** Of each provider after it, in the order of the command; null: it is gone or another's. */
  | { readonly type: 'reported'; readonly revisions: readonly (LogIndex | null)[] }
  /** Deadlines in cluster time, in the order of the command; null: there is no such session. */
  | { readonly type: 'renewed'; readonly deadlinesMs: readonly (number | null)[] }
  | { readonly type: 'refused'; readonly refusal: CommandRefusal };

/** What a client's request can be answered when it is carried out. */
export type FirstResult =
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'deleted'; readonly existed: boolean }
  | StoreResult
  | LockResult
  | JobResult
  | PolicyResult
  | ServiceResult
  | { readonly type: 'refused'; readonly refusal: FactRefusal };

/** Expected ways for a command to be refused by the facts it meets; the entry still counts as a revision. */
export type FactRefusal =
  | JobRefusal
  | PolicyRefusal
  | ServiceRefusal
  | { readonly reason: 'revisionMismatch'; readonly expected: LogIndex; readonly actual: LogIndex }
  | { readonly reason: 'sessionNotFound'; readonly id: string }
  | { readonly reason: 'limitExceeded'; readonly detail: string }
  /** One request on the store asks for too much; nothing was changed. */
  | { readonly reason: 'storeRequestTooLarge'; readonly detail: string }
  /** Another session holds it, whose id this is; null: it is kept free for a while. */
  | { readonly reason: 'lockHeld'; readonly holder: string | null }
  /** A bound of locks is reached. */
  | { readonly reason: 'lockLimit'; readonly detail: string }
  /** The store holds as much as it may. */
  | { readonly reason: 'storeFull'; readonly limit: string };

/** Ways for a request to be refused by the exactly-once table, before it meets any fact. */
export type TableRefusal =
  /**
   * The table knows nothing of the request: whether it was carried out before cannot be told, so it is not now.
   * `isSessionKnown` false: the whole client session is not known, or not any more.
   */
  | { readonly reason: 'requestForgotten'; readonly isSessionKnown: boolean }
  /** Too far beyond what the client has acknowledged; not carried out. */
  | { readonly reason: 'windowExceeded'; readonly windowMax: number };

export type CommandRefusal = FactRefusal | TableRefusal;

/** Bounds of the exactly-once table. Every node must have the same, for equal logs must lead to equal tables. */
export interface ClientSessionLimits {
  /** Client sessions kept; opening one more forgets the one that was not used for longest. */
  readonly sessionsMax: number;
  /** One that was not used for this long, in cluster time, is forgotten. Longer than any client repeats a request. */
  readonly idleMs: number;
  /** Requests of one session from the lowest that is not acknowledged on. */
  readonly windowMax: number;
  /** Answers kept for one session together; beyond it the session forgets its lowest. Above the largest answer. */
  readonly sessionAnswersBytesMax: number;
  /** Answers kept altogether; beyond it the session that was not used for longest is forgotten. */
  readonly answersBytesMax: number;
  /** Idle sessions that one entry forgets at most, so that none takes long; others wait for the next entries. */
  readonly forgetBatchMax: number;
}

export const CLIENT_SESSION_LIMITS: ClientSessionLimits = {
  sessionsMax: 10_000,
  idleMs: 60 * 60 * 1000,
  windowMax: 1024,
  sessionAnswersBytesMax: 4 * 1024 * 1024,
  answersBytesMax: 64 * 1024 * 1024,
  forgetBatchMax: 32,
};

/** Bounds of sessions; the service checks requests, the state machine checks what merging makes of them. */
export const SESSION_LIMITS = {
  ttlMinMs: 2_000,
  ttlMaxMs: 24 * 60 * 60 * 1000,
  ttlDefaultMs: 30 * 60 * 1000,
  idBytesMax: 512,
  ownerBytesMax: 512,
  attributeNameBytesMax: 255,
  attributesMax: 256,
  /** Names and values of one session together. */
  attributesBytesMax: 1024 * 1024,
  /** Sessions in one expireSessions command. */
  expireBatchMax: 256,
  /** Sessions in one renewSessions command. */
  renewBatchMax: 1000,
  /** A renewal is logged once this share of the life has passed; until then the deadline stands. */
  renewShare: 0.25,
} as const;
