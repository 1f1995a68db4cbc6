// Cluster time: milliseconds that the leader stamps on entries, never read from a wall clock. Followers take over the
// leader's reading with each heartbeat, so that only the time without a leader is measured by another clock; a restarted
// node counts the gap as zero, so that no session's life is cut short.

import type { RaftState } from './state.js';

/** Cluster time now, as far as this node knows; never below the newest stamp of its log. */
export function clusterTimeMs(state: RaftState): number {
  const elapsedMs = state.nowMs - state.clusterClock.atMs;
  const runningMs = state.clusterClock.stampMs + elapsedMs;
  return Math.max(runningMs, state.log.lastStampMs ?? 0, state.applied.stampMs);
}

/** Takes over the leader's reading, heard now. */
export function adoptClusterTime(state: RaftState, stampMs: number): void {
  state.clusterClock = { stampMs, atMs: state.nowMs };
}
