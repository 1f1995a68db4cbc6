// A string for each key, empty to begin with; put replaces it, append adds at its end, get reads it. Keys are independent.

import type { Model } from '../model.js';
import { showValue } from '../value.js';

export type KeyValueInput = { readonly key: string } & (
  { readonly f: 'get' } | { readonly f: 'put' | 'append'; readonly value: string }
);

/** A get tells the value; the others tell nothing. */
export interface KeyValueOutput {
  readonly value?: string;
}

const SHOWN_CHARACTERS_MAX = 24;

export const keyValue: Model<string, KeyValueInput, KeyValueOutput> = {
  name: 'key-value',
  initial: () => '',
  step(state, input, output) {
    if (input.f === 'put') return input.value;
    if (input.f === 'append') return state + input.value;
    return output === null || output.value === state ? state : null;
  },
  key: (state) => state,
  part: ({ key }) => key,
  isReadOnly: ({ f }) => f === 'get',
  show(input, output) {
    const on = `${input.f} ${showValue(input.key)}`;
    if (input.f === 'get') return `${on} → ${output === null ? '?' : shorten(output.value ?? '')}`;
    return `${on} ${shorten(input.value)}${output === null ? ' → ?' : ''}`;
  },
  showState: shorten,
  lookahead: {
    // Appends only lengthen what is there: it must be a beginning of what is read next.
    mayHold: (state, { f }, { value = '' }) => f !== 'get' || value.startsWith(state),
    enables: ({ input }, { output: { value = '' } }) =>
      input.f === 'put' && value.startsWith(input.value),
  },
};

/** The end tells most: what was appended last. */
function shorten(text: string): string {
  if (text.length <= SHOWN_CHARACTERS_MAX) return showValue(text);
  return `…${showValue(text.slice(1 - SHOWN_CHARACTERS_MAX)).slice(1)}`;
}
