// A disk that was set back: a follower whose log lacks what it acknowledged as durable to this very leader, in this term.
// The leader ceases to count it and tells it, and it never votes again; it must be replaced. Why a late, doubled or reordered
// answer never looks so stands at `noteSetBack`; why a leader forgets with its term, and what is not found, in README.md.

import { invariant } from './assert.js';
import type { AppendEntriesResponse, DiskSetBack } from './message.js';
import { configurationInForce, emit, send } from './state.js';
import type { Leader, RaftState } from './state.js';
import { INDEX_ZERO } from './types.js';
import type { Configuration, EntryId, NodeId } from './types.js';

/**
 * Ceases to count a follower whose answer proves that it lost what it acknowledged in this term; answers whether it did.
 * What is sent after matchIndex grew follows an entry at or above it, so a conflict exactly there, in a round begun
 * since, is of a log that no longer holds that entry.
 */
export function noteSetBack(
  state: RaftState,
  leader: Leader,
  from: NodeId,
  { round, outcome }: AppendEntriesResponse,
): boolean {
  const progress = leader.progress.get(from);
  if (progress === undefined || outcome.type !== 'conflict') return false;
  const { matchIndex, matchedInRound } = progress;
  if (outcome.rejectedIndex !== matchIndex || round <= matchedInRound) return false;
  const term = state.log.termAt(matchIndex);
  // Compacted meanwhile: it is sent a snapshot, which gives it back what it lost.
  if (term === null || matchIndex === INDEX_ZERO) return false;
  const acknowledged: EntryId = { term, index: matchIndex };
  leader.setBack.set(from, acknowledged);
  leader.progress.delete(from);
  const member = configurationInForce(state).members.find(({ id }) => id === from);
  emit(state, { type: 'foundSetBack', id: from, name: member?.name ?? '', acknowledged });
  send(state, from, { type: 'diskSetBack', term: state.term, acknowledged });
  return true;
}

/** Tells those whose disk was set back; repeated with each heartbeat, since it may be lost. */
export function sendDiskSetBack(state: RaftState, leader: Leader): void {
  for (const [to, acknowledged] of leader.setBack) {
    send(state, to, { type: 'diskSetBack', term: state.term, acknowledged });
  }
}

/**
 * Believes the leader that it follows, which found it in this very term. Also where its log has the entry again, from what was
 * still on its way: the leader gives it nothing more, so it would be a member that falls behind for ever and does not know it.
 */
export function onDiskSetBack(state: RaftState, { acknowledged }: DiskSetBack): void {
  invariant(state.role.type === 'follower', 'who hears the leader of its term follows it');
  state.outbox.lostTail = { acknowledged: acknowledged.index, last: state.log.lastIndex };
}

/** Forgets those that are no members any more: their node ids are never used again. */
export function forgetReplaced({ setBack }: Leader, { members }: Configuration): void {
  for (const id of setBack.keys()) {
    if (!members.some((member) => member.id === id)) setBack.delete(id);
  }
}
