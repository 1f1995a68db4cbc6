// The core in words: one line for a state, a few for a Ready, for transcripts, traces and people who look for a fault.
// An entry is written `index@term`. It only shows; nothing reads its output back.

import { unreachable } from './assert.js';
import type { AppendOutcome, Message } from './message.js';
import { isVoter } from './quorum.js';
import type { PersistBatch, RaftEvent, Ready } from './ready.js';
import type { RaftState, RoleState } from './state.js';
import { configurationInForce } from './state.js';
import type { Configuration, Entry, EntryId, NodeId } from './types.js';

/** Says in one line what a node is and what it has. */
export function describeState(state: RaftState): string {
  const { log, persistence } = state;
  const words = [
    describeRole(state.role),
    `term ${state.term}`,
    `vote ${state.votedFor ?? 'none'}`,
    `leader ${state.leaderId ?? 'unknown'}`,
    `log (${describeId(log.compacted)}..${describeId(log.last)}]`,
    `durable ${persistence.durableIndex}`,
    `commit ${state.commitIndex}`,
    `applied ${state.lastApplied}`,
    `in force ${describeConfiguration(configurationInForce(state))}`,
  ];
  if (state.snapshot !== null) words.push(`snapshot ${describeId(state.snapshot.last)}`);
  const setBack = state.role.type === 'leader' ? [...state.role.setBack.keys()] : [];
  if (setBack.length > 0) words.push(`set back [${setBack.join(' ')}]`);
  const { reign } = state.applied;
  if (reign.epoch > 0) {
    const end = reign.isProven ? ' proven over' : reign.isOver ? ' over' : '';
    words.push(`epoch ${reign.epoch} of ${reign.nodeId ?? 'nobody'}${end}`);
  }
  return words.join(', ');
}

/** Says line by line what is to be done, in the order of `Ready`; nothing for its empty parts. */
export function describeReady(ready: Ready): string[] {
  const lines = ready.events.map(describeEvent);
  if (ready.configuration !== null)
    lines.push(`in force ${describeConfiguration(ready.configuration)}`);
  if (ready.persist !== null) lines.push(...describePersist(ready.persist));
  for (const { to, message } of ready.messages)
    lines.push(`send ${to} ${describeMessage(message)}`);
  for (const { to, message } of ready.messagesAfterPersist) {
    lines.push(`after persist send ${to} ${describeMessage(message)}`);
  }
  for (const { to, offset } of ready.chunksToSend) lines.push(`send ${to} chunk at ${offset}`);
  for (const { from, chunk } of ready.chunksArrived)
    lines.push(`store ${describeMessage(chunk)} from ${from}`);
  if (ready.restore !== null) lines.push(`restore ${describeId(ready.restore.last)}`);
  if (ready.committed.length > 0) lines.push(`apply ${describeEntries(ready.committed)}`);
  for (const { readId, readIndex } of ready.reads) {
    lines.push(readIndex === null ? `read ${readId} given back` : `read ${readId} at ${readIndex}`);
  }
  if (ready.stopEpoch !== null) lines.push(`stop epoch ${ready.stopEpoch}`);
  if (ready.promote !== null) lines.push(`ask before promotion in term ${ready.promote.term}`);
  if (ready.lostTail !== null) {
    const { acknowledged, last } = ready.lostTail;
    lines.push(`set back from ${acknowledged} to ${last}`);
  }
  return lines;
}

/** Says in one line what a message claims or asks. */
export function describeMessage(message: Message): string {
  const head = `${message.type} term ${message.term}`;
  switch (message.type) {
    case 'requestVote': {
      const how = `${message.preVote ? ' pre' : ''}${message.transfer ? ' transfer' : ''}`;
      return `${head}${how} last ${describeId(message.last)}`;
    }
    case 'requestVoteResponse':
      return `${head}${message.preVote ? ' pre' : ''} ${message.granted ? 'granted' : 'rejected'}`;
    case 'appendEntries': {
      const entries = message.entries.length === 0 ? 'heartbeat' : describeEntries(message.entries);
      return `${head} round ${message.round} after ${describeId(message.prev)} ${entries} commit ${message.commitIndex}`;
    }
    case 'appendEntriesResponse':
      return `${head} round ${message.round} ${describeOutcome(message.outcome)}${message.unfit === undefined ? '' : ` unfit: ${message.unfit}`}`;
    case 'installSnapshot': {
      const { meta, offset, data, totalBytes } = message;
      const place = `bytes ${offset}..${offset + data.length} of ${totalBytes}`;
      return `${head} round ${message.round} ${describeId(meta.last)} ${place}`;
    }
    case 'installSnapshotResponse':
      return `${head} round ${message.round} ${describeId(message.last)} next offset ${message.nextOffset}`;
    case 'timeoutNow':
      return `${head} because ${message.cause}`;
    case 'diskSetBack':
      return `${head} acknowledged ${describeId(message.acknowledged)}`;
    case 'readIndexRequest':
      return `${head} request ${message.requestId}`;
    case 'readIndexResponse':
      return `${head} request ${message.requestId} at ${message.readIndex}`;
    default:
      return unreachable(message);
  }
}

