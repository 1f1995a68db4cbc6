// What a core became and what it wants done, as 32 bits: recorded each time that somebody takes what is to be done, so that a
// replay by other software, or of other inputs, is found out at the very step. Every number that the protocol turns on is in
// it; texts for people are not. A collision hides one difference of one step, once in four thousand million.

import type { Message } from '../raft/message.js';
import type { PersistBatch, Ready } from '../raft/ready.js';
import { configurationIndex } from '../raft/state.js';
import type { RaftState } from '../raft/state.js';
import type { EntryId } from '../raft/types.js';

const ROLES = { follower: 1, preCandidate: 2, candidate: 3, leader: 4 } as const;
const TYPES: Readonly<Record<Message['type'], number>> = {
  requestVote: 1,
  requestVoteResponse: 2,
  appendEntries: 3,
  appendEntriesResponse: 4,
  installSnapshot: 5,
  installSnapshotResponse: 6,
  timeoutNow: 7,
  readIndexRequest: 8,
  readIndexResponse: 9,
  diskSetBack: 10,
};

/** Mixes numbers one after the other; the finalisation is murmur3's (public domain). */
class Mixer {
  #mixed = 0;

  begin(): this {
    this.#mixed = 0x9747b28c;
    return this;
  }

  /** Null counts as a number of its own. */
  add(value: number | null): this {
    const number = value ?? -1;
    let mixed = Math.imul(this.#mixed ^ (number | 0), 0x9e3779b1);
    mixed ^= mixed >>> 15;
    if (number > 0x7fff_ffff) mixed = Math.imul(mixed ^ Math.floor(number / 2 ** 32), 0x85ebca6b);
    this.#mixed = mixed;
    return this;
  }

  flag(value: boolean): this {
    return this.add(value ? 1 : 0);
  }

  id(id: EntryId | null): this {
    return id === null ? this.add(null) : this.add(id.index).add(id.term);
  }

  end(): number {
    let mixed = Math.imul(this.#mixed ^ (this.#mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}

const mixer = new Mixer();

/** Digest of a state and of what was just taken from it. */
export function outcomeDigest(state: RaftState, ready: Ready | null): number {
  const mix = mixer.begin();
  addState(mix, state);
  if (ready !== null) addReady(mix, ready);
  return mix.end();
}

function addState(mix: Mixer, state: RaftState): void {
  const { log, persistence, applied, role } = state;
  mix.add(ROLES[role.type]).add(state.term).add(state.votedFor).add(state.leaderId);
  mix.add(state.commitIndex).add(state.lastApplied).id(log.last).id(log.compacted);
  mix.add(persistence.durableIndex).add(applied.reign.epoch).flag(applied.reign.isOver);
  mix.add(applied.stampMs).add(applied.featureLevel).add(configurationIndex(state));
  mix.add(state.electionDeadlineMs).add(state.withholdUntilMs);
  if (role.type === 'candidate' || role.type === 'preCandidate') mix.add(role.votes.size);
  if (role.type !== 'leader') return;
  mix.add(role.round).add(role.reads.length).add(role.uncommittedBytes).add(role.activationIndex);
  mix
    .add(role.boundUntilMs)
    .flag(role.isEpochOver)
    .flag(role.transfer !== null);
  for (const [id, progress] of role.progress) {
    mix.add(id).add(progress.matchIndex).add(progress.nextIndex).add(progress.ackedRound);
    mix.add(progress.lastContactMs);
  }
}

function addReady(mix: Mixer, ready: Ready): void {
  if (ready.persist !== null) addBatch(mix, ready.persist);
  mix.add(ready.messages.length).add(ready.messagesAfterPersist.length);
  for (const { to, message } of ready.messages) addMessage(mix.add(to), message);
  for (const { to, message } of ready.messagesAfterPersist) addMessage(mix.add(to), message);
  for (const { to, last, offset } of ready.chunksToSend) mix.add(to).id(last).add(offset);
  for (const { from, chunk } of ready.chunksArrived) mix.add(from).add(chunk.offset);
  mix.id(ready.restore?.last ?? null).add(ready.committed.length);
  for (const { readId, readIndex } of ready.reads) mix.add(readId).add(readIndex);
  mix
    .add(ready.stopEpoch)
    .add(ready.promote?.term ?? null)
    .flag(ready.configuration !== null);
  mix.add(ready.lostTail?.acknowledged ?? null).add(ready.events.length);
}

function addBatch(mix: Mixer, batch: PersistBatch): void {
  mix.add(batch.persistId).add(batch.entries.length).add(batch.truncateFrom);
  mix.id(batch.install?.meta.last ?? null).id(batch.compactTo);
  if (batch.hardState !== null) mix.add(batch.hardState.term).add(batch.hardState.votedFor);
}

function addMessage(mix: Mixer, message: Message): void {
  mix.add(TYPES[message.type]).add(message.term);
  switch (message.type) {
    case 'appendEntries':
      mix.id(message.prev).add(message.entries.length).add(message.commitIndex);
      mix.add(message.round).add(message.clusterTimeMs);
      return;
    case 'appendEntriesResponse': {
      const { round, outcome } = message;
      mix.add(round).add(outcome.type === 'matched' ? outcome.matchIndex : null);
      if (outcome.type === 'conflict') mix.add(outcome.rejectedIndex).id(outcome.hint);
      return;
    }
    case 'requestVote':
      mix.flag(message.preVote).flag(message.transfer).id(message.last);
      return;
    case 'requestVoteResponse':
      mix.flag(message.preVote).flag(message.granted);
      return;
    case 'readIndexRequest':
      mix.add(message.requestId);
      return;
    case 'readIndexResponse':
      mix.add(message.requestId).add(message.readIndex);
      return;
    case 'installSnapshotResponse':
      mix.add(message.nextOffset).id(message.last);
      return;
    case 'diskSetBack':
      mix.id(message.acknowledged);
      return;
    default:
      return;
  }
}
