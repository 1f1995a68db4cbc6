// Keep-alives of sessions, at the leader. One whose life has only just begun again is answered its committed deadline at once: no
// later leader can let it end before. The others are renewed by the log, many to an entry, one entry after the other, so
// that a hundred thousand keep-alives a second cost no more entries than the disk syncs. Design section 5.

import type { Raft } from '../raft/raft.js';
import type { ClusterState } from '../state-machine/cluster-state.js';
import { SESSION_LIMITS } from '../state-machine/command.js';
import { invariant } from '../raft/assert.js';
import type { NodeApi, NodeRefusal, RenewOutcome, WriteOutcome } from './api.js';

interface Waiting {
  readonly ids: readonly string[];
  readonly deadlineMs: number;
  readonly done: (outcome: RenewOutcome) => void;
}

export class Renewals {
  readonly #state: ClusterState;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(state: ClusterState) {
    this.#state = state;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * The committed deadlines of those whose life has only just begun again; null: a renewal is due, or there is no such session.
   * They may be told as long as no other node leads.
   */
  standing(ids: readonly string[], clusterTimeMs: number): (number | null)[] {
    return ids.map((id) => {
      const session = this.#state.session(id);
      if (session === null) return null;
      const { deadlineMs, ttlMs } = session;
      const isFresh = deadlineMs - clusterTimeMs > ttlMs * (1 - SESSION_LIMITS.renewShare);
      return isFresh ? deadlineMs : null;
    });
  }

  /** Has the lives of those begin again of which no deadline stands; at most `SESSION_LIMITS.renewBatchMax` ids. */
  ask(
    ids: readonly string[],
    deadlines: readonly (number | null)[],
    deadlineMs: number,
    done: (outcome: RenewOutcome) => void,
  ): void {
    const due = ids.filter((_, at) => deadlines[at] === null);
    if (due.length === 0) {
      done({ type: 'renewed', deadlinesMs: deadlines });
      return;
    }
    this.#waiting.push({
      ids: due,
      deadlineMs,
      done: (outcome) => {
        if (outcome.type !== 'renewed') {
          done(outcome);
          return;
        }
        const renewed = outcome.deadlinesMs.values();
        done({
          type: 'renewed',
          deadlinesMs: deadlines.map((known) => known ?? renewed.next().value ?? null),
        });
      },
    });
  }

  /** Proposes the next batch, if something waits and none is on its way. */
  maybePropose(raft: Raft, propose: NodeApi['propose']): void {
    if (this.#waiting.length === 0 || this.#isRunning) return;
    const { role, leaderId } = raft.state;
    if (role.type !== 'leader') this.stop({ reason: 'notLeader', leaderId });
    if (!raft.isServing) return;
    const batch: Waiting[] = [];
    let count = 0;
    while (this.#waiting.length > 0) {
      const [next] = this.#waiting;
      if (next === undefined || count + next.ids.length > SESSION_LIMITS.renewBatchMax) break;
      count += next.ids.length;
      batch.push(next);
      this.#waiting.shift();
    }
    this.#isRunning = true;
    const ids = batch.flatMap((waiting) => waiting.ids);
    const deadlineMs = Math.max(...batch.map((waiting) => waiting.deadlineMs));
    propose({ kind: 'renewSessions', ids }, deadlineMs, (outcome) => {
      this.#isRunning = false;
      this.#answer(batch, outcome);
    });
  }

  /** Refuses those whose time is over; they were not proposed. */
  expire(nowMs: number, refusal: NodeRefusal): void {
    const over = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    if (over.length === 0) return;
    this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs);
    for (const { done } of over) done({ type: 'refused', refusal });
  }

  /** Refuses all that wait: this node cannot serve them any more. */
  stop(refusal: NodeRefusal): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { done } of waiting) done({ type: 'refused', refusal });
  }

  #answer(batch: readonly Waiting[], outcome: WriteOutcome): void {
    if (outcome.type !== 'applied') {
      for (const { done } of batch) done(outcome);
      return;
    }
    const { result } = outcome;
    invariant(result.type === 'renewed', 'a renewal is answered by deadlines');
    let at = 0;
    for (const { ids, done } of batch) {
      const deadlinesMs = result.deadlinesMs.slice(at, at + ids.length);
      at += ids.length;
      done({ type: 'renewed', deadlinesMs });
    }
  }
}
