// `client.store`: keys with values, compare-and-set, pages as one iteration, transactions. It turns what a program writes
// into messages and back; what the methods do and refuse is told in proto/quorate/v1/store.proto.

import { QuorateError } from '../errors.js';
import type { StoreCompare as CompareMessage } from '../generated/quorate/v1/StoreCompare.js';
import type { StoreEntry__Output } from '../generated/quorate/v1/StoreEntry.js';
import type { StoreOperation } from '../generated/quorate/v1/StoreOperation.js';
import type { StoreResult__Output } from '../generated/quorate/v1/StoreResult.js';
import { bytesOf } from './bytes.js';
import type { Value } from './bytes.js';
import { whole, wholeOrNone } from './numbers.js';
import type { Asker, CallOptions, Caller } from './caller.js';
import { withFlow } from './pipeline.js';
import type { PipelineFlow, PipelineOptions } from './pipeline.js';
import { STORE_PIPELINE } from './pipeline-kinds.js';
import { STORE } from './protos.js';
import { orNull } from './or-null.js';
import { pagesOf } from './pages.js';
import { consistencyOf } from './read-options.js';
import type { ReadOptions } from './read-options.js';

export interface StoreEntry {
  readonly key: string;
  /** Empty where only keys were asked for. */
  readonly value: Buffer;
  /** Revision that last wrote it. */
  readonly revision: number;
  /** Revision that created it. */
  readonly createdRevision: number;
}

export interface PutOptions extends CallOptions {
  /** Refuse (REVISION_MISMATCH) unless the key has this revision; 0: unless it does not exist. */
  readonly ifRevision?: number;
  /** Refuse (VALUE_MISMATCH) unless the key has this value. */
  readonly ifValue?: Value;
}

export interface Written {
  readonly revision: number;
  readonly createdRevision: number;
}

export interface ListOptions extends ReadOptions {
  /** Only keys that begin with this. */
  readonly prefix?: string;
  /** Continue after this key. */
  readonly after?: string;
  /** Leave the values out. */
  readonly keysOnly?: boolean;
  /** Entries asked for at a time, 1 to 1000; default 100. Each page is a read by itself. */
  readonly pageSize?: number;
}

export type Relation = 'equal' | 'notEqual' | 'less' | 'greater';

/** What must hold of a key: one of `exists`, `revision`, `createdRevision` and `value`, the last three by `is` (default equal). */
export interface Compare {
  readonly key: string;
  readonly is?: Relation;
  readonly exists?: boolean;
  readonly revision?: number;
  readonly createdRevision?: number;
  readonly value?: Value;
}

export type Operation =
  | { readonly put: string; readonly value: Value }
  | { readonly delete: string }
  | { readonly get: string };

export interface Transaction {
  /** All must hold; none: `success` is carried out. */
  readonly compares?: readonly Compare[];
  readonly success?: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export type OperationResult =
  | { readonly type: 'put'; readonly createdRevision: number }
  | { readonly type: 'delete'; readonly existed: boolean }
  | { readonly type: 'get'; readonly entry: StoreEntry | null };

export interface TransactionResult {
  /** Everything held, and `success` was carried out. */
  readonly succeeded: boolean;
  readonly revision: number;
  /** One for each operation that was carried out, in order. */
  readonly results: readonly OperationResult[];
  /** Place of the first comparison that did not hold; null: all did. */
  readonly failedCompare: number | null;
}

/** What can be asked of single keys, each by itself or on a pipelined stream. */
class StoreOperations {
  readonly #asker: Asker;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  /** Creates a key or replaces its value. */
  async put(key: string, value: Value, options: PutOptions = {}): Promise<Written> {
    const { ifRevision, ifValue } = options;
    const request = {
      key,
      value: bytesOf(value),
      ...wholeOrNone('ifRevision', ifRevision),
      ...(ifValue === undefined ? {} : { ifValue: bytesOf(ifValue) }),
    };
    const { header, createdRevision } = await this.#asker.once(STORE.Put, request, options);
    return { revision: header?.revision ?? 0, createdRevision };
  }

  /** The key with its value; null if there is none. */
  async get(key: string, options: ReadOptions = {}): Promise<StoreEntry | null> {
    const consistency = consistencyOf(options);
    return orNull('KEY_NOT_FOUND', async () => {
      const { entry } = await this.#asker.read(STORE.Get, { key, consistency }, options);
      return entry === null ? null : entryOf(entry);
    });
  }

