// Where a history that is not linearizable breaks: the first answer that no order explains, in whatever part, and an
// order that explains everything before it. What was called but not yet answered by then counts as unknown, since at
// that time it was. A prefix of a linearizable history is linearizable, so that the place is found by halving.

import { checkInSlices } from './check.js';
import type { Bounds, Part, Verdict } from './check.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';
import { planOf } from './plan.js';
import { Search } from './search.js';
import type { Placed } from './search.js';

/** How a history breaks. */
export interface Failure {
  readonly part: Part;
  /** Its answer fits no order. */
  readonly breaking: Operation;
  /** An order that explains every answer of the part before that one. */
  readonly order: readonly Placed[];
  /** What all such orders leave behind, when it is this answer's turn; not all of them if there are very many. */
  readonly states: readonly string[];
  /** Calls and answers of the whole history before it: the longest linearizable prefix. */
  readonly prefixEvents: number;
  readonly events: number;
  /** False: within the bounds it could not be ruled out that another answer breaks it earlier, or this one not yet. */
  readonly isExact: boolean;
}

/** Slices of work that may be spent on parts which break later, if at all. */
const OTHERS_SLICES_MAX = 500;
const SLICE_TRIES = 2000;

interface Place {
  readonly part: Part;
  readonly breaking: Operation;
  readonly search: Search;
  /** The operation of the history for each of the search. */
  readonly originals: ReadonlyMap<Operation, Operation>;
  readonly isExact: boolean;
}

/** Finds where the history breaks that `verdict` refutes, with a pause after each slice of work. */
export function* explain(
  model: Model,
  operations: readonly Operation[],
  { part: refuted, reached }: Verdict,
  bounds: Bounds,
): Generator<void, Failure | null> {
  if (refuted === null) return null;
  let place = yield* placeIn(model, refuted, reached, bounds);
  let isExact = place.isExact;
  const others = new Set(operations);
  for (const each of refuted.operations) others.delete(each);
  while (others.size > 0) {
    const earlier = upTo([...others], place.breaking.answer?.at ?? Infinity);
    const verdict = yield* checkInSlices(model, [...earlier.keys()], someOf(bounds, earlier.size));
    if (verdict.part === null) break;
    if (verdict.linearizable !== false) {
      isExact = false;
      break;
    }
    const found = verdict.part.operations.map((each) => earlier.get(each) ?? each);
    for (const each of found) others.delete(each);
    const part = { name: verdict.part.name, operations: found };
    place = yield* placeIn(model, part, verdict.reached, bounds);
    isExact &&= place.isExact;
  }
  return failureAt(operations, place, isExact);
}

function failureAt(operations: readonly Operation[], place: Place, isExact: boolean): Failure {
  const { part, breaking, search, originals } = place;
  const at = breaking.answer?.at ?? Infinity;
  const before = operations.map(({ call, answer }) => {
    return (call <= at ? 1 : 0) + (answer !== null && answer.at < at ? 1 : 0);
  });
  return {
    part,
    breaking,
    order: search.order().map(({ operation, state }) => {
      return { operation: originals.get(operation) ?? operation, state };
    }),
    states: search.statesReached(),
    prefixEvents: sum(before),
    events: sum(operations.map(({ answer }) => (answer === null ? 1 : 2))),
    isExact,
  };
}

/** The place in a part of which the first `reached` answers are linearizable and all are not. */
function* placeIn(
  model: Model,
  part: Part,
  reached: number,
  bounds: Bounds,
): Generator<void, Place> {
  const answered = part.operations
    .filter(({ answer }) => answer !== null)
    .sort((a, b) => (a.answer?.at ?? 0) - (b.answer?.at ?? 0) || a.call - b.call);
  let [good, bad, isExact] = [reached, answered.length, true];
  let refuted: { search: Search; originals: Place['originals'] } | null = null;
  // Nearly always the next answer is the one.
  let next = good + 1;
  while (refuted === null || good + 1 < bad) {
    const originals = withAnswers(part.operations, new Set(answered.slice(0, next)));
    const search = new Search(model, planOf(model, [...originals.keys()]));
    while (search.progress === 'going' && !bounds.isTimeUp()) {
      if (search.advance(SLICE_TRIES, bounds.memoryBytes) === 'full') break;
      yield;
    }
    if (search.progress === 'found') {
      good = next;
    } else {
      // Undecided: the place that is known to be bad is the one to tell.
      bad = next;
      refuted = { search, originals };
      isExact &&= search.progress === 'refuted';
      if (search.progress !== 'refuted') break;
    }
    next = Math.ceil((good + bad) / 2);
  }
  const breaking = answered[bad - 1] ?? part.operations[0];
  if (breaking === undefined || refuted === null)
    throw new RangeError('an empty part is linearizable');
  return { part, breaking, ...refuted, isExact };
}

/** The operations that are called before the last of these answers; all other answers are unknown. */
function withAnswers(
  operations: readonly Operation[],
  answered: ReadonlySet<Operation>,
): Map<Operation, Operation> {
  const lastAt = Math.max(...[...answered].map(({ answer }) => answer?.at ?? 0));
  return new Map(
    operations
      .filter(({ call }) => call <= lastAt)
      .map((each) => [answered.has(each) ? each : { ...each, answer: null }, each]),
  );
}

/** What was called and answered before `at`. */
function upTo(operations: readonly Operation[], at: number): Map<Operation, Operation> {
  const isKnown = ({ answer }: Operation): boolean => answer !== null && answer.at < at;
  return new Map(
    operations
      .filter(({ call }) => call <= at)
      .map((each) => [isKnown(each) ? each : { ...each, answer: null }, each]),
  );
}

function someOf(bounds: Bounds, parts: number): Bounds {
  let slices = OTHERS_SLICES_MAX + parts;
  return { ...bounds, isTimeUp: () => bounds.isTimeUp() || slices-- <= 0 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
