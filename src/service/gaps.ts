// For how long nobody is expected to be primary, at a hand-over and at an unplanned fail-over: as the cluster measured it before,
// else by its timers. Pure.

import type { Timers } from '../raft/options.js';
import type { ReignRecord } from '../state-machine/primary.js';

/** `ms` null: nobody can tell, or until an operator acts; `basis` says how it is known, or why not. */
export interface ExpectedGap {
  readonly ms: number | null;
  readonly basis: string;
}

export interface ExpectedGaps {
  readonly handOver: ExpectedGap;
  readonly failOver: ExpectedGap;
}

/** Fewest of a kind that were measured before the timers are no longer asked. */
const MEASURED_MIN = 1;

/** The gaps to expect; `reigns` oldest first. */
export function expectedGaps(reigns: readonly ReignRecord[], timers: Timers): ExpectedGaps {
  const measured = reigns.flatMap((reign, at) => {
    const before = reigns[at - 1];
    if (reign.gapMs === null || before === undefined) return [];
    return [{ ms: reign.gapMs, isProven: before.end?.how === 'proof' }];
  });
  const of = (isProven: boolean): number[] =>
    measured.filter((it) => it.isProven === isProven).map(({ ms }) => ms);
  return {
    handOver: expected(of(true), 'hand-over', byTimersHandOver(timers)),
    failOver: expected(of(false), 'fail-over', byTimersFailOver(timers)),
  };
}

/** Milliseconds as a basis says them. */
export function shownMs(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}

function expected(measured: readonly number[], what: string, byTimers: ExpectedGap): ExpectedGap {
  if (measured.length < MEASURED_MIN) return byTimers;
  const sorted = [...measured].sort((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  const worst = sorted.at(-1) ?? 0;
  const count = sorted.length;
  const basis =
    count === 1
      ? `measured at the last ${what}`
      : `median of ${count} ${what}s, the longest ${shownMs(worst)}`;
  return { ms: median, basis };
}

/** From the proof of stop it takes a few round trips; the hand-over is given up after the longest election timeout. */
function byTimersHandOver({ heartbeatMs, electionTimeoutMaxMs }: Timers): ExpectedGap {
  const basis = `by the timers: a few round trips, at most ${shownMs(electionTimeoutMaxMs)}; none was measured yet`;
  return { ms: heartbeatMs, basis };
}

/**
 * The earliest of two followers' random timeouts, on average a third into their spread, and then the lease that nobody proved
 * over, from the election.
 */
function byTimersFailOver(timers: Timers): ExpectedGap {
  const { electionTimeoutMinMs, electionTimeoutMaxMs, leaseMs } = timers;
  const spread = electionTimeoutMaxMs - electionTimeoutMinMs;
  const ms = electionTimeoutMinMs + Math.floor(spread / 3) + leaseMs;
  const worst = electionTimeoutMaxMs + leaseMs;
  const basis = `by the timers: election timeout and lease, about ${shownMs(worst)} at worst; none was measured yet`;
  return { ms, basis };
}
