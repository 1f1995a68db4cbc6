// One page of a sorted fact: what begins with a prefix, beyond where the last page ended, bounded in number and in bytes.
// Keys are compared by their UTF-8 bytes, as the maps of all facts are ordered.

import type { TextMap } from './text-map.js';
import { compareUtf8 } from './utf8-order.js';

export interface PageOf<Value> {
  /** In the order of their keys' UTF-8 bytes. */
  readonly values: readonly Value[];
  /** There is at least one more behind the last. */
  readonly isMore: boolean;
}

/** Which values a page holds. */
export interface KeyRange {
  /** Only keys that begin with this. */
  readonly prefix: string;
  /** Only keys beyond this; empty: from the first. */
  readonly after: string;
  readonly countMax: number;
  /** The page ends before its values have more bytes than this, but holds at least one if there is any. */
  readonly bytesMax: number;
}

/** The page. `keyOf` is the value's key in the map, `bytesOf` what it counts for `bytesMax`. */
export function pageOf<Value>(
  map: TextMap<Value>,
  { prefix, after, countMax, bytesMax }: KeyRange,
  keyOf: (value: Value) => string,
  bytesOf: (value: Value) => number,
): PageOf<Value> {
  const values: Value[] = [];
  let bytes = 0;
  const from = compareUtf8(after, prefix) > 0 ? after : prefix;
  for (const value of map.values(from)) {
    const key = keyOf(value);
    if (!key.startsWith(prefix)) break;
    if (after !== '' && key === after) continue;
    bytes += bytesOf(value);
    const isFull = values.length >= countMax || (bytes > bytesMax && values.length > 0);
    if (isFull) return { values, isMore: true };
    values.push(value);
  }
  return { values, isMore: false };
}
