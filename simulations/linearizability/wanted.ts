// Rules configurations out early: an operation that was answered, did not take effect yet and cannot any more makes all
// that could follow useless. Whether it still can, the model says: from this state, or after one of the operations that would
// enable it, as long as one of them did not take effect yet.

import type { LooseCounts } from './loose-counts.js';
import { hasSlot } from './mask.js';
import type { Lookahead } from './model.js';
import type { Plan, Step } from './plan.js';
import { IMPOSSIBLE } from './states.js';
import type { States } from './states.js';

/** What one entry of a map of numbers costs, about. */
const LAST_LEVEL_BYTES = 40;

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
  /** By state: the level of the last read-only operation that it may hold for; -1: of none. */
  readonly #lastLevels = new Map<number, number>();
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
    this.#lost = lookahead.lost === undefined ? null : states.numberOf(lookahead.lost);
  }

  /** Memory in use, about. */
  get bytes(): number {
    return this.#lastLevels.size * LAST_LEVEL_BYTES;
  }

  /** The state, or the one that stands for it if nothing that is answered at this level or later depends on it. */
  reduced({ state, level }: Configuration): number {
    if (this.#lost === null) return state;
    const known = this.#lastLevels.get(state);
    const last = known ?? this.#lastLevelOf(state);
    if (known === undefined) this.#lastLevels.set(state, last);
    return last < level ? this.#lost : state;
  }

  /** Whether something was answered that cannot have taken effect in any continuation. */
  isDoomed(at: Configuration): boolean {
    for (const step of this.#plan.open[at.level] ?? []) {
      if (!hasSlot(at.mask, step.slot) && !this.#isPossible(at, step)) return true;
    }
    const next = this.#plan.nextRead[at.level] ?? null;
    return next !== null && !this.#isPossible(at, next);
  }

  #lastLevelOf(state: number): number {
    const held = this.#states.of(state);
    const last = this.#plan.reads.findLast(({ kind }) => {
      const { input, output } = this.#plan.kinds.of(kind);
      return this.#lookahead.mayHold(held, input, output);
    });
    return last?.level ?? -1;
  }

  #isPossible(at: Configuration, step: Step): boolean {
    if (this.#states.step(at.state, step.kind) !== IMPOSSIBLE) return true;
    const { input, output } = this.#plan.kinds.of(step.kind);
    const state = this.#states.of(at.state);
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
