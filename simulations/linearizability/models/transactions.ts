// A store of keys changed by transactions (comparisons, then or else), for histories whose transactions are known to have
// taken effect one after the other: each names its revision and the one before it, so that their order is given and what is
// judged is whether the answers and the times fit it. Keys that a transaction joins are one part, and stand and fall together.

import type { Model } from '../model.js';

/** Text of a value with its revisions; null: there is no such key. */
export interface KeptEntry {
  readonly value: string;
  readonly createdRevision: number;
  readonly revision: number;
}

export type TransactionStep =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'delete' | 'get'; readonly key: string };

interface Asked {
  /** Names the keys that transactions join. */
  readonly part: string;
}

export type TransactionsInput =
  | (Asked & {
      readonly f: 'transact';
      readonly revision: number;
      /** Revision of the transaction of this part before it; 0: there is none. */
      readonly after: number;
      /** On revisions only. */
      readonly compares: readonly {
        readonly key: string;
        readonly relation: 'equal' | 'notEqual' | 'less' | 'greater';
        readonly revision: number;
      }[];
      readonly success: readonly TransactionStep[];
      readonly failure: readonly TransactionStep[];
    })
  | (Asked & { readonly f: 'get'; readonly key: string });

/** Of a put the revision at which the key was created, of a delete the one it had, or 0; of a get the entry. */
type StepOutput = number | KeptEntry | null;

export type TransactionsOutput =
  | {
      readonly f: 'transact';
      /** Place of the first comparison that did not hold; null: all did. */
      readonly failedAt: number | null;
      readonly results: readonly StepOutput[];
    }
  | { readonly f: 'get'; readonly entry: KeptEntry | null };

interface Kept {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, KeptEntry>;
}

export const transactions: Model<Kept, TransactionsInput, TransactionsOutput> = {
  name: 'transactions',
  initial: () => ({ revision: 0, entries: new Map() }),
  step(state, input, output) {
    if (input.f === 'get') {
      const isSo = output?.f === 'get' && isSame(output.entry, entryOf(state.entries, input.key));
      return isSo ? state : null;
    }
    if (state.revision !== input.after) return null;
    const failedAt = input.compares.findIndex((compare) => !holds(state, compare));
    const entries = new Map(state.entries);
    const steps = failedAt === -1 ? input.success : input.failure;
    const results = steps.map((each) => carriedOut(entries, each, input.revision));
    if (output !== null) {
      if (output.f !== 'transact' || (output.failedAt ?? -1) !== failedAt) return null;
      const isSo = results.every((result, at) => isSame(result, output.results[at]));
      if (!isSo || results.length !== output.results.length) return null;
    }
    return { revision: input.revision, entries };
  },
  // The order of what changes it is given, so that its newest revision tells a state.
  key: ({ revision }) => revision,
  part: ({ part }) => part,
  isReadOnly: ({ f }) => f === 'get',
  show(input, output) {
    const what = input.f === 'get' ? `get ${input.key}` : `transaction ${input.revision}`;
    return `${what} → ${output === null ? '?' : JSON.stringify(output)}`;
  },
  showState: ({ revision, entries }) =>
    `revision ${revision} ${JSON.stringify(Object.fromEntries(entries))}`,
};

function holds(
  { entries }: Kept,
  compare: Extract<TransactionsInput, { f: 'transact' }>['compares'][number],
): boolean {
  const difference = (entryOf(entries, compare.key)?.revision ?? 0) - compare.revision;
  switch (compare.relation) {
    case 'equal':
      return difference === 0;
    case 'notEqual':
      return difference !== 0;
    case 'less':
      return difference < 0;
    case 'greater':
      return difference > 0;
  }
}

/** Later steps see what earlier ones did. */
function carriedOut(
  entries: Map<string, KeptEntry>,
  step: TransactionStep,
  revision: number,
): StepOutput {
  const { key } = step;
  const existing = entryOf(entries, key);
  switch (step.type) {
    case 'get':
      return existing;
    case 'delete':
      entries.delete(key);
      return existing?.revision ?? 0;
    case 'put': {
      const createdRevision = existing?.createdRevision ?? revision;
      entries.set(key, { value: step.value, createdRevision, revision });
      return createdRevision;
    }
  }
}

function entryOf(entries: ReadonlyMap<string, KeptEntry>, key: string): KeptEntry | null {
  return entries.get(key) ?? null;
}

function isSame(a: StepOutput, b: StepOutput | undefined): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  const isSameRevision = a.revision === b.revision && a.createdRevision === b.createdRevision;
  return isSameRevision && a.value === b.value;
}
