// Ticks at even distances on a given clock, and says how late each one is. Ticks missed while the process or the
// machine stood still become one, which carries all the lateness; the grid of later ticks does not move.
// It decides nothing: what lateness means is the driver's business.

import type { ClockPort } from '../node/ports.js';

export interface TickerOptions {
  /** Distance of two ticks; whole milliseconds, at least 1. */
  readonly tickMs: number;
}

export interface TickerModules {
  readonly clock: ClockPort;
  /** `lateMs`: how long ago this tick was due; at least 0. */
  readonly onTick: (lateMs: number) => void;
}

/** When the tick after one handled at `nowMs` is due: the next point of the grid, strictly in the future. */
export function nextDueMs(dueMs: number, tickMs: number, nowMs: number): number {
  const missedCount = Math.floor(Math.max(0, nowMs - dueMs) / tickMs);
  return dueMs + (missedCount + 1) * tickMs;
}

/** Begins when made; the first tick is due one distance later. */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #modules: TickerModules;
  #timer: NodeJS.Timeout | null = null;
  #dueMs: number;

  constructor(options: TickerOptions, modules: TickerModules) {
    this.#options = options;
    this.#modules = modules;
    this.#dueMs = modules.clock.nowMs() + options.tickMs;
    this.#arm(options.tickMs);
  }

  /** No tick comes after this returns, not even when called from within one. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #arm(waitMs: number): void {
    this.#timer = setTimeout(() => this.#onTimer(), waitMs);
  }

  #onTimer(): void {
    const nowMs = this.#modules.clock.nowMs();
    const dueMs = this.#dueMs;
    // Timers count on another clock and may fire a little early; a tick must not.
    if (nowMs < dueMs) {
      this.#arm(dueMs - nowMs);
      return;
    }
    this.#dueMs = nextDueMs(dueMs, this.#options.tickMs, nowMs);
    // Armed first, so that `stop` from within the call is final.
    this.#arm(this.#dueMs - nowMs);
    this.#modules.onTick(nowMs - dueMs);
  }
}
