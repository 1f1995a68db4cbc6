// A queue, empty to begin with: what is enqueued first is dequeued first. A dequeue that answers nothing (null) found the
// queue empty.

import type { Model } from '../model.js';
import { showValue, textOf } from '../value.js';
import type { Value } from '../value.js';

export type QueueInput =
  { readonly f: 'enqueue'; readonly value: Value } | { readonly f: 'dequeue' };

/** A dequeue tells what it took; an enqueue tells nothing. */
export interface QueueOutput {
  readonly value?: Value;
}

/** Texts of the values, first the one to leave first. */
type Waiting = readonly string[];

export const queue: Model<Waiting, QueueInput, QueueOutput> = {
  name: 'queue',
  initial: () => [],
  step(state, input, output) {
    if (input.f === 'enqueue') return [...state, textOf(input.value)];
    const first = state[0];
    if (output === null) return first === undefined ? null : state.slice(1);
    if ((output.value ?? null) === null) return first === undefined ? state : null;
    return first === textOf(output.value) ? state.slice(1) : null;
  },
  key: (state) => state.join('\n'),
  part: () => '',
  isReadOnly: ({ f }, { value = null }) => f === 'dequeue' && value === null,
  show(input, output) {
    if (input.f === 'enqueue') return `enqueue ${showValue(input.value)}${output ? '' : ' → ?'}`;
    return `dequeue → ${output === null ? '?' : showValue(output.value)}`;
  },
  showState: (state) => `[${state.join(' ')}]`,
  lookahead: {
    mayHold: (state, { f }, { value = null }) =>
      f === 'enqueue' || value === null || state.includes(textOf(value)),
    enables: ({ input }, { output: { value = null } }) =>
      input.f === 'enqueue' && textOf(input.value) === textOf(value),
  },
};
