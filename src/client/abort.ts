// What a caller's AbortSignal does to a promise that cannot be ended by itself: the caller is let go at once, what comes late is
// handed to whoever clears it up. The error that says so is CANCELLED, with the signal's own reason as its cause.

import { QuorateError } from '../errors.js';

/** The promise, or CANCELLED as soon as the signal says so; `late` is told what comes after that. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(cancelled(signal, false));
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } catch (error) {
    if (signal.aborted) promise.then(late, () => {});
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** The error of a call that its caller ended. `isInDoubt`: it may have happened. */
export function cancelled(signal: AbortSignal | undefined, isInDoubt: boolean): QuorateError {
  const outcome = isInDoubt ? 'indeterminate' : 'refused';
  const what = isInDoubt ? 'after it was sent; it may have happened' : 'and did not happen';
  const cause: unknown = signal?.reason;
  const message = `the call was ended by its caller ${what}`;
  return new QuorateError('CANCELLED', message, {}, { outcome, cause });
}
