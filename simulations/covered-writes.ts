// A simulated client's half of exactly-once: writes under a client session, sent again through other nodes when nobody
// answers, when the answer was lost, or just so; several at once. Like the client library, it concludes that a forgotten
// request did not happen only if it was sent once, and then sends it under another client session. What is told as the
// outcome of a write is judged by invariants/true-outcomes.ts.

import type { WriteOutcome } from '../src/node/api.js';
import type {
  ApplyResult,
  ClientCommand,
  ClientRequest,
  Command,
} from '../src/state-machine/command.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** One write from its first attempt to what its client concludes. */
interface Write {
  readonly command: ClientCommand;
  readonly conclude: (outcome: WriteOutcome) => void;
  /** Null: no client session yet. */
  place: Pick<ClientRequest, 'session' | 'sequence'> | null;
  attempts: number;
  /** Attempts that have not ended. */
  waiting: number;
  /** An attempt may have happened. */
  isInDoubt: boolean;
  isOver: boolean;
}

export interface CoveredWritesOptions {
  readonly world: World;
  readonly draw: Stream;
  /** Between an attempt that failed and the next. */
  readonly retryMeanUs: number;
  /** Proposes at some node; false: none is up. `done` may never be called. */
  readonly send: (
    command: Command,
    patienceUs: number,
    done: (outcome: WriteOutcome) => void,
  ) => boolean;
  readonly patienceUs: () => number;
}

const ATTEMPTS_MAX = 6;
const INDETERMINATE: WriteOutcome = { type: 'indeterminate' };
const REFUSED: WriteOutcome = { type: 'refused', refusal: { reason: 'overloaded' } };

export class CoveredWrites {
  readonly #options: CoveredWritesOptions;
  #session: string | null = null;
  #next = 1;
  #isOpening = false;
  readonly #underWay = new Set<number>();
  /** Writes that wait for a client session. */
  #homeless: Write[] = [];

  constructor(options: CoveredWritesOptions) {
    this.#options = options;
  }

  /** Has the write carried out once. `conclude` is called when the client knows, or gives up. */
  write(command: ClientCommand, conclude: (outcome: WriteOutcome) => void): void {
    const write: Write = {
      command,
      conclude,
      place: null,
      attempts: 0,
      waiting: 0,
      isInDoubt: false,
      isOver: false,
    };
    this.#begin(write);
  }

