// Linearizable reads without a log entry: ReadIndex. A read is answered from the state as of a commitIndex taken when
// a heartbeat round began after the read arrived, once a quorum has answered that round.
// Thesis §6.4: the leader must have committed in its term, and a read never joins a round already in flight.

import { addFollowerRead } from './follower-reads.js';
import type { Answer, Refusal } from './input.js';
import { heartbeat } from './leadership.js';
import type { ReadIndexRequest } from './message.js';
import { quorumRound } from './rounds.js';
import { send } from './state.js';
import type { Leader, RaftState } from './state.js';
import type { NodeId } from './types.js';

/** Takes a read in; it is confirmed by the next round to start. */
export function onReadIndex(state: RaftState, readId: number): Answer {
  const { role } = state;
  // A witness applies nothing, so it could answer nothing; as leader it is about to hand over.
  if (state.options.isWitness) return refused({ reason: 'leaderNotReady' });
  if (role.type !== 'leader') return addFollowerRead(state, readId);
  if (role.reads.length >= state.options.limits.pendingReadsMax) {
    return refused({ reason: 'overloaded' });
  }
  role.reads.push({ readId, asker: null, round: null, readIndex: state.commitIndex });
  return { type: 'accepted' };
}

/** Takes in the request of a member for its own reads; one beyond the limit is dropped and will be repeated. */
export function onReadIndexRequest(
  state: RaftState,
  from: NodeId,
  { term, requestId }: ReadIndexRequest,
): void {
  const { role } = state;
  if (role.type !== 'leader' || term !== state.term) return;
  if (role.reads.length >= state.options.limits.pendingReadsMax) return;
  const asker = { id: from, requestId };
  role.reads.push({ readId: null, asker, round: null, readIndex: state.commitIndex });
}

function refused(refusal: Refusal): Answer {
  return { type: 'refused', refusal };
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
    const { readId, asker, readIndex } = read;
    if (readId !== null) state.outbox.reads.push({ readId, readIndex });
    if (asker === null) continue;
    const { term } = state;
    const { id, requestId } = asker;
    send(state, id, { type: 'readIndexResponse', term, requestId, readIndex });
  }
}
