// Linearizable reads without a log entry: ReadIndex. A read is answered from the state as of a commitIndex taken when
// a heartbeat round began after the read arrived, once a quorum has answered that round.
// Thesis §6.4: the leader must have committed in its term, and a read never joins a round already in flight.

import type { Answer } from './input.js';
import { heartbeat } from './leadership.js';
import { quorumRound } from './rounds.js';
import type { Leader, RaftState } from './state.js';

/** Takes a read in; it is confirmed by the next round to start. */
export function onReadIndex(state: RaftState, readId: number): Answer {
  if (state.role.type !== 'leader') {
    return {
      type: 'refused',
      refusal: { reason: 'notLeader', leaderId: state.leaderId },
    };
  }
  // It applies nothing, so it could answer nothing; it is about to hand over.
  if (state.options.isWitness) return { type: 'refused', refusal: { reason: 'leaderNotReady' } };
  state.role.reads.push({ readId, round: null, readIndex: state.commitIndex });
  return { type: 'accepted' };
}

/** Starts a round for the reads that wait for one, one round at a time; called once after all inputs of a turn. */
export function maybeBeginReadRound(state: RaftState, leader: Leader): boolean {
  const isConfirming = leader.reads.some((read) => read.round !== null);
  const hasWaiting = leader.reads.some((read) => read.round === null);
  // Before an own-term commit this leader does not know what earlier leaders committed (Raft §8).
  if (isConfirming || !hasWaiting || state.commitIndex < leader.noopIndex) return false;
  heartbeat(state, leader);
  for (const read of leader.reads) {
    read.round = leader.round;
    read.readIndex = state.commitIndex;
  }
  return true;
}

/** Releases the reads whose round a quorum has answered. */
export function releaseReads(state: RaftState, leader: Leader): void {
  if (leader.reads.length === 0) return;
  const confirmed = quorumRound(state, leader);
  while (true) {
    const read = leader.reads[0];
    if (read === undefined || read.round === null || read.round > confirmed) return;
    leader.reads.shift();
    state.outbox.reads.push({ readId: read.readId, readIndex: read.readIndex });
  }
}
