// Snapshots, as far as the protocol is concerned: when a peer needs one, which chunk is next, and what installing one
// does to the log. Raft §7. The bytes are the driver's: the core names chunks and hears that they are stored.

import { invariant } from './assert.js';
import { adoptLevel } from './feature-level.js';
import { entryBytes } from './log.js';
import { leaderWord, noteLeader, respondToLeader } from './leader-word.js';
import type { InstallSnapshot, InstallSnapshotResponse } from './message.js';
import type { Progress, SnapshotSending } from './progress.js';
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

/**
 * Asks the driver for the chunks that are due; a chunk that went unanswered for a while is sent again. A snapshot that is
 * on its way is finished even if a newer one has been taken meanwhile, or a busy cluster would begin again for ever.
 */
export function sendChunks(state: RaftState, leader: Leader): void {
  for (const [to, progress] of leader.progress) {
    if (progress.state.type === 'snapshot') {
      if (!isReceiving(state, progress)) restart(state, progress);
      const sent = sendChunk(state, leader, to, progress.state);
      progress.state = { type: 'snapshot', ...sent };
      continue;
    }
    maybeOffer(state, to, progress);
    if (progress.offer !== null) progress.offer = sendChunk(state, leader, to, progress.offer);
  }
}

function sendChunk(
  state: RaftState,
  leader: Leader,
  to: NodeId,
  { last, offset, sentAtMs }: SnapshotSending,
): SnapshotSending {
  const patienceMs = 3 * state.options.timers.heartbeatMs;
  if (sentAtMs !== null && state.nowMs - sentAtMs < patienceMs) return { last, offset, sentAtMs };
  state.outbox.chunksToSend.push({ to, last, offset, word: leaderWord(state, leader) });
  return { last, offset, sentAtMs: state.nowMs };
}

/** Sends a witness each snapshot beside the entries: without one of its own its log could not be compacted. */
function maybeOffer(state: RaftState, to: NodeId, progress: Progress): void {
  const { snapshot } = state;
  if (snapshot === null || progress.offer !== null) return;
  const { index } = snapshot.last;
  // What it has not acknowledged yet it could only take as a node that lags behind.
  if (index <= progress.offeredIndex || index > progress.matchIndex) return;
  const member = configurationInForce(state).members.find(({ id }) => id === to);
  if (member?.witness !== true) return;
  progress.offer = { last: snapshot.last, offset: 0, sentAtMs: null };
}

/** The peer stored a chunk, or wants to continue elsewhere, or has the whole. */
export function onInstallSnapshotResponse(
  state: RaftState,
  progress: Progress,
  response: InstallSnapshotResponse,
): void {
  const { last, nextOffset } = response;
  if (nextOffset === null) {
    progress.offeredIndex = maxIndex(progress.offeredIndex, last.index);
    if (progress.offer !== null && progress.offer.last.index <= last.index) progress.offer = null;
    return;
  }
  if (progress.state.type === 'snapshot') {
    const continued = continuedAt(state, progress.state, last, nextOffset);
    progress.state = { type: 'snapshot', ...continued };
  } else if (progress.offer !== null) {
    progress.offer = continuedAt(state, progress.offer, last, nextOffset);
  }
}

/** The newest snapshot takes the place of one whose bytes are gone; the peer then answers about that one. */
function continuedAt(
  state: RaftState,
  sending: SnapshotSending,
  last: EntryId,
  nextOffset: number,
): SnapshotSending {
  const isSame = last.index === sending.last.index;
  if (!isSame && last.index !== state.snapshot?.last.index) return sending;
  if (isSame && nextOffset === sending.offset) return sending;
  return { last, offset: nextOffset, sentAtMs: null };
}

/** Hands a chunk to the driver, unless this node has what the snapshot covers already. */
export function onInstallSnapshot(state: RaftState, from: NodeId, message: InstallSnapshot): void {
  noteLeader(state, from, message);
  if (isWanted(state, message.meta)) {
    state.outbox.chunksArrived.push({ from, chunk: message });
    return;
  }
  const matchIndex = minIndex(state.commitIndex, state.persistence.durableIndex);
  respondToLeader(state, from, {
    round: message.round,
    outcome: { type: 'matched', matchIndex },
  });
  if (state.options.isWitness) answerWhole(state, from, message.meta.last);
}

/** A witness takes none of its own, so it wants every newer one; others want what is beyond their log. */
function isWanted(state: RaftState, { last }: SnapshotMeta): boolean {
  const had = state.options.isWitness
    ? (state.snapshot?.last.index ?? INDEX_ZERO)
    : state.commitIndex;
  return last.index > had;
}

