// A session that a program keeps alive for as long as it runs: renewed in time, told of the moment before it may be over. What
// the answers promise is reckoned in lock-life.ts; here are the clock and the timers.

import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateError } from '../errors.js';
import type { CallOptions, Caller } from './caller.js';
import { lifeAfter, renewAfterMs } from './lock-life.js';
import type { LockLife } from './lock-life.js';
import { SESSIONS } from './protos.js';

/** Between two attempts at a renewal that failed. */
const RETRY_MS = 100;

export class HeldSession {
  /** Drawn anew for each. */
  readonly id: string;
  readonly #caller: Caller;
  readonly #ttlMs: number;
  readonly #lost = new AbortController();
  readonly #closed = new AbortController();
  #life: LockLife;
  #timer: NodeJS.Timeout | null = null;

  private constructor(caller: Caller, id: string, ttlMs: number, life: LockLife) {
    this.#caller = caller;
    this.id = id;
    this.#ttlMs = ttlMs;
    this.#life = life;
    this.#arm();
    void this.#renew();
  }

  /** Creates a session and begins to renew it. */
  static async open(
    caller: Caller,
    prefix: string,
    ttlMs: number,
    options: CallOptions,
  ): Promise<HeldSession> {
    const id = `${prefix}/${randomUUID()}`;
    const askedAtMs = performance.now();
    const { session } = await caller.once(SESSIONS.Put, { id, ttlMs, ifRevision: 0 }, options);
    const life = lifeAfter(askedAtMs, session?.remainingMs ?? 0, ttlMs);
    return new HeldSession(caller, id, ttlMs, life);
  }

  /** Ends before another may be granted what this session holds. Its reason is LOCK_LOST. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Milliseconds for which it surely lives on, by a fresh look at the clock; 0: it may be over. */
  remainingMs(): number {
    return Math.max(0, this.#life.overAtMs - performance.now());
  }

  /** Whether it ended, as the cluster knows it now. */
  async isOver(): Promise<boolean> {
    const { sessions } = await this.#caller.read(SESSIONS.Renew, { ids: [this.id] });
    return sessions[0]?.remainingMs === undefined;
  }

  /** Stops renewing it; it is over when its life is. */
  close(): void {
    this.#closed.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #renew(): Promise<void> {
    const { signal } = this.#closed;
    let afterMs = renewAfterMs(this.#ttlMs);
    while (!signal.aborted && !this.#lost.signal.aborted) {
      try {
        // It keeps no process running: who holds a lock has work of its own.
        await pause(afterMs, undefined, { signal, ref: false });
        afterMs = (await this.#renewed()) ? renewAfterMs(this.#ttlMs) : RETRY_MS;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof QuorateError)) throw error;
        afterMs = RETRY_MS;
      }
    }
  }

  /** Renews it once; false: it is over. */
  async #renewed(): Promise<boolean> {
    const { signal } = this.#closed;
    const askedAtMs = performance.now();
    const timeoutMs = Math.max(RETRY_MS, this.remainingMs());
    const request = { ids: [this.id] };
    const { sessions } = await this.#caller.read(SESSIONS.Renew, request, { signal, timeoutMs });
    const remainingMs = sessions[0]?.remainingMs;
    if (remainingMs === undefined) {
      this.#lose('its session is over');
      return false;
    }
    const life = lifeAfter(askedAtMs, remainingMs, this.#ttlMs);
    if (life.overAtMs > this.#life.overAtMs) this.#life = life;
    this.#arm();
    return true;
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#closed.signal.aborted) return;
    const afterMs = Math.max(0, this.#life.warnAtMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#lose('its session could not be renewed in time');
    }, afterMs);
    this.#timer.unref();
  }

  #lose(why: string): void {
    if (this.#closed.signal.aborted || this.#lost.signal.aborted) return;
    this.#lost.abort(new QuorateError('LOCK_LOST', `the lock is lost: ${why}`));
  }
}
