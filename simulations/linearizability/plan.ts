// A history laid out for the search. Answered operations stand in the order of their answers; level r is the time just
// before answer r. At each level some operations are open: called, and answered not earlier. Each has a slot while it is
// open, so that a set of them is a few bits. Operations whose answer nobody learned are open for ever; those of one
// kind are alike, so that it is enough to count how many of them took effect, the one called first being the first.

import type { Model } from './model.js';
import type { Operation } from './operation.js';
import { Kinds } from './states.js';

/** An operation with an answer. */
export interface Step {
  readonly operation: Operation;
  readonly kind: number;
  /** Position in the order of answers. */
  readonly level: number;
  readonly slot: number;
  readonly isReadOnly: boolean;
}

/** Operations of one kind whose answer nobody learned. */
export interface Loose {
  readonly kind: number;
  /** In the order of their calls. */
  readonly operations: readonly Operation[];
  /** The level from which on each may have taken effect. */
  readonly levels: readonly number[];
}

export interface Plan {
  /** All of the part, in no particular order. */
  readonly operations: readonly Operation[];
  readonly kinds: Kinds;
  /** In the order of answers. */
  readonly steps: readonly Step[];
  /** Per level: what is open there, first what is answered first. */
  readonly open: readonly (readonly Step[])[];
  /** Per level: what is open there and was not at the level before. */
  readonly fresh: readonly (readonly Step[])[];
  /** Per level: the read-only operation that is answered first of those called later than this answer; null: none. */
  readonly nextRead: readonly (Step | null)[];
  readonly loose: readonly Loose[];
  /** Those that change nothing, in the order of answers. */
  readonly reads: readonly Step[];
  /** 32-bit words that hold a bit for each slot; at least 1. */
  readonly words: number;
  /** Memory in use, about. */
  readonly bytes: number;
}

const STEP_BYTES = 250;
const PLACE_BYTES = 8;

/** Lays out the operations of one part; their order in the list makes no difference to the verdict. */
export function planOf(model: Model, operations: readonly Operation[]): Plan {
  const kinds = new Kinds();
  const { steps, slots } = stepsOf(model, kinds, operations);
  const reads = steps.filter(({ isReadOnly }) => isReadOnly);
  const byCall = [...steps].sort((a, b) => a.operation.call - b.operation.call);
  const open: Step[][] = [];
  const fresh: Step[][] = [];
  let called = 0;
  let places = 0;
  let now: Step[] = [];
  for (const step of steps) {
    const from = called;
    while (called < byCall.length && callOf(byCall[called]) <= answeredAt(step)) called += 1;
    const added = byCall.slice(from, called).sort(byLevel);
    now = [...now, ...added].sort(byLevel);
    open.push(now);
    fresh.push(added);
    places += now.length;
    now = now.filter((each) => each !== step);
  }
  return {
    operations,
    kinds,
    steps,
    open,
    fresh,
    nextRead: nextReads(steps, reads),
    reads,
    loose: looseOf(kinds, operations, steps),
    words: Math.max(1, Math.ceil(slots / 32)),
    bytes: operations.length * STEP_BYTES + places * PLACE_BYTES,
  };
}

function stepsOf(
  model: Model,
  kinds: Kinds,
  operations: readonly Operation[],
): { readonly steps: readonly Step[]; readonly slots: number } {
  const answered = operations
    .filter(({ answer }) => answer !== null)
    .sort((a, b) => (a.answer?.at ?? 0) - (b.answer?.at ?? 0) || a.call - b.call);
  const slotOf = slotsOf(answered);
  const steps = answered.map((operation, level): Step => {
    const { input } = operation;
    const output = operation.answer?.output;
    return {
      operation,
      kind: kinds.numberOf({ input, output }),
      level,
      slot: slotOf.get(operation) ?? 0,
      isReadOnly: model.isReadOnly(input, output),
    };
  });
  return { steps, slots: Math.max(0, ...new Set(slotOf.values())) + 1 };
}

/** The lowest slot that is free at the call, until the answer; both ends count as open. */
function slotsOf(answered: readonly Operation[]): Map<Operation, number> {
  const slots = new Map<Operation, number>();
  const free: number[] = [];
  let [count, ended] = [0, 0];
  for (const operation of [...answered].sort((a, b) => a.call - b.call)) {
    while (ended < answered.length) {
      const first = answered[ended];
      if (first === undefined || (first.answer?.at ?? 0) >= operation.call) break;
      free.push(slots.get(first) ?? 0);
      ended += 1;
    }
    slots.set(operation, free.pop() ?? count++);
  }
  return slots;
}

function nextReads(steps: readonly Step[], reads: readonly Step[]): (Step | null)[] {
  let at = 0;
  return steps.map((step) => {
    while (at < reads.length && callOf(reads[at]) <= answeredAt(step)) at += 1;
    return reads[at] ?? null;
  });
}

function looseOf(
  kinds: Kinds,
  operations: readonly Operation[],
  steps: readonly Step[],
): readonly Loose[] {
  const last = steps.at(-1);
  // What was called after everything was answered makes no difference.
  const lastAt = last === undefined ? -Infinity : answeredAt(last);
  const byKind = new Map<number, Operation[]>();
  const unknown = operations.filter(({ answer, call }) => answer === null && call <= lastAt);
  for (const operation of unknown.sort((a, b) => a.call - b.call)) {
    const kind = kinds.numberOf({ input: operation.input, output: null });
    const alike = byKind.get(kind);
    if (alike === undefined) byKind.set(kind, [operation]);
    else alike.push(operation);
  }
  return [...byKind].map(([kind, alike]) => ({
    kind,
    operations: alike,
    levels: alike.map(({ call }) => firstLevel(steps, call)),
  }));
}

/** The first level whose answer does not come before `call`. */
function firstLevel(steps: readonly Step[], call: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const step = steps[middle];
    if (step !== undefined && answeredAt(step) < call) low = middle + 1;
    else high = middle;
  }
  return low;
}

function answeredAt({ operation }: Step): number {
  return operation.answer?.at ?? Infinity;
}

function callOf(step: Step | undefined): number {
  return step?.operation.call ?? Infinity;
}

function byLevel(a: Step, b: Step): number {
  return a.level - b.level;
}