/** A witness says that it has this snapshot, or a newer one, once that is durable. */
function answerWhole(state: RaftState, to: NodeId, last: EntryId): void {
  if (state.heard === null) return;
  sendAfterPersist(state, to, {
    type: 'installSnapshotResponse',
    term: state.term,
    round: state.heard.round,
    last,
    nextOffset: null,
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
  if (!isWanted(state, meta) || state.role.type === 'leader') return;
  const keepSuffix = state.log.has(meta.last);
  if (keepSuffix) state.log.compactTo(meta.last.index);
  else state.log.reset(meta.last);
  state.persistence.installed(meta.last.index, keepSuffix);
  state.snapshot = meta;
  // The disk has not heard of an earlier one of this turn: what that one discarded is discarded still.
  const isSuffixStored = keepSuffix && (state.outbox.install?.keepSuffix ?? true);
  state.outbox.install = { meta, keepSuffix: isSuffixStored };
  // Compaction is carried out last, and would go back behind what was just installed.
  state.outbox.compactTo = null;
  // What a witness has applied of the log's own facts it need not learn again.
  if (meta.last.index > state.lastApplied) adoptSnapshot(state, meta, keepSuffix);
  if (state.leaderId !== from || state.heard === null) return;
  sendAfterPersist(state, from, {
    type: 'appendEntriesResponse',
    term: state.term,
    round: state.heard.round,
    outcome: { type: 'matched', matchIndex: meta.last.index },
  });
  if (state.options.isWitness) answerWhole(state, from, meta.last);
}

/** Goes on from the facts that the snapshot carries. */
function adoptSnapshot(state: RaftState, meta: SnapshotMeta, keepSuffix: boolean): void {
  const kept = state.configurations.filter(({ index }) => keepSuffix && index > meta.last.index);
  state.configurations = [
    { index: meta.configurationIndex, configuration: meta.configuration },
    ...kept,
  ];
  state.commitIndex = maxIndex(state.commitIndex, meta.last.index);
  state.lastApplied = meta.last.index;
  adoptLevel(state, meta.featureLevel);
  Object.assign(state.applied, {
    configuration: meta.configuration,
    configurationIndex: meta.configurationIndex,
    stampMs: meta.stampMs,
    settings: meta.settings,
    reign: meta.reign,
  });
  if (!state.options.isWitness) state.outbox.restore = meta;
  state.outbox.hasConfigurationChanged = true;
  if (state.role.type !== 'follower' && !isVoter(configurationInForce(state), state.options.id)) {
    becomeFollower(state, state.term, null, 'the snapshot says that this node does not vote');
  }
}

/** The driver saved a snapshot of its own; entries that nobody near needs are dropped from the log. */
export function onSnapshotTaken(state: RaftState, meta: SnapshotMeta): EntryId | null {
  if (state.snapshot !== null && meta.last.index <= state.snapshot.last.index) return null;
  invariant(meta.last.index <= state.lastApplied, 'a snapshot covers only what was applied');
  state.snapshot = meta;
  const index = minIndex(forgettable(state, meta.last.index), state.persistence.durableIndex);
  return index > state.log.compacted.index ? state.log.compactTo(index) : null;
}

/**
 * The newest entry at or below `last` that neither the number nor the bytes of those to be kept cover. What follows a
 * snapshot on its way is kept beyond that number, or its receiver could not go on from it.
 */
function forgettable(state: RaftState, last: LogIndex): LogIndex {
  const { log, options } = state;
  const { keptEntriesMax, keptBytesMax } = options.limits;
  const usual = minIndex(
    indexPlus(last, -Math.min(last, keptEntriesMax)),
    lowestSending(state, last),
  );
  const lowest = maxIndex(log.compacted.index, usual);
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

function lowestSending(state: RaftState, last: LogIndex): LogIndex {
  const { role } = state;
  let lowest = last;
  if (role.type !== 'leader') return lowest;
  for (const progress of role.progress.values()) {
    if (progress.state.type !== 'snapshot' || !isReceiving(state, progress)) continue;
    lowest = minIndex(lowest, progress.state.last.index);
  }
  return lowest;
}

/** Whether the peer still answers; for one that is silent nothing is kept. */
function isReceiving(state: RaftState, progress: Progress): boolean {
  return progress.isInContact(state.nowMs, state.options.timers.electionTimeoutMaxMs);
}

/** Begins with the newest snapshot, if the peer was silent for a while and there is a newer one. */
function restart({ snapshot }: RaftState, progress: Progress): void {
  if (snapshot === null || progress.state.type !== 'snapshot') return;
  if (progress.state.last.index < snapshot.last.index) progress.becomeSnapshot(snapshot.last);
}
