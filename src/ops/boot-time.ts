// Time since boot, suspended time included, from two clocks: a fine one that stops during suspend and a coarse one
// that does not. This is the pure part: it combines readings and touches no clock.
// The distance of the two clocks only grows, by each suspend. `coarse - fine` never exceeds the true distance,
// because the coarse clock rounds down and is read first; so the largest value ever seen is the best bound, it is
// exact when taken just after a step of the coarse clock, and raising it can never run ahead of true time.

/** Both clocks in milliseconds, read in this order: coarse, then fine. */
export interface Reading {
  /** Counts suspended time, rounded down to its resolution. Null: this system has no such clock. */
  readonly coarseMs: number | null;
  /** Fine-grained, does not count suspended time. */
  readonly fineMs: number;
}

export interface BootTime {
  /** Largest lower bound seen of the distance between the clocks. Invariant: never falls. */
  readonly offsetMs: number;
  /** Whole milliseconds. Invariant: never falls. */
  readonly nowMs: number;
}

/** A distance grown by more than this is a suspend; less is the noise of reading one clock after the other. */
const SUSPEND_SEEN_MS = 1;

export const BOOT_TIME_ZERO: BootTime = { offsetMs: 0, nowMs: 0 };

/**
 * Whether the machine was suspended since the last reading. The reading then shows the suspend only to the coarse
 * clock's resolution; a reading taken just after its next step shows it exactly.
 */
export function isSuspendSeen(time: BootTime, reading: Reading): boolean {
  return (
    reading.coarseMs !== null && reading.coarseMs - reading.fineMs > time.offsetMs + SUSPEND_SEEN_MS
  );
}

/** Takes a reading into account. Without a coarse clock the time is that of the fine one. */
export function advanceBootTime(time: BootTime, reading: Reading): BootTime {
  const { coarseMs, fineMs } = reading;
  const offsetMs = coarseMs === null ? time.offsetMs : Math.max(time.offsetMs, coarseMs - fineMs);
  return { offsetMs, nowMs: Math.max(time.nowMs, Math.floor(fineMs + offsetMs)) };
}
