// Replication: a leader brings every log to its own, a follower accepts what fits, and entries become committed.
// Raft §5.3 (consistency check, conflict hints), §5.4.2 (only entries of the own term are committed by counting),
// Thesis §10.2.1 (the leader's disk works while it sends) and §10.2.2 (pipelining).

import { adoptConfiguration } from './append.js';
import { invariant } from './assert.js';
import { entryBytes } from './log.js';
import { leaderWord, noteLeader, respondToLeader } from './leader-word.js';
import type { AppendEntries, AppendEntriesResponse, AppendOutcome } from './message.js';
import type { Progress } from './progress.js';
import { quorumValue } from './quorum.js';
import { configurationInForce, emit, send } from './state.js';
import type { Leader, RaftState } from './state.js';
import { maybeBeginSnapshot } from './snapshot.js';
import { ENTRY_ID_ZERO, indexPlus, maxIndex, minIndex } from './types.js';
import type { Entry, EntryId, LogIndex, NodeId } from './types.js';

/** Sends what peers lack, within their limits; called once after all inputs of a turn. */
export function sendEntries(state: RaftState, leader: Leader): void {
  for (const [id, progress] of leader.progress) {
    while (progress.canSend(state.options.limits) && progress.nextIndex <= state.log.lastIndex) {
      if (!maybeSendEntries(state, leader, id, progress)) break;
    }
  }
}

function maybeSendEntries(
  state: RaftState,
  leader: Leader,
  id: NodeId,
  progress: Progress,
): boolean {
  const prev = entryBefore(state, progress.nextIndex);
  if (prev === null) {
    maybeBeginSnapshot(state, progress);
    return false;
  }
  const { messageEntriesMax, messageBytesMax } = state.options.limits;
  const end = indexPlus(state.log.lastIndex, 1);
  const entries = state.log.slice(progress.nextIndex, end, messageEntriesMax, messageBytesMax);
  const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  sendAppend(state, leader, id, prev, entries);
  progress.sent(indexPlus(prev.index, entries.length), bytes);
  return true;
}

/**
 * Sends an AppendEntries without entries to everybody. Its `prev` is the last entry sent, so that a lost message shows
 * as a conflict; a peer that waits for a snapshot is only told that the leader lives. A peer whose messages may be lost
 * and whose next entry is compacted needs the snapshot too: about entry 0 all logs agree, so nothing would ever show.
 */
export function sendHeartbeats(state: RaftState, leader: Leader): void {
  for (const [id, progress] of leader.progress) {
    const before = entryBefore(state, progress.nextIndex);
    if (before === null) maybeBeginSnapshot(state, progress);
    const prev = progress.state.type === 'snapshot' ? null : before;
    sendAppend(state, leader, id, prev ?? ENTRY_ID_ZERO, []);
  }
}

function sendAppend(
  state: RaftState,
  leader: Leader,
  to: NodeId,
  prev: EntryId,
  entries: readonly Entry[],
): void {
  send(state, to, {
    type: 'appendEntries',
    ...leaderWord(state, leader),
    prev,
    entries,
    commitIndex: state.commitIndex,
  });
}

function entryBefore(state: RaftState, index: LogIndex): EntryId | null {
  const before = indexPlus(index, -1);
  const term = state.log.termAt(before);
  return term === null ? null : { term, index: before };
}

/** Accepts what fits the own log and answers once it is durable. The sender leads this term. */
export function onAppendEntries(state: RaftState, from: NodeId, message: AppendEntries): void {
  noteLeader(state, from, message);
  const outcome = acceptEntries(state, message);
  if (outcome.type !== 'matched') {
    respondToLeader(state, from, { round: message.round, outcome });
    return;
  }
  // Only what this message proved equal may be taken as committed (Raft Fig. 2, AppendEntries step 5).
  advanceCommitIndex(state, minIndex(message.commitIndex, outcome.matchIndex));
  const matchIndex =
    message.entries.length === 0 ? durableMatch(state, outcome.matchIndex) : outcome.matchIndex;
  respondToLeader(state, from, { round: message.round, outcome: { type: 'matched', matchIndex } });
}

/**
 * What a heartbeat's answer claims: only what is durable already, so that it need not wait for the disk and a slow one
 * delays neither lease nor reads. What is still being written is claimed by the answer to the message that brought it,
 * or, should that be lost, to the next heartbeat. Below the compacted entry nothing can be claimed.
 */
function durableMatch(state: RaftState, matchIndex: LogIndex): LogIndex {
  const { durableIndex } = state.persistence;
  return durableIndex < state.log.compacted.index ? matchIndex : minIndex(matchIndex, durableIndex);
}

