// What has ever been true in a run, beyond what any one node remembers: every entry that ever stood in a log, what was
// committed, what applying it led to. The properties compare the nodes with it; each fact is written by one of them.

import type { EntryId, LogIndex, Term } from '../src/raft/types.js';
import type { ReadOf } from './operation.js';

/** What is known of an entry for ever. */
export interface EntryFact {
  readonly digest: number;
  /** Term of the entry before it: with it, equal entries imply equal logs up to them. */
  readonly prevTerm: number | null;
  /** True time at which it first stood in some log. */
  readonly bornUs: number;
}

/** A committed entry. */
export interface CommittedFact {
  readonly term: Term;
  /** Term of the node that knew it committed first. */
  readonly inTerm: Term;
}

/** A session as it stood after the entry `index`; null: it did not exist. */
export interface SessionFact {
  readonly index: number;
  readonly digest: number | null;
  readonly deadlineMs: number;
  readonly ttlMs: number;
  /** True time at which the entry that set the deadline first stood in some log. */
  readonly bornUs: number;
}

/** A key of the store, or whatever else reads ask for, as it stood after the entry `index`; null: it did not exist. */
export interface ReadFact {
  readonly index: number;
  readonly digest: number | null;
}

export class History {
  readonly #entries = new Map<number, EntryFact>();
  readonly #committed: CommittedFact[] = [];
  readonly #sessions = new Map<string, SessionFact[]>();
  readonly #facts = new Map<string, ReadFact[]>();

  entry(id: EntryId): EntryFact | null {
    return this.#entries.get(keyOf(id)) ?? null;
  }

  noteEntry(id: EntryId, fact: EntryFact): void {
    this.#entries.set(keyOf(id), fact);
  }

  /** Highest index known committed by any node, ever. */
  get committedIndex(): LogIndex {
    return this.#committed.length as LogIndex;
  }

  committed(index: number): CommittedFact | null {
    return this.#committed[index - 1] ?? null;
  }

  /** The next committed entry; they are noted in order. */
  noteCommitted(fact: CommittedFact): void {
    this.#committed.push(fact);
  }

  /** The session as of `index`; null: nothing is known of it, so it never existed. */
  sessionAt(id: string, index: number): SessionFact | null {
    return newestOf(this.#sessions.get(id), index);
  }

  noteSession(id: string, fact: SessionFact): void {
    const facts = this.#sessions.get(id);
    if (facts === undefined) this.#sessions.set(id, [fact]);
    else facts.push(fact);
  }

  /** What reads of this kind ask for as of `index`, sessions apart; null: nothing is known of it, so it never existed. */
  factAt(of: ReadOf, key: string, index: number): ReadFact | null {
    return newestOf(this.#facts.get(`${of} ${key}`), index);
  }

  /** Notes how an entry left it, unless it left it as it was. */
  noteFact(of: ReadOf, key: string, fact: ReadFact): void {
    const name = `${of} ${key}`;
    const facts = this.#facts.get(name);
    if ((facts?.at(-1)?.digest ?? null) === fact.digest) return;
    if (facts === undefined) this.#facts.set(name, [fact]);
    else facts.push(fact);
  }
}

/** The newest of the facts, which rise, at or below `index`. */
function newestOf<Fact extends { readonly index: number }>(
  facts: readonly Fact[] = [],
  index: number,
): Fact | null {
  return facts.findLast((fact) => fact.index <= index) ?? null;
}

function keyOf({ term, index }: EntryId): number {
  return term * 67_108_864 + index;
}
