// What waits for an answer and has a moment at which it is late. Most is answered long before its own, so that all share one
// timer, set for the earliest moment there was when it was set, rather than set and clear one each.

interface Waiting {
  /** By `performance.now()`. */
  readonly atMs: number;
  onLate: () => void;
}

const doNothing = (): void => undefined;

/** Between two looks at those who wait, at least: many that are late one after another are ended together. */
const LOOK_MS = 5;

export class Latecomers {
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | null = null;
  #firesAtMs = Infinity;

  /** Calls `onLate` after so long, unless what this answers is called before. */
  add(afterMs: number, onLate: () => void): () => void {
    const waiting = { atMs: performance.now() + afterMs, onLate };
    this.#waiting.add(waiting);
    if (waiting.atMs < this.#firesAtMs) this.#fireAt(waiting.atMs);
    return () => {
      this.#waiting.delete(waiting);
      // A set that changes much leaves tables behind which keep all that ever was in them until the old are collected, so that what is
      // waited for would outlive its answer.
      waiting.onLate = doNothing;
    };
  }

  #fireAt(atMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#firesAtMs = atMs;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, atMs - performance.now()));
    // It keeps no process alive: a caller has a connection that does, and a disk that hangs shall not.
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = null;
    this.#firesAtMs = Infinity;
    const nowMs = performance.now();
    const late: Waiting[] = [];
    let nextMs = Infinity;
    for (const waiting of this.#waiting) {
      if (waiting.atMs <= nowMs) late.push(waiting);
      else nextMs = Math.min(nextMs, waiting.atMs);
    }
    if (nextMs < Infinity) this.#fireAt(Math.max(nextMs, nowMs + LOOK_MS));
    for (const waiting of late) {
      // One of those before may have led to its answer.
      if (this.#waiting.delete(waiting)) waiting.onLate();
    }
  }
}
