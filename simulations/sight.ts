// What of one process's core changed since the last look, found without going through its log. Entries never change, so
// the same object at the end means the same log, and a walk back from the end finds where two logs part.

import type { Node } from '../src/node/node.js';
import type { Log } from '../src/raft/log.js';
import type { RaftState } from '../src/raft/state.js';
import type { Configuration, Entry } from '../src/raft/types.js';
import { configurationInForce } from '../src/raft/state.js';
import type { Machine, Process } from './machine.js';

/** A core's numbers as of the last look. */
export interface Before {
  term: number;
  votedFor: number | null;
  isLeader: boolean;
  commitIndex: number;
  lastApplied: number;
  epoch: number;
  configuration: Configuration;
}

/** One process's core, now and as it was at the last look. */
export interface Sight {
  readonly machine: Machine;
  readonly process: Process;
  readonly node: Node;
  readonly state: RaftState;
  readonly isFirst: boolean;
  /** No entry was appended, removed or compacted. */
  readonly isLogSame: boolean;
  readonly before: Readonly<Before>;
  /** Entries in the log that were not there before, in order. */
  readonly appended: readonly Entry[];
  /** Entries from this index on were replaced or removed from the log's end; null: none. */
  readonly truncatedFrom: number | null;
  /** Term of the first of those; null: none. */
  readonly truncatedTerm: number | null;
}

/** Watches one process. */
export class Watch {
  readonly #machine: Machine;
  readonly #process: Process;
  #before: Before | null = null;
  /** Entries after `#base`, as of the last look. */
  #entries: Entry[] = [];
  #base = 0;

  constructor(machine: Machine, process: Process) {
    this.#machine = machine;
    this.#process = process;
  }

  /** Null if nothing changed that a property could depend on. */
  look(): Sight | null {
    const { node } = this.#process;
    const { raft } = node;
    if (raft === null) return null;
    const { state } = raft;
    const before = this.#before;
    const isLogSame = this.#isSame(state.log);
    if (before !== null && isLogSame && isUnchanged(before, state)) return null;
    const isFirst = before === null;
    const seen = isLogSame ? NO_CHANGE : this.#compare(state.log, isFirst);
    const now = outline(state);
    this.#before = now;
    return {
      machine: this.#machine,
      process: this.#process,
      node,
      state,
      isFirst,
      isLogSame,
      before: before ?? now,
      ...seen,
    };
  }

  #isSame(log: Log): boolean {
    const length = this.#entries.length;
    const lastIndex = this.#base + length;
    if (log.compacted.index !== this.#base || log.lastIndex !== lastIndex) return false;
    return length === 0 || log.entryAt(log.lastIndex) === this.#entries[length - 1];
  }

  #compare(
    log: Log,
    isFirst: boolean,
  ): Pick<Sight, 'appended' | 'truncatedFrom' | 'truncatedTerm'> {
    const base = log.compacted.index as number;
    const last = log.lastIndex as number;
    const known = this.#base + this.#entries.length;
    const at = (index: number): Entry | null => log.entryAt(index as Entry['index']);
    let same = Math.min(last, known);
    while (same > base && same > this.#base && at(same) !== this.#entries[same - this.#base - 1]) {
      same -= 1;
    }
    same = Math.max(same, base);
    const appended: Entry[] = [];
    for (let index = same + 1; index <= last; index += 1) {
      const entry = at(index);
      if (entry !== null) appended.push(entry);
    }
    const kept = this.#entries.slice(
      Math.max(0, base - this.#base),
      Math.max(0, same - this.#base),
    );
    const truncated = !isFirst && known > same ? this.#entries[same - this.#base] : undefined;
    this.#entries = [...kept, ...appended];
    this.#base = base;
    if (truncated === undefined) return { appended, truncatedFrom: null, truncatedTerm: null };
    return { appended, truncatedFrom: same + 1, truncatedTerm: truncated.term };
  }
}

const NO_CHANGE = { appended: [], truncatedFrom: null, truncatedTerm: null };

function outline(state: RaftState): Before {
  return {
    term: state.term,
    votedFor: state.votedFor,
    isLeader: state.role.type === 'leader',
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    epoch: state.applied.reign.epoch,
    configuration: configurationInForce(state),
  };
}

function isUnchanged(before: Before, state: RaftState): boolean {
  return (
    before.term === state.term &&
    before.votedFor === state.votedFor &&
    before.isLeader === (state.role.type === 'leader') &&
    before.commitIndex === state.commitIndex &&
    before.lastApplied === state.lastApplied
  );
}
