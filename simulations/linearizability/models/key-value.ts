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

/** What was put or appended, or that nobody will ever read it, until the next put. */
type Kept = { readonly text: string } | { readonly text: null };

const LOST: Kept = { text: null };

export const keyValue: Model<Kept, KeyValueInput, KeyValueOutput> = {
  name: 'key-value',
  initial: () => ({ text: '' }),
  step(state, input, output) {
    if (input.f === 'put') return { text: input.value };
    if (input.f === 'get') return output === null || output.value === state.text ? state : null;
    return state.text === null ? state : { text: state.text + input.value };
  },
  key: ({ text }) => (text === null ? 0 : text),
  part: ({ key }) => key,
  isReadOnly: ({ f }) => f === 'get',
  show(input, output) {
    const on = `${input.f} ${showValue(input.key)}`;
    if (input.f === 'get') return `${on} → ${output === null ? '?' : shorten(output.value ?? '')}`;
    return `${on} ${shorten(input.value)}${output === null ? ' → ?' : ''}`;
  },
  showState: ({ text }) => (text === null ? 'something that nobody reads' : shorten(text)),
  lookahead: {
    // Appends only lengthen what is there: it must be a beginning of what is read next.
    mayHold({ text }, { f }, { value = '' }) {
      return f !== 'get' || (text !== null && value.startsWith(text));
    },
    enables: ({ input }, { output: { value = '' } }) =>
      input.f === 'put' && value.startsWith(input.value),
    // In whatever order things are appended that nobody reads: the next put replaces them all.
    lost: LOST,
  },
};

/** The end tells most: what was appended last. */
function shorten(text: string): string {
  if (text.length <= SHOWN_CHARACTERS_MAX) return showValue(text);
  return `…${showValue(text.slice(1 - SHOWN_CHARACTERS_MAX)).slice(1)}`;
}
