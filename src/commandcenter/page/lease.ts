// How much of its lease the primary has left: what it said when it made the view, held for as long as the next word may take, and
// drained on when none comes. Pure.

import type { ClusterMessage } from '../feed.js';

export interface LeaseView {
  /** Left when the message was made. */
  readonly remainingMs: number;
  readonly leaseMs: number;
}

/** How long a message of each second may stand before what it says is drained on. */
export const FRESH_MS = 1_500;

/** Null: nobody is primary, or nothing is known of its lease. */
export function leaseOf({ own, view, leaseRemainingMs, ageMs }: ClusterMessage): LeaseView | null {
  const { leaseMs } = own;
  if (view.primary === null || leaseMs === null || leaseMs <= 0) return null;
  const remaining = leaseRemainingMs ?? (own.isPrimary ? own.leaseRemainingMs : null);
  if (remaining === null) return null;
  // One that stands for a message that came late is renewed meanwhile, for all that anybody knows.
  return { remainingMs: Math.max(0, remaining - Math.max(0, ageMs - FRESH_MS)), leaseMs };
}

/** Share of the lease that is left `elapsedMs` after the message came; drains when no further message comes. */
export function shareOf({ remainingMs, leaseMs }: LeaseView, elapsedMs: number): number {
  const left = remainingMs - Math.max(0, elapsedMs - FRESH_MS);
  return Math.max(0, Math.min(1, left / leaseMs));
}
