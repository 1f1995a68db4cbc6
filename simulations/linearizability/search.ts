// Looks for an order in which the operations of one part may have taken effect: Wing and Gong's search, depth first, with
// Lowe's memory. It works in slices, so that several searches can take turns. Three things keep it small, none of which changes
// the verdict: what only reads takes effect as soon as it can; operations whose answer nobody learned are alike if they asked
// for the same, and a configuration in which more of them took effect is no better; and the model may rule out what can
// never be answered any more.
// Sources: Wing and Gong 1993; Lowe, "Testing for linearizability", 2017; Horn and Kroening 2015 for the parts.

import { LooseCounts } from './loose-counts.js';
import { hasSlot, setSlot } from './mask.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';
import type { Plan, Step } from './plan.js';
import { Seen } from './seen.js';
import { IMPOSSIBLE, States } from './states.js';
import { Wanted } from './wanted.js';

/** `full`: more memory is needed than was allowed; it can go on once more is. */
export type Progress = 'going' | 'found' | 'refuted' | 'full';

/** An operation in the order that was found, and what it left behind. */
export interface Placed {
  readonly operation: Operation;
  readonly state: string;
}

const STATES_SHOWN_MAX = 12;
const FRAME_BYTES = 200;

/** One configuration on the way, and what was tried from it. */
interface Frame {
  level: number;
  state: number;
  loose: number;
  /** Slots of open operations that took effect. */
  readonly mask: Int32Array;
  /** Next of the open operations to try, then of the loose ones. */
  cursor: number;
  /** What took effect on the way to the next frame: of the open operations here, or beyond them of the loose ones. */
  choice: number;
}

export class Search {
  readonly plan: Plan;
  readonly #model: Model;
  readonly #states: States;
  readonly #counts = new LooseCounts();
  readonly #seen: Seen;
  readonly #wanted: Wanted | null;
  readonly #key: Int32Array;
  readonly #frames: Frame[] = [];
  #depth = 0;
  #tries = 0;
  #progress: Progress = 'going';
  /** Highest level reached, the states there, and the choices that led there; null: those of the current frames. */
  #bestLevel = -1;
  #bestStates = new Set<number>();
  #bestChoices: readonly number[] | null = null;

