// Who is logged in at this node. One password per node, compared as its scrypt hash in constant time; failed attempts have to wait
// longer and longer, by caller and all together; a login is a random id in a cookie that no script sees, ends by itself, and is
// forgotten when the daemon ends. The password itself is not kept.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { CommandCenterLimits } from './limits.js';

/** Cost of one guess: 16 MiB and some 50 ms of a processor. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
const ID_BYTES = 32;

export interface Login {
  /** What the history calls whoever acts. */
  readonly user: string;
  /** On the clock of this table. */
  readonly endsAtMs: number;
}

interface Held extends Login {
  readonly usedAtMs: number;
}

interface Failures {
  readonly count: number;
  /** The next attempt is not looked at before. */
  readonly nextAtMs: number;
}

export type Attempt =
  | { readonly type: 'in'; readonly id: string; readonly login: Login }
  | { readonly type: 'wrong'; readonly retryAfterMs: number }
  /** Not looked at. */
  | { readonly type: 'wait'; readonly retryAfterMs: number };

/**
 * Everybody together is a caller too, since many addresses may guess at once: with patience for more failures, and never for long,
 * so that whoever guesses keeps out nobody who knows.
 */
const ALL = '';
const ALL_FACTOR = 10;
const ALL_DELAY_MAX_MS = 2_000;

export class Logins {
  readonly #limits: CommandCenterLimits;
  readonly #nowMs: () => number;
  readonly #salt = randomBytes(16);
  /** Null: there is no password, and nobody logs in. */
  readonly #hash: Promise<Buffer> | null;
  /** By id, the one used longest ago first. */
  readonly #held = new Map<string, Held>();
  /** By address of the caller, the one that failed longest ago first. */
  readonly #failures = new Map<string, Failures>();
  #checks = 0;

  /** `password` null: nobody can log in. `nowMs` is monotonic. */
  constructor(password: string | null, nowMs: () => number, limits: CommandCenterLimits) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#hash = password === null ? null : this.#hashOf(password);
  }

  get isConfigured(): boolean {
    return this.#hash !== null;
  }

  /** An attempt of a caller at an address; never rejects. */
  async attempt(password: string, user: string, address: string): Promise<Attempt> {
    const hash = this.#hash;
    const waitMs = this.#waitMs(address);
    if (waitMs > 0) return { type: 'wait', retryAfterMs: waitMs };
    if (hash === null || this.#checks >= this.#limits.checksMax) {
      return { type: 'wait', retryAfterMs: this.#limits.failureDelayMs };
    }
    // Counted as failed until it is known: a hundred at once must not all be the first.
    this.#failed(address);
    this.#checks += 1;
    try {
      if (!timingSafeEqual(await this.#hashOf(password), await hash)) {
        return { type: 'wrong', retryAfterMs: this.#waitMs(address) };
      }
    } finally {
      this.#checks -= 1;
    }
    this.#failures.delete(address);
    this.#failures.delete(ALL);
    return { type: 'in', ...this.#begin(user) };
  }

  /** Who has this id; null: nobody, or not any more. Counts as use. */
  find(id: string): Login | null {
    const held = this.#held.get(id);
    if (held === undefined) return null;
    const nowMs = this.#nowMs();
    this.#held.delete(id);
    if (nowMs >= held.endsAtMs || nowMs - held.usedAtMs >= this.#limits.loginIdleMs) return null;
    this.#held.set(id, { ...held, usedAtMs: nowMs });
    return held;
  }

  end(id: string): void {
    this.#held.delete(id);
  }

  #begin(user: string): { readonly id: string; readonly login: Login } {
    const nowMs = this.#nowMs();
    const id = randomBytes(ID_BYTES).toString('base64url');
    const login = { user, endsAtMs: nowMs + this.#limits.loginMs };
    this.#held.set(id, { ...login, usedAtMs: nowMs });
    dropOldest(this.#held, this.#limits.loginsMax);
    return { id, login };
  }

  #waitMs(address: string): number {
    const untilMs = [address, ALL].map((caller) => this.#failures.get(caller)?.nextAtMs ?? 0);
    return Math.max(0, Math.ceil(Math.max(...untilMs) - this.#nowMs()));
  }

  #failed(address: string): void {
    const { failuresFree, failureDelayMs, failureDelayMaxMs, callersMax } = this.#limits;
    for (const [caller, free, maxMs] of [
      [address, failuresFree, failureDelayMaxMs],
      [ALL, failuresFree * ALL_FACTOR, ALL_DELAY_MAX_MS],
    ] as const) {
      const count = (this.#failures.get(caller)?.count ?? 0) + 1;
      const doublings = Math.min(count - free, 30);
      const delayMs = doublings < 0 ? 0 : Math.min(failureDelayMs * 2 ** doublings, maxMs);
      this.#failures.delete(caller);
      this.#failures.set(caller, { count, nextAtMs: this.#nowMs() + delayMs });
    }
    dropOldest(this.#failures, callersMax);
  }

  #hashOf(password: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      scrypt(password.normalize('NFKC'), this.#salt, HASH_BYTES, SCRYPT, (error, hash) => {
        if (error === null) resolve(hash);
        else reject(error);
      });
    });
  }
}

function dropOldest(map: Map<string, unknown>, countMax: number): void {
  for (const key of map.keys()) {
    if (map.size <= countMax) return;
    map.delete(key);
  }
}