  #begin(write: Write): void {
    if (this.#session === null) {
      this.#homeless.push(write);
      this.#open();
      return;
    }
    write.place = { session: this.#session, sequence: this.#next };
    this.#underWay.add(this.#next);
    this.#next += 1;
    this.#attempt(write);
    if (this.#options.draw.chance(TWICE_PPM)) this.#attempt(write);
  }

  #open(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    const { draw } = this.#options;
    // A fresh id for each attempt, as the service draws it for each proposal.
    const digits = [1, 2, 3, 4].map(() => draw.bits().toString(16).padStart(8, '0'));
    const command: Command = { kind: 'openClientSession', requestId: 'open', id: digits.join('') };
    this.#ask(command, (outcome) => {
      this.#isOpening = false;
      if (outcome.type === 'applied' && outcome.result.type === 'clientSessionOpened') {
        this.#session = outcome.result.id;
        this.#next = 1;
        this.#underWay.clear();
      }
      const writes = this.#homeless;
      this.#homeless = [];
      for (const write of writes) {
        if (this.#session !== null) this.#begin(write);
        // It was not sent, or the cluster had forgotten the one client session under which it was.
        else this.#conclude(write, REFUSED);
      }
    });
  }

  #attempt(write: Write): void {
    const { place } = write;
    if (place === null || write.isOver) return;
    write.attempts += 1;
    write.waiting += 1;
    const acknowledgedBelow = this.#underWay.values().next().value ?? place.sequence;
    const isOurs = place.session === this.#session;
    const client = { ...place, acknowledgedBelow: isOurs ? acknowledgedBelow : 1 };
    this.#ask({ ...write.command, client }, (outcome) => {
      write.waiting -= 1;
      if (!write.isOver) this.#judge(write, outcome);
    });
  }

  #judge(write: Write, outcome: WriteOutcome): void {
    if (outcome.type === 'indeterminate') write.isInDoubt = true;
    const final = this.#finalOf(write, outcome);
    if (final !== null) {
      this.#conclude(write, final);
      return;
    }
    if (isForgotten(outcome) && write.attempts === 1) {
      this.#end(write);
      if (write.place?.session === this.#session) this.#session = null;
      write.attempts = 0;
      this.#begin(write);
      return;
    }
    // What this attempt was told says nothing of the other.
    if (write.waiting > 0) return;
    const { draw, world, retryMeanUs } = this.#options;
    if (isForgotten(outcome) || write.attempts >= ATTEMPTS_MAX || draw.chance(GIVE_UP_PPM)) {
      const isUnknown = write.isInDoubt || isForgotten(outcome);
      // An entry that the table refused is not the write's.
      const never = outcome.type === 'applied' ? REFUSED : outcome;
      this.#conclude(write, isUnknown ? INDETERMINATE : never);
      return;
    }
    world.plan(draw.exponential(retryMeanUs), () => {
      this.#attempt(write);
    });
  }

  /** What the client knows for good by this outcome of an attempt; null: nothing. */
  #finalOf(write: Write, outcome: WriteOutcome): WriteOutcome | null {
    if (outcome.type !== 'applied') return null;
    const { result, entry } = outcome;
    if (result.type === 'repeated') {
      this.#options.world.count('repeats');
      const term =
        this.#options.world.oracle.history.committed(result.revision)?.term ?? entry.term;
      return { type: 'applied', entry: { term, index: result.revision }, result: result.first };
    }
    if (!isTableRefusal(result)) return outcome;
    this.#options.world.count('forgotten');
    if (isForgotten(outcome) || write.attempts > 1 || write.waiting > 0) return null;
    return REFUSED;
  }

  #conclude(write: Write, outcome: WriteOutcome): void {
    write.isOver = true;
    this.#end(write);
    write.conclude(outcome);
  }

  #end({ place }: Write): void {
    if (place?.session === this.#session && place !== null) this.#underWay.delete(place.sequence);
  }

  /** One attempt; `done` is called once, at the latest when the client's patience ends. */
  #ask(command: Command, done: (outcome: WriteOutcome) => void): void {
    const { world, draw, send } = this.#options;
    const isHasty = draw.chance(HASTY_PPM);
    const patienceUs = isHasty ? draw.between(1, 50) * 1000 : this.#options.patienceUs();
    let isDone = false;
    const once = (outcome: WriteOutcome): void => {
      if (isDone) return;
      isDone = true;
      done(outcome);
    };
    // A node that dies with the request never answers.
    world.plan(patienceUs, () => once(INDETERMINATE));
    if (!send(command, patienceUs * LATE_FACTOR, once)) {
      once(REFUSED);
    }
  }
}

/** Chances per million: a write is sent twice at once; an attempt is given up soon; a write is, when it is to be repeated. */
const TWICE_PPM = 100_000;
const HASTY_PPM = 200_000;
const GIVE_UP_PPM = 100_000;

/** The node works on longer than the client waits, so that what was given up happens all the same. */
const LATE_FACTOR = 3;

/** Whether the exactly-once table refused, so that this entry carried nothing out. */
export function isTableRefusal(result: ApplyResult): boolean {
  if (result.type !== 'refused') return false;
  const { reason } = result.refusal;
  return reason === 'requestForgotten' || reason === 'windowExceeded';
}

function isForgotten(outcome: WriteOutcome): boolean {
  if (outcome.type !== 'applied' || outcome.result.type !== 'refused') return false;
  return outcome.result.refusal.reason === 'requestForgotten';
}
