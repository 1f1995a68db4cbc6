// For how long nobody was primary, as the node that takes over unasked measures it on its own clock: from the last sign of the
// old reign that it has to the moment from which it may itself act. For people and metrics; nothing is decided by it. After a
// proof of stop the log itself tells the gap. README.md says what this measure can be wrong by.

import { primaryUntilMs } from './lease.js';
import type { Leader, RaftState } from './state.js';
import type { Term } from './types.js';

/** A leader of `term` was heard: where the newest applied reign is of its term, and nothing has ended it, that reign goes on. */
export function noteReignSeen(state: RaftState, term: Term): void {
  const { reign } = state.applied;
  if (reign.term === term && !reign.isOver) state.reignSeenMs = state.nowMs;
}

/** This leader is about to lead no more: of its own reign it knows until when it could act. Call it while it still leads. */
export function noteOwnReign(state: RaftState): void {
  const untilMs = primaryUntilMs(state);
  if (untilMs !== null) state.reignSeenMs = Math.min(state.nowMs, untilMs);
}

/** The gap that ends when this leader may act as primary; null: there was no reign, it was proved over, or it was not seen. */
export function reignGapMs(
  { applied, reignSeenMs, nowMs }: RaftState,
  leader: Leader,
): number | null {
  if (applied.reign.isProven || reignSeenMs === null) return null;
  return Math.max(nowMs, leader.boundUntilMs ?? nowMs) - reignSeenMs;
}
