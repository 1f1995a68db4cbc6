// Looks for an order in which the operations of one part may have taken effect: Wing and Gong's search with Lowe's
// memory. It works in slices, so that several searches can take turns. Three things keep it small, none of which changes
// the verdict: what only reads takes effect as soon as it can; operations whose answer nobody learned are alike if they asked
// for the same, and a configuration in which more of them took effect is no better; and the model may rule out what can
// never be answered any more.
// Sources: Wing and Gong 1993; Lowe, "Testing for linearizability", 2017; Horn and Kroening 2015 for the parts.

import { Configurations, NONE } from './configurations.js';
import { Frontier } from './frontier.js';
import { LooseCounts } from './loose-counts.js';
import { hasSlot, setSlot } from './mask.js';
import type { Model } from './model.js';
import type { Operation } from './operation.js';
import type { Plan, Step } from './plan.js';
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
const FRONTIER_BYTES = 16;

/** A configuration at hand. */
interface Configuration {
  level: number;
  state: number;
  loose: number;
  /** Slots of open operations that took effect. */
  readonly mask: Int32Array;
}

export class Search {
  readonly plan: Plan;
  readonly #model: Model;
  readonly #states: States;
  readonly #counts = new LooseCounts();
  readonly #known: Configurations;
  readonly #frontier = new Frontier();
  readonly #wanted: Wanted | null;
  /** Level, state and mask of a configuration, as it is remembered. */
  readonly #key: Int32Array;
  readonly #at: Configuration;
  #tries = 0;
  #progress: Progress = 'going';
  /** Highest level reached, the states there, and the configuration that reached it last. */
  #bestLevel = -1;
  #bestStates = new Set<number>();
  #bestNode = NONE;

  constructor(model: Model, plan: Plan) {
    this.plan = plan;
    this.#model = model;
    this.#states = new States(model, plan.kinds);
    this.#known = new Configurations(2 + plan.words, this.#counts);
    this.#key = new Int32Array(2 + plan.words);
    this.#wanted =
      model.lookahead === undefined
        ? null
        : new Wanted(plan, model.lookahead, this.#states, this.#counts);
    this.#at = this.#first();
    this.#settle(this.#at);
    this.#enter(NONE, 0, this.#at.state);
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
    return this.#bytesBesides + this.#known.bytes;
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
      if (this.#bytesBesides + this.#known.bytesNext > bytesMax) return 'full';
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
    const at = this.#first();
    this.#settle(at, note);
    for (const choice of this.#known.choicesTo(this.#bestNode)) {
      const operation = this.#take(at, choice);
      if (operation === null) break;
      note(operation, at.state);
      this.#settle(at, note);
    }
    return placed;
  }

  get #bytesBesides(): number {
    const wanted = this.#wanted?.bytes ?? 0;
    const frontier = this.#frontier.size * FRONTIER_BYTES;
    return this.plan.bytes + this.#states.bytes + this.#counts.bytes + wanted + frontier;
  }

  #first(): Configuration {
    const state = this.#states.numberOf(this.#model.initial());
    return { level: 0, state, loose: 0, mask: new Int32Array(this.plan.words) };
  }

  #tryNext(): void {
    const node = this.#frontier.peek();
    if (node === null) {
      this.#progress = 'refuted';
      return;
    }
    const at = this.#at;
    this.#known.readKey(node, this.#key);
    at.level = this.#key[0] as number;
    at.state = this.#key[1] as number;
    for (let word = 0; word < this.plan.words; word += 1)
      at.mask[word] = this.#key[2 + word] as number;
    at.loose = this.#known.looseOf(node);
    const from = at.state;
    const choice = this.#known.cursorOf(node);
    const open = this.plan.open[at.level] ?? [];
    if (choice >= open.length + this.plan.loose.length) {
      this.#frontier.pop();
      return;
    }
    this.#known.setCursor(node, choice + 1);
    this.#tries += 1;
    if (this.#take(at, choice) === null) return;
    this.#settle(at);
    this.#enter(node, choice, from);
  }

  /** Goes on from the configuration at hand, unless it is known or leads nowhere. */
  #enter(parent: number, choice: number, from: number): void {
    const at = this.#at;
    const { state } = at;
    at.state = this.#wanted?.reduced(at) ?? state;
    if (at.state === IMPOSSIBLE) return;
    this.#key[0] = at.level;
    this.#key[1] = at.state;
    this.#key.set(at.mask, 2);
    const node = this.#known.add(this.#key, at.loose, parent, choice);
    if (node === NONE) return;
    this.#note(node, at.level, state);
    if (at.level === this.plan.steps.length) this.#progress = 'found';
    else if (this.#wanted?.isDoomed(at, from) !== true) {
      this.#frontier.push(node, at.level, this.#counts.totalOf(at.loose));
    }
  }

  #note(node: number, level: number, state: number): void {
    if (level < this.#bestLevel) return;
    if (level > this.#bestLevel) {
      this.#bestLevel = level;
      this.#bestStates = new Set();
      this.#bestNode = node;
    }
    if (this.#bestStates.size < STATES_SHOWN_MAX) this.#bestStates.add(state);
  }

  /** Lets the open or loose operation of this number take effect; null: it cannot, or need not. */
  #take(at: Configuration, choice: number): Operation | null {
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
  #settle(
    at: Configuration,
    note: (operation: Operation, state: number) => void = () => undefined,
  ): void {
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

  #maybeRead(
    at: Configuration,
    step: Step,
    note: (operation: Operation, state: number) => void,
  ): void {
    if (!step.isReadOnly || hasSlot(at.mask, step.slot)) return;
    if (this.#states.step(at.state, step.kind) !== at.state) return;
    setSlot(at.mask, step.slot, true);
    note(step.operation, at.state);
  }
}