  /** Answers whether there was such a key. */
  async delete(
    key: string,
    options: Pick<PutOptions, 'ifRevision'> & CallOptions = {},
  ): Promise<boolean> {
    const { ifRevision } = options;
    const request = { key, ...wholeOrNone('ifRevision', ifRevision) };
    return (await this.#asker.once(STORE.Delete, request, options)).existed;
  }

  /** Compares, then carries out `success` if everything holds, else `failure`: all at one revision. */
  async transaction(wish: Transaction, options: CallOptions = {}): Promise<TransactionResult> {
    const request = {
      compares: (wish.compares ?? []).map(compareMessage),
      success: (wish.success ?? []).map(operationMessage),
      failure: (wish.failure ?? []).map(operationMessage),
    };
    const answer = await this.#asker.once(STORE.Transact, request, options);
    return {
      succeeded: answer.succeeded,
      revision: answer.header?.revision ?? 0,
      results: answer.results.map(resultOf),
      failedCompare: answer.failedCompare ?? null,
    };
  }
}

export class StoreClient extends StoreOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    super(caller);
    this.#caller = caller;
  }

  /** Keys in the order of their bytes, asked for in pages as they are taken. */
  async *list(options: ListOptions = {}): AsyncGenerator<StoreEntry, void, undefined> {
    const { prefix = '', after = '', keysOnly = false, pageSize = 0 } = options;
    whole('pageSize', pageSize);
    const consistency = consistencyOf(options);
    const ask = async (afterKey: string) => {
      const request = { prefix, afterKey, keysOnly, limit: pageSize, consistency };
      const { entries, more } = await this.#caller.read(STORE.List, request, options);
      return { rows: entries.map(entryOf), more };
    };
    yield* pagesOf(after, ask, ({ key }) => key);
  }

  /**
   * Many operations under way at once, in order, each with a promise of its own. It keeps a connection open until it is closed.
   * Throws INVALID_ARGUMENT for a bound that is none.
   */
  pipeline(options: PipelineOptions = {}): StorePipeline {
    const pipeline = this.#caller.pipeline(STORE_PIPELINE, options);
    return withFlow(new StoreOperations(pipeline), pipeline);
  }
}

/**
 * Operations that take effect in the order in which they are asked for, and end in it: a get sees every write before it, and none after
 * it. Those of one turn of the event loop travel together. One that fails does so alone.
 */
export type StorePipeline = StoreOperations & PipelineFlow;

const RELATIONS = {
  equal: 'STORE_RELATION_EQUAL',
  notEqual: 'STORE_RELATION_NOT_EQUAL',
  less: 'STORE_RELATION_LESS',
  greater: 'STORE_RELATION_GREATER',
} as const;

function compareMessage({ key, is = 'equal', ...what }: Compare): CompareMessage {
  const { exists, revision, createdRevision, value } = what;
  const given = [exists, revision, createdRevision, value].filter((one) => one !== undefined);
  if (given.length !== 1 || !Object.hasOwn(RELATIONS, is)) {
    const message = `compare of ${key}: expected one of exists, revision, createdRevision and value`;
    throw new QuorateError('INVALID_ARGUMENT', message, { field: 'compares' });
  }
  const relation = RELATIONS[is];
  if (exists !== undefined) {
    return { key, relation: exists ? RELATIONS.notEqual : RELATIONS.equal, revision: 0 };
  }
  if (revision !== undefined) return { key, relation, revision: whole('revision', revision) };
  if (createdRevision !== undefined) {
    return { key, relation, createdRevision: whole('createdRevision', createdRevision) };
  }
  return { key, relation, value: bytesOf(value ?? '') };
}

function operationMessage(operation: Operation): StoreOperation {
  if ('put' in operation) {
    return { put: { key: operation.put, value: bytesOf(operation.value) } };
  }
  return 'delete' in operation
    ? { delete: { key: operation.delete } }
    : { get: { key: operation.get } };
}

function resultOf({ put, delete: gone, get }: StoreResult__Output): OperationResult {
  if (put) return { type: 'put', createdRevision: put.createdRevision };
  if (gone) return { type: 'delete', existed: gone.existed };
  const entry = get?.entry ?? null;
  return { type: 'get', entry: entry === null ? null : entryOf(entry) };
}

function entryOf({ key, value, revision, createdRevision }: StoreEntry__Output): StoreEntry {
  return { key, value, revision, createdRevision };
}
