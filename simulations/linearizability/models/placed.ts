// A model whose changes are known to have taken effect one after the other, by places that somebody else knows, such as those in a
// log. It narrows the search to that one order of changes. An order that it finds is one of the model itself, so that
// the history is linearizable whoever told the places; one that it does not find says nothing of the others.

import type { Model } from '../model.js';

/** Where a change took effect. */
export interface Place {
  readonly at: number;
  /** The place of the change before it in the same part; 0: it is the first. */
  readonly after: number;
}

/** An operation and its place; null: it changed nothing. */
export interface PlacedInput<Input> {
  readonly input: Input;
  readonly place: Place | null;
}

interface Kept<State> {
  readonly at: number;
  readonly held: State;
}

/** The model with places. Operations whose answer nobody learned and that changed nothing are to be left out. */
export function placed<State, Input, Output>(
  model: Model<State, Input, Output>,
): Model<Kept<State>, PlacedInput<Input>, Output> {
  return {
    name: model.name,
    initial: () => ({ at: 0, held: model.initial() }),
    step({ at, held }, { input, place }, output) {
      if (place !== null && place.after !== at) return null;
      const next = model.step(held, input, output);
      return next === null ? null : { at: place?.at ?? at, held: next };
    },
    key: ({ at, held }) => `${at} ${model.key(held)}`,
    part: ({ input }) => model.part(input),
    isReadOnly: ({ input }, output) => model.isReadOnly(input, output),
    show: ({ input }, output) => model.show(input, output),
    showState: ({ held }) => model.showState(held),
  };
}
