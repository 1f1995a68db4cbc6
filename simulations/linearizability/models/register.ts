// Registers with read, write and compare-and-set: one, or several that are told apart by a key. A register holds nothing
// (null) to begin with.

import type { Model } from '../model.js';
import type { Operation } from '../operation.js';
import { isEqual, showValue, textOf } from '../value.js';
import type { Value } from '../value.js';

/** Without a key: the only register there is. */
export type RegisterInput = { readonly key?: string } & (
  | { readonly f: 'read' }
  | { readonly f: 'write'; readonly value: Value }
  | { readonly f: 'cas'; readonly from: Value; readonly to: Value }
);

/** A read tells the value, a compare-and-set whether the comparison held, a write nothing. */
export interface RegisterOutput {
  readonly value?: Value;
  readonly done?: boolean;
}

interface Held {
  readonly value: Value;
}

export const register: Model<Held, RegisterInput, RegisterOutput> = {
  name: 'register',
  initial: () => ({ value: null }),
  step(state, input, output) {
    if (input.f === 'write') return { value: input.value };
    if (input.f === 'read')
      return output === null || mayAnswer(state, input, output) ? state : null;
    if (output !== null && !mayAnswer(state, input, output)) return null;
    return isEqual(state.value, input.from) ? { value: input.to } : output === null ? null : state;
  },
  key: ({ value }) => textOf(value),
  part: ({ key }) => key ?? '',
  isReadOnly: (input, output) => input.f === 'read' || (input.f === 'cas' && output.done === false),
  show(input, output) {
    const on = input.key === undefined ? '' : `${showValue(input.key)} `;
    if (input.f === 'read') return `read ${on}→ ${output === null ? '?' : showValue(output.value)}`;
    if (input.f === 'write') return `write ${on}${showValue(input.value)}${output ? '' : ' → ?'}`;
    const told = output === null ? '?' : output.done === false ? 'differs' : 'ok';
    return `cas ${on}${showValue(input.from)} to ${showValue(input.to)} → ${told}`;
  },
  showState: ({ value }) => showValue(value),
  lookahead: {
    mayHold: mayAnswer,
    readsTellAll: true,
    inform: (operations) => ({ narrow: narrowing(operations) }),
    enables(other, { input, output }) {
      if (other.input.f === 'read') return false;
      if (other.input.f === 'write') return mayAnswer({ value: other.input.value }, input, output);
      return other.output?.done !== false && mayAnswer({ value: other.input.to }, input, output);
    },
  },
};

function mayAnswer({ value }: Held, input: RegisterInput, output: RegisterOutput): boolean {
  if (input.f === 'write') return true;
  if (input.f === 'read') return isEqual(value, output.value ?? null);
  return isEqual(value, input.from) === (output.done ?? true);
}

/** Stands for all values that nobody asks about any more. */
const OTHER: Held = { value: { edn: 'something that nobody reads' } };

/** A value that no later answer depends on is as good as any other such value. */
function narrowing(
  operations: readonly Operation<RegisterInput, RegisterOutput>[],
): (state: Held, at: number) => Held {
  const lastAt = new Map<string, number>();
  for (const { input, answer } of operations) {
    if (input.f === 'write' || (input.f === 'read' && answer === null)) continue;
    const text = textOf(input.f === 'cas' ? input.from : (answer?.output.value ?? null));
    lastAt.set(text, Math.max(lastAt.get(text) ?? -Infinity, answer?.at ?? Infinity));
  }
  return (state, at) => ((lastAt.get(textOf(state.value)) ?? -Infinity) < at ? OTHER : state);
}
