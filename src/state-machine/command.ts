// The commands of the state machine: what a client request becomes in the log, as plain data.
// One client request is one command is one entry is one revision. codec/command-codec.ts turns them into bytes;
// each command is carried out by the module of its fact. Kinds are numbered in the codec and never reused.

import type { LogIndex, NodeId } from '../raft/types.js';

/** Attributes of a session: names to bytes. Names are valid UTF-8 of 1 to 255 bytes. */
export type Attributes = ReadonlyMap<string, Uint8Array>;

export type Command =
  | {
      /** Creates the session or merges into it: given attributes replace those of the same name. */
      readonly kind: 'putSession';
      readonly requestId: string;
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
      readonly id: string;
    }
  | {
      readonly kind: 'deleteSession';
      readonly requestId: string;
      readonly id: string;
      readonly ifRevision: LogIndex | null;
    }
  | {
      /** Proposed by the leader. One that no longer fits (other revision, or renewed meanwhile) is left alone. */
      readonly kind: 'expireSessions';
      readonly sessions: readonly { readonly id: string; readonly revision: LogIndex }[];
    };

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
  | { readonly type: 'none' }
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'deleted'; readonly existed: boolean }
  | { readonly type: 'expired'; readonly count: number }
  | { readonly type: 'refused'; readonly refusal: CommandRefusal };

/** Expected ways for a command to be refused by the state it meets; the entry still counts as a revision. */
export type CommandRefusal =
  | { readonly reason: 'revisionMismatch'; readonly expected: LogIndex; readonly actual: LogIndex }
  | { readonly reason: 'sessionNotFound'; readonly id: string }
  | { readonly reason: 'limitExceeded'; readonly detail: string };

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
} as const;
