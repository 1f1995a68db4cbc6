// The processes that only the primary runs, that were given up here, and that nobody takes over: what an operator has to know of
// them, until they have stayed up again for as long as failures count, or the reign is over. It decides nothing.

/** A process that was given up under the reign that lasts, and is tried again by itself. */
export interface Stay {
  readonly name: string;
  readonly epoch: number;
  /** Why it failed, and why nobody takes over; one line for people. */
  readonly why: string;
  /** From when it was given up the last time to when it is tried again. */
  readonly retryMs: number;
}

export class Stays {
  readonly #stays = new Map<string, Stay>();
  /** They run again, and may be forgotten soon. */
  readonly #mending = new Map<string, NodeJS.Timeout>();

  /** In no order; `line`: what an operator is told of it, and what to do. */
  get all(): readonly (Stay & { readonly line: string })[] {
    return [...this.#stays.values()].map((stay) => {
      return { ...stay, line: this.#mending.has(stay.name) ? mendingLineOf(stay) : lineOf(stay) };
    });
  }

  /** Whether it is still to be tried again under that reign. */
  has(name: string, epoch: number): boolean {
    return this.#stays.get(name)?.epoch === epoch;
  }

  /** It was given up; answers whether that is news. */
  note(stay: Stay): boolean {
    this.#unmend(stay.name);
    const isNews = this.#stays.get(stay.name)?.epoch !== stay.epoch;
    this.#stays.set(stay.name, stay);
    return isNews;
  }

  /** It runs again: forgotten unless it is given up once more within the time in which its failures count. */
  started(name: string, withinMs: number): void {
    if (!this.#stays.has(name)) return;
    this.#unmend(name);
    const timer = setTimeout(() => this.forget(name), withinMs);
    timer.unref();
    this.#mending.set(name, timer);
  }

  /** That reign is over, and all earlier ones: what is tried from now on is another's. */
  over(epoch: number): void {
    for (const stay of this.all) if (stay.epoch <= epoch) this.forget(stay.name);
  }

  /** Forgets all, with their timers. */
  end(): void {
    for (const { name } of this.all) this.forget(name);
  }

  /** An operator stopped it, or it is defined otherwise: what was held against it counts no more. */
  forget(name: string): void {
    this.#unmend(name);
    this.#stays.delete(name);
  }

  #unmend(name: string): void {
    clearTimeout(this.#mending.get(name));
    this.#mending.delete(name);
  }
}

function lineOf({ name, why, retryMs }: Stay): string {
  const again = `tried again by itself ${Math.round(retryMs / 1000)} s after it was given up`;
  return `${name} runs nowhere: mend what it lacks, then quorate process start ${name} (${again}); ${why}`;
}

function mendingLineOf({ name, why }: Stay): string {
  return `${name} was given up and runs again, not yet for as long as its failures count; before: ${why}`;
}
