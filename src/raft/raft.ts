// The core: inputs in, `Ready` out. It holds the term rule and the dispatch; each chapter of the protocol has its own
// file. It never waits, never asks the time, and rolls only the dice it was given. Source: Raft Fig. 2.

import { snapshotMeta, takeCommitted } from './apply.js';
import { appendEntry } from './append.js';
import { invariant, unreachable } from './assert.js';
import { clusterTimeMs } from './cluster-time.js';
import {
  isDiskOverdue,
  needsTick,
  onElectionTick,
  onRequestVote,
  onRequestVoteResponse,
  onTimeoutNow,
  onVoteDurable,
} from './election.js';
import { onGreeted } from './feature-level.js';
import type { Answer, Input, Refusal, Wish } from './input.js';
import { initialState, NOTHING_LOADED } from './initial.js';
import type { Loaded } from './initial.js';
import { checkState, checkTransition, outlineOf } from './invariants.js';
import { hasOwnReign, isPrimaryAt, ownLease, primaryUntilMs } from './lease.js';
import { isServing, maybeActivate, onPromotion } from './promotion.js';
import type { OwnLease } from './lease.js';
import { onLeaderTick } from './leadership.js';
import { advanceTransfer, judgeTransfer, onStopped, startTransfer } from './leader-transfer.js';
import { changeConfiguration, judgeChange, maybeLeaveJoint, mustStepDown } from './membership.js';
import type { Message, Sender } from './message.js';
import { askLeaderForReads, onReadIndexResponse } from './follower-reads.js';
import {
  maybeBeginReadRound,
  onReadIndex,
  onReadIndexRequest,
  releaseReads,
} from './read-index.js';
import type { RaftOptions } from './options.js';
import type { PersistBatch, Ready } from './ready.js';
import {
  maybeCommit,
  onAppendEntries,
  onAppendEntriesResponse,
  sendEntries,
} from './replication.js';
import { becomeFollower } from './role.js';
import { acknowledgeRound } from './rounds.js';
import { respondToLeader } from './leader-word.js';
import { restoredState, savedState } from './saved.js';
import type { SavedRaft } from './saved.js';
import { noteSetBack, onDiskSetBack } from './set-back.js';
import {
  onChunkStored,
  onInstallSnapshot,
  onInstallSnapshotResponse,
  onSnapshotReceived,
  onSnapshotTaken,
  sendChunks,
} from './snapshot.js';
import { configurationInForce, emptyOutbox, hardState, isCounted } from './state.js';
import type { Outbox, RaftState } from './state.js';
import { indexPlus } from './types.js';
import type {
  Configuration,
  Entry,
  LogIndex,
  Member,
  NodeId,
  SnapshotMeta,
  Term,
} from './types.js';

export class Raft {
  /** For looking, never for changing, from outside the core. */
  readonly state: RaftState;

  /** Resumes from what is durable, at `nowMs`. Votes are withheld at first, as if a leader had just been heard. */
  constructor(options: RaftOptions, loaded: Loaded, nowMs: number) {
    this.state = initialState(options, loaded, nowMs);
    checkState(this.state);
  }

  /** Goes on where `save` was called. The state's answers to later inputs are the same as of the core that was saved. */
  static resumed(saved: SavedRaft): Raft {
    const raft = new Raft(saved.options, NOTHING_LOADED, saved.nowMs);
    Object.assign(raft.state, restoredState(saved));
    checkState(raft.state);
    return raft;
  }

  /** A copy of all that this core is, as plain data. Only while nothing is to be done: `takeReady` said so. */
  save(): SavedRaft {
    return savedState(this.state);
  }

  /**
   * Takes one input. Time must not fall from one input to the next.
   * Answers at once to the inputs that ask for something; null to all others.
   */
  step(input: Input): Answer | null {
    const { state } = this;
    invariant(input.nowMs >= state.nowMs, 'the time of inputs never falls');
    state.nowMs = input.nowMs;
    const before = outlineOf(state);
    const answer = this.#dispatch(input);
    checkTransition(before, state);
    return answer;
  }

