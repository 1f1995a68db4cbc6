// The verdict on a history: split into parts where the model allows it, one search each, all taking turns, so that a part
// that is hard does not keep another from refuting the history at once. Within the bounds given; beyond them the verdict is
// unknown, never wrong.
// Source for the parts: Horn and Kroening, "Faster linearizability checking via P-compositionality", 2015.

import type { Model } from './model.js';
import type { Operation } from './operation.js';
import { planOf } from './plan.js';
import { Search } from './search.js';
import type { Progress } from './search.js';

/** What a check may use. */
export interface Bounds {
  /** Accounted, not measured: what the searches keep, about. */
  readonly memoryBytes: number;
  /** Asked between slices of work, every few milliseconds. */
  readonly isTimeUp: () => boolean;
  /** Asked as often: whether memory runs out although less is accounted for; absent: never. */
  readonly isMemoryShort?: () => boolean;
}

/** Operations of one part, by the part's name. */
export interface Part {
  readonly name: string;
  readonly operations: readonly Operation[];
}

/** Why the verdict is unknown. */
export type Exhausted = 'time' | 'memory';

export interface Verdict {
  /** Null: unknown. */
  readonly linearizable: boolean | null;
  readonly exhausted: Exhausted | null;
  readonly parts: number;
  readonly operations: number;
  /** Steps of the model that were tried, over all parts. */
  readonly tries: number;
  /** The most memory that was in use at a time, about. */
  readonly bytesMax: number;
  /** The part that was refuted; if the verdict is unknown, one that was not decided. */
  readonly part: Part | null;
  /** Answers of that part, in their order, that are surely linearizable up to there. */
  readonly reached: number;
}

/** Steps that a search tries before it is the next one's turn. */
const SLICE_TRIES = 2000;

/** Judges the history. Throws a `RangeError` for an answer before its call. */
export function check(model: Model, operations: readonly Operation[], bounds: Bounds): Verdict {
  const checking = checkInSlices(model, operations, bounds);
  while (true) {
    const { value, done } = checking.next();
    if (done === true) return value;
  }
}

/** The same, with a pause after each slice of work of a few milliseconds. */
export function* checkInSlices(
  model: Model,
  operations: readonly Operation[],
  bounds: Bounds,
): Generator<void, Verdict> {
  const parts = partsOf(model, operations);
  const turns = new Turns(model, bounds);
  const { refuted, undecided, exhausted } = yield* turns.run(parts);
  const decisive = refuted ?? undecided;
  return {
    linearizable: refuted !== null ? false : undecided === null ? true : null,
    exhausted: refuted === null ? exhausted : null,
    parts: parts.length,
    operations: operations.length,
    tries: turns.tries,
    bytesMax: turns.bytesMax,
    part: decisive?.part ?? null,
    reached: decisive?.reached ?? 0,
  };
}

/** Splits the history, in the order in which the parts first appear in time; as a whole if one operation concerns all. */
function partsOf(model: Model, operations: readonly Operation[]): Part[] {
  const byName = new Map<string, Operation[]>();
  for (const operation of [...operations].sort((a, b) => a.call - b.call)) {
    const { answer, call, input } = operation;
    if (answer !== null && !(answer.at >= call)) {
      throw new RangeError(`an operation called at ${call} was answered at ${answer.at}`);
    }
    const name = model.part(input);
    if (name === null) return [{ name: '', operations }];
    const part = byName.get(name);
    if (part === undefined) byName.set(name, [operation]);
    else part.push(operation);
  }
  return [...byName].map(([name, each]) => ({ name, operations: each }));
}

interface Turn {
  readonly part: Part;
  readonly search: Search;
}

/** A part about which something is known, and how far its search got. */
interface Reached {
  readonly part: Part;
  readonly reached: number;
}

interface Outcome {
  readonly refuted: Reached | null;
  readonly undecided: Reached | null;
  readonly exhausted: Exhausted | null;
}

class Turns {
  tries = 0;
  bytesMax = 0;
  readonly #model: Model;
  readonly #bounds: Bounds;
  #waiting: Turn[] = [];
  #bytes = 0;
  #undecided: Reached | null = null;
  #exhausted: Exhausted | null = null;

  constructor(model: Model, bounds: Bounds) {
    this.#model = model;
    this.#bounds = bounds;
  }

  *run(parts: readonly Part[]): Generator<void, Outcome> {
    // Most parts are done in their first turn, so that their searches need not all be there at once.
    for (const part of parts) {
      if (this.#bounds.isTimeUp()) return outOfTime({ part, reached: 0 });
      const turn = { part, search: new Search(this.#model, planOf(this.#model, part.operations)) };
      this.#waiting.push(turn);
      this.#bytes += turn.search.bytes;
      if (this.#advance(turn) === 'refuted') return refutedBy(reachedBy(turn));
      yield;
    }
    while (this.#waiting.length > 0) {
      for (const turn of this.#waiting) {
        if (!this.#waiting.includes(turn)) continue;
        if (this.#bounds.isTimeUp()) return outOfTime(reachedBy(turn));
        if (this.#advance(turn) === 'refuted') return refutedBy(reachedBy(turn));
        yield;
      }
    }
    return { refuted: null, undecided: this.#undecided, exhausted: this.#exhausted };
  }

  #advance(turn: Turn): Progress {
    const { search } = turn;
    const before = { bytes: search.bytes, tries: search.tries };
    const others = this.#bytes - before.bytes;
    const progress = search.advance(SLICE_TRIES, this.#bounds.memoryBytes - others);
    this.tries += search.tries - before.tries;
    this.#bytes = others + search.bytes;
    this.bytesMax = Math.max(this.bytesMax, this.#bytes);
    if (progress === 'found' || progress === 'refuted') this.#forget(turn);
    else if (progress === 'full' || this.#bounds.isMemoryShort?.() === true) this.#giveUpLargest();
    return progress;
  }

  /** The one that needs most is the least likely to come to an end. */
  #giveUpLargest(): void {
    const largest = this.#waiting.reduce((a, b) => (b.search.bytes > a.search.bytes ? b : a));
    this.#undecided ??= reachedBy(largest);
    this.#exhausted ??= 'memory';
    this.#forget(largest);
  }

  /** Frees what the search remembered. */
  #forget(turn: Turn): void {
    this.#waiting = this.#waiting.filter((each) => each !== turn);
    this.#bytes -= turn.search.bytes;
  }
}

function reachedBy({ part, search }: Turn): Reached {
  return { part, reached: Math.max(0, search.levelReached) };
}

function refutedBy(refuted: Reached): Outcome {
  return { refuted, undecided: null, exhausted: null };
}

function outOfTime(undecided: Reached): Outcome {
  return { refuted: null, undecided, exhausted: 'time' };
}
