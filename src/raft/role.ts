// Becoming a follower: the one transition that every chapter of the protocol needs, and what ends with the old role.
// Raft §5.1: whoever learns of a higher term enters it as a follower.

import { invariant } from './assert.js';
import { resetElectionTimer } from './election-timer.js';
import { giveBackFollowerReads } from './follower-reads.js';
import { noteOwnReign } from './reign-gap.js';
import { emit } from './state.js';
import type { RaftState } from './state.js';
import type { NodeId, Term } from './types.js';

/**
 * Follows in `term`, which must not be below the current one; forgets the vote only if the term is new.
 * Pending reads are given back, so that their askers turn to the next leader; a leader withholds its vote as if it had
 * just heard itself.
 */
export function becomeFollower(
  state: RaftState,
  term: Term,
  leaderId: NodeId | null,
  why: string,
): void {
  invariant(term >= state.term, 'terms never fall (Raft §5.1)');
  const old = state.role;
  if (old.type === 'leader') {
    noteOwnReign(state);
    for (const { readId } of old.reads) {
      if (readId !== null) state.outbox.reads.push({ readId, readIndex: null });
    }
    if (old.transfer !== null && old.transfer.phase !== 'sent') {
      emit(state, { type: 'handOverAbandoned', to: old.transfer.to, why });
    }
    // After a hand-over this node must not stand in the way of the next leader's election.
    const isHandedOver = old.transfer?.phase === 'sent';
    const { electionTimeoutMinMs, leaseMs } = state.options.timers;
    if (!isHandedOver) {
      state.withholdUntilMs = state.nowMs + Math.max(electionTimeoutMinMs, leaseMs);
    }
    state.heard = {
      id: state.options.id,
      term: state.term,
      atMs: state.nowMs,
      round: 0,
    };
    resetElectionTimer(state);
    state.outbox.hasConfigurationChanged ||= old.departing.size > 0;
  }
  if (term > state.term || leaderId !== state.leaderId) giveBackFollowerReads(state);
  if (term > state.term) {
    state.term = term;
    state.votedFor = null;
  }
  state.role = { type: 'follower' };
  if (old.type !== 'follower') emit(state, { type: 'becameFollower', term, why });
  if (state.leaderId !== leaderId) {
    state.leaderId = leaderId;
    emit(state, { type: 'leaderChanged', term, leaderId });
  }
}
