// One line that says how far the benchmark is and how long it will still take. On a terminal it is overwritten, elsewhere there is one an
// item.

import { duration } from './plan.js';
import type { Item } from './plan.js';

export class Progress {
  readonly #items: readonly Item[];
  readonly #beganMs = performance.now();
  #at = -1;

  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  /** The next item begins; its name. */
  next(): string {
    this.#at += 1;
    if (!process.stderr.isTTY) process.stderr.write(`${this.#line('')}\n`);
    else this.tell('');
    return this.#items[this.#at]?.name ?? '';
  }

  /** Says what goes on within it. */
  tell(what: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r${this.#line(what)}\u001b[K`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }

  #line(what: string): string {
    const item = this.#items[this.#at];
    const left = this.#items.slice(this.#at).reduce((sum, { seconds }) => sum + seconds, 0);
    const spent = (performance.now() - this.#beganMs) / 1000;
    const where = `${this.#at + 1} of ${this.#items.length}: ${item?.name ?? ''}`;
    const detail = what === '' ? '' : ` (${what})`;
    return `[${duration(spent)} spent, about ${duration(left)} left] ${where}${detail}`;
  }
}
