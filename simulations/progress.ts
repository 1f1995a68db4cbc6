// A progress bar on standard error, only where that is a terminal: how much is done, how fast, how long still. It is drawn
// a few times a second at most and wiped away at the end.

import type { Surroundings } from './surroundings.js';

const EVERY_MS = 200;
const BAR_CELLS = 24;
const WIPE = '\r\u001b[K';

export class Progress {
  readonly #surroundings: Surroundings;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(surroundings: Surroundings, nowMs: () => number = () => performance.now()) {
    this.#surroundings = surroundings;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** Shows that `done` of `total` are done; `more` says what else is worth knowing. */
  show(done: number, total: number, unit: string, more: string): void {
    const nowMs = this.#nowMs();
    if (!this.#surroundings.isTerminal || nowMs - this.#shownMs < EVERY_MS) return;
    this.#shownMs = nowMs;
    const filled = Math.min(BAR_CELLS, Math.floor((done / Math.max(1, total)) * BAR_CELLS));
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`;
    const elapsedMs = nowMs - this.#startMs;
    const left = done === 0 ? '' : `, ${showLeft((elapsedMs / done) * (total - done))} left`;
    this.#surroundings.err(`${WIPE}${bar} ${done} of ${total} ${unit}, ${more}${left}`);
  }

  /** Wipes the bar away. */
  end(): void {
    if (this.#surroundings.isTerminal) this.#surroundings.err(WIPE);
  }
}

function showLeft(ms: number): string {
  const s = Math.ceil(ms / 1000);
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.ceil(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}
