// What clients were told of locks, as the checker reads it: each claim is an acquisition from its question until its token was learned, by
// whatever answer, and its release; that a session ended is a release whose answer nobody got. Refused attempts are left out, since
// a lock that is kept free refuses as well as one that is held.

import type { Invariant } from '../invariants/invariant.js';
import { judge, SLICES_MAX } from '../invariants/client-histories.js';
import type { Operation } from '../linearizability/operation.js';
import { lock } from '../linearizability/models/lock.js';
import type { LockInput } from '../linearizability/models/lock.js';
import type { World } from '../world.js';

export class LockHistory {
  readonly #world: World;
  readonly #recorded = new Map<string, Operation>();
  /** By session, the lock that it asked for. */
  readonly #asked = new Map<string, string>();
  #releases = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** To be told of what is applied, and of the end. */
  get listener(): Invariant {
    let applied = 0;
    return {
      applied: ({ entry, command }) => {
        if (entry.index <= applied) return;
        applied = entry.index;
        if (command?.kind !== 'expireSessions') return;
        const bornUs = this.#world.oracle.history.entry(entry)?.bornUs ?? 0;
        for (const { id } of command.sessions) this.ends(id, bornUs);
      },
      over: () => this.over(),
    };
  }

  /** A session asks for a lock, for the first time. */
  asks(name: string, session: string): void {
    this.#asked.set(session, name);
    this.#add(session, { f: 'acquire', lock: name, client: session }, this.#world.nowUs);
  }

  /** Its client learns that it was granted. */
  learns(session: string, token: number): void {
    const asked = this.#recorded.get(session);
    if (asked === undefined || asked.answer !== null) return;
    const answer = { output: { done: true, token }, at: this.#world.nowUs };
    this.#recorded.set(session, { ...asked, answer });
  }

  /** The session may give its lock up from then on, by a release or its own end. */
  ends(session: string, fromUs: number): void {
    const name = this.#asked.get(session);
    if (name === undefined) return;
    this.#releases += 1;
    const input: LockInput = { f: 'release', lock: name, client: session };
    this.#add(`${session} ${this.#releases}`, input, fromUs);
  }

  over(): void {
    const undecided = (): void => {
      this.#world.oracle.undecided += 1;
    };
    judge(lock, [...this.#recorded.values()], undecided, SLICES_MAX);
  }

  #add(id: string, input: LockInput, call: number): void {
    this.#recorded.set(id, { client: input.client, input, call, answer: null });
  }
}
