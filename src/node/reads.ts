// Linearizable reads that wait: for a quorum to confirm the leader, then for the state to reach the read's index.
// The caller reads the state machine inside `done`. Source: Thesis §6.4.

import type { Raft } from '../raft/raft.js';
import type { ReadRelease } from '../raft/ready.js';
import type { LogIndex } from '../raft/types.js';
import type { NodeRefusal, ReadOutcome } from './api.js';

interface Waiter {
  readonly deadlineMs: number;
  readonly done: (outcome: ReadOutcome) => void;
}

/**
 * A read under the primary's lease, without asking a quorum: nobody else can have acknowledged a write meanwhile, as voters
 * withhold their votes for longer than the lease (Thesis §6.4.1). Computing the answer took time, so whether the lease
 * holds is asked again afterwards; null: it does not, or this node is not primary.
 */
export function leasedRead<T>(
  isPrimary: () => boolean,
  use: () => T,
): { readonly value: T } | null {
  if (!isPrimary()) return null;
  const value = use();
  return isPrimary() ? { value } : null;
}

/**
 * Reads that came in one turn, and so share a barrier. Emptied when they are answered: a map that changes much leaves tables behind which
 * keep all that ever was in them.
 */
type Turn = Waiter[];

/** Reads that wait at once; more are refused as overloaded. */
const WAITING_MAX = 65_536;

export class Reads {
  #nextReadId = 1;
  #asked: Waiter[] = [];
  readonly #waiting = new Map<number, Turn>();
  /** In all turns of `#waiting`. */
  #waitingCount = 0;
  #confirmed: { readonly turn: Turn; readonly readIndex: LogIndex }[] = [];

  /** Whether none waits that can run out of time. */
  get isEmpty(): boolean {
    return this.#asked.length === 0 && this.#waitingCount === 0;
  }

  /** Takes a read in; the next `submit` asks the core. */
  add(waiter: Waiter): void {
    if (this.#asked.length + this.#waitingCount < WAITING_MAX) this.#asked.push(waiter);
    else waiter.done({ type: 'refused', refusal: { reason: 'overloaded' } });
  }

  /** Asks the core for one barrier for all reads taken in since. */
  submit(raft: Raft, nowMs: number): void {
    if (this.#asked.length === 0) return;
    const turn = this.#asked;
    this.#asked = [];
    const readId = this.#nextReadId;
    this.#nextReadId += 1;
    const answer = raft.step({ type: 'readIndex', nowMs, readId });
    if (answer?.type === 'refused') refuse(turn, answer.refusal);
    else {
      this.#waiting.set(readId, turn);
      this.#waitingCount += turn.length;
    }
  }

  /** The core released reads: confirmed, or given back because it ceased to lead. */
  released(releases: readonly ReadRelease[]): void {
    for (const { readId, readIndex } of releases) {
      const turn = this.#take(readId);
      if (readIndex !== null) this.#confirmed.push({ turn, readIndex });
      else refuse(turn, { reason: 'notLeader', leaderId: null });
    }
  }

  /** Serves the confirmed reads that the state has reached. */
  serve(lastApplied: LogIndex): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter(({ readIndex }) => readIndex <= lastApplied);
    this.#confirmed = this.#confirmed.filter(({ readIndex }) => readIndex > lastApplied);
    for (const { turn, readIndex } of ready) {
      for (const { done } of turn.splice(0)) done({ type: 'ready', readIndex });
    }
  }

  /** Ends those whose time is over. */
  expire(nowMs: number): void {
    const isLate = ({ deadlineMs }: Waiter): boolean => nowMs >= deadlineMs;
    for (const [readId, turn] of this.#waiting) {
      if (!turn.some(isLate)) continue;
      const others = turn.filter((waiter) => !isLate(waiter));
      this.#waitingCount += others.length - turn.length;
      if (others.length > 0) this.#waiting.set(readId, others);
      else this.#waiting.delete(readId);
      for (const { done } of turn.filter(isLate)) done({ type: 'noQuorum' });
    }
  }

  /** Ends all. */
  stop(refusal: NodeRefusal): void {
    const confirmed = this.#confirmed.map(({ turn }) => turn);
    const turns = [this.#asked, ...this.#waiting.values(), ...confirmed];
    this.#asked = [];
    this.#waiting.clear();
    this.#waitingCount = 0;
    this.#confirmed = [];
    refuse(turns.flat(), refusal);
  }

  /** Empty: all that waited for it ran out of time. */
  #take(readId: number): Turn {
    const turn = this.#waiting.get(readId) ?? [];
    this.#waiting.delete(readId);
    this.#waitingCount -= turn.length;
    return turn;
  }
}

function refuse(turn: Turn, refusal: NodeRefusal): void {
  for (const { done } of turn.splice(0)) done({ type: 'refused', refusal });
}
