// How stale a stale read is: since when this node has not known itself up to date with a live leader, and how many entries
// it lacks.
// A follower is up to date when it has applied all that its rightful leader said was committed; a leader, while a quorum
// answers it.

import type { Input } from '../raft/input.js';
import type { Raft } from '../raft/raft.js';
import { quorumContactMs } from '../raft/rounds.js';

export class Staleness {
  #heard: { readonly commitIndex: number; readonly atMs: number } | null = null;
  #upToDateAtMs: number | null = null;

  /** Notes the word of the rightful leader; call after the core took the input. */
  noteInput(raft: Raft, input: Input): void {
    if (input.type !== 'message' || input.message.type !== 'appendEntries') return;
    const { term, leaderId, nowMs } = raft.state;
    if (input.message.term !== term || input.from.id !== leaderId) return;
    this.#heard = { commitIndex: input.message.commitIndex, atMs: nowMs };
  }

  /** Notes what has been applied, and by a leader, who still confirms it; call once a turn. */
  noteApplied(raft: Raft): void {
    const { role, lastApplied } = raft.state;
    if (role.type === 'leader') {
      // What it heard as a follower is older than what it knows as leader, and must not come back when it steps down.
      this.#heard = null;
      const contactMs = quorumContactMs(raft.state, role);
      // Before its no-op is applied it may lack what earlier leaders committed (Raft §8).
      if (lastApplied >= role.noopIndex && contactMs !== null) this.#upToDateAtMs = contactMs;
      return;
    }
    const heard = this.#heard;
    if (heard !== null && lastApplied >= heard.commitIndex) this.#upToDateAtMs = heard.atMs;
  }

  /**
   * Entries that a live leader said were committed and that are not applied here; null: no leader was heard within
   * `limitMs`, or, on the leader itself, no quorum, so that nobody knows.
   */
  lagEntries(raft: Raft, nowMs: number, limitMs: number): number | null {
    const { role, lastApplied, commitIndex, leaderId } = raft.state;
    if (role.type === 'leader') {
      const contactMs = quorumContactMs(raft.state, role);
      const isConfirmed = contactMs !== null && nowMs - contactMs <= limitMs;
      return isConfirmed && lastApplied >= role.noopIndex ? commitIndex - lastApplied : null;
    }
    const heard = this.#heard;
    if (heard === null || leaderId === null || nowMs - heard.atMs > limitMs) return null;
    return Math.max(0, heard.commitIndex - lastApplied);
  }

  /** Milliseconds; null: this node has not been up to date since it started. */
  ageMs(nowMs: number): number | null {
    return this.#upToDateAtMs === null ? null : Math.max(0, nowMs - this.#upToDateAtMs);
  }
}
