// Writes that wait for their outcome: first for a leader that serves, then for their entry to be applied.
// A waiter ends in exactly one of the four ways of `WriteOutcome`; who was appended is found again by entry id.

import { heldBackBy } from '../raft/feature-level.js';
import type { Refusal } from '../raft/input.js';
import type { Raft } from '../raft/raft.js';
import { indexPlus, TERM_ZERO } from '../raft/types.js';
import type { Entry, EntryId, LogIndex, Term } from '../raft/types.js';
import type { ApplyResult } from '../state-machine/command.js';
import type { NodeRefusal, WriteOutcome } from './api.js';

interface Waiter {
  readonly data: Uint8Array;
  /** The feature level that the command needs. */
  readonly level: number;
  readonly deadlineMs: number;
  done: (outcome: WriteOutcome) => void;
  /** In which its entry was appended; 0: it was not yet. */
  term: Term;
}

const doNothing = (): void => undefined;

const OVERWRITTEN: WriteOutcome = { type: 'overwritten' };

/** Writes accepted from callers and not yet appended; more are refused as overloaded. */
const WAITING_MAX = 8192;

export class Proposals {
  #waiting: Waiter[] = [];
  readonly #appended = new Map<LogIndex, Waiter>();
  /** Of the newest entry that was applied here. */
  #appliedTerm = TERM_ZERO;

  add({ data, level, deadlineMs, done }: Readonly<Omit<Waiter, 'term'>>): void {
    if (this.#waiting.length >= WAITING_MAX) {
      done({ type: 'refused', refusal: { reason: 'overloaded' } });
      return;
    }
    this.#waiting.push({ data, level, deadlineMs, done, term: TERM_ZERO });
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#appended.size === 0;
  }

  /** Gives everything that waits to the core in one input, or refuses it; a leader not yet serving lets it wait. */
  submit(raft: Raft, nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const role = raft.state.role;
    if (role.type === 'leader' && !raft.isServing && role.transfer === null) return;
    const waiters = this.#waiting.filter((waiter) => isUnderstood(raft, waiter));
    this.#waiting = [];
    const { uncommittedEntriesMax } = raft.state.options.limits;
    for (let from = 0; from < waiters.length; from += uncommittedEntriesMax) {
      const batch = waiters.slice(from, from + uncommittedEntriesMax);
      const refusal = submitBatch(raft, nowMs, batch, this.#appended);
      if (refusal === null) continue;
      // A smaller batch might still be taken; but what comes later is never appended where what came before was refused.
      for (const { done } of waiters.slice(from)) done({ type: 'refused', refusal });
      return;
    }
  }

  /** The entry was applied: whoever proposed it, or lost its place to it, has an outcome. */
  applied({ index, term }: Entry, result: ApplyResult): void {
    const waiter = this.#appended.get(index);
    if (waiter !== undefined) {
      this.#appended.delete(index);
      const isIt = waiter.term === term;
      waiter.done(isIt ? { type: 'applied', entry: { term, index }, result } : OVERWRITTEN);
      // What it holds is free from here on: a map that changes much leaves tables behind which keep all that ever was in them.
      waiter.done = doNothing;
    }
    if (term <= this.#appliedTerm) return;
    this.#appliedTerm = term;
    this.#endOvertaken(term);
  }

  /**
   * What stands further on in the log with an earlier term than a committed entry can never be committed: terms never fall along a log
   * (Raft §5.3), so each log that has it has another entry in the place of the committed one. All of one stream then end together, and
   * none may be retried while one before it still waits.
   */
  #endOvertaken(appliedTerm: Term): void {
    for (const [index, { term, done }] of this.#appended) {
      if (term >= appliedTerm) continue;
      this.#appended.delete(index);
      done(OVERWRITTEN);
    }
  }

  /** A snapshot took the place of the entries up to `last`: what became of writes among them is not known here. */
  restored(last: EntryId): void {
    for (const [index, waiter] of this.#appended) {
      if (index > last.index) continue;
      this.#appended.delete(index);
      waiter.done({ type: 'indeterminate' });
    }
  }

  /** Ends those whose time is over. */
  expire(nowMs: number, refusal: NodeRefusal): void {
    if (this.#waiting.some(({ deadlineMs }) => nowMs >= deadlineMs)) {
      const late = this.#waiting.filter(({ deadlineMs }) => nowMs >= deadlineMs);
      this.#waiting = this.#waiting.filter(({ deadlineMs }) => nowMs < deadlineMs);
      for (const { done } of late) done({ type: 'refused', refusal });
    }
    for (const [index, waiter] of this.#appended) {
      if (nowMs < waiter.deadlineMs) continue;
      this.#appended.delete(index);
      waiter.done({ type: 'indeterminate' });
    }
  }

  /** Ends all. */
  stop(refusal: NodeRefusal): void {
    const waiting = this.#waiting;
    const appended = [...this.#appended.values()];
    this.#waiting = [];
    this.#appended.clear();
    for (const { done } of waiting) done({ type: 'refused', refusal });
    for (const { done } of appended) done({ type: 'indeterminate' });
  }
}

/**
 * Refuses what some member might not understand; a node that does not lead says so instead. The level counts as applied:
 * what raises it stands before the command in every log.
 */
function isUnderstood(raft: Raft, { level: needed, done }: Waiter): boolean {
  const { role, applied } = raft.state;
  const level = applied.featureLevel;
  if (needed <= level || role.type !== 'leader') return true;
  const refusal = { reason: 'featureLevel', needed, level } as const;
  done({ type: 'refused', refusal: { ...refusal, heldBackBy: heldBackBy(raft.state, role) } });
  return false;
}

/** Null: all were appended. */
function submitBatch(
  raft: Raft,
  nowMs: number,
  waiters: readonly Waiter[],
  appended: Map<LogIndex, Waiter>,
): Refusal | null {
  const commands = waiters.map(({ data }) => data);
  const answer = raft.step({ type: 'propose', nowMs, commands });
  if (answer?.type === 'appended') {
    const { index: from, term } = answer.first;
    for (const [offset, waiter] of waiters.entries()) {
      const index = indexPlus(from, offset);
      // One of an earlier term that still waits there lost its place in this log. Another node's may have it yet, and lead next.
      appended.get(index)?.done({ type: 'indeterminate' });
      waiter.term = term;
      appended.set(index, waiter);
    }
    return null;
  }
  return answer?.type === 'refused' ? answer.refusal : { reason: 'leaderNotReady' };
}
