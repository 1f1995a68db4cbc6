// How stale a stale read is: since when this node has not known itself up to date with a live leader.
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

  /** Notes what has been applied; call once a turn. */
  noteApplied(raft: Raft): void {
    const heard = this.#heard;
    if (heard !== null && raft.state.lastApplied >= heard.commitIndex) {
      this.#upToDateAtMs = heard.atMs;
    }
  }

  /** Milliseconds; null: this node has not been up to date since it started. */
  ageMs(raft: Raft | null, nowMs: number): number | null {
    if (raft === null) return null;
    const { role } = raft.state;
    const atMs = role.type === 'leader' ? quorumContactMs(raft.state, role) : this.#upToDateAtMs;
    return atMs === null ? null : Math.max(0, nowMs - atMs);
  }
}
