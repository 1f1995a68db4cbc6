// The order of operations that are under way together, some of which have to be tried again: none is tried while an earlier one waits to be,
// nor at one place while others are being tried at another, nor again once a later one was answered. The argument why nothing then
// overtakes stands in the README beside this. Pure but for promises: it knows no clock and no operation.

import { QuorateError } from '../errors.js';

/** An operation's place in the order. Whoever enters leaves, whatever becomes of the operation. */
export interface Place {
  /** Nothing before it waits: it may be tried now, where `mayGoTo` says so. */
  mayGo(): boolean;
  /** Resolves when nothing before it waits, which may have changed again by the time that is heard. One caller at a time. */
  turn(): Promise<void>;
  /**
   * Whether it may be tried there: whatever is tried at the same time is tried there too, and before it. Throws the error that it
   * failed with before if a later one was answered meanwhile: it must not be tried again.
   */
  mayGoTo(where: number): boolean;
  /** Lets go of what is tried elsewhere, as far as that can be. */
  letGoElsewhere(where: number): void;
  /** Resolves when something that was being tried is not any more. */
  changed(): Promise<void>;
  /** It is being tried there. `letGo` makes it fail, as one that may have happened; null: it has to be waited for. */
  go(where: number, letGo?: (() => void) | null): void;
  /** It failed so, and waits to be tried again unless it leaves; nothing once it has left. */
  hold(error: QuorateError): void;
  /** It was answered, before it leaves; or, in doubt, somebody said that it may have happened. */
  pass(isInDoubt?: boolean): void;
  /** It has ended. */
  leave(): void;
}

/** Where an operation is tried: by this very node as the leader of a term, or, 0, on a stream, which go one after another. */
export const ON_STREAM = 0;

export class Lane {
  readonly #order = new Order();

  /** Takes the place behind all others; it waits until `go`. */
  enter(): Place {
    return new PlaceInOrder(this.#order);
  }
}

/** What all places of a lane share; each is known by its number. */
class Order {
  #next = 0;
  /** Numbers of those that wait, ascending. */
  readonly #held: number[] = [];
  readonly #turns = new Map<number, () => void>();
  /** Those that are being tried, all at the same place, and what lets go of each. */
  readonly #flying = new Map<number, (() => void) | null>();
  /** Where they are tried. */
  #where = ON_STREAM;
  #waiting: (() => void)[] = [];
  /** The latest that was answered. */
  #answered = -1;
  /** The latest that was answered, or may have happened. */
  #passed = -1;

  /** The number of a new one behind all others. */
  enter(): number {
    const number = this.#next;
    this.#next += 1;
    this.#held.push(number);
    return number;
  }

  go(number: number, where: number, letGo: (() => void) | null): void {
    this.release(number);
    this.#where = where;
    this.#flying.set(number, letGo);
  }

  pass(number: number, isInDoubt: boolean): void {
    this.#passed = Math.max(this.#passed, number);
    if (!isInDoubt) this.#answered = Math.max(this.#answered, number);
  }

  mayGo(number: number): boolean {
    const [first] = this.#held;
    return first === undefined || first >= number;
  }

  turn(number: number): Promise<void> {
    if (this.mayGo(number)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#turns.set(number, resolve);
    });
  }

  mayGoTo(number: number, where: number, failed: QuorateError | null): boolean {
    if (failed !== null && this.#passedBehind(failed) > number) throw overtaken(failed);
    if (this.#flying.size === 0) return true;
    // What is behind it and still under way may be answered yet.
    if (failed !== null && [...this.#flying.keys()].some((other) => other > number)) return false;
    return this.#where === where;
  }

  /** If it may itself have happened, what is behind it and may have happened too stands behind it in the log. */
  #passedBehind(failed: QuorateError): number {
    return failed.outcome === 'indeterminate' ? this.#answered : this.#passed;
  }

  letGoElsewhere(where: number): void {
    if (this.#where === where) return;
    for (const letGo of this.#flying.values()) letGo?.();
  }

  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  hold(number: number): void {
    this.land(number);
    const at = this.#held.findLastIndex((other) => other <= number);
    if (this.#held[at] === number) return;
    this.#held.splice(at + 1, 0, number);
  }

  release(number: number): void {
    this.#turns.delete(number);
    const at = this.#held.indexOf(number);
    if (at === -1) return;
    this.#held.splice(at, 1);
    const [first] = this.#held;
    if (first === undefined || this.#turns.size === 0) return;
    const resolve = this.#turns.get(first);
    this.#turns.delete(first);
    resolve?.();
  }

  land(number: number): void {
    if (!this.#flying.delete(number) || this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

class PlaceInOrder implements Place {
  readonly #order: Order;
  readonly #number: number;
  #failed: QuorateError | null = null;
  #hasLeft = false;

  constructor(order: Order) {
    this.#order = order;
    this.#number = order.enter();
  }

  mayGo(): boolean {
    return this.#order.mayGo(this.#number);
  }

  turn(): Promise<void> {
    return this.#order.turn(this.#number);
  }

  mayGoTo(where: number): boolean {
    return this.#order.mayGoTo(this.#number, where, this.#failed);
  }

  letGoElsewhere(where: number): void {
    this.#order.letGoElsewhere(where);
  }

  changed(): Promise<void> {
    return this.#order.changed();
  }

  go(where: number, letGo: (() => void) | null = null): void {
    this.#order.go(this.#number, where, letGo);
  }

  hold(error: QuorateError): void {
    // Its caller gave up; what is held then would hold up all others for ever.
    if (this.#hasLeft) return;
    this.#failed = error;
    this.#order.hold(this.#number);
  }

  pass(isInDoubt = false): void {
    this.#order.pass(this.#number, isInDoubt);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#order.release(this.#number);
    this.#order.land(this.#number);
  }
}

/** The error of an operation that could be tried again if those behind it had not been answered: it is final. */
function overtaken({ code, message, data, outcome, hint, cause }: QuorateError): QuorateError {
  const whole = `${message}; operations behind it went on, so it was not tried again`;
  return new QuorateError(code, whole, { ...data, overtaken: 'true' }, { outcome, hint, cause });
}
