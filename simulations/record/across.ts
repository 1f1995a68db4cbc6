// What must hold of the recorded cores of several nodes together, whatever their clocks say: one leader a term, one vote a term,
// an entry of an index and term is one entry with one predecessor, and what was committed once stays (Raft Fig. 3). Each node
// alone is judged by the core's own invariants, which run in every step. Payloads are not recorded; of commands the
// lengths and stamps are compared.

import type { Step } from '../../src/recorder/replay.js';
import type { Raft } from '../../src/raft/raft.js';
import { indexPlus } from '../../src/raft/types.js';
import type { Entry } from '../../src/raft/types.js';
import { Violation } from '../violation.js';

export class Across {
  readonly #leaders = new Map<number, number>();
  readonly #votes = new Map<string, number>();
  readonly #entries = new Map<string, string>();
  readonly #committed = new Map<number, number>();
  readonly #nameOf: (id: number) => string;

  constructor(nameOf: (id: number) => string) {
    this.#nameOf = nameOf;
  }

  /** Looks at a core after a step of it. Throws a `Violation`. */
  look(raft: Raft, step: Step): void {
    const { state } = raft;
    const { id } = state.options;
    if (state.role.type === 'leader') this.#leads(id, state.term);
    if (state.votedFor !== null) this.#voted(id, state.term, state.votedFor);
    if (step.type === 'began') this.#has(raft, state.log.entries());
    if (step.type === 'input' && step.input.type === 'message') {
      const { from, message } = step.input;
      const isOfLeader = message.type === 'appendEntries' || message.type === 'installSnapshot';
      if (isOfLeader) this.#leads(from.id, message.term);
    }
    if (step.type !== 'taken' || step.ready === null) return;
    this.#has(raft, step.ready.persist?.entries ?? []);
    for (const entry of step.ready.committed) this.#commits(id, entry);
  }

  #leads(id: number, term: number): void {
    const leader = this.#leaders.get(term) ?? id;
    this.#leaders.set(term, leader);
    if (leader === id) return;
    const names = `${this.#nameOf(leader)} and ${this.#nameOf(id)}`;
    throw new Violation('election-safety', `term ${term} has two leaders, ${names}`);
  }

  #voted(id: number, term: number, votedFor: number): void {
    const key = `${id} ${term}`;
    const before = this.#votes.get(key) ?? votedFor;
    this.#votes.set(key, before);
    if (before === votedFor) return;
    const [voter, one, other] = [id, before, votedFor].map(this.#nameOf);
    throw new Violation('votes', `${voter} voted for ${one} and for ${other} in term ${term}`);
  }

  #has({ state }: Raft, entries: readonly Entry[]): void {
    for (const entry of entries) {
      const prevTerm = state.log.termAt(indexPlus(entry.index, -1));
      if (prevTerm === null) continue;
      const { term, index, stampMs, kind } = entry;
      const length = entry.kind === 'command' ? entry.data.length : 0;
      const content = `${kind} of ${length} bytes at ${stampMs} ms, after term ${prevTerm}`;
      const key = `${index} ${term}`;
      const before = this.#entries.get(key) ?? content;
      this.#entries.set(key, before);
      if (before === content) continue;
      const what = `entry ${index} of term ${term} is ${content} on ${this.#nameOf(state.options.id)}`;
      throw new Violation('log-matching', `${what}, and elsewhere ${before}`);
    }
  }

  #commits(id: number, { index, term }: Entry): void {
    const before = this.#committed.get(index) ?? term;
    this.#committed.set(index, before);
    if (before === term) return;
    const what = `entry ${index} was committed in term ${before}, and on ${this.#nameOf(id)} in term ${term}`;
    throw new Violation('committed-immutable', what);
  }
}
