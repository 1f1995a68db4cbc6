// The word of a leader: what all its messages carry, what hearing it means to a follower, and how a follower answers.
// Shared by replication and snapshots, which are both heartbeats as well. Raft §5.2, §6; Thesis §6.4.

import { adoptClusterTime, clusterTimeMs } from './cluster-time.js';
import { resetElectionTimer } from './election-timer.js';
import type { AppendEntriesResponse, LeaderWord } from './message.js';
import { unfitWord } from './fitness.js';
import { noteReignSeen } from './reign-gap.js';
import { hardState, send, sendAfterPersist } from './state.js';
import type { Leader, RaftState } from './state.js';
import { INDEX_ZERO } from './types.js';
import type { NodeId } from './types.js';

/** What every message of this leader carries. */
export function leaderWord(state: RaftState, leader: Leader): LeaderWord {
  return {
    term: state.term,
    round: leader.round,
    leaseMs: state.options.timers.leaseMs,
    clusterTimeMs: clusterTimeMs(state),
  };
}

/** Notes that the rightful leader of this term was heard: no campaign, no votes for others, its cluster time. */
export function noteLeader(state: RaftState, from: NodeId, word: LeaderWord): void {
  const { electionTimeoutMinMs } = state.options.timers;
  state.heard = {
    id: from,
    term: word.term,
    atMs: state.nowMs,
    round: word.round,
  };
  state.withholdUntilMs = state.nowMs + Math.max(electionTimeoutMinMs, word.leaseMs);
  resetElectionTimer(state);
  adoptClusterTime(state, word.clusterTimeMs);
  noteReignSeen(state, word.term);
}

/** Tells the leader; what it claims of the log must be durable first. */
export function respondToLeader(
  state: RaftState,
  to: NodeId,
  answer: Pick<AppendEntriesResponse, 'round' | 'outcome'>,
): void {
  const response: AppendEntriesResponse = {
    type: 'appendEntriesResponse',
    term: state.term,
    ...answer,
    ...unfitWord(state),
  };
  const claimed = answer.outcome.type === 'matched' ? answer.outcome.matchIndex : INDEX_ZERO;
  if (state.persistence.isDurable(claimed, hardState(state))) send(state, to, response);
  else sendAfterPersist(state, to, response);
}
