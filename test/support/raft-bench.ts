// One bare Raft on a bench: the test is its clock, its disk and all its peers. Inputs take effect only when the test says
// so, and every Ready is kept whole, so that a test can state all that the core wanted done and nothing else.

import type { Answer, Input } from '../../src/raft/input.js';
import type { Loaded } from '../../src/raft/initial.js';
import type { Message } from '../../src/raft/message.js';
import type { Limits } from '../../src/raft/options.js';
import { Raft } from '../../src/raft/raft.js';
import type { Envelope, Ready } from '../../src/raft/ready.js';
import type { Leader, RaftState } from '../../src/raft/state.js';
import type { ConfigChange, LogIndex, SnapshotMeta, Software } from '../../src/raft/types.js';
import { EMPTY_READY, mergeReady } from './raft-ready.js';
import { I, N, T, bytes, install, loaded, logOf, options } from './raft-words.js';
import type { MemberExtras } from './raft-words.js';

export interface BenchParts {
  readonly node?: number;
  readonly voters?: readonly number[];
  readonly loaded?: Loaded;
  readonly limits?: Partial<Limits>;
  readonly electionTimeoutMs?: number;
  readonly nowMs?: number;
  readonly extras?: MemberExtras;
  readonly randomSeed?: number;
  readonly software?: Software;
  /** A hook is asked before promotion. */
  readonly asksBeforePromotion?: boolean;
}

/** Members of a union without their time, which the bench adds. */
type Timeless<U> = U extends { nowMs: number } ? Omit<U, 'nowMs'> : never;

export class Bench {
  readonly raft: Raft;
  nowMs: number;
  #handedId = 0;
  #durableId = 0;

  /** By default node 1 of three voters whose log is `1@1 2@1`, at time 0. */
  constructor(parts: BenchParts = {}) {
    const { node = 1, voters = [1, 2, 3], limits, electionTimeoutMs } = parts;
    this.nowMs = parts.nowMs ?? 0;
    const { extras = {} } = parts;
    const disk = parts.loaded ?? loaded(logOf([1, 1], voters, extras));
    const isWitness = extras[node]?.witness === true;
    const given = options(node, limits, electionTimeoutMs, isWitness);
    const { randomSeed = given.randomSeed, software = given.software } = parts;
    const { asksBeforePromotion = false } = parts;
    const all = { ...given, randomSeed, software, asksBeforePromotion };
    this.raft = new Raft(all, disk, this.nowMs);
  }

  get state(): RaftState {
    return this.raft.state;
  }

  get leader(): Leader {
    const { role } = this.state;
    if (role.type !== 'leader') throw new Error(`expected a leader, got a ${role.type}`);
    return role;
  }

  step(input: Timeless<Input>): Answer | null {
    return this.raft.step({ ...input, nowMs: this.nowMs });
  }

  /** All that is to be done now, as one Ready; nothing becomes durable. */
  take(): Ready {
    let all = EMPTY_READY;
    for (let ready = this.raft.takeReady(); ready !== null; ready = this.raft.takeReady()) {
      all = mergeReady(all, ready);
      this.#handedId = ready.persist?.persistId ?? this.#handedId;
    }
    return all;
  }

  /** Takes what is to be done and lets the disk finish, until nothing is left. */
  settle(): Ready {
    let all = this.take();
    while (this.#durableId < this.#handedId) {
      this.persisted(this.#handedId);
      all = mergeReady(all, this.take());
    }
    return all;
  }

  persisted(persistId: number): void {
    this.#durableId = persistId;
    this.step({ type: 'persisted', persistId });
  }

  /** Gives a message without taking the Ready. */
  give(from: number, message: Message, incarnation = 1): void {
    this.step({
      type: 'message',
      from: { id: N(from), installId: install(from, incarnation) },
      message,
    });
  }

  /** Gives a message and answers the Ready that follows, before its persist is durable. */
  hear(from: number, message: Message, incarnation = 1): Ready {
    this.give(from, message, incarnation);
    return this.take();
  }

  tick(byMs: number, lateMs = 0): void {
    this.nowMs += byMs;
    this.step({ type: 'tick', lateMs });
  }

  /** Lets the election timer run out and answers the Ready. */
  timeOut(): Ready {
    this.nowMs = Math.max(this.nowMs, this.state.electionDeadlineMs);
    this.step({ type: 'tick', lateMs: 0 });
    return this.take();
  }

  /** Makes this node the leader of the next term by the votes of these. */
  elect(voters: readonly number[] = [2]): Ready {
    this.timeOut();
    for (const from of voters) this.vote(from, { preVote: true, term: this.state.term + 1 });
    let all = this.settle();
    for (const from of voters) this.vote(from, { preVote: false, term: this.state.term });
    all = mergeReady(all, this.take());
    if (this.state.role.type !== 'leader') throw new Error('the election was not won');
    return all;
  }

  vote(
    from: number,
    { preVote, term, granted = true }: { preVote: boolean; term: number; granted?: boolean },
  ): void {
    this.give(from, { type: 'requestVoteResponse', term: T(term), preVote, granted });
  }

  /** Elected, no-op and activation committed by `voters` and applied: the primary once its bound is over. */
  reign(voters: readonly number[] = [2]): void {
    this.elect(voters);
    this.settle();
    for (const from of voters) this.match(from);
    this.settle();
    for (const from of voters) this.match(from);
    this.settle();
  }

  /** `from` says that it has everything up to `index` (default: all) durably, in the newest round. */
  match(
    from: number,
    index: number = this.state.log.lastIndex,
    round: number = this.leader.round,
  ): void {
    this.give(from, {
      type: 'appendEntriesResponse',
      term: this.state.term,
      round,
      outcome: { type: 'matched', matchIndex: I(index) },
    });
  }

  propose(...texts: string[]): Answer | null {
    return this.step({ type: 'propose', commands: texts.map(bytes) });
  }

  change(wish: ConfigChange): Answer | null {
    return this.step({ type: 'changeConfiguration', change: wish, cause: 'test' });
  }

  transfer(to: number | null): Answer | null {
    return this.step({
      type: 'transferLeadership',
      to: to === null ? null : N(to),
      cause: 'test',
      isChosen: true,
    });
  }

  received(from: number, meta: SnapshotMeta): Ready {
    this.step({ type: 'snapshotReceived', from: N(from), meta });
    return this.take();
  }

  isPrimary(): boolean {
    return this.raft.isPrimaryAt(this.nowMs);
  }

  terms(): number[] {
    const { log } = this.state;
    const found: number[] = [];
    for (let index = Number(log.firstIndex); index <= log.lastIndex; index += 1) {
      found.push(log.termAt(index as LogIndex) ?? -1);
    }
    return found;
  }
}

/** The messages to one node, of either part of a Ready. */
export function sentTo(envelopes: readonly Envelope[], node: number): Message[] {
  return envelopes.filter(({ to }) => to === node).map(({ message }) => message);
}

/** The first message of a type. */
export function first<K extends Message['type']>(
  envelopes: readonly Envelope[],
  type: K,
): Extract<Message, { type: K }> {
  for (const { message } of envelopes) {
    if (message.type === type) return message as Extract<Message, { type: K }>;
  }
  throw new Error(
    `expected a message ${type} among ${envelopes.map(({ message }) => message.type).join()}`,
  );
}
