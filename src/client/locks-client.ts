// `client.locks`: a lock that its holder can trust. It is held by a session of its own, kept alive while the program runs, and the
// holder is told before another may be granted it. What the methods do and refuse is told in proto/quorate/v1/locks.proto.

import { QuorateError } from '../errors.js';
import type { Lock__Output } from '../generated/quorate/v1/Lock.js';
import { cancelled } from './abort.js';
import { bytesOf } from './bytes.js';
import type { Value } from './bytes.js';
import type { Caller } from './caller.js';
import { HeldSession } from './held-session.js';
import { LOCKS, SESSIONS } from './protos.js';
import { whole, wholeOrNone } from './numbers.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';

const TTL_DEFAULT_MS = 10_000;
/** How long one question for a grant waits at a member. */
const WAIT_MS = 5000;

export interface AcquireOptions {
  /** What others are told of the holder; in an election, the leader's address. At most 4096 bytes. */
  readonly value?: Value;
  /** How long the lock stays with a holder that is gone, 2 s to 24 h; default 10 s. */
  readonly ttlMs?: number;
  /** How long nobody gets it after that, at most 60 s; default 5 s. */
  readonly delayMs?: number;
  /** Refuse (LOCK_HELD) if it is not granted within this time; 0: unless it is free. Default: wait until `signal`. */
  readonly waitMs?: number;
  /** Ends the wait, with CANCELLED; the place is given up. Once granted it does nothing. */
  readonly signal?: AbortSignal;
}

export interface LockView {
  readonly name: string;
  /** Null: nobody holds it, it is kept free for `freeInMs`. */
  readonly holder: {
    readonly session: string;
    readonly value: Buffer;
    readonly token: number;
  } | null;
  /** Who waits, in the order in which they are granted; at most 100. */
  readonly waiters: readonly { readonly session: string; readonly value: Buffer }[];
  /** How many wait. */
  readonly waiting: number;
  readonly freeInMs: number;
  readonly revision: number;
}

/** A lock that is held. */
export class HeldLock {
  readonly name: string;
  /** Fencing token: send it with what must not be done by two; whoever receives it there refuses lower ones. */
  readonly token: number;
  readonly #session: HeldSession;
  readonly #giveUp: () => Promise<void>;

  constructor(name: string, token: number, session: HeldSession, giveUp: () => Promise<void>) {
    this.name = name;
    this.token = token;
    this.#session = session;
    this.#giveUp = giveUp;
  }

  /**
   * Aborts, with LOCK_LOST as its reason, while there still is time to stop: a fifth of the time to live before another may be
   * granted the lock. What it cannot promise is covered by the token: a process that is stopped, or a machine that is frozen.
   */
  get signal(): AbortSignal {
    return this.#session.lost;
  }

  /** Milliseconds for which nobody else surely is granted it, by a fresh look at the clock. */
  remainingMs(): number {
    return this.#session.remainingMs();
  }

  /** Gives the lock up; the next is granted it at once. */
  async release(): Promise<void> {
    await this.#giveUp();
  }
}

export class LocksClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Waits for the lock and holds it until it is released or lost. */
  async acquire(name: string, options: AcquireOptions = {}): Promise<HeldLock> {
    const { ttlMs = TTL_DEFAULT_MS, waitMs, delayMs, signal } = options;
    // Before a session is opened for nothing.
    whole('ttlMs', ttlMs);
    wholeOrNone('waitMs', waitMs);
    wholeOrNone('delayMs', delayMs);
    const untilMs = performance.now() + (waitMs ?? Number.POSITIVE_INFINITY);
    const ends = signal === undefined ? {} : { signal };
    const session = await HeldSession.open(this.#caller, 'lock', ttlMs, ends);
    try {
      const token = await this.#granted(name, session, options, untilMs);
      return new HeldLock(name, token, session, () => this.#end(name, session));
    } catch (error) {
      // Nobody is to wait for a claim that nobody makes any more; if this fails, the session ends by itself.
      await this.#end(name, session).catch(() => {});
      throw error;
    }
  }

  /** Runs `work` under the lock and releases it afterwards. `work` should stop when the lock's signal says so. */
  async with<T>(
    name: string,
    work: (lock: HeldLock) => Promise<T>,
    options: AcquireOptions = {},
  ): Promise<T> {
    const lock = await this.acquire(name, options);
    try {
      return await work(lock);
    } finally {
      await lock.release();
    }
  }

  /** The lock; null: nobody holds it or waits for it. */
  async get(name: string, options: ReadOptions = {}): Promise<LockView | null> {
    const request = { name, consistency: consistencyOf(options) };
    return orNull('LOCK_NOT_FOUND', async () => {
      const { lock } = await this.#caller.read(LOCKS.Get, request, options);
      return lock === null ? null : viewOf(lock);
    });
  }

  /** Locks in the order of their names' bytes, asked for in pages as they are taken. */
  async *list(
    options: { readonly prefix?: string; readonly pageSize?: number } & ReadOptions = {},
  ): AsyncGenerator<LockView, void, undefined> {
    const { prefix = '', pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterName: string) => {
      const request = { prefix, afterName, limit: pageSize, consistency };
      const { locks, more } = await this.#caller.read(LOCKS.List, request, options);
      return { rows: locks.map(viewOf), more };
    };
    yield* pagesOf('', ask, ({ name }) => name);
  }

  async #granted(
    name: string,
    session: HeldSession,
    { value = '', delayMs, waitMs, signal }: AcquireOptions,
    untilMs: number,
  ): Promise<number> {
    const claim = {
      name,
      session: session.id,
      value: bytesOf(value),
      ...wholeOrNone('delayMs', delayMs),
    };
    const either = signal === undefined ? session.lost : AbortSignal.any([session.lost, signal]);
    for (;;) {
      const leftMs = Math.max(0, untilMs - performance.now());
      const request = { ...claim, try: waitMs === 0, waitMs: Math.ceil(Math.min(leftMs, WAIT_MS)) };
      const { token, holder } = await this.#ask(request, either, session, signal);
      if (token !== undefined) return token;
      if (leftMs > 0) continue;
      const who = holder === '' ? 'it is kept free for a while' : `session ${holder} holds it`;
      throw new QuorateError('LOCK_HELD', `the lock was not granted in time: ${who}`, { name });
    }
  }

  async #ask(
    request: Parameters<typeof LOCKS.Acquire.requestSerialize>[0],
    either: AbortSignal,
    session: HeldSession,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly token?: number; readonly holder: string }> {
    try {
      return await this.#caller.once(LOCKS.Acquire, request, { signal: either });
    } catch (error) {
      if (signal?.aborted === true) throw cancelled(signal, false);
      if (session.lost.aborted) throw session.lost.reason;
      throw error;
    }
  }

  /** Released before the session ends: the delay is for holders that are gone. */
  async #end(name: string, session: HeldSession): Promise<void> {
    session.close();
    await this.#caller.once(LOCKS.Release, { name, session: session.id });
    await this.#caller.once(SESSIONS.Delete, { id: session.id });
  }
}

function viewOf({ name, holder, waiters, waiting, freeInMs, revision }: Lock__Output): LockView {
  return { name, holder, waiters, waiting, freeInMs, revision };
}
