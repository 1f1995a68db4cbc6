// Rules configurations out early: an operation that was answered, did not take effect yet and cannot any more makes all
// that could follow useless. Whether it still can, the model says: from this state, or after one of the operations that would
// enable it, as long as one of them did not take effect yet.

import type { LooseCounts } from './loose-counts.js';
import { hasSlot } from './mask.js';
import type { Foresight, Lookahead } from './model.js';
import type { Plan, Step } from './plan.js';
import { IMPOSSIBLE } from './states.js';
import type { States } from './states.js';

/** What one entry of a map of numbers costs, about. */
const STATE_BYTES = 40;

/** What is looked at of a configuration. */
interface Configuration {
  readonly level: number;
  readonly state: number;
  readonly loose: number;
  readonly mask: Int32Array;
}

/** What may make an operation possible, of all that may take effect before its answer. */
interface Enablers {
  /** Those answered before this level are not among them. */
  readonly fromLevel: number;
  readonly steps: readonly Step[];
  /** Numbers of loose kinds. */
  readonly loose: readonly number[];
}

export class Wanted {
  readonly #plan: Plan;
  readonly #lookahead: Lookahead<unknown, unknown, unknown>;
  readonly #states: States;
  readonly #counts: LooseCounts;
  readonly #enablers = new Map<Step, Enablers>();
  /** By state: the last read-only operation that it may hold for; null: there is none. */
  readonly #lastReads = new Map<number, Step | null>();
  readonly #foresight: Foresight<unknown, unknown, unknown> | null;
  /** Number of the state that stands for all that nobody reads any more; null: the model has none. */
  readonly #lost: number | null;

  constructor(
    plan: Plan,
    lookahead: Lookahead<unknown, unknown, unknown>,
    states: States,
    counts: LooseCounts,
  ) {
    this.#plan = plan;
    this.#lookahead = lookahead;
    this.#states = states;
    this.#counts = counts;
    this.#foresight = lookahead.inform?.(plan.operations) ?? null;
    this.#lost = lookahead.lost === undefined ? null : states.numberOf(lookahead.lost);
  }

  /** Memory in use, about. */
  get bytes(): number {
    return this.#lastReads.size * STATE_BYTES;
  }

  /**
   * The state, or the one that stands for it if nothing that is answered at this level or later tells them apart;
   * IMPOSSIBLE if nothing leads on from it to the end.
   */
  reduced({ state, level }: Configuration): number {
    if (this.#foresight !== null) {
      const held = this.#states.of(state);
      const at = this.#plan.steps[level]?.operation.answer?.at ?? Infinity;
      const narrowed = this.#foresight.narrow(held, at);
      if (narrowed === held) return state;
      return narrowed === null ? IMPOSSIBLE : this.#states.numberOf(narrowed);
    }
    if (this.#lost === null) return state;
    return (this.#lastReadOf(state)?.level ?? -1) < level ? this.#lost : state;
  }

  /** Whether something was answered that cannot have taken effect in any continuation. `from`: the state before. */
  isDoomed(at: Configuration, from: number): boolean {
    if (at.state !== from && this.#lookahead.readsTellAll === true) {
      const last = this.#lastReadOf(from);
      const isWanted = last !== null && last.level >= at.level && !this.#tookEffect(at, last);
      if (isWanted && !this.#isPossible(at, last)) return true;
    }
    for (const step of this.#plan.open[at.level] ?? []) {
      if (!hasSlot(at.mask, step.slot) && !this.#isPossible(at, step)) return true;
    }
    const next = this.#plan.nextRead[at.level] ?? null;
    return next !== null && !this.#isPossible(at, next);
  }

  #lastReadOf(state: number): Step | null {
    let last = this.#lastReads.get(state);
    if (last === undefined) {
      const held = this.#states.of(state);
      const found = this.#plan.reads.findLast(({ kind }) => {
        const { input, output } = this.#plan.kinds.of(kind);
        return this.#lookahead.mayHold(held, input, output);
      });
      last = found ?? null;
      this.#lastReads.set(state, last);
    }
    return last;
  }

  #isPossible(at: Configuration, step: Step): boolean {
    const state = this.#states.of(at.state);
    if (this.#foresight?.isTooLate?.(state, step.operation) === true) return false;
    if (this.#states.step(at.state, step.kind) !== IMPOSSIBLE) return true;
    const { input, output } = this.#plan.kinds.of(step.kind);
    if (this.#lookahead.isPast?.(state, input, output) === true) return false;
    if (this.#lookahead.mayHold(state, input, output)) return true;
    const { steps, loose } = this.#enablersOf(step, at.level);
    if (steps.some((each) => each.level >= at.level && !this.#tookEffect(at, each))) return true;
    return loose.some((number) => {
      const taken = this.#counts.countOf(at.loose, number);
      return (this.#plan.loose[number]?.levels[taken] ?? Infinity) <= step.level;
    });
  }

  /** Of a step that is answered at this level or later: only an open one can have taken effect. */
  #tookEffect(at: Configuration, step: Step): boolean {
    const answerAt = this.#plan.steps[at.level]?.operation.answer?.at ?? Infinity;
    return step.operation.call <= answerAt && hasSlot(at.mask, step.slot);
  }

  #enablersOf(step: Step, level: number): Enablers {
    const known = this.#enablers.get(step);
    if (known !== undefined && known.fromLevel <= level) return known;
    const { kinds, open, fresh, loose } = this.#plan;
    const wanted = kinds.of(step.kind);
    const enables = (kind: number): boolean => this.#lookahead.enables(kinds.of(kind), wanted);
    const steps = (open[level] ?? []).filter((each) => each !== step && enables(each.kind));
    for (let later = level + 1; later <= step.level; later += 1) {
      for (const each of fresh[later] ?? []) {
        if (each !== step && enables(each.kind)) steps.push(each);
      }
    }
    const found: Enablers = {
      fromLevel: level,
      steps,
      loose: loose.flatMap(({ kind }, number) => (enables(kind) ? [number] : [])),
    };
    this.#enablers.set(step, found);
    return found;
  }
}
