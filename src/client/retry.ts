// Which failed request may be sent again, and when: a pure decision, so that it can be tested and simulated.
// Only what surely did not happen is repeated: refused before it was appended, or overwritten by another leader.
// What may have happened (INDETERMINATE) is never repeated here; the caller reads first and decides.

import type { ErrorCode, QuorateError } from '../errors.js';

const RETRY_LIMITS = {
  /** Pause before the second attempt; grows by `factor`, up to the maximum. */
  pauseFirstMs: 40,
  pauseMaxMs: 400,
  factor: 1.6,
  /** With less time than this left, another attempt would only hide the reason of the last one. */
  attemptMinMs: 50,
} as const;

/**
 * Refusals that time alone mends. HANDOVER_ABANDONED is not among them although it is called retryable: every attempt
 * ends a reign. Neither is STOPPING: the one address that this client has is going away.
 */
const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_LEADER',
  'NO_QUORUM',
  'OVERLOADED',
  'HANDING_OVER',
  'CHANGE_RUNNING',
  'OVERWRITTEN',
]);

/**
 * Milliseconds to wait before the next attempt; null: give up with this error.
 * `attempt` counts from 1; `remainingMs` is what the caller's deadline leaves; `random` is in [0, 1).
 */
export function pauseBeforeRetry(
  error: QuorateError,
  attempt: number,
  remainingMs: number,
  random: number,
): number | null {
  if (!RETRIED.has(error.code) || error.outcome === 'indeterminate') return null;
  const { pauseFirstMs, pauseMaxMs, factor, attemptMinMs } = RETRY_LIMITS;
  const full = Math.min(pauseFirstMs * factor ** (attempt - 1), pauseMaxMs);
  const pauseMs = Math.round(full * (0.5 + random / 2));
  return pauseMs + attemptMinMs > remainingMs ? null : pauseMs;
}