  constructor(model: Model, plan: Plan) {
    this.plan = plan;
    this.#model = model;
    this.#states = new States(model, plan.kinds);
    this.#seen = new Seen(2 + plan.words, this.#counts);
    this.#key = new Int32Array(2 + plan.words);
    this.#wanted =
      model.lookahead === undefined
        ? null
        : new Wanted(plan, model.lookahead, this.#states, this.#counts);
    this.#begin();
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Steps of the model that were tried. */
  get tries(): number {
    return this.#tries;
  }

  /** Memory in use, about. */
  get bytes(): number {
    return this.#bytesBesides + this.#seen.bytes;
  }

  /** Answers that were accounted for, in the order of answers, before one could not be. */
  get levelReached(): number {
    return this.#bestLevel;
  }

  /** What the state may have been when the search got furthest; not all of them if there are very many. */
  statesReached(): string[] {
    return [...this.#bestStates].map((state) => this.#model.showState(this.#states.of(state)));
  }

  /** Tries at most `triesMax` steps, and keeps within `bytesMax`. */
  advance(triesMax: number, bytesMax: number): Progress {
    const until = this.#tries + triesMax;
    while (this.#progress === 'going' && this.#tries < until) {
      if (this.#bytesBesides + this.#seen.bytesNext > bytesMax) return 'full';
      this.#tryNext();
    }
    return this.#progress;
  }

  /** The order that got furthest; the whole history if `found`. */
  order(): Placed[] {
    const placed: Placed[] = [];
    const note = (operation: Operation, state: number): void => {
      placed.push({ operation, state: this.#model.showState(this.#states.of(state)) });
    };
    const frame = this.#frameAt(0);
    const choices = this.#bestChoices ?? this.#choices();
    const at = { ...frame, mask: new Int32Array(this.plan.words) };
    at.level = 0;
    at.loose = 0;
    at.state = this.#states.numberOf(this.#model.initial());
    this.#settle(at, note);
    for (const choice of choices) {
      const operation = this.#take(at, choice);
      if (operation === null) break;
      note(operation, at.state);
      this.#settle(at, note);
    }
    return placed;
  }

  get #bytesBesides(): number {
    const wanted = this.#wanted?.bytes ?? 0;
    const frames = this.#frames.length * (FRAME_BYTES + 4 * this.plan.words);
    return this.plan.bytes + this.#states.bytes + this.#counts.bytes + wanted + frames;
  }

  #begin(): void {
    const first = this.#frameAt(0);
    first.state = this.#states.numberOf(this.#model.initial());
    this.#settle(first);
    this.#enter(first);
  }

  #tryNext(): void {
    const frame = this.#frameAt(this.#depth - 1);
    const open = this.plan.open[frame.level] ?? [];
    if (frame.cursor >= open.length + this.plan.loose.length) {
      this.#leave();
      return;
    }
    const choice = frame.cursor;
    frame.cursor += 1;
    this.#tries += 1;
    const next = this.#frameAt(this.#depth);
    next.level = frame.level;
    next.state = frame.state;
    next.loose = frame.loose;
    next.mask.set(frame.mask);
    if (this.#take(next, choice) === null) return;
    frame.choice = choice;
    this.#settle(next);
    this.#enter(next);
  }

  /** Goes on from the configuration unless it is known; it stands in the frame above the last. */
  #enter(frame: Frame): void {
    this.#note(frame);
    frame.state = this.#wanted?.reduced(frame) ?? frame.state;
    this.#key[0] = frame.level;
    this.#key[1] = frame.state;
    this.#key.set(frame.mask, 2);
    if (!this.#seen.add(this.#key, frame.loose)) return;
    this.#depth += 1;
    frame.cursor = 0;
    if (frame.level === this.plan.steps.length) this.#progress = 'found';
    else if (this.#wanted?.isDoomed(frame) === true) frame.cursor = Infinity;
  }

  #note({ level, state }: Frame): void {
    if (level < this.#bestLevel) return;
    if (level > this.#bestLevel) {
      this.#bestLevel = level;
      this.#bestStates = new Set();
      this.#bestChoices = null;
    }
    if (this.#bestStates.size < STATES_SHOWN_MAX) this.#bestStates.add(state);
  }

  #leave(): void {
    this.#bestChoices ??= this.#choices();
    this.#depth -= 1;
    if (this.#depth === 0) this.#progress = 'refuted';
  }

  /** What took effect on the way to the last frame. */
  #choices(): number[] {
    return this.#frames.slice(0, this.#depth - 1).map(({ choice }) => choice);
  }

  /** Lets the open or loose operation of this number take effect; null: it cannot, or need not. */
  #take(at: Frame, choice: number): Operation | null {
    const open = this.plan.open[at.level] ?? [];
    const step = open[choice];
    if (step !== undefined) {
      if (hasSlot(at.mask, step.slot)) return null;
      const state = this.#states.step(at.state, step.kind);
      if (state === IMPOSSIBLE) return null;
      at.state = state;
      setSlot(at.mask, step.slot, true);
      return step.operation;
    }
    const number = choice - open.length;
    const loose = this.plan.loose[number];
    const taken = this.#counts.countOf(at.loose, number);
    if (loose === undefined || (loose.levels[taken] ?? Infinity) > at.level) return null;
    const state = this.#states.step(at.state, loose.kind);
    // What nobody learned and nobody could notice need not have happened.
    if (state === IMPOSSIBLE || state === at.state) return null;
    at.state = state;
    at.loose = this.#counts.plusOne(at.loose, number);
    return loose.operations[taken] ?? null;
  }

  /** Lets take effect what only reads and may answer so, and goes on to the first answer that is not accounted for. */
  #settle(at: Frame, note: (operation: Operation, state: number) => void = () => undefined): void {
    const { steps, open, fresh } = this.plan;
    let candidates = open[at.level] ?? [];
    while (true) {
      for (const each of candidates) this.#maybeRead(at, each, note);
      const first = steps[at.level];
      if (first === undefined || !hasSlot(at.mask, first.slot)) return;
      setSlot(at.mask, first.slot, false);
      at.level += 1;
      candidates = fresh[at.level] ?? [];
    }
  }

  #maybeRead(at: Frame, step: Step, note: (operation: Operation, state: number) => void): void {
    if (!step.isReadOnly || hasSlot(at.mask, step.slot)) return;
    if (this.#states.step(at.state, step.kind) !== at.state) return;
    setSlot(at.mask, step.slot, true);
    note(step.operation, at.state);
  }

  #frameAt(depth: number): Frame {
    const known = this.#frames[depth];
    if (known !== undefined) return known;
    const mask = new Int32Array(this.plan.words);
    const frame = { level: 0, state: 0, loose: 0, mask, cursor: 0, choice: 0 };
    this.#frames[depth] = frame;
    return frame;
  }
}