function describeId(id: EntryId): string {
  return `${id.index}@${id.term}`;
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.map(describeEntry).join(' ');
}

function describeEntry(entry: Entry): string {
  const name = describeId(entry);
  switch (entry.kind) {
    case 'noop':
    case 'settings':
      return `${name}:${entry.kind}`;
    case 'command':
      return `${name}:command[${entry.data.length}]`;
    case 'configuration':
      return `${name}:${describeConfiguration(entry.configuration)}`;
    case 'activation':
      return `${name}:activate(${entry.nodeId})`;
    case 'proof':
      return `${name}:proof(${entry.epoch})`;
    case 'featureLevel':
      return `${name}:featureLevel(${entry.level})`;
    default:
      return unreachable(entry);
  }
}

/** Voters in braces, both halves if joint, then learners and those about to leave. */
function describeConfiguration(configuration: Configuration): string {
  const { voters, outgoing, leaving, members } = configuration;
  const learners = members.map(({ id }) => id).filter((id) => !isVoter(configuration, id));
  const old = outgoing === null ? '' : `from${describeIds(outgoing)}`;
  const extra = learners.length === 0 ? '' : `learners${describeIds(learners)}`;
  const gone = leaving.length === 0 ? '' : `leaving${describeIds(leaving)}`;
  return `${describeIds(voters)}${old}${extra}${gone}`;
}

function describeIds(ids: readonly NodeId[]): string {
  return `{${ids.join(' ')}}`;
}

function describeOutcome(outcome: AppendOutcome): string {
  switch (outcome.type) {
    case 'matched':
      return `matched ${outcome.matchIndex}`;
    case 'conflict':
      return `conflict at ${outcome.rejectedIndex} hint ${describeId(outcome.hint)}`;
    case 'stale':
      return 'stale';
    default:
      return unreachable(outcome);
  }
}

function describeRole(role: RoleState): string {
  if (role.type !== 'leader') return role.type;
  const peers = [...role.progress].map(([id, { state, matchIndex, nextIndex }]) => {
    const how = state.type === 'probe' && state.isPaused ? 'paused' : state.type;
    return `${id} ${how} match ${matchIndex} next ${nextIndex}`;
  });
  const transfer =
    role.transfer === null ? '' : ` handing over to ${role.transfer.to} (${role.transfer.phase})`;
  return `leader round ${role.round} [${peers.join('; ')}]${transfer}`;
}

function describePersist(batch: PersistBatch): string[] {
  const { persistId, hardState, truncateFrom, entries, install, compactTo } = batch;
  const words: string[] = [];
  if (install !== null) {
    words.push(
      `install ${describeId(install.meta.last)}${install.keepSuffix ? ' keeping the suffix' : ''}`,
    );
  }
  if (truncateFrom !== null) words.push(`truncate from ${truncateFrom}`);
  if (entries.length > 0) words.push(describeEntries(entries));
  if (hardState !== null) words.push(`term ${hardState.term} vote ${hardState.votedFor ?? 'none'}`);
  if (compactTo !== null) words.push(`compact to ${describeId(compactTo)}`);
  return [`persist #${persistId} ${words.join(', ')}`];
}

function describeEvent(event: RaftEvent): string {
  switch (event.type) {
    case 'becameFollower':
    case 'becamePreCandidate':
    case 'becameCandidate':
      return `${event.type} term ${event.term}: ${event.why}`;
    case 'becameLeader':
      return `becameLeader term ${event.term}`;
    case 'leaderChanged':
      return `leader of term ${event.term} is ${event.leaderId ?? 'unknown'}`;
    case 'configurationChanged':
      return `configuration ${event.index} applied: ${event.cause}`;
    case 'activated':
      return `activated epoch ${event.epoch}`;
    case 'promotionRefused':
    case 'nobodyFit':
      return `${event.type}: ${event.why}`;
    case 'handOverStarted':
      return `hand-over to ${event.to} started`;
    case 'handOverAbandoned':
      return `hand-over to ${event.to} abandoned: ${event.why}`;
    case 'newcomerGivenUp':
      return `newcomer ${event.id} given up`;
    case 'deadRemoved':
      return `dead ${event.names.join(', ')} removed after ${event.afterMs} ms`;
    case 'lateTimer':
      return `timer ${event.lateMs} ms late`;
    case 'featureLevelRaised':
      return `feature level ${event.level}`;
    case 'truncated':
      return `truncated from ${event.from}`;
    case 'foundSetBack':
      return `found the disk of ${event.id} set back behind ${describeId(event.acknowledged)}`;
    default:
      return unreachable(event);
  }
}
