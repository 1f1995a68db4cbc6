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

/** Reads that wait at once; more are refused as overloaded. */
const WAITING_MAX = 65_536;

export class Reads {
  #nextReadId = 1;
  #asked: Waiter[] = [];
  readonly #waiting = new Map<number, Waiter>();
  #confirmed: (Waiter & { readonly readIndex: LogIndex })[] = [];

  /** Whether none waits that can run out of time. */
  get isEmpty(): boolean {
    return this.#asked.length === 0 && this.#waiting.size === 0;
  }

  /** Takes a read in; the next `submit` asks the core. */
  add(waiter: Waiter): void {
    if (this.#asked.length + this.#waiting.size < WAITING_MAX) this.#asked.push(waiter);
    else waiter.done({ type: 'refused', refusal: { reason: 'overloaded' } });
  }

  /** Asks the core for the barriers of all reads taken in since; they share a round. */
  submit(raft: Raft, nowMs: number): void {
    const asked = this.#asked;
    this.#asked = [];
    for (const waiter of asked) {
      const readId = this.#nextReadId;
      this.#nextReadId += 1;
      const answer = raft.step({ type: 'readIndex', nowMs, readId });
      if (answer?.type === 'refused') waiter.done({ type: 'refused', refusal: answer.refusal });
      else this.#waiting.set(readId, waiter);
    }
  }

  /** The core released reads: confirmed, or given back because it ceased to lead. */
  released(releases: readonly ReadRelease[]): void {
    for (const { readId, readIndex } of releases) {
      const waiter = this.#waiting.get(readId);
      if (waiter === undefined) continue;
      this.#waiting.delete(readId);
      if (readIndex !== null) this.#confirmed.push({ ...waiter, readIndex });
      else
        waiter.done({
          type: 'refused',
          refusal: { reason: 'notLeader', leaderId: null },
        });
    }
  }

  /** Serves the confirmed reads that the state has reached. */
  serve(lastApplied: LogIndex): void {
    if (this.#confirmed.length === 0) return;
    const ready = this.#confirmed.filter(({ readIndex }) => readIndex <= lastApplied);
    this.#confirmed = this.#confirmed.filter(({ readIndex }) => readIndex > lastApplied);
    for (const { done, readIndex } of ready) done({ type: 'ready', readIndex });
  }

  /** Ends those whose time is over. */
  expire(nowMs: number): void {
    for (const [readId, { deadlineMs, done }] of this.#waiting) {
      if (nowMs < deadlineMs) continue;
      this.#waiting.delete(readId);
      done({ type: 'noQuorum' });
    }
  }

  /** Ends all. */
  stop(refusal: NodeRefusal): void {
    const all = [...this.#asked, ...this.#waiting.values(), ...this.#confirmed];
    this.#asked = [];
    this.#waiting.clear();
    this.#confirmed = [];
    for (const { done } of all) done({ type: 'refused', refusal });
  }
}
