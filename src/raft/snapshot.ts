// Snapshots, as far as the protocol is concerned: when a peer needs one, which chunk is next, and what installing one
// does to the log. Raft §7. The bytes are the driver's: the core names chunks and hears that they are stored.

import { invariant } from './assert.js';
import { entryBytes } from './log.js';
import { leaderWord, noteLeader, respondToLeader } from './leader-word.js';
import type { InstallSnapshot, InstallSnapshotResponse } from './message.js';
import type { Progress } from './progress.js';
import { isVoter } from './quorum.js';
import { becomeFollower } from './role.js';
import { configurationInForce, hardState, send, sendAfterPersist } from './state.js';
import type { Leader, RaftState } from './state.js';
import { INDEX_ZERO, indexPlus, maxIndex, minIndex } from './types.js';
import type { EntryId, LogIndex, NodeId, SnapshotMeta } from './types.js';

/** Turns to sending the snapshot when the log no longer has what a peer lacks. */
export function maybeBeginSnapshot(state: RaftState, progress: Progress): boolean {
  const snapshot = state.snapshot;
  invariant(
    snapshot !== null && snapshot.last.index >= state.log.compacted.index,
    'what was compacted is covered by a snapshot',
  );
  if (progress.state.type === 'snapshot') return false;
  progress.becomeSnapshot(snapshot.last);
  return true;
}

/** Asks the driver for the chunks that are due; a chunk that went unanswered for a while is sent again. */
export function sendChunks(state: RaftState, leader: Leader): void {
  for (const [to, progress] of leader.progress) {
    if (progress.state.type !== 'snapshot' || state.snapshot === null) continue;
    // A newer snapshot has replaced the one that was being sent: begin again with it.
    if (progress.state.last.index !== state.snapshot.last.index) {
      progress.becomeSnapshot(state.snapshot.last);
    }
    const { last, offset, sentAtMs } = progress.state;
    const patienceMs = 3 * state.options.timers.heartbeatMs;
    if (sentAtMs !== null && state.nowMs - sentAtMs < patienceMs) continue;
    progress.state = { type: 'snapshot', last, offset, sentAtMs: state.nowMs };
    state.outbox.chunksToSend.push({
      to,
      offset,
      word: leaderWord(state, leader),
    });
  }
}

/** The peer stored a chunk, or wants to continue elsewhere. */
export function onInstallSnapshotResponse(
  progress: Progress,
  response: InstallSnapshotResponse,
): void {
  if (progress.state.type !== 'snapshot') return;
  const { last, offset } = progress.state;
  if (response.last.index !== last.index || response.nextOffset === offset) return;
  progress.state = {
    type: 'snapshot',
    last,
    offset: response.nextOffset,
    sentAtMs: null,
  };
}

/** Hands a chunk to the driver, unless all that the snapshot covers is committed here already. */
export function onInstallSnapshot(state: RaftState, from: NodeId, message: InstallSnapshot): void {
  noteLeader(state, from, message);
  if (message.meta.last.index > state.commitIndex) {
    state.outbox.chunksArrived.push({ from, chunk: message });
    return;
  }
  const matchIndex = minIndex(state.commitIndex, state.persistence.durableIndex);
  respondToLeader(state, from, {
    round: message.round,
    outcome: { type: 'matched', matchIndex },
  });
}

/** The driver stored a chunk: tells the leader which one is wanted next, if it still leads. */
export function onChunkStored(
  state: RaftState,
  from: NodeId,
  last: EntryId,
  nextOffset: number,
): void {
  if (state.leaderId !== from || state.heard === null) return;
  const response: InstallSnapshotResponse = {
    type: 'installSnapshotResponse',
    term: state.term,
    round: state.heard.round,
    last,
    nextOffset,
  };
  // It answers a round in this term, so the term must be durable; of the log it claims nothing.
  if (state.persistence.isDurable(INDEX_ZERO, hardState(state))) send(state, from, response);
  else sendAfterPersist(state, from, response);
}

/**
 * Installs a snapshot whose bytes are whole, unless it has been overtaken. Entries after its last one are kept if the
 * log has that very entry (Raft §7 step 6): dropping them could lose what this node acknowledged.
 */
export function onSnapshotReceived(state: RaftState, from: NodeId, meta: SnapshotMeta): void {
  if (meta.last.index <= state.commitIndex || state.role.type === 'leader') return;
  const keepSuffix = state.log.has(meta.last);
  if (keepSuffix) state.log.compactTo(meta.last.index);
  else state.log.reset(meta.last);
  const kept = state.configurations.filter(({ index }) => keepSuffix && index > meta.last.index);
  state.configurations = [
    { index: meta.configurationIndex, configuration: meta.configuration },
    ...kept,
  ];
  state.persistence.installed(meta.last.index, keepSuffix);
  state.snapshot = meta;
  state.commitIndex = meta.last.index;
  state.lastApplied = meta.last.index;
  Object.assign(state.applied, {
    configuration: meta.configuration,
    configurationIndex: meta.configurationIndex,
    stampMs: meta.stampMs,
    settings: meta.settings,
    reign: meta.reign,
  });
  state.outbox.restore = meta;
  // The disk has not heard of an earlier one of this turn: what that one discarded is discarded still.
  const isSuffixStored = keepSuffix && (state.outbox.install?.keepSuffix ?? true);
  state.outbox.install = { meta, keepSuffix: isSuffixStored };
  // Compaction is carried out last, and would go back behind what was just installed.
  state.outbox.compactTo = null;
  state.outbox.hasConfigurationChanged = true;
  if (state.role.type !== 'follower' && !isVoter(configurationInForce(state), state.options.id)) {
    becomeFollower(state, state.term, null, 'the snapshot says that this node does not vote');
  }
  if (state.leaderId !== from || state.heard === null) return;
  state.outbox.messagesAfterPersist.push({
    to: from,
    message: {
      type: 'appendEntriesResponse',
      term: state.term,
      round: state.heard.round,
      outcome: { type: 'matched', matchIndex: meta.last.index },
    },
  });
}

/** The driver saved a snapshot of its own; entries that nobody near needs are dropped from the log. */
export function onSnapshotTaken(state: RaftState, meta: SnapshotMeta): EntryId | null {
  if (state.snapshot !== null && meta.last.index <= state.snapshot.last.index) return null;
  invariant(meta.last.index <= state.lastApplied, 'a snapshot covers only what was applied');
  state.snapshot = meta;
  const index = minIndex(forgettable(state, meta.last.index), state.persistence.durableIndex);
  return index > state.log.compacted.index ? state.log.compactTo(index) : null;
}

/** The newest entry at or below `last` that neither the number nor the bytes of those to be kept cover. */
function forgettable({ log, options }: RaftState, last: LogIndex): LogIndex {
  const { keptEntriesMax, keptBytesMax } = options.limits;
  const lowest = maxIndex(log.compacted.index, indexPlus(last, -keptEntriesMax));
  let index = last;
  let bytes = 0;
  while (index > lowest) {
    const entry = log.entryAt(index);
    invariant(entry !== null, 'what a snapshot covers and was not compacted is in the log');
    bytes += entryBytes(entry);
    if (bytes > keptBytesMax) break;
    index = indexPlus(index, -1);
  }
  return index;
}
