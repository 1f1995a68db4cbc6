// The store as one object, for the linearizability checker: groups of a few keys that are written singly, compared and set, or changed
// several at once by a transaction, and read singly or all at one revision. Groups are independent of one another.

import type { Model } from '../../../simulations/linearizability/model.js';

/** The keys of each group. */
export const STORE_KEYS = ['a', 'b', 'c'] as const;

export type StoreKey = (typeof STORE_KEYS)[number];
/** Null: there is no such key. */
export type Values = Readonly<Record<StoreKey, string | null>>;

export type StoreInput = { readonly group: string } & (
  | { readonly f: 'get' | 'delete'; readonly key: StoreKey }
  | { readonly f: 'put'; readonly key: StoreKey; readonly value: string }
  /** Puts if the key has the value `from`. */
  | {
      readonly f: 'cas';
      readonly key: StoreKey;
      readonly from: string | null;
      readonly value: string;
    }
  /** If `key` has the value `from`, puts all of `puts`; else reads every key. */
  | {
      readonly f: 'swap';
      readonly key: StoreKey;
      readonly from: string | null;
      readonly puts: Partial<Values>;
    }
  /** Reads every key at one revision. */
  | { readonly f: 'readAll' }
);

export type StoreOutput =
  | { readonly type: 'value'; readonly value: string | null }
  | { readonly type: 'values'; readonly values: Values }
  | { readonly type: 'done' }
  | { readonly type: 'deleted'; readonly existed: boolean }
  /** The condition of a `cas` did not hold. */
  | { readonly type: 'mismatch' };

const EMPTY: Values = { a: null, b: null, c: null };

export const storeGroups: Model<Values, StoreInput, StoreOutput> = {
  name: 'store groups',
  initial: () => EMPTY,
  step(state, input, output) {
    const [answer, after] = carriedOut(state, input);
    if (output === null) return after;
    return textOf(answer) === textOf(output) ? (after ?? state) : null;
  },
  key: textOf,
  part: ({ group }) => group,
  isReadOnly: (_input, output) =>
    output.type === 'value' ||
    output.type === 'values' ||
    output.type === 'mismatch' ||
    (output.type === 'deleted' && !output.existed),
  show: (input, output) => `${JSON.stringify(input)} → ${output === null ? '?' : textOf(output)}`,
  showState: textOf,
  lookahead: {
    mayHold: (state, input, output) => storeGroups.step(state, input, output) !== null,
    enables: ({ input, output }, wanted) =>
      !(output !== null && storeGroups.isReadOnly(input, output)) && mayEnable(input, wanted),
  },
};

/** What it answers, and the state afterwards; null: unchanged. */
function carriedOut(state: Values, input: StoreInput): [StoreOutput, Values | null] {
  switch (input.f) {
    case 'get':
      return [{ type: 'value', value: state[input.key] }, null];
    case 'readAll':
      return [{ type: 'values', values: state }, null];
    case 'put':
      return [{ type: 'done' }, { ...state, [input.key]: input.value }];
    case 'delete': {
      const existed = state[input.key] !== null;
      return [{ type: 'deleted', existed }, existed ? { ...state, [input.key]: null } : null];
    }
    case 'cas':
      if (state[input.key] !== input.from) return [{ type: 'mismatch' }, null];
      return [{ type: 'done' }, { ...state, [input.key]: input.value }];
    case 'swap':
      if (state[input.key] !== input.from) return [{ type: 'values', values: state }, null];
      return [{ type: 'done' }, { ...state, ...input.puts }];
  }
}

/** Values are never used twice: what shows one of them waits for the one operation that wrote it. */
function mayEnable(
  other: StoreInput,
  { input, output }: { readonly input: StoreInput; readonly output: StoreOutput },
): boolean {
  const wanted =
    output.type === 'value' && 'key' in input ? ([[input.key, output.value]] as const) : null;
  if (wanted === null) return true;
  return wanted.some(([key, value]) => {
    if (value === null) return other.f === 'delete' && other.key === key;
    if (other.f === 'swap') return other.puts[key] === value;
    return (other.f === 'put' || other.f === 'cas') && other.key === key && other.value === value;
  });
}

function textOf(value: unknown): string {
  return JSON.stringify(value);
}