  /** What is to be done now; null: nothing. Call it until it says so after each turn's inputs. */
  takeReady(): Ready | null {
    const { state } = this;
    const before = outlineOf(state);
    const committed = this.#settle();
    const persist = this.#takePersist();
    checkTransition(before, state);
    checkState(state);
    const { outbox } = state;
    if (persist === null && committed.length === 0 && isEmpty(outbox)) return null;
    state.outbox = emptyOutbox();
    return {
      persist,
      messages: outbox.messages,
      messagesAfterPersist: outbox.messagesAfterPersist,
      chunksToSend: outbox.chunksToSend,
      chunksArrived: outbox.chunksArrived,
      restore: outbox.restore,
      committed,
      reads: outbox.reads,
      stopEpoch: outbox.stopEpoch,
      promote: outbox.promote,
      lostTail: outbox.lostTail,
      configuration: outbox.hasConfigurationChanged ? configurationInForce(state) : null,
      events: outbox.events,
    };
  }

  /** Whether a tick at `nowMs`, late by `lateMs`, could change anything; false: it may be left out. */
  needsTick(nowMs: number, lateMs: number): boolean {
    return needsTick(this.state, nowMs, lateMs);
  }

  /** The configuration in force. */
  get configuration(): Configuration {
    return configurationInForce(this.state);
  }

  /** Everybody this node may have to reach: the members, and those just removed that must still learn of it. */
  get peers(): Member[] {
    const { state } = this;
    const departing =
      state.role.type === 'leader' ? [...state.role.departing.values()].map((d) => d.member) : [];
    return [...this.configuration.members, ...departing].filter(
      ({ id }) => id !== state.options.id,
    );
  }

  /** Cluster time at the newest input, in ms. */
  get clusterTimeMs(): number {
    return clusterTimeMs(this.state);
  }

  /** See `isServing` in promotion.ts. */
  get isServing(): boolean {
    return isServing(this.state);
  }

  /** See `isPrimaryAt` in lease.ts. */
  isPrimaryAt(nowMs: number): boolean {
    return isPrimaryAt(this.state, nowMs);
  }

  /** End of the lease as of the newest answer, on this node's clock; null: not primary. */
  get primaryUntilMs(): number | null {
    return primaryUntilMs(this.state);
  }

  /** What may run primary-only processes here, and until when; null: nothing may. */
  get ownLease(): OwnLease | null {
    return ownLease(this.state);
  }

  /** The epoch of this node's reign while nothing has ended it, whether its lease holds or not; null: there is none. */
  get ownEpoch(): LogIndex | null {
    const { role, applied } = this.state;
    return role.type === 'leader' && hasOwnReign(this.state, role) ? applied.reign.epoch : null;
  }

  /** Why a wish would be refused now, by the very checks of the input; null: it would begin. Changes nothing. */
  whyRefused(wish: Wish): Refusal | null {
    const judged =
      wish.type === 'changeConfiguration'
        ? judgeChange(this.state, wish.change)
        : judgeTransfer(this.state, wish);
    return judged.type === 'refused' ? judged.refusal : null;
  }

  /** What a snapshot of the state machine, as applied now, must carry; null while there is nothing to cover. */
  snapshotMeta(): SnapshotMeta | null {
    return snapshotMeta(this.state);
  }

