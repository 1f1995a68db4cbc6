// A disk that was set back: a follower whose log lacks what it acknowledged as durable to this very leader, in this term.
// A leader that remembers ceases to count it and tells it, and it never votes again; it must be replaced. Why a late, doubled
// or reordered answer never looks so stands at `noteSetBack`; what is not found stands in README.md.

import { invariant } from './assert.js';
import type { AppendEntriesResponse, DiskSetBack } from './message.js';
import { configurationInForce, emit, send } from './state.js';
import type { Leader, RaftState } from './state.js';
import { INDEX_ZERO } from './types.js';
import type { EntryId, NodeId } from './types.js';

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
  state.setBack.set(from, acknowledged);
  leader.progress.delete(from);
  const member = configurationInForce(state).members.find(({ id }) => id === from);
  emit(state, { type: 'foundSetBack', id: from, name: member?.name ?? '', acknowledged });
  send(state, from, { type: 'diskSetBack', term: state.term, acknowledged });
  return true;
}

/** Tells those whose disk was set back; repeated with each heartbeat, since it may be lost. */
export function sendDiskSetBack(state: RaftState): void {
  for (const [to, acknowledged] of state.setBack) {
    send(state, to, { type: 'diskSetBack', term: state.term, acknowledged });
  }
}

/** Believes the leader that it follows, unless its own log has what it is said to have lost. */
export function onDiskSetBack(state: RaftState, { acknowledged }: DiskSetBack): void {
  const { log } = state;
  if (acknowledged.index <= log.compacted.index || log.has(acknowledged)) return;
  invariant(state.role.type === 'follower', 'who hears the leader of its term follows it');
  state.outbox.lostTail = { acknowledged: acknowledged.index, last: log.lastIndex };
}

/** Forgets those that are no members any more: their node ids are never used again. */
export function forgetReplaced(state: RaftState): void {
  const { members } = configurationInForce(state);
  for (const id of state.setBack.keys()) {
    if (!members.some((member) => member.id === id)) state.setBack.delete(id);
  }
}
