// Until when a holder may believe that its session lives, and with it its lock. Pure; times are on the caller's own clock.
// Source: design section 5: a session never expires before the deadline last answered; clock rates differ by less than 5 %.

/** The share of a life that is safe to use if this clock may run 5 % slower than the cluster's. */
const SAFE_SHARE = 0.95;
/** The share of a life that is kept back for the holder to stop in, once it was told. */
const STOP_SHARE = 0.2;
/** The share of a life after which it is renewed; well above the quarter below which the cluster writes nothing. */
const RENEW_SHARE = 0.3;

export interface LockLife {
  /** When the holder is told to stop. */
  readonly warnAtMs: number;
  /** From here on another may be granted the lock. */
  readonly overAtMs: number;
}

/** What an answer that came to a question of `askedAtMs` promises: the session lives on for `remainingMs` from then. */
export function lifeAfter(askedAtMs: number, remainingMs: number, ttlMs: number): LockLife {
  const overAtMs = askedAtMs + remainingMs * SAFE_SHARE;
  return { overAtMs, warnAtMs: overAtMs - ttlMs * STOP_SHARE };
}

/** How long after one renewal the next is due. */
export function renewAfterMs(ttlMs: number): number {
  return ttlMs * RENEW_SHARE;
}
