// Names for the numbers of nodes, which are long where nobody chose them: of every node that is recorded, or a member of a
// configuration that came into force so far. A node that was never a member has no name, and keeps its number.

import { configurationInForce } from '../../src/raft/state.js';
import type { Configuration } from '../../src/raft/types.js';
import type { LivedLife } from './merge.js';

/** Shorter numbers may mean something else in a text. */
const DIGITS_MIN = 6;

export class Names {
  readonly #names = new Map<number, string>();

  constructor(lives: readonly LivedLife[]) {
    for (const { replay } of lives) this.see(configurationInForce(replay.raft.state));
    for (const { life } of lives) this.#names.set(life.head.nodeId, life.head.node);
  }

  /** Learns the names of members. */
  see({ members }: Configuration): void {
    for (const { id, name } of members) this.#names.set(id, name);
  }

  of(id: number): string {
    return this.#names.get(id) ?? `node ${id}`;
  }

  /** All that have one, ordered by name. */
  all(): { readonly id: number; readonly name: string }[] {
    const all = [...this.#names].map(([id, name]) => ({ id, name }));
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The text with names for numbers. */
  into(text: string): string {
    let named = text;
    for (const [id, name] of this.#names) {
      if (String(id).length < DIGITS_MIN) continue;
      named = named.replaceAll(`node ${id}`, name).replaceAll(String(id), name);
    }
    return named;
  }
}
