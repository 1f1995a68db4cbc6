// Linearizable reads asked of a node that does not lead: it asks the leader for the read index, and serves the read from
// its own state once it has applied that much. Reads that come while a request is on its way share the next one, for a
// request confirms only what was asked before it left. Thesis §6.4, last paragraphs.

import type { Answer } from './input.js';
import type { ReadIndexResponse } from './message.js';
import { send } from './state.js';
import type { RaftState } from './state.js';
import type { NodeId } from './types.js';

/** Reads of this node for which the leader is, or is to be, asked. */
export interface FollowerReads {
  /** Number of the newest request; drawn at the start, so that an answer to an earlier life fits none of this one. */
  requestId: number;
  /** Covered by the request that is on its way; empty: none is. */
  asked: number[];
  /** For the next request. */
  waiting: number[];
  /** When the request was last sent. */
  sentAtMs: number;
}

/** Takes a read in; it is asked for at the end of the turn. */
export function addFollowerRead(state: RaftState, readId: number): Answer {
  const { asked, waiting } = state.followerReads;
  if (state.leaderId === null) {
    return { type: 'refused', refusal: { reason: 'notLeader', leaderId: null } };
  }
  if (asked.length + waiting.length >= state.options.limits.pendingReadsMax) {
    return { type: 'refused', refusal: { reason: 'overloaded' } };
  }
  waiting.push(readId);
  return { type: 'accepted' };
}

/** Asks the leader for all reads that wait, one request at a time; one that went unanswered for a while again. */
export function askLeaderForReads(state: RaftState): void {
  const reads = state.followerReads;
  if (state.leaderId === null || state.role.type !== 'follower') return;
  if (reads.asked.length === 0) {
    if (reads.waiting.length === 0) return;
    reads.requestId += 1;
    reads.asked = reads.waiting;
    reads.waiting = [];
  } else if (state.nowMs - reads.sentAtMs < state.options.timers.heartbeatMs) {
    return;
  }
  reads.sentAtMs = state.nowMs;
  send(state, state.leaderId, {
    type: 'readIndexRequest',
    term: state.term,
    requestId: reads.requestId,
  });
}

/** Releases the reads that the request covered, if it is the newest and its leader still leads. */
export function onReadIndexResponse(
  state: RaftState,
  from: NodeId,
  { term, requestId, readIndex }: ReadIndexResponse,
): void {
  const reads = state.followerReads;
  if (term !== state.term || from !== state.leaderId || requestId !== reads.requestId) return;
  for (const readId of reads.asked) state.outbox.reads.push({ readId, readIndex });
  reads.asked = [];
}

/** Gives all reads back: whom they were asked of leads no more. */
export function giveBackFollowerReads(state: RaftState): void {
  const reads = state.followerReads;
  for (const readId of [...reads.asked, ...reads.waiting]) {
    state.outbox.reads.push({ readId, readIndex: null });
  }
  reads.asked = [];
  reads.waiting = [];
}
