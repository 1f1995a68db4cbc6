// What this process itself uses, looked at once a second: processor time as a share of the last interval, resident memory,
// and for how long the event loop was held up. Nobody decides anything from it.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';

const INTERVAL_MS = 1000;
const RESOLUTION_MS = 10;

export interface Usage {
  readonly pid: number;
  /** In hundredths of one processor; null: not measured yet. */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number;
  /** The longest within the last interval. */
  readonly eventLoopDelayMs: number;
}

export class OwnUsage {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #cpu = process.cpuUsage();
  #atMs = performance.now();
  #cpuPercent: number | null = null;
  #delayMs = 0;

  constructor() {
    this.#delays.enable();
    this.#timer = setInterval(() => this.#measure(), INTERVAL_MS);
    this.#timer.unref();
  }

  look(): Usage {
    return {
      pid: process.pid,
      cpuPercent: this.#cpuPercent,
      memoryBytes: process.memoryUsage.rss(),
      eventLoopDelayMs: this.#delayMs,
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #measure(): void {
    const atMs = performance.now();
    const cpu = process.cpuUsage();
    const usedMs = (cpu.user + cpu.system - this.#cpu.user - this.#cpu.system) / 1000;
    this.#cpuPercent = Math.round((usedMs / Math.max(1, atMs - this.#atMs)) * 100);
    // The histogram counts from one look to the next, in nanoseconds, so an idle loop shows its resolution.
    const delayMs = Math.round(this.#delays.max / 1e6) - RESOLUTION_MS;
    this.#delayMs = this.#delays.count === 0 ? 0 : Math.max(0, delayMs);
    this.#delays.reset();
    this.#cpu = cpu;
    this.#atMs = atMs;
  }
}
