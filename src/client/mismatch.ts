// The errors of a compare-and-set that does not hold. Whoever carries it out says them, and so does a dry run of the command line.

import { QuorateError } from '../errors.js';

/** The error for a condition on a revision; an `actual` of 0 means that it does not exist. */
export function revisionMismatch(
  what: 'session' | 'key',
  expected: number,
  actual: number,
): QuorateError {
  const message =
    actual === 0
      ? `expected revision ${expected}, but there is no such ${what}`
      : `expected revision ${expected}, got ${actual}`;
  const data = { expected: String(expected), actual: String(actual) };
  return new QuorateError('REVISION_MISMATCH', message, data);
}

/** The error for a condition on the value of a key; an `actual` revision of 0 means that it does not exist. */
export function valueMismatch(actual: number): QuorateError {
  const message =
    actual === 0
      ? 'expected a value, but there is no such key'
      : `the key has another value than expected, at revision ${actual}`;
  return new QuorateError('VALUE_MISMATCH', message, { actual: String(actual) });
}