  #dispatch(input: Input): Answer | null {
    const { state } = this;
    switch (input.type) {
      case 'tick':
        this.#onTick(input.lateMs);
        return null;
      case 'message':
        this.#onMessage(input.from, input.message);
        return null;
      case 'propose':
        return this.#propose(input.commands);
      case 'readIndex':
        return onReadIndex(state, input.readId);
      case 'changeConfiguration':
        return changeConfiguration(state, input.change, input.cause);
      case 'transferLeadership':
        return startTransfer(state, input);
      case 'stopped':
        onStopped(state, input.epoch);
        return null;
      case 'stopLimit':
        state.stopLimitMs = input.stopLimitMs;
        return null;
      case 'health':
        state.health = input.why;
        return null;
      case 'promotion':
        onPromotion(state, input.term, input.why);
        return null;
      case 'greeted': {
        const { from, software } = input;
        onGreeted(state, from.id, { installId: from.installId, software });
        return null;
      }
      case 'persisted':
        state.persistence.persisted(input.persistId);
        onVoteDurable(state);
        return null;
      case 'snapshotTaken':
        state.outbox.compactTo = onSnapshotTaken(state, input.meta) ?? state.outbox.compactTo;
        return null;
      case 'snapshotChunkStored':
        onChunkStored(state, input.from, input.last, input.nextOffset);
        return null;
      case 'snapshotReceived':
        onSnapshotReceived(state, input.from, input.meta);
        return null;
      default:
        return unreachable(input);
    }
  }

  #onTick(lateMs: number): void {
    const { state } = this;
    if (state.role.type === 'leader') onLeaderTick(state, state.role, isDiskOverdue(state));
    else onElectionTick(state, lateMs);
  }

  #propose(commands: readonly Uint8Array[]): Answer {
    const { state } = this;
    const { role } = state;
    if (role.type !== 'leader') {
      return {
        type: 'refused',
        refusal: { reason: 'notLeader', leaderId: state.leaderId },
      };
    }
    if (role.transfer !== null) {
      return {
        type: 'refused',
        refusal: { reason: 'handingOver', to: role.transfer.to },
      };
    }
    if (!this.isServing) return { type: 'refused', refusal: { reason: 'leaderNotReady' } };
    const { uncommittedEntriesMax, uncommittedBytesMax } = state.options.limits;
    const waiting = state.log.lastIndex - state.commitIndex;
    if (
      waiting + commands.length > uncommittedEntriesMax ||
      role.uncommittedBytes > uncommittedBytesMax
    ) {
      return { type: 'refused', refusal: { reason: 'overloaded' } };
    }
    const first = indexPlus(state.log.lastIndex, 1);
    for (const data of commands) appendEntry(state, { kind: 'command', data });
    return {
      type: 'appended',
      first: { term: state.term, index: first },
      count: commands.length,
    };
  }

  /** The term rule (Raft §5.1) and who counts, then the chapter that the message belongs to. */
  #onMessage(from: Sender, message: Message): void {
    const { state } = this;
    switch (message.type) {
      case 'requestVote':
        onRequestVote(state, from, message);
        return;
      case 'appendEntries':
      case 'installSnapshot':
        this.#onLeaderMessage(from, message);
        return;
      case 'timeoutNow':
        onTimeoutNow(state, from.id, message);
        return;
      case 'readIndexRequest':
        if (isCounted(state, from.id, from.installId)) onReadIndexRequest(state, from.id, message);
        return;
      case 'readIndexResponse':
        onReadIndexResponse(state, from.id, message);
        return;
      case 'diskSetBack':
        if (this.#follows(from.id, message.term)) onDiskSetBack(state, message);
        return;
      case 'requestVoteResponse':
      case 'appendEntriesResponse':
      case 'installSnapshotResponse':
        this.#onAnswer(from, message);
        return;
      default:
        unreachable(message);
    }
  }

  #onLeaderMessage(
    from: Sender,
    message: Extract<Message, { type: 'appendEntries' | 'installSnapshot' }>,
  ): void {
    const { state } = this;
    if (!this.#follows(from.id, message.term)) {
      // So that a leader of an earlier term, or one stuck behind this node's higher term, steps down.
      respondToLeader(state, from.id, {
        round: message.round,
        outcome: { type: 'stale' },
      });
      return;
    }
    if (message.type === 'appendEntries') onAppendEntries(state, from.id, message);
    else onInstallSnapshot(state, from.id, message);
  }

  /** Follows the sender, which led `term` when it spoke; false: that term is over here. */
  #follows(from: NodeId, term: Term): boolean {
    const { state } = this;
    if (term < state.term) return false;
    invariant(
      term > state.term || state.role.type !== 'leader',
      'a term has at most one leader (Raft §5.2)',
    );
    invariant(
      term > state.term || state.leaderId === null || state.leaderId === from,
      'a follower hears one leader in a term (Raft §5.2)',
    );
    if (term > state.term || state.role.type !== 'follower' || state.leaderId === null) {
      becomeFollower(state, term, from, 'a leader was heard');
    }
    return true;
  }

  #onAnswer(
    from: Sender,
    message: Extract<
      Message,
      {
        type: 'requestVoteResponse' | 'appendEntriesResponse' | 'installSnapshotResponse';
      }
    >,
  ): void {
    const { state } = this;
    if (!isCounted(state, from.id, from.installId)) return;
    // A granted pre-vote names a term that nobody has entered yet.
    const isPromise = message.type === 'requestVoteResponse' && message.preVote && message.granted;
    if (message.term > state.term && !isPromise) {
      becomeFollower(state, message.term, null, 'an answer has a higher term');
      return;
    }
    if (message.type === 'requestVoteResponse') {
      onRequestVoteResponse(state, from.id, message);
      return;
    }
    const leader = state.role;
    if (leader.type !== 'leader' || message.term !== state.term) return;
    // Written before this node led the term that it names: its round number is of an earlier term and proves nothing.
    if (message.type === 'appendEntriesResponse' && message.outcome.type === 'stale') return;
    const progress = leader.progress.get(from.id);
    if (progress === undefined) return;
    const isAppend = message.type === 'appendEntriesResponse';
    if (isAppend && noteSetBack(state, leader, from.id, message)) return;
    progress.heard(state.nowMs, state.options.timers.electionTimeoutMinMs);
    acknowledgeRound(leader, from.id, message.round);
    if (message.type === 'appendEntriesResponse') {
      progress.unfit = message.unfit ?? null;
      onAppendEntriesResponse(state, leader, from.id, message);
    } else {
      onInstallSnapshotResponse(state, progress, message);
    }
  }

  /** Draws all consequences of the inputs: commits, applies, follows up, and fills the outbox. */
  #settle(): Entry[] {
    const { state } = this;
    const committed: Entry[] = [];
    while (true) {
      if (state.role.type === 'leader') maybeCommit(state, state.role);
      const taken = takeCommitted(state);
      committed.push(...taken);
      if (state.role.type === 'leader') {
        const leader = state.role;
        advanceTransfer(state, leader);
        maybeActivate(state, leader);
        maybeLeaveJoint(state, leader);
        if (mustStepDown(state)) {
          becomeFollower(state, state.term, null, 'this node was removed or demoted');
        }
      }
      if (taken.length === 0 || committed.length >= state.options.limits.committedEntriesMax) break;
    }
    if (state.role.type === 'leader') {
      maybeBeginReadRound(state, state.role);
      releaseReads(state, state.role);
      sendEntries(state, state.role);
      sendChunks(state, state.role);
    } else {
      askLeaderForReads(state);
    }
    return committed;
  }

  #takePersist(): PersistBatch | null {
    const { state } = this;
    const { persistence, outbox, log } = state;
    const hasMore = outbox.install !== null || outbox.compactTo !== null;
    if (!hasMore && !persistence.hasWork(log.lastIndex, hardState(state))) return null;
    const entries = log.slice(
      persistence.unhandedFrom,
      indexPlus(log.lastIndex, 1),
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    );
    const handed = persistence.handOut(state.nowMs, log.lastIndex, hardState(state));
    return {
      persistId: handed.persistId,
      hardState: handed.hardState,
      truncateFrom: handed.truncateFrom,
      entries,
      install: outbox.install,
      compactTo: outbox.compactTo,
    };
  }
}

function isEmpty(outbox: Outbox): boolean {
  return (
    outbox.restore === null &&
    outbox.stopEpoch === null &&
    outbox.promote === null &&
    outbox.lostTail === null &&
    !outbox.hasConfigurationChanged &&
    outbox.messages.length === 0 &&
    outbox.messagesAfterPersist.length === 0 &&
    outbox.chunksToSend.length === 0 &&
    outbox.chunksArrived.length === 0 &&
    outbox.reads.length === 0 &&
    outbox.events.length === 0
  );
}
