// What a dry run answers as one object whose keys are a contract with scripts: `forecast` of --json. Unknown is null. Pure.

import type { Forecast__Output } from '../generated/quorate/v1/Forecast.js';
import type { Standing__Output } from '../generated/quorate/v1/Standing.js';

/** How a cluster stands before or after a change. */
export interface StandingView {
  /** Names; empty: no cluster. */
  readonly voters: readonly string[];
  /** Voters that must agree. */
  readonly quorum: number;
  readonly inContact: number;
  readonly failureTolerance: number;
  /** Null: nobody. */
  readonly primary: string | null;
}

export interface ForecastView {
  readonly before: StandingView;
  readonly after: StandingView;
  /** Expected time without a primary because of the change; null: until an operator acts, or nobody can tell. */
  readonly gapMs: number | null;
  /** How that is known, for people. */
  readonly gapBasis: string;
  /** The same should the primary fail after the change. */
  readonly failOverGapMs: number | null;
  readonly failOverBasis: string;
  readonly consequences: readonly string[];
}

/** Turns the answer into what is printed; null: the node asked answers none. */
export function forecastView(forecast: Forecast__Output | null): ForecastView | null {
  if (forecast === null) return null;
  const { gapMs, gapBasis, failOverGapMs, failOverBasis, consequences } = forecast;
  return {
    before: standingView(forecast.before),
    after: standingView(forecast.after),
    gapMs: gapMs ?? null,
    gapBasis,
    failOverGapMs: failOverGapMs ?? null,
    failOverBasis,
    consequences,
  };
}

function standingView(standing: Standing__Output | null): StandingView {
  const { voters = [], quorum = 0, inContact = 0, failureTolerance = 0 } = standing ?? {};
  return { voters, quorum, inContact, failureTolerance, primary: standing?.primary ?? null };
}
