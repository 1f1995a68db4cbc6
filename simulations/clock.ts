// A machine's monotonic clock: it runs at its own constant rate and starts anywhere. Simulated true time is in whole
// microseconds; a node sees whole milliseconds, rounded down, as from any clock of that resolution.

import type { ClockPort } from '../src/node/ports.js';

/** Rates lie within this many millionths of true: any two clocks then differ by less than 5 %. */
export const CLOCK_RATE_PPM_MAX = 24_000;

export class SimulatedClock implements ClockPort {
  readonly ratePpm: number;
  readonly #trueUs: () => number;
  #offsetMs: number;
  #sinceUs: number;

  constructor(trueUs: () => number, ratePpm: number, offsetMs: number) {
    this.#trueUs = trueUs;
    this.ratePpm = ratePpm;
    this.#offsetMs = offsetMs;
    this.#sinceUs = trueUs();
  }

  nowMs(): number {
    return this.#atTrue(this.#trueUs());
  }

  /** Starts anew, as at a reboot. */
  restart(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#sinceUs = this.#trueUs();
  }

  /** The first true time, in microseconds, at which this clock shows at least `localMs`. */
  trueUsOf(localMs: number): number {
    const runMs = localMs - this.#offsetMs;
    let trueUs = this.#sinceUs + Math.ceil((runMs * 1e9) / (1e6 + this.ratePpm));
    // The division may be off by one either way.
    while (this.#atTrue(trueUs) >= localMs) trueUs -= 1;
    while (this.#atTrue(trueUs) < localMs) trueUs += 1;
    return trueUs;
  }

  #atTrue(trueUs: number): number {
    return this.#offsetMs + Math.floor(((trueUs - this.#sinceUs) * (1e6 + this.ratePpm)) / 1e9);
  }
}
