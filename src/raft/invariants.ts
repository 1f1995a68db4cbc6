// What must hold of the core at every moment (one state) and from one moment to the next (one transition), as code.
// All O(1) in the length of the log, so they stay on in production. Properties of several nodes at once are the
// simulator's. Source: Raft Fig. 2 and Fig. 3.

import { invariant } from './assert.js';
import { isElectable } from './election.js';
import type { RaftState } from './state.js';
import type { LogIndex, NodeId, Term } from './types.js';

/** What of a state is compared with the next one. */
export interface Outline {
  readonly nowMs: number;
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly leaderId: NodeId | null;
  readonly isLeader: boolean;
  readonly commitIndex: LogIndex;
  readonly lastApplied: LogIndex;
  readonly lastIndex: LogIndex;
  readonly epoch: LogIndex;
  readonly stampMs: number;
  readonly featureLevel: number;
}

export function outlineOf(state: RaftState): Outline {
  return {
    nowMs: state.nowMs,
    term: state.term,
    votedFor: state.votedFor,
    leaderId: state.leaderId,
    isLeader: state.role.type === 'leader',
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    lastIndex: state.log.lastIndex,
    epoch: state.applied.reign.epoch,
    stampMs: state.applied.stampMs,
    featureLevel: state.applied.featureLevel,
  };
}

/** Checks one state; throws `InvariantViolation`. */
export function checkState(state: RaftState): void {
  const { log, commitIndex, lastApplied, snapshot, persistence } = state;
  invariant(log.compacted.index <= lastApplied, 'only applied entries are compacted');
  invariant(lastApplied <= commitIndex, 'only committed entries are applied');
  invariant(commitIndex <= log.lastIndex, 'what is committed here is in the log');
  invariant(log.last.term <= state.term, 'no entry is of a term not yet entered');
  if (log.compacted.index > 0) {
    invariant(snapshot !== null, 'a compacted log has a snapshot');
    invariant(snapshot.last.index >= log.compacted.index, 'the snapshot covers what was compacted');
  }
  invariant(persistence.durableIndex <= log.lastIndex, 'what is durable is in the log');
  invariant(state.configurations.length > 0, 'some configuration is always in force');
  if (state.role.type === 'candidate' || state.role.type === 'preCandidate') {
    invariant(
      isElectable(state),
      'only voters of this configuration or of the one before campaign (Thesis §4.2.2)',
    );
  }
  if (state.role.type === 'candidate' || state.role.type === 'leader') {
    invariant(state.votedFor === state.options.id, 'a candidate votes for itself (Raft §5.2)');
  }
  if (state.role.type === 'leader') {
    invariant(state.leaderId === state.options.id, 'a leader follows itself');
    for (const progress of state.role.progress.values()) {
      progress.checkInvariant();
      invariant(progress.matchedInRound <= state.role.round, 'a match is heard in a begun round');
    }
    for (const id of state.role.setBack.keys()) {
      invariant(!state.role.progress.has(id), 'whose disk was set back counts for nothing');
    }
  }
}

/** Checks what a step may not undo; throws `InvariantViolation`. */
export function checkTransition(before: Outline, state: RaftState): void {
  invariant(state.term >= before.term, 'terms never fall (Raft §5.1)');
  invariant(state.commitIndex >= before.commitIndex, 'commitIndex never falls');
  invariant(state.lastApplied >= before.lastApplied, 'lastApplied never falls');
  invariant(state.applied.reign.epoch >= before.epoch, 'the epoch only grows');
  invariant(state.applied.stampMs >= before.stampMs, 'cluster time only grows');
  invariant(state.applied.featureLevel >= before.featureLevel, 'the feature level only grows');
  if (state.term !== before.term) return;
  if (before.votedFor !== null) {
    invariant(state.votedFor === before.votedFor, 'a vote is given once a term (Raft §5.2)');
  }
  if (before.leaderId !== null && state.leaderId !== null) {
    invariant(state.leaderId === before.leaderId, 'a term has at most one leader (Raft §5.2)');
  }
  if (before.isLeader && state.role.type === 'leader') {
    invariant(state.log.lastIndex >= before.lastIndex, 'a leader only appends (Raft Fig. 3)');
  }
}
