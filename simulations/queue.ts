// What will happen, by simulated true time and, at the same time, in the order in which it was planned.
// A binary heap, since it is the busiest part of the simulator.

interface Planned {
  readonly atUs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Events by time, then by order of planning. */
export class EventQueue {
  #heap: Planned[] = [];
  #sequence = 0;

  get length(): number {
    return this.#heap.length;
  }

  /** Time of the next event; null: there is none. */
  get nextAtUs(): number | null {
    return this.#heap[0]?.atUs ?? null;
  }

  plan(atUs: number, run: () => void): void {
    const heap = this.#heap;
    const planned = { atUs, sequence: this.#sequence, run };
    this.#sequence += 1;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Planned;
      if (isBefore(above, planned)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = planned;
  }

  /** Takes the next event out; null: there is none. */
  take(): Planned | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Planned, heap[child] as Planned)) {
        child += 1;
      }
      const below = heap[child] as Planned;
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}
