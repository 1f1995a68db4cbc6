// One number for everything that a node's state machine remembers. It compares nodes and keeps nothing. What is digested is
// read either as for a snapshot, anew each time, or value by value, where a value that was seen before costs a look-up:
// values are never changed once they are part of the state, only replaced.

import type { ClusterState } from '../src/state-machine/cluster-state.js';
import { Digest, digestOf } from './digest.js';

const PART_ROWS = 256;

/** Digest of all facts; equal states give equal digests, however they came about. */
export function stateDigest(state: ClusterState): number {
  const digest = new Digest();
  for (const { fact, version, rows } of state.freeze().parts(PART_ROWS)) {
    digest.text(fact).word(version).value(rows);
  }
  return digest.end();
}

/** The same for one state machine again and again, at the cost of what was replaced since the last time. */
export class StateDigester {
  readonly #known = new WeakMap<object, number>();

  of(state: ClusterState): number {
    // Asked for once: every asking makes the state copy what it changes next.
    const facts = state.facts();
    const { members, primary, events, sessions, store, locks } = facts;
    const { jobs, policies, services, clientSessions } = facts;
    const { lastApplied, clusterTimeMs, settings, featureLevel } = state;
    const digest = new Digest();
    digest.number(lastApplied.index).number(lastApplied.term).number(clusterTimeMs);
    digest.word(featureLevel);
    if (settings !== null) this.#take(digest, settings);
    this.#take(digest, members);
    this.#take(digest, primary);
    if (!this.#known.has(events)) this.#known.set(events, this.#all(events));
    this.#take(digest, events);
    digest.number(this.#all(sessions.values(null)));
    digest.number(this.#all(store.values(null)));
    digest.number(this.#all(locks.values(null)));
    digest.number(this.#all(jobs.values(null)));
    digest.number(this.#all(policies.byName.values(null))).number(policies.forgottenVersion);
    digest.number(this.#all(services.values(null)));
    digest.number(this.#all(clientSessions.sessions.values(null)));
    digest.number(this.#all(clientSessions.answers.values(null)));
    return digest.end();
  }

  #all(values: Iterable<object>): number {
    const digest = new Digest();
    let count = 0;
    for (const value of values) {
      this.#take(digest, value);
      count += 1;
    }
    return digest.word(count).end();
  }

  #take(digest: Digest, value: object): void {
    let known = this.#known.get(value);
    if (known === undefined) {
      known = digestOf(value);
      this.#known.set(value, known);
    }
    digest.number(known);
  }
}
