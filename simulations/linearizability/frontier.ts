// Which configuration the search goes on from: of the highest level, and there the one in which the fewest loose operations
// took effect, so that those which are better are known before those which they make needless. Among equals it is the
// latest, which makes the search one that goes deep first.

/** Configurations of a level, by how many loose operations took effect. */
interface Level {
  readonly stacks: number[][];
  size: number;
}

export class Frontier {
  readonly #levels: (Level | undefined)[] = [];
  #top = -1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(node: number, level: number, looseCount: number): void {
    const at = (this.#levels[level] ??= { stacks: [], size: 0 });
    (at.stacks[looseCount] ??= []).push(node);
    at.size += 1;
    this.#size += 1;
    this.#top = Math.max(this.#top, level);
  }

  /** The one to go on from; null: there is none. */
  peek(): number | null {
    return this.#best()?.at(-1) ?? null;
  }

  /** Takes that one away. */
  pop(): void {
    const stack = this.#best();
    const level = this.#levels[this.#top];
    if (stack === null || level === undefined) return;
    stack.pop();
    level.size -= 1;
    this.#size -= 1;
  }

  #best(): number[] | null {
    for (; this.#top >= 0; this.#top -= 1) {
      const level = this.#levels[this.#top];
      if (level === undefined || level.size === 0) {
        this.#levels[this.#top] = undefined;
        continue;
      }
      // Sparse where no configuration has so many.
      const stack = level.stacks.find((each) => each !== undefined && each.length > 0);
      if (stack !== undefined) return stack;
    }
    return null;
  }
}
