// A counter, 0 to begin with: add any whole number, read. There may be several, told apart by a key.

import type { Model } from '../model.js';

/** It can be split by key. */
export type CounterInput = { readonly key?: string } & (
  { readonly f: 'add'; readonly value: number } | { readonly f: 'read' }
);

/** A read tells the sum; an add tells it, or nothing. */
export interface CounterOutput {
  readonly value?: number;
}

export const counter: Model<number, CounterInput, CounterOutput> = {
  name: 'counter',
  initial: () => 0,
  step(state, input, output) {
    const after = input.f === 'add' ? state + input.value : state;
    return (output?.value ?? after) === after ? after : null;
  },
  key: (state) => state,
  part: ({ key }) => key ?? '',
  isReadOnly: ({ f }) => f === 'read',
  show(input, output) {
    const what = input.f === 'add' ? `add ${input.value}` : 'read';
    if (output === null) return `${what} → ?`;
    return output.value === undefined ? what : `${what} → ${output.value}`;
  },
  showState: String,
};
