// The order of operations that are under way together, some of which have to be tried again: none is tried while an earlier one waits to be.
// So what one attempt left undone is done in the same order by the next. The driver and a connection keep the order of
// what is tried at the same time by themselves. Pure but for promises: it knows no clock and no operation.

/** An operation's place in the order. Whoever enters leaves, whatever becomes of the operation. */
export interface Place {
  /** Nothing before it waits: it may be tried now. */
  readonly mayGo: () => boolean;
  /** Resolves when it may be tried, which may have changed again by the time that is heard. One caller at a time. */
  readonly turn: () => Promise<void>;
  /** It is being tried. */
  readonly go: () => void;
  /** It waits to be tried again. */
  readonly hold: () => void;
  /** It has ended. */
  readonly leave: () => void;
}

export class Lane {
  #next = 0;
  /** Numbers of those that wait, ascending. */
  readonly #held: number[] = [];
  readonly #turns = new Map<number, () => void>();

  /** Takes the place behind all others; it waits until `go`. */
  enter(): Place {
    const number = this.#next;
    this.#next += 1;
    this.#held.push(number);
    return {
      mayGo: () => this.#mayGo(number),
      turn: () => this.#turn(number),
      go: () => this.#release(number),
      hold: () => this.#hold(number),
      leave: () => this.#release(number),
    };
  }

  #mayGo(number: number): boolean {
    const [first] = this.#held;
    return first === undefined || first >= number;
  }

  #turn(number: number): Promise<void> {
    if (this.#mayGo(number)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#turns.set(number, resolve);
    });
  }

  #hold(number: number): void {
    const at = this.#held.findLastIndex((other) => other <= number);
    if (this.#held[at] === number) return;
    this.#held.splice(at + 1, 0, number);
  }

  #release(number: number): void {
    this.#turns.delete(number);
    const at = this.#held.indexOf(number);
    if (at === -1) return;
    this.#held.splice(at, 1);
    const [first] = this.#held;
    if (first === undefined) return;
    const resolve = this.#turns.get(first);
    this.#turns.delete(first);
    resolve?.();
  }
}
