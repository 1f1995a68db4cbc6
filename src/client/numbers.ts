// Numbers as programs give them, checked before they are sent: the encoder makes 0 of what is negative and cuts fractions off, and would
// turn a mistake into another request. Pure.

import { QuorateError } from '../errors.js';

const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** The number, or INVALID_ARGUMENT unless it is whole and not negative. */
export function whole(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(field, `expected a whole number from 0 on, got ${shown(value)}`);
}

/** The same for a number that may be left out; then it is left out of the message too. */
export function wholeOrNone<Field extends string>(
  field: Field,
  value: number | undefined,
): { readonly [Name in Field]?: number } {
  if (value === undefined) return {};
  return { [field]: whole(field, value) } as { readonly [Name in Field]?: number };
}

/** Refuses what cannot be a time to wait in milliseconds. */
export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS) return;
  const message = `expected 1 to ${TIMEOUT_MAX_MS} milliseconds, got ${shown(timeoutMs)}`;
  throw invalidArgument('timeoutMs', message);
}

/** Refuses a value of a program, naming its field. */
export function invalidArgument(field: string, message: string): QuorateError {
  return new QuorateError('INVALID_ARGUMENT', `${field}: ${message}`, { field });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
