// What a lock is, who waits for it, what a request on locks is answered, and the bounds, as plain data.
// How locks are granted stands in locks.ts.

import type { LogIndex } from '../raft/types.js';

/** A session's wish for a lock, granted or waiting. */
export interface LockClaim {
  /** Id of the session that holds it or waits: with the session's end it is gone. */
  readonly session: string;
  /** What the claimant wants others to know, such as its address: in an election, the leader's. */
  readonly value: Uint8Array;
  /** Should this session end while it holds the lock, nobody is granted it for this long. */
  readonly delayMs: number;
}

/** The claim that was granted. */
export interface LockHolder extends LockClaim {
  /** Fencing token: index of the entry that granted it. Each grant of a lock has a higher one than all before. */
  readonly token: LogIndex;
}

/** A lock that is held, waited for, or kept free for a while. One of which none holds is not remembered. */
export interface Lock {
  readonly name: string;
  /** Null: kept free until `freeAtMs`. */
  readonly holder: LockHolder | null;
  /** In the order in which they are granted. */
  readonly waiters: readonly LockClaim[];
  /** Cluster time until which nobody is granted it; 0 while somebody holds it. */
  readonly freeAtMs: number;
  /** Index of the entry that last changed it. */
  readonly revision: LogIndex;
}

/** Where a claimant stands. */
export interface LockPlace {
  /** Null: it waits. */
  readonly token: LogIndex | null;
  /** Claims that are granted before it: 0 for the holder and for the first in a lock that is kept free. */
  readonly ahead: number;
  /** Who holds it; null: it is kept free for a while. */
  readonly holder: string | null;
  /** Index of the entry that last changed the lock. */
  readonly revision: LogIndex;
}

/** What a request on a lock is answered when it was carried out. */
export type LockResult =
  /** Where the claimant stands after the request. */
  | ({ readonly type: 'lock' } & LockPlace)
  | { readonly type: 'lockReleased'; readonly had: 'lock' | 'place' | 'nothing' };

/** Bounds of locks; the service checks requests, the state machine what they would make of it. */
export const LOCK_LIMITS = {
  nameBytesMax: 512,
  valueBytesMax: 4096,
  delayMaxMs: 60_000,
  delayDefaultMs: 5_000,
  waitersMax: 1000,
  locksMax: 100_000,
  /** Locks that one session may hold or wait for: they are all given up in the entry that ends it. */
  claimsOfSessionMax: 1000,
  /** Locks in one grantLocks command. */
  grantBatchMax: 256,
} as const;
