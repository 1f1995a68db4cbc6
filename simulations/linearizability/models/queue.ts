// A queue, empty to begin with: what is enqueued first is dequeued first. A dequeue that answers nothing (null) found the
// queue empty.

import type { Model } from '../model.js';
import type { Operation } from '../operation.js';
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
    inform(operations) {
      const fates = fatesOf(operations);
      return {
        narrow: (state) => narrowed(state, fates),
        isTooLate: (state, operation) => isTooLate(state, operation, fates),
      };
    },
  },
};

type Recorded = Operation<QueueInput, QueueOutput>;

/** Stands for values that nobody ever takes. */
const LEFT = ' left';

interface Fates {
  /** Before this time it cannot leave the queue; -Infinity: unknown. */
  leavesAfter(text: string): number;
  /** At this time it has left; Infinity: unknown. */
  leavesBefore(text: string): number;
}

/** What becomes of values. Of those that were enqueued more than once nobody knows which was dequeued. */
function fatesOf(operations: readonly Recorded[]): Fates {
  const dequeued = new Map<string, { readonly call: number; readonly at: number }>();
  const enqueued = new Set<string>();
  const repeated = new Set<string>();
  // Somebody may have taken something and not learned what.
  let unknown = Infinity;
  for (const { input, call, answer } of operations) {
    if (input.f === 'enqueue') {
      const text = textOf(input.value);
      if (enqueued.has(text)) repeated.add(text);
      enqueued.add(text);
    } else if (answer === null) unknown = -Infinity;
    else dequeued.set(textOf(answer.output.value), { call, at: answer.at });
  }
  return {
    leavesAfter: (text) => (repeated.has(text) ? -Infinity : (dequeued.get(text)?.call ?? unknown)),
    leavesBefore: (text) => (repeated.has(text) ? Infinity : (dequeued.get(text)?.at ?? Infinity)),
  };
}

/** Null: something stands behind a value that leaves too late for it. Behind one that stays, all that stays is alike. */
function narrowed(state: Waiting, fates: Fates): Waiting | null {
  let latest = -Infinity;
  let left = -1;
  for (const [at, text] of state.entries()) {
    if (fates.leavesBefore(text) < latest) return null;
    latest = Math.max(latest, fates.leavesAfter(text));
    if (latest === Infinity && left < 0) left = at;
  }
  const isSame = left < 0 || (left === state.length - 1 && state[left] === LEFT);
  return isSame ? state : [...state.slice(0, left), LEFT];
}

/** What must leave, or find the queue empty, before something that is in the queue can leave. */
function isTooLate(state: Waiting, { input, answer }: Recorded, fates: Fates): boolean {
  if (answer === null) return false;
  const isEnqueue = input.f === 'enqueue';
  if (!isEnqueue && (answer.output.value ?? null) !== null) return false;
  const before = isEnqueue ? fates.leavesBefore(textOf(input.value)) : answer.at;
  return state.some((text) => fates.leavesAfter(text) > before);
}
