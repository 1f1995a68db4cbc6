// The time for the deadlines of requests: a clock that is read once in a turn of the event loop. Hundreds of requests arrive in one
// turn, and reading the node's own clock costs a call of the system each time. It is behind by what the turn has taken so
// far, so leases and elections, which must not be, keep to the clock itself.

import type { ClockPort } from '../node/ports.js';

export class TurnClock implements ClockPort {
  readonly #clock: ClockPort;
  /** Null: not read in this turn. */
  #nowMs: number | null = null;
  readonly #forget = (): void => {
    this.#nowMs = null;
  };

  constructor(clock: ClockPort) {
    this.#clock = clock;
  }

  nowMs(): number {
    if (this.#nowMs === null) {
      this.#nowMs = this.#clock.nowMs();
      setImmediate(this.#forget);
    }
    return this.#nowMs;
  }
}
