// Keys, values and conditions as people type them, read strictly and before anything is sent. A pair is split at its
// first `=`, so that a value may contain any.

import { complaint, revisionArgument, textArgument } from './arguments.js';

/** Bounds that the service also checks; said here so that wrong usage is told as such. */
const STORE_ARGUMENT_LIMITS = {
  keyBytesMax: 1024,
  valueBytesMax: 1024 * 1024,
  operationsMax: 128,
} as const;

/** `KEY=VALUE`, or a revision instead of the value. */
export interface Pair<T> {
  readonly key: string;
  readonly value: T;
}

export const keyArgument = textArgument(1, STORE_ARGUMENT_LIMITS.keyBytesMax);
export const prefixArgument = textArgument(0, STORE_ARGUMENT_LIMITS.keyBytesMax);
export const valueArgument = textArgument(0, STORE_ARGUMENT_LIMITS.valueBytesMax);

/** Collects keys. */
export function keysArgument(text: string, previous: readonly string[] = []): readonly string[] {
  return bounded([...previous, keyArgument(text)]);
}

/** Collects `KEY=VALUE`. */
export function pairsArgument(
  text: string,
  previous: readonly Pair<string>[] = [],
): readonly Pair<string>[] {
  const { key, value } = pairOf(text, 'a value');
  return bounded([...previous, { key, value: valueArgument(value) }]);
}

/** Collects `KEY=REVISION`. */
export function revisionPairsArgument(
  text: string,
  previous: readonly Pair<number>[] = [],
): readonly Pair<number>[] {
  const { key, value } = pairOf(text, 'a revision');
  return bounded([...previous, { key, value: revisionArgument(value) }]);
}

/** The bytes of a file for a value; `-` stands for standard input. */
export function checkFileSize(bytes: number): void {
  const { valueBytesMax } = STORE_ARGUMENT_LIMITS;
  if (bytes > valueBytesMax) {
    throw new Error(`it has ${bytes} bytes, a value at most ${valueBytesMax}`);
  }
}

function pairOf(text: string, what: string): Pair<string> {
  const at = text.indexOf('=');
  if (at < 1) throw complaint(`expected a key, = and ${what}, got ${JSON.stringify(text)}`);
  return { key: keyArgument(text.slice(0, at)), value: text.slice(at + 1) };
}

function bounded<T>(list: readonly T[]): readonly T[] {
  const { operationsMax } = STORE_ARGUMENT_LIMITS;
  if (list.length <= operationsMax) return list;
  throw complaint(`expected at most ${operationsMax} of them`);
}
