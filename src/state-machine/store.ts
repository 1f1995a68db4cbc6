// The key-value store: keys in the order of their UTF-8 bytes, changed by transactions (comparisons, success, failure).
// A single put, delete or compare-and-set is a transaction with one operation, so that there is one way to change a key.
// One request is one entry is one revision; a request that breaks a bound changes nothing.

import type { LogIndex } from '../raft/types.js';
import { INDEX_ZERO } from '../raft/types.js';
import { invariant, unreachable } from '../raft/assert.js';
import type { Command, FactRefusal } from './command.js';
import { compareBytes } from './compare-bytes.js';
import { pageOf } from './page.js';
import type { KeyRange } from './page.js';
import { whyMalformed } from './store-limits.js';
import { STORE_LIMITS } from './store-types.js';
import type {
  StoreCompare,
  StoreEntry,
  StoreOperation,
  StoreOperationResult,
  StoreResult,
} from './store-types.js';
import { TextMap } from './text-map.js';
import { utf8Length } from './text.js';

type ChangeStore = Extract<Command, { kind: 'changeStore' }>;

/** Entries by key, in the order of their UTF-8 bytes. */
export type StoreMap = TextMap<StoreEntry>;

/** Which entries a page holds. */
export interface StorePageWish extends KeyRange {
  /** Values are not looked at: they count nothing. */
  readonly isKeysOnly: boolean;
}

export interface StorePage {
  readonly entries: readonly StoreEntry[];
  /** There is at least one more behind the last. */
  readonly isMore: boolean;
}

/** What one operation would do. Looking a key up is dear, so it is done once. */
interface Step {
  readonly key: string;
  readonly isWrite: boolean;
  /** The key as it is, and as it is to be; null: there is none. */
  readonly before: StoreEntry | null;
  readonly after: StoreEntry | null;
  readonly result: StoreOperationResult;
}

export class Store {
  readonly #byKey: StoreMap = new TextMap();
  /** Invariant: the sum of all keys and values. */
  #bytes = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** Bytes of all keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Null if there is none. */
  get(key: string): StoreEntry | null {
    return this.#byKey.get(key);
  }

  /** One page of a list. */
  list(wish: StorePageWish): StorePage {
    const counted = (entry: StoreEntry): number =>
      wish.isKeysOnly ? utf8Length(entry.key) : bytesOf(entry);
    const { values, isMore } = pageOf(this.#byKey, wish, ({ key }) => key, counted);
    return { entries: values, isMore };
  }

  /** Carries out the request of the entry at `revision`. */
  apply(
    request: ChangeStore,
    revision: LogIndex,
  ): StoreResult | { readonly type: 'refused'; readonly refusal: FactRefusal } {
    const detail = whyMalformed(request);
    if (detail !== null) return refused({ reason: 'storeRequestTooLarge', detail });
    const at = request.compares.findIndex((compare) => !this.#holds(compare));
    const compare = request.compares[at];
    const operations = compare === undefined ? request.success : request.failure;
    const steps = this.#plan(operations, revision);
    const refusal = this.#whyTooMuch(steps);
    if (refusal !== null) return refused(refusal);
    const actual = compare === undefined ? null : (this.get(compare.key)?.revision ?? INDEX_ZERO);
    for (const step of steps) if (step.isWrite) this.#write(step);
    const failed = actual === null ? null : { at, revision: actual };
    return { type: 'store', failed, results: steps.map(({ result }) => result) };
  }

  /** Takes in an entry of a snapshot. */
  restore(entry: StoreEntry): void {
    const { key } = entry;
    invariant(this.get(key) === null, 'a snapshot holds a key once');
    this.#write({ key, before: null, after: entry });
  }

  /** The store as it is at this moment, whatever is applied later; constant time. */
  freeze(): StoreMap {
    return this.#byKey.clone();
  }

  #holds({ key, relation, to }: StoreCompare): boolean {
    const entry = this.get(key);
    if (to.type !== 'value') {
      const actual = entry?.[to.type] ?? INDEX_ZERO;
      return isIn(relation, actual - to.revision);
    }
    if (entry === null) return relation === 'notEqual';
    return isIn(relation, compareBytes(entry.value, to.value));
  }

  /** Found out before anything is changed. No key is written twice. */
  #plan(operations: readonly StoreOperation[], revision: LogIndex): readonly Step[] {
    return operations.map((operation, at) => this.#step(operation, revision, operations, at));
  }

  /** What the operation would do that stands `at` this place among all. */
  #step(
    operation: StoreOperation,
    revision: LogIndex,
    all: readonly StoreOperation[],
    at: number,
  ): Step {
    const { type, key } = operation;
    switch (type) {
      case 'put': {
        const before = this.get(key);
        const createdRevision = before?.createdRevision ?? revision;
        const after = { key, value: operation.value, createdRevision, revision };
        return { key, isWrite: true, before, after, result: { type, createdRevision } };
      }
      case 'delete': {
        const before = this.get(key);
        const result = { type, revision: before?.revision ?? INDEX_ZERO };
        return { key, isWrite: true, before, after: null, result };
      }
      case 'get': {
        const write = all.slice(0, at).find((each) => each.type !== 'get' && each.key === key);
        const entry =
          write === undefined ? this.get(key) : this.#step(write, revision, all, 0).after;
        return { key, isWrite: false, before: entry, after: entry, result: { type, entry } };
      }
      default:
        return unreachable(operation);
    }
  }

  #whyTooMuch(steps: readonly Step[]): FactRefusal | null {
    const { readBytesMax, keysMax, bytesMax } = STORE_LIMITS;
    let [keys, bytes, readBytes] = [0, 0, 0];
    for (const step of steps) {
      const { isWrite, before, after } = step;
      if (!isWrite) {
        readBytes += after === null ? 0 : bytesOf(after);
        continue;
      }
      keys += (after === null ? 0 : 1) - (before === null ? 0 : 1);
      bytes += grown(step);
    }
    if (readBytes > readBytesMax) {
      const detail = `the request would read ${readBytes} bytes, expected at most ${readBytesMax}`;
      return { reason: 'storeRequestTooLarge', detail };
    }
    // What makes the store smaller is never refused.
    if (keys > 0 && this.size + keys > keysMax) return full(`${keysMax} keys`);
    if (bytes > 0 && this.#bytes + bytes > bytesMax) return full(`${bytesMax} bytes`);
    return null;
  }

  #write(step: Pick<Step, 'key' | 'before' | 'after'>): void {
    const { key, after } = step;
    this.#bytes += grown(step);
    if (after === null) this.#byKey.delete(key);
    else this.#byKey.set(key, after);
  }
}

function refused(refusal: FactRefusal): {
  readonly type: 'refused';
  readonly refusal: FactRefusal;
} {
  return { type: 'refused', refusal };
}

function full(limit: string): FactRefusal {
  return { reason: 'storeFull', limit };
}

/** Bytes of the key and value that there are more than before. */
function grown({ before, after }: Pick<Step, 'before' | 'after'>): number {
  if (before !== null && after !== null) return after.value.length - before.value.length;
  return (after === null ? 0 : bytesOf(after)) - (before === null ? 0 : bytesOf(before));
}

function bytesOf({ key, value }: StoreEntry): number {
  return utf8Length(key) + value.length;
}

/** `difference` is negative, 0 or positive as the actual is below, equal to or above what is given. */
function isIn(relation: StoreCompare['relation'], difference: number): boolean {
  switch (relation) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'less':
      return difference < 0;
    case 'greater':
      return difference > 0;
    default:
      return unreachable(relation);
  }
}
