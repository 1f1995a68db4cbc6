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
import { SortedMap } from './sorted-map.js';
import { whyMalformed } from './store-limits.js';
import { STORE_LIMITS } from './store-types.js';
import type {
  StoreCompare,
  StoreEntry,
  StoreOperation,
  StoreOperationResult,
  StoreResult,
} from './store-types.js';
import { utf8Length } from './text.js';
import { compareUtf8 } from './utf8-order.js';

type ChangeStore = Extract<Command, { kind: 'changeStore' }>;

/** Entries by key, in the order of their UTF-8 bytes. */
export type StoreMap = SortedMap<string, StoreEntry>;

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

/** What a request would do, found out before anything is changed. */
interface Plan {
  /** By key, what it is to be; null: gone. */
  readonly writes: Map<string, StoreEntry | null>;
  readonly results: StoreOperationResult[];
  readBytes: number;
}

export class Store {
  readonly #byKey: StoreMap = new SortedMap(compareUtf8);
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
    const plan = this.#plan(operations, revision);
    const refusal = this.#whyTooMuch(plan);
    if (refusal !== null) return refused(refusal);
    const actual = compare === undefined ? null : (this.get(compare.key)?.revision ?? INDEX_ZERO);
    for (const [key, entry] of plan.writes) this.#write(key, entry);
    const failed = actual === null ? null : { at, revision: actual };
    return { type: 'store', failed, results: plan.results };
  }

  /** Takes in an entry of a snapshot. */
  restore(entry: StoreEntry): void {
    invariant(this.get(entry.key) === null, 'a snapshot holds a key once');
    this.#write(entry.key, entry);
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

  #plan(operations: readonly StoreOperation[], revision: LogIndex): Plan {
    const plan: Plan = { writes: new Map(), results: [], readBytes: 0 };
    const now = (key: string): StoreEntry | null =>
      plan.writes.has(key) ? (plan.writes.get(key) ?? null) : this.get(key);
    for (const operation of operations) {
      const { type, key } = operation;
      const existing = now(key);
      switch (type) {
        case 'put': {
          const createdRevision = existing?.createdRevision ?? revision;
          plan.writes.set(key, { key, value: operation.value, createdRevision, revision });
          plan.results.push({ type, createdRevision });
          break;
        }
        case 'delete':
          plan.writes.set(key, null);
          plan.results.push({ type, revision: existing?.revision ?? INDEX_ZERO });
          break;
        case 'get':
          plan.readBytes += existing === null ? 0 : bytesOf(existing);
          plan.results.push({ type, entry: existing });
          break;
        default:
          unreachable(operation);
      }
    }
    return plan;
  }

  #whyTooMuch({ writes, readBytes }: Plan): FactRefusal | null {
    const { readBytesMax, keysMax, bytesMax } = STORE_LIMITS;
    if (readBytes > readBytesMax) {
      const detail = `the request would read ${readBytes} bytes, expected at most ${readBytesMax}`;
      return { reason: 'storeRequestTooLarge', detail };
    }
    let [keys, bytes] = [0, 0];
    for (const [key, entry] of writes) {
      const existing = this.get(key);
      keys += (entry === null ? 0 : 1) - (existing === null ? 0 : 1);
      bytes += (entry === null ? 0 : bytesOf(entry)) - (existing === null ? 0 : bytesOf(existing));
    }
    // What makes the store smaller is never refused.
    if (keys > 0 && this.size + keys > keysMax) return full(`${keysMax} keys`);
    if (bytes > 0 && this.#bytes + bytes > bytesMax) return full(`${bytesMax} bytes`);
    return null;
  }

  #write(key: string, entry: StoreEntry | null): void {
    const existing = this.get(key);
    if (existing !== null) this.#bytes -= bytesOf(existing);
    if (entry === null) {
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.set(key, entry);
    this.#bytes += bytesOf(entry);
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
