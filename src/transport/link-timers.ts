// How long a link waits for what, scaled from the cluster's minimum election timeout. Arithmetic only.
// The aim: a peer that is reachable again is used again, and one that fell silent is given up, within about one
// election timeout, so that the transport is never the slowest part of a fail-over.

/** All whole milliseconds. */
export interface LinkTimers {
  /** For a peer to answer a new connection with its HTTP/2 settings, name resolution included. */
  readonly probeMs: number;
  /** From making a client to the answer to Hello. */
  readonly handshakeMs: number;
  /** First and largest wait before the next attempt; doubles in between. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Wait after a refused handshake: only an operator or the log can change that answer. */
  readonly refusedMs: number;
  /** Distance of HTTP/2 pings, and how long one may stay unanswered. */
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** A stream that took no byte for this long, while some waited, is made anew. */
  readonly stallMs: number;
}

/**
 * For an election timeout of 1000 ms: half a second for everything but a wait, which is at most a quarter, and a stall,
 * which is 2 s. A peer whose path heals just after an attempt's first packet was dropped is found by the next one: after
 * the rest of the probe, one wait and one handshake, together within a second.
 */
export function linkTimersFor(electionTimeoutMs: number): LinkTimers {
  const half = Math.floor(electionTimeoutMs / 2);
  return {
    probeMs: clamp(half, 100, 2000),
    handshakeMs: clamp(half, 250, 5000),
    backoffMinMs: 50,
    backoffMaxMs: clamp(Math.floor(half / 2), 100, 1000),
    refusedMs: 500,
    keepaliveTimeMs: clamp(half, 100, 10_000),
    keepaliveTimeoutMs: clamp(half, 100, 10_000),
    stallMs: clamp(electionTimeoutMs * 2, 1000, 10_000),
  };
}

/**
 * Wait before attempt number `failedCount + 1`, for a draw in [0, 1): between half and the whole of a span that doubles
 * up to the largest.
 */
export function backoffMs(timers: LinkTimers, failedCount: number, draw: number): number {
  const doublings = Math.min(failedCount - 1, 16);
  const span = Math.min(timers.backoffMaxMs, timers.backoffMinMs * 2 ** doublings);
  return Math.ceil(span / 2 + (span / 2) * draw);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
