// States and operations by number, and where each operation leads from each state, so that the search compares
// numbers. The model is asked about each pair once.

import type { Model } from './model.js';
import { textOf } from './value.js';

/** Of a state from which the operation cannot have answered so. */
export const IMPOSSIBLE = -1;

/** What an interned state costs beside its key, about. */
const STATE_BYTES = 200;
const STEP_BYTES = 40;
/** Beyond it, steps are forgotten and asked anew; a Map holds 16.7 million. */
const STEPS_MAX = 2_000_000;

/** An operation without its time and place: those that are equal are one kind. */
export interface Kind {
  readonly input: unknown;
  /** Null: unknown. */
  readonly output: unknown;
}

export class Kinds {
  readonly #all: Kind[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(kind: Kind): number {
    const text = textOf([kind.input, kind.output]);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#all.length);
    return this.#all.push(kind) - 1;
  }

  get count(): number {
    return this.#all.length;
  }

  of(number: number): Kind {
    return this.#all[number] as Kind;
  }
}

export class States {
  readonly #model: Model;
  readonly #kinds: Kinds;
  readonly #all: unknown[] = [];
  readonly #numbers = new Map<string | number, number>();
  readonly #steps = new Map<number, number>();
  #bytes = 0;

  constructor(model: Model, kinds: Kinds) {
    this.#model = model;
    this.#kinds = kinds;
  }

  /** Memory in use, about. */
  get bytes(): number {
    return this.#bytes + this.#steps.size * STEP_BYTES;
  }

  of(number: number): unknown {
    return this.#all[number];
  }

  numberOf(state: unknown): number {
    const key = this.#model.key(state);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    // A state may hold its key's text once more, in another shape.
    this.#bytes += STATE_BYTES + (typeof key === 'string' ? key.length * 4 : 0);
    this.#numbers.set(key, this.#all.length);
    return this.#all.push(state) - 1;
  }

  /** Number of the state after an operation of this kind, or IMPOSSIBLE. */
  step(state: number, kind: number): number {
    const pair = state * this.#kinds.count + kind;
    const known = this.#steps.get(pair);
    if (known !== undefined) return known;
    const { input, output } = this.#kinds.of(kind);
    const next = this.#model.step(this.#all[state], input, output);
    const number = next === null ? IMPOSSIBLE : this.numberOf(next);
    if (this.#steps.size >= STEPS_MAX) this.#steps.clear();
    this.#steps.set(pair, number);
    return number;
  }
}
