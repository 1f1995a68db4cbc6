// A set, empty to begin with: add, remove, ask for one element, read all. Without reads of the whole, each element is
// independent of the others.

import type { Model } from '../model.js';
import { showValue, textOf } from '../value.js';
import type { Value } from '../value.js';

export type SetInput =
  { readonly f: 'add' | 'remove' | 'contains'; readonly element: Value } | { readonly f: 'read' };

/** `contains` tells whether the element is there, a read all elements in any order; the others tell nothing. */
export interface SetOutput {
  readonly found?: boolean;
  readonly elements?: readonly Value[];
}

/** The elements' texts, in order. */
type Elements = readonly string[];

export const set: Model<Elements, SetInput, SetOutput> = {
  name: 'set',
  initial: () => [],
  step(state, input, output) {
    if (input.f === 'read') return output === null || isSame(state, output) ? state : null;
    const text = textOf(input.element);
    const isThere = state.includes(text);
    if (input.f === 'contains') return (output?.found ?? isThere) === isThere ? state : null;
    if (input.f === 'remove') return isThere ? state.filter((each) => each !== text) : state;
    return isThere ? state : [...state, text].sort(byText);
  },
  key: (state) => state.join('\n'),
  part: (input) => (input.f === 'read' ? null : textOf(input.element)),
  isReadOnly: ({ f }) => f === 'read' || f === 'contains',
  show(input, output) {
    if (input.f === 'read') return `read → ${output === null ? '?' : showValue(output.elements)}`;
    const told = input.f === 'contains' ? (output?.found ?? '?') : output === null ? '?' : '';
    return `${input.f} ${showValue(input.element)}${told === '' ? '' : ` → ${told}`}`;
  },
  showState: (state) => `{${state.join(' ')}}`,
  lookahead: {
    mayHold(state, input, output) {
      if (input.f === 'read') {
        const wanted = new Set((output.elements ?? []).map(textOf));
        return state.every((each) => wanted.has(each));
      }
      return (
        input.f !== 'contains' || output.found !== false || !state.includes(textOf(input.element))
      );
    },
    enables: ({ input }) => input.f === 'remove',
  },
};

function isSame(state: Elements, { elements = [] }: SetOutput): boolean {
  const wanted = new Set(elements.map(textOf));
  return wanted.size === state.length && state.every((each) => wanted.has(each));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