function acceptEntries(state: RaftState, message: AppendEntries): AppendOutcome {
  const { log } = state;
  // What lies below the compacted entry is committed, so it agrees with every leader's log.
  const isBelow = message.prev.index < log.compacted.index;
  const prev = isBelow ? log.compacted : message.prev;
  const entries = isBelow
    ? message.entries.filter((entry) => entry.index > log.compacted.index)
    : message.entries;
  if (!log.has(prev)) {
    return {
      type: 'conflict',
      rejectedIndex: prev.index,
      hint: log.lastAgreeable(prev),
    };
  }
  invariant(
    entries.length === 0 || entries[0]?.index === prev.index + 1,
    'entries follow the one before them',
  );
  const fresh = entries.findIndex((entry) => !log.has(entry));
  if (fresh >= 0) overwrite(state, entries.slice(fresh));
  return { type: 'matched', matchIndex: indexPlus(prev.index, entries.length) };
}

/** Replaces the own log from the first entry that is missing or differs. An older message never truncates: Raft §5.3. */
function overwrite(state: RaftState, entries: readonly Entry[]): void {
  const first = entries[0];
  if (first === undefined) return;
  if (first.index <= state.log.lastIndex) truncate(state, first.index);
  state.log.append(entries);
  for (const entry of entries) {
    if (entry.kind === 'configuration') {
      adoptConfiguration(state, entry.index, entry.configuration);
    }
  }
}

function truncate(state: RaftState, from: LogIndex): void {
  invariant(from > state.commitIndex, 'committed entries are never truncated (Raft §5.4)');
  state.log.truncateFrom(from);
  state.persistence.truncated(from);
  const before = state.configurations.length;
  state.configurations = state.configurations.filter(({ index }) => index < from);
  state.outbox.hasConfigurationChanged ||= state.configurations.length < before;
  emit(state, { type: 'truncated', from });
}

/** Takes a follower's answer into account. */
export function onAppendEntriesResponse(
  state: RaftState,
  leader: Leader,
  from: NodeId,
  response: AppendEntriesResponse,
): void {
  const progress = leader.progress.get(from);
  if (progress === undefined) return;
  const { outcome } = response;
  switch (outcome.type) {
    case 'matched':
      invariant(
        outcome.matchIndex <= state.log.lastIndex,
        'a follower matches only what this leader has',
      );
      progress.matched(outcome.matchIndex, leader.round);
      // What the log still has need not come from a snapshot, however new the one being sent is.
      if (progress.state.type === 'snapshot' && progress.matchIndex >= state.log.compacted.index) {
        progress.becomeProbe(indexPlus(progress.matchIndex, 1));
      }
      break;
    case 'conflict':
      onConflict(state, progress, outcome.rejectedIndex, outcome.hint);
      break;
    case 'stale':
      break;
  }
}

function onConflict(
  state: RaftState,
  progress: Progress,
  rejectedIndex: LogIndex,
  hint: EntryId,
): void {
  if (progress.state.type === 'snapshot' || rejectedIndex <= progress.matchIndex) return;
  if (progress.state.type === 'replicate') {
    progress.becomeProbe(indexPlus(progress.matchIndex, 1));
    return;
  }
  // An answer to an older probe says nothing about the newest one.
  if (rejectedIndex !== progress.nextIndex - 1) return;
  const agreeable = state.log.lastAgreeable(hint);
  progress.becomeProbe(indexPlus(minIndex(agreeable.index, indexPlus(rejectedIndex, -1)), 1));
}

/**
 * Commits what a quorum has durably, if it is of the leader's own term: counting replicas of an older term's entry
 * proves nothing (Raft §5.4.2, Fig. 8). This node counts only what its own disk has.
 */
export function maybeCommit(state: RaftState, leader: Leader): boolean {
  const reached = quorumValue(configurationInForce(state), (id) =>
    id === state.options.id
      ? state.persistence.durableIndex
      : (leader.progress.get(id)?.matchIndex ?? 0),
  );
  if (reached === null || reached <= state.commitIndex) return false;
  const index = reached as LogIndex;
  if (state.log.termAt(index) !== state.term) return false;
  for (let done = indexPlus(state.commitIndex, 1); done <= index; done = indexPlus(done, 1)) {
    const entry = state.log.entryAt(done);
    if (entry !== null && entry.term === state.term) leader.uncommittedBytes -= entryBytes(entry);
  }
  advanceCommitIndex(state, index);
  return true;
}

function advanceCommitIndex(state: RaftState, index: LogIndex): void {
  state.commitIndex = maxIndex(state.commitIndex, index);
}
