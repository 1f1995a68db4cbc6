// An answer that says that there is no such thing is an answer, not a failure, to a program that asked whether there is.
// Every other error stays one.

import { QuorateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/** What `ask` answers; null where it is refused with this code. */
export async function orNull<T>(code: ErrorCode, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof QuorateError && error.code === code) return null;
    throw error;
  }
}
