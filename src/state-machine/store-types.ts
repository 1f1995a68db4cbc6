// What the key-value store holds, what a request may compare and do, and what it is answered, as plain data with its bounds.
// How it is carried out stands in store.ts.

import type { LogIndex } from '../raft/types.js';

/** A key with its value. */
export interface StoreEntry {
  /** Valid UTF-8. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Index of the entry that created it, and of the last one that wrote it. */
  readonly createdRevision: LogIndex;
  readonly revision: LogIndex;
}

export const STORE_RELATIONS = ['equal', 'notEqual', 'less', 'greater'] as const;
export type StoreRelation = (typeof STORE_RELATIONS)[number];

/** A condition on one key, judged before anything is changed: what the key has `relation` what is given. */
export interface StoreCompare {
  readonly key: string;
  readonly relation: StoreRelation;
  readonly to: StoreTarget;
}

/**
 * A key that does not exist has both revisions 0. It has no value: a comparison with a value does not hold, unless it is
 * `notEqual`.
 */
export type StoreTarget =
  | { readonly type: 'revision' | 'createdRevision'; readonly revision: LogIndex }
  /** Ordered by bytes. */
  | { readonly type: 'value'; readonly value: Uint8Array };

/** One step; steps are carried out in order, and a `get` sees what earlier ones wrote. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'get'; readonly key: string };

export type StoreOperationResult =
  | { readonly type: 'put'; readonly createdRevision: LogIndex }
  /** `revision` is the one that the key had; 0: it did not exist. */
  | { readonly type: 'delete'; readonly revision: LogIndex }
  | { readonly type: 'get'; readonly entry: StoreEntry | null };

/** What a request on the store is answered when it was carried out. */
export interface StoreResult {
  readonly type: 'store';
  /** The first comparison that did not hold; null: all did, and `success` was carried out, else `failure`. */
  readonly failed: {
    /** Its place in the list, from 0. */
    readonly at: number;
    /** The revision that its key has; 0: it does not exist. */
    readonly revision: LogIndex;
  } | null;
  /** One for each operation that was carried out, in order. */
  readonly results: readonly StoreOperationResult[];
}

/** Bounds of the store; the service checks requests, the state machine checks what they would make of it. */
export const STORE_LIMITS = {
  keyBytesMax: 1024,
  valueBytesMax: 1024 * 1024,
  /** In each of the three lists of a transaction. */
  operationsMax: 128,
  /** Keys and values that one request reads, together. One of the largest always fits. */
  readBytesMax: 1.5 * 1024 * 1024,
  keysMax: 1_000_000,
  /** Keys and values together. */
  bytesMax: 256 * 1024 * 1024,
} as const;
