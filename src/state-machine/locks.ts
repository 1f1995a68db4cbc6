// Locks: held by a session, granted in the order of asking, each grant with a fencing token that only grows. A session that ends
// gives up what it held and where it waited; a lock that it held stays free for the delay that it asked for, so that a holder
// that does not know yet has stopped. A delay ends by a command that the leader proposes, ignored where it no longer fits.

import { invariant, unreachable } from '../raft/assert.js';
import type { LogIndex } from '../raft/types.js';
import type { Command, FactRefusal, FirstResult } from './command.js';
import { compareBytes } from './compare-bytes.js';
import { LOCK_LIMITS } from './lock-types.js';
import type { Lock, LockClaim, LockPlace } from './lock-types.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { SortedMap } from './sorted-map.js';
import { TextMap } from './text-map.js';
import { compareUtf8 } from './utf8-order.js';

type AcquireLock = Extract<Command, { kind: 'acquireLock' }>;
type ReleaseLock = Extract<Command, { kind: 'releaseLock' }>;
/** What clients do to locks. */
export type LockCommand = AcquireLock | ReleaseLock;

/** Which locks a page holds; keys are their names. A lock is small: pages are bounded in number alone. */
export type LockPageWish = Omit<KeyRange, 'bytesMax'>;

export interface LockPage {
  /** In the order of their names' UTF-8 bytes. */
  readonly locks: readonly Lock[];
  /** There is at least one more behind the last. */
  readonly isMore: boolean;
}

/** Locks by name, in the order of their UTF-8 bytes. */
export type LockMap = TextMap<Lock>;

export class Locks {
  readonly #byName: LockMap = new TextMap();
  /** Those that are kept free, first the one that is free first. */
  readonly #byDelay = new SortedMap<Lock, Lock>(compareDelays);
  /** Names of the locks that a session holds or waits for. Invariant: no empty sets. */
  readonly #bySession = new Map<string, Set<string>>();

  get size(): number {
    return this.#byName.size;
  }

  /** Null: nobody holds it or waits for it. */
  get(name: string): Lock | null {
    return this.#byName.get(name);
  }

  /** One page of a list. */
  list(wish: LockPageWish): LockPage {
    const range = { ...wish, bytesMax: Number.POSITIVE_INFINITY };
    const { values, isMore } = pageOf(
      this.#byName,
      range,
      ({ name }) => name,
      () => 0,
    );
    return { locks: values, isMore };
  }

  /** Names of locks whose delay is over at this cluster time, longest over first, at most `countMax`. */
  due(clusterTimeMs: number, countMax: number): string[] {
    const names: string[] = [];
    for (const { name, freeAtMs } of this.#byDelay.values(null)) {
      if (freeAtMs > clusterTimeMs || names.length >= countMax) break;
      names.push(name);
    }
    return names;
  }

  /** Carries out the command of the entry at `revision`. `isAlive` says whether there is such a session. */
  apply(
    command: LockCommand,
    revision: LogIndex,
    isAlive: (session: string) => boolean,
  ): FirstResult {
    switch (command.kind) {
      case 'acquireLock':
        return this.#acquire(command, revision, isAlive);
      case 'releaseLock':
        return this.#release(command, revision);
      default:
        return unreachable(command);
    }
  }

  /** Takes away what these sessions held and where they waited; answers the names of the locks that changed. */
  endSessions(ids: readonly string[], revision: LogIndex, nowMs: number): string[] {
    const ended = ids.flatMap((session) =>
      [...(this.#bySession.get(session) ?? [])].map((name) => ({ session, name })),
    );
    const isHeld = ended.map(({ session, name }) => this.get(name)?.holder?.session === session);
    // Those who wait go first, so that nobody is granted a lock, and keeps it free for a delay, whose session is over as well.
    const inOrder = [
      ...ended.filter((_, at) => !isHeld[at]),
      ...ended.filter((_, at) => isHeld[at]),
    ];
    for (const { session, name } of inOrder) this.#withdraw(session, name, revision, nowMs);
    return [...new Set(ended.map(({ name }) => name))];
  }

  /** Ends the delays of those that the command names and that still fit; answers their names. */
  grant(names: readonly string[], revision: LogIndex, nowMs: number): string[] {
    const granted: string[] = [];
    for (const name of names) {
      const lock = this.get(name);
      if (lock === null || lock.holder !== null || lock.freeAtMs > nowMs) continue;
      this.#grantNext(lock, revision);
      granted.push(name);
    }
    return granted;
  }

  /** Takes in a lock of a snapshot. */
  restore(lock: Lock): void {
    invariant(this.get(lock.name) === null, 'a snapshot holds a lock once');
    this.#put(lock);
    for (const { session } of claimsOf(lock)) this.#remember(session, lock.name);
  }

  /** The locks as they are at this moment, whatever is applied later; constant time. */
  freeze(): LockMap {
    return this.#byName.clone();
  }

  #acquire(
    { name, session, value, delayMs, isWaiting }: AcquireLock,
    revision: LogIndex,
    isAlive: (session: string) => boolean,
  ): FirstResult {
    if (!isAlive(session)) return refused({ reason: 'sessionNotFound', id: session });
    const claim: LockClaim = { session, value, delayMs };
    const lock = this.get(name);
    if (lock !== null && claimsOf(lock).some((known) => known.session === session)) {
      return placed(this.#restate(lock, claim, revision), session);
    }
    if (lock !== null && !isWaiting) {
      return refused({ reason: 'lockHeld', holder: lock.holder?.session ?? null });
    }
    const detail = this.#whyTooMany(lock, session);
    if (detail !== null) return refused({ reason: 'lockLimit', detail });
    const changed: Lock =
      lock === null
        ? { name, holder: { ...claim, token: revision }, waiters: [], freeAtMs: 0, revision }
        : { ...lock, waiters: [...lock.waiters, claim], revision };
    this.#put(changed);
    this.#remember(session, name);
    return placed(changed, session);
  }

  /** Asked again, a claim keeps its place and its token; only what it tells may be new. */
  #restate(lock: Lock, claim: LockClaim, revision: LogIndex): Lock {
    const restated = <T extends LockClaim>(known: T): T =>
      known.session === claim.session ? { ...known, ...claim } : known;
    const { holder } = lock;
    const known = claimsOf(lock).find(({ session }) => session === claim.session);
    if (known !== undefined && isSame(known, claim)) return lock;
    const changed: Lock = {
      ...lock,
      holder: holder === null ? null : restated(holder),
      waiters: lock.waiters.map(restated),
      revision,
    };
    this.#put(changed);
    return changed;
  }

  #release({ name, session }: ReleaseLock, revision: LogIndex): FirstResult {
    const lock = this.get(name);
    const isHolder = lock?.holder?.session === session;
    const isWaiting = lock?.waiters.some((claim) => claim.session === session) === true;
    if (lock === null || (!isHolder && !isWaiting)) return { type: 'lockReleased', had: 'nothing' };
    this.#forget(session, name);
    if (isHolder) this.#grantNext(lock, revision);
    else this.#put(without(lock, session, revision));
    return { type: 'lockReleased', had: isHolder ? 'lock' : 'place' };
  }

