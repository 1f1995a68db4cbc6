// Which failed request may be sent again, and when: a pure decision, so that it can be tested and simulated.
// What surely did not happen is repeated: refused before it was appended, or overwritten by another leader. What may have
// happened (INDETERMINATE) is repeated only under a client session, which gives a repetition the first answer; without one
// the caller reads first and decides.

import { QuorateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { ELSEWHERE } from './whom-to-ask.js';

const RETRY_LIMITS = {
  /** Pause before the second attempt; grows by `factor`, up to the maximum. */
  pauseFirstMs: 40,
  pauseMaxMs: 400,
  factor: 1.6,
  /** For one of several attempts, if there are other members to ask; doubled with each further one. */
  attemptFirstMs: 3000,
  /** With less time than this left, another attempt would only hide the reason of the last one. */
  attemptMinMs: 50,
} as const;

/**
 * Refusals that time alone mends. HANDOVER_ABANDONED is not among them although it is called retryable: every attempt
 * ends a reign. What another member may not answer, such as STOPPING, is repeated only where there are others.
 */
const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_LEADER',
  'NO_QUORUM',
  'OVERLOADED',
  'HANDING_OVER',
  'CHANGE_RUNNING',
  'OVERWRITTEN',
]);

/** What the state answers to a request: under a client session it is final, whatever became of earlier attempts. */
const ANSWERS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'REVISION_MISMATCH',
  'SESSION_NOT_FOUND',
  'LIMIT_EXCEEDED',
  'VALUE_MISMATCH',
  'STORE_FULL',
  'LOCK_HELD',
  'LOCK_LIMIT',
  'JOB_NOT_FOUND',
  'JOB_EXISTS',
  'JOB_STATUS',
  'JOB_CLAIM_LOST',
  'JOB_LIMIT',
  'VERSION_MISMATCH',
  'POLICY_NOT_FOUND',
  'POLICY_VERSION_NOT_FOUND',
  'POLICY_LIMIT',
  'PROVIDER_REPLACED',
  'SERVICE_LIMIT',
]);

export interface RetryCircumstances {
  /** Counts from 1. */
  readonly attempt: number;
  /** What the caller's deadline leaves. */
  readonly remainingMs: number;
  /** In [0, 1). */
  readonly random: number;
  /** A client session covers the request. */
  readonly isCovered?: boolean;
  /** An earlier attempt may have happened. */
  readonly isInDoubt?: boolean;
  /** Other members can be asked. */
  readonly hasOthers?: boolean;
  /** The one to be asked next is another than this, and has not failed lately: there is no need to wait. */
  readonly isNextFresh?: boolean;
}

/** Milliseconds to wait before the next attempt; null: give up with this error. */
export function pauseBeforeRetry(error: QuorateError, how: RetryCircumstances): number | null {
  if (isOvertaken(error) || !mayRepeat(error, how)) return null;
  const { attempt, remainingMs, random, isNextFresh = false } = how;
  const { pauseFirstMs, pauseMaxMs, factor, attemptMinMs } = RETRY_LIMITS;
  const full = Math.min(pauseFirstMs * factor ** (attempt - 1), pauseMaxMs);
  const pauseMs = isNextFresh ? 0 : Math.round(full * (0.5 + random / 2));
  return pauseMs + attemptMinMs > remainingMs ? null : pauseMs;
}

/** How long one attempt may take if others can be asked after it: one that fell silent must not take all the time. */
export function attemptMs(attempt: number, remainingMs: number): number {
  return Math.min(remainingMs, RETRY_LIMITS.attemptFirstMs * 2 ** Math.min(attempt - 1, 10));
}

function mayRepeat(
  { code, outcome }: QuorateError,
  { isCovered = false, isInDoubt = false, hasOthers = false }: RetryCircumstances,
): boolean {
  if (code === 'INDETERMINATE') return isCovered;
  if (hasOthers && outcome === 'refused' && (ELSEWHERE.has(code) || code === 'DEADLINE_EXCEEDED')) {
    return true;
  }
  // A node that went down with the request may come back, or another may answer at its address.
  if (code === 'UNREACHABLE' || code === 'STOPPING') return isCovered && isInDoubt;
  return RETRIED.has(code) && outcome !== 'indeterminate';
}

/**
 * What the error of a later attempt means after `doubt`, the error of an earlier attempt that may have happened. An answer of
 * the state stands, since the client session gives every attempt the same; a refusal of this attempt says nothing of that one.
 */
export function afterDoubt(error: QuorateError, doubt: QuorateError): QuorateError {
  if (ANSWERS.has(error.code)) return error;
  const { code, message } = error;
  // Whoever sees this code alone may conclude that the only attempt did not happen.
  const data = { ...error.data, ...(code === 'REQUEST_FORGOTTEN' ? { repeated: 'true' } : {}) };
  const kept = code === 'REQUEST_FORGOTTEN' || code === 'INTERNAL' ? code : 'INDETERMINATE';
  const whole = kept === code ? message : `${doubt.message}; then: ${message}`;
  return new QuorateError(kept, whole, data, { cause: doubt });
}

/** The request did not happen, although its client session does not know it: it was sent once only. */
export function isForgottenUnsent(error: QuorateError, isInDoubt: boolean): boolean {
  return isUnsent(error) && !isInDoubt && !isOvertaken(error);
}

function isUnsent({ code, data }: QuorateError): boolean {
  return code === 'REQUEST_FORGOTTEN' && data['repeated'] === undefined;
}

/** The operation of a stream may not be tried again, since those behind it were answered meanwhile. */
export function isOvertaken({ data }: QuorateError): boolean {
  return data['overtaken'] !== undefined;
}

/** The state answered so, or may have carried it out: what comes before it in an order cannot be tried again any more. */
export function isOfState(error: QuorateError): boolean {
  const { code, outcome } = error;
  if (ANSWERS.has(code) || code === 'KEY_NOT_FOUND') return true;
  return outcome === 'indeterminate' && !isUnsent(error);
}
