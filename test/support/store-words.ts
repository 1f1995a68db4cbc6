// Short ways to say requests on the store, how fast-check draws them, and the naive model: a Map and the rules. There are
// few keys, so that requests meet; bounds are left to tables.

import fc from 'fast-check';
import type { ClientCommand } from '../../src/state-machine/command.js';
import type {
  StoreCompare,
  StoreEntry,
  StoreOperation,
  StoreOperationResult,
} from '../../src/state-machine/store-types.js';
import { STORE_RELATIONS } from '../../src/state-machine/store-types.js';
import { index } from './log-words.js';
import { bytes } from './session-words.js';

export type ChangeStore = Extract<ClientCommand, { kind: 'changeStore' }>;

export function change(
  success: readonly StoreOperation[],
  compares: readonly StoreCompare[] = [],
  failure: readonly StoreOperation[] = [],
): ChangeStore {
  return { kind: 'changeStore', requestId: 'r', client: null, compares, success, failure };
}

export function putKey(key: string, value: string | Uint8Array = ''): StoreOperation {
  return { type: 'put', key, value: typeof value === 'string' ? bytes(value) : value };
}

export function deleteKey(key: string): StoreOperation {
  return { type: 'delete', key };
}

export function getKey(key: string): StoreOperation {
  return { type: 'get', key };
}

/** That the key has this revision; 0: that it does not exist. */
export function hasRevision(key: string, revision: number): StoreCompare {
  return { key, relation: 'equal', to: { type: 'revision', revision: index(revision) } };
}

const anyKey = fc.constantFrom('a', 'aa', 'ab', 'b', 'é', '\uffee', '\u{1f600}');
const anyValue = fc.uint8Array({ maxLength: 3 });
const anyRevision = fc.integer({ min: 0, max: 40 }).map(index);

const anyCompare: fc.Arbitrary<StoreCompare> = fc.record({
  key: anyKey,
  relation: fc.constantFrom(...STORE_RELATIONS),
  to: fc.oneof(
    fc.record({
      type: fc.constantFrom('revision' as const, 'createdRevision' as const),
      revision: anyRevision,
    }),
    fc.record({ type: fc.constant('value' as const), value: anyValue }),
  ),
});

const anyWrite: fc.Arbitrary<StoreOperation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: anyKey, value: anyValue }),
  fc.record({ type: fc.constant('delete' as const), key: anyKey }),
);

/** Writes of different keys, and reads between them. */
const anyOperations = fc
  .tuple(
    fc.uniqueArray(anyWrite, { maxLength: 4, selector: ({ key }) => key }),
    fc.array(fc.tuple(fc.nat({ max: 4 }), anyKey), { maxLength: 3 }),
  )
  .map(([writes, reads]) => {
    const all = [...writes];
    for (const [at, key] of reads) all.splice(at, 0, getKey(key));
    return all;
  });

/** Any request within its bounds. */
export const anyChange: fc.Arbitrary<ChangeStore> = fc
  .tuple(anyOperations, fc.array(anyCompare, { maxLength: 2 }), anyOperations)
  .map(([success, compares, failure]) => change(success, compares, failure));

export class StoreModel {
  readonly #entries = new Map<string, StoreEntry>();

  /** What the entry at `revision` should answer. */
  apply({ compares, success, failure }: ChangeStore, revision: number): unknown {
    const at = compares.findIndex((compare) => !this.#holds(compare));
    const key = compares[at]?.key;
    const actual = key === undefined ? 0 : (this.#entries.get(key)?.revision ?? 0);
    const failed = at === -1 ? null : { at, revision: actual };
    const operations = at === -1 ? success : failure;
    const results = operations.map((operation) => this.#carryOut(operation, revision));
    return { type: 'store', failed, results };
  }

  /** All entries in the order of their keys' bytes. */
  list(): StoreEntry[] {
    return [...this.#entries.values()].sort((a, b) =>
      Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
    );
  }

  #holds({ key, relation, to }: StoreCompare): boolean {
    const entry = this.#entries.get(key);
    if (to.type === 'value') {
      if (entry === undefined) return relation === 'notEqual';
      return related(relation, Buffer.compare(entry.value, to.value));
    }
    return related(relation, (entry?.[to.type] ?? 0) - to.revision);
  }

  #carryOut(operation: StoreOperation, revision: number): StoreOperationResult {
    const { type, key } = operation;
    const entry = this.#entries.get(key);
    if (type === 'get') return { type, entry: entry ?? null };
    if (type === 'delete') {
      this.#entries.delete(key);
      return { type, revision: entry?.revision ?? index(0) };
    }
    const createdRevision = entry?.createdRevision ?? index(revision);
    const { value } = operation;
    this.#entries.set(key, { key, value, createdRevision, revision: index(revision) });
    return { type, createdRevision };
  }
}

function related(relation: StoreCompare['relation'], order: number): boolean {
  return { equal: order === 0, notEqual: order !== 0, less: order < 0, greater: order > 0 }[
    relation
  ];
}
