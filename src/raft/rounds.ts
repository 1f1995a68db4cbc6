// Heartbeat rounds: numbered, each with the time it began, so that one answer proves that a peer still followed
// at a known time. Check-quorum, the leader lease and ReadIndex all rest on this one measure.
// Source: Thesis §6.2 (check-quorum), §6.4 (a round of heartbeats), §6.4.1 (lease from the start of the round).

import { quorumValue } from './quorum.js';
import { configurationInForce } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { NodeId } from './types.js';

/** Begins a round at the time of this input; the next messages carry its number. */
export function beginRound(state: RaftState, leader: Leader): number {
  leader.round += 1;
  leader.roundStartsMs.push(state.nowMs);
  forgetOldRounds(state, leader);
  return leader.round;
}

/** Notes that `from` answered `round`; a round too old to matter, or not begun, counts for nothing. */
export function acknowledgeRound(leader: Leader, from: NodeId, round: number): void {
  const startMs = leader.roundStartsMs[round - leader.firstRound];
  if (startMs !== undefined) leader.progress.get(from)?.acknowledgeRound(round, startMs);
}

/**
 * Start of the newest round that a quorum answered, this node counted as answering now; null: none yet.
 * A quorum of both halves in a joint configuration.
 */
export function quorumContactMs(state: RaftState, leader: Leader): number | null {
  const contactMs = quorumValue(configurationInForce(state), (id) =>
    id === state.options.id
      ? state.nowMs
      : (leader.progress.get(id)?.ackedRoundStartMs ?? Number.NEGATIVE_INFINITY),
  );
  return contactMs === null || contactMs === Number.NEGATIVE_INFINITY ? null : contactMs;
}

/** Newest round that a quorum answered; 0: none. */
export function quorumRound(state: RaftState, leader: Leader): number {
  const round = quorumValue(configurationInForce(state), (id) =>
    id === state.options.id ? leader.round : (leader.progress.get(id)?.ackedRound ?? 0),
  );
  return round ?? 0;
}

/** Rounds older than the longest timer prove nothing any more; keeps the list bounded. */
function forgetOldRounds(state: RaftState, leader: Leader): void {
  const oldestMs = state.nowMs - state.options.timers.electionTimeoutMaxMs;
  let count = 0;
  while (count < leader.roundStartsMs.length - 1) {
    const startMs = leader.roundStartsMs[count];
    if (startMs === undefined || startMs >= oldestMs) break;
    count += 1;
  }
  if (count === 0) return;
  leader.roundStartsMs.splice(0, count);
  leader.firstRound += count;
}
