// A machine's monotonic clock: it runs at its own rate, which may change, and starts anywhere. Simulated true time is in
// whole microseconds; a node sees whole milliseconds, rounded down, as from any clock of that resolution.

import type { ClockPort } from '../src/node/ports.js';

/** Rates lie within this many millionths of true: any two clocks then differ by less than 5 %. */
export const CLOCK_RATE_PPM_MAX = 24_000;
/** Where the product's bound on clocks is not kept, rates lie within this. */
export const CLOCK_BEYOND_PPM = 600_000;

export class SimulatedClock implements ClockPort {
  readonly #trueUs: () => number;
  #offsetMs: number;
  #sinceUs: number;
  #ratePpm: number;
  /** Local time at `#sinceUs` beyond `#offsetMs`, in 1e-9 ms. */
  #run = 0;
  /** The newest answer of `trueUsOf`: one is asked for again and again. */
  #asked = { localMs: Number.NaN, trueUs: 0 };

  constructor(trueUs: () => number, ratePpm: number, offsetMs: number) {
    this.#trueUs = trueUs;
    this.#ratePpm = ratePpm;
    this.#offsetMs = offsetMs;
    this.#sinceUs = trueUs();
  }

  nowMs(): number {
    return this.#atTrue(this.#trueUs());
  }

  /** How far its rate is off true time, in millionths. */
  get ratePpm(): number {
    return this.#ratePpm;
  }

  /** Runs on from what it shows now at another rate. Times asked of `trueUsOf` before hold no more. */
  changeRate(ratePpm: number): void {
    const nowUs = this.#trueUs();
    const run = this.#run + (nowUs - this.#sinceUs) * (1e6 + this.#ratePpm);
    this.#offsetMs += Math.floor(run / 1e9);
    this.#run = run % 1e9;
    this.#sinceUs = nowUs;
    this.#ratePpm = ratePpm;
    this.#asked.localMs = Number.NaN;
  }

  /** Starts anew, as at a reboot. */
  restart(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#sinceUs = this.#trueUs();
    this.#run = 0;
    this.#asked.localMs = Number.NaN;
  }

  /** The first true time, in microseconds, at which this clock shows at least `localMs` if its rate stays as it is. */
  trueUsOf(localMs: number): number {
    if (this.#asked.localMs === localMs) return this.#asked.trueUs;
    const runMs = localMs - this.#offsetMs;
    let trueUs = this.#sinceUs + Math.ceil((runMs * 1e9 - this.#run) / (1e6 + this.#ratePpm));
    // The division may be off by one either way.
    while (this.#atTrue(trueUs) >= localMs) trueUs -= 1;
    while (this.#atTrue(trueUs) < localMs) trueUs += 1;
    this.#asked = { localMs, trueUs };
    return trueUs;
  }

  #atTrue(trueUs: number): number {
    const run = this.#run + (trueUs - this.#sinceUs) * (1e6 + this.#ratePpm);
    return this.#offsetMs + Math.floor(run / 1e9);
  }
}