  /** The session is over: what it held is kept free for its delay. */
  #withdraw(session: string, name: string, revision: LogIndex, nowMs: number): void {
    const lock = this.get(name);
    invariant(lock !== null, 'a claim of a session is known to its lock');
    this.#forget(session, name);
    if (lock.holder?.session !== session) this.#put(without(lock, session, revision));
    else if (lock.holder.delayMs === 0) this.#grantNext(lock, revision);
    else this.#put({ ...lock, holder: null, freeAtMs: nowMs + lock.holder.delayMs, revision });
  }

  #grantNext(lock: Lock, revision: LogIndex): void {
    const [next, ...waiters] = lock.waiters;
    if (next === undefined) {
      this.#byDelay.delete(lock);
      this.#byName.delete(lock.name);
      return;
    }
    this.#put({ ...lock, holder: { ...next, token: revision }, waiters, freeAtMs: 0, revision });
  }

  #whyTooMany(lock: Lock | null, session: string): string | null {
    const { locksMax, waitersMax, claimsOfSessionMax } = LOCK_LIMITS;
    if (lock === null && this.size >= locksMax) return `there are ${locksMax} locks already`;
    if (lock !== null && lock.waiters.length >= waitersMax) {
      return `${waitersMax} sessions wait for the lock already`;
    }
    if ((this.#bySession.get(session)?.size ?? 0) < claimsOfSessionMax) return null;
    return `the session holds or waits for ${claimsOfSessionMax} locks already`;
  }

  #put(lock: Lock): void {
    const before = this.get(lock.name);
    if (before !== null) this.#byDelay.delete(before);
    this.#byName.set(lock.name, lock);
    if (lock.holder === null) this.#byDelay.set(lock, lock);
  }

  #remember(session: string, name: string): void {
    const names = this.#bySession.get(session);
    if (names === undefined) this.#bySession.set(session, new Set([name]));
    else names.add(name);
  }

  #forget(session: string, name: string): void {
    const names = this.#bySession.get(session);
    names?.delete(name);
    if (names?.size === 0) this.#bySession.delete(session);
  }
}

/** Where the session's claim stands; null: it has none. */
export function placeOf({ holder, waiters, revision }: Lock, session: string): LockPlace | null {
  const isHeld = holder?.session === session;
  const place = waiters.findIndex((claim) => claim.session === session);
  if (!isHeld && place === -1) return null;
  return {
    token: isHeld ? holder.token : null,
    ahead: isHeld ? 0 : place + (holder === null ? 0 : 1),
    holder: holder?.session ?? null,
    revision,
  };
}

function placed(lock: Lock, session: string): FirstResult {
  const place = placeOf(lock, session);
  invariant(place !== null, 'who asked for a lock has a claim to it');
  return { type: 'lock', ...place };
}

function compareDelays(a: Lock, b: Lock): number {
  return a.freeAtMs - b.freeAtMs || compareUtf8(a.name, b.name);
}

function claimsOf({ holder, waiters }: Lock): readonly LockClaim[] {
  return holder === null ? waiters : [holder, ...waiters];
}

function without(lock: Lock, session: string, revision: LogIndex): Lock {
  return { ...lock, waiters: lock.waiters.filter((claim) => claim.session !== session), revision };
}

function isSame(one: LockClaim, other: LockClaim): boolean {
  return one.delayMs === other.delayMs && compareBytes(one.value, other.value) === 0;
}

function refused(refusal: FactRefusal): FirstResult {
  return { type: 'refused', refusal };
}
