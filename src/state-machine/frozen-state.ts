// The state at one moment, frozen in constant time and read in slices while the living state goes on changing. Its parts
// depend on the applied log only: equal logs give equal parts, whether or not a node was restored in between.

import { clientAnswerRows, clientSessionRows } from './client-session-rows.js';
import type { FrozenClientSessions } from './client-sessions.js';
import type { Events } from './events.js';
import { eventRows } from './events.js';
import { jobRows } from './job-rows.js';
import type { JobMap } from './jobs.js';
import { lockRows } from './lock-rows.js';
import type { LockMap } from './locks.js';
import type { Members } from './members.js';
import { memberRows, removedMemberRows } from './members.js';
import { forgottenPolicyRows, policyRows } from './policy-rows.js';
import type { FrozenPolicies } from './policies.js';
import type { Primary } from './primary.js';
import { reignRows } from './primary.js';
import { partsOf } from './rows.js';
import { serviceRows } from './service-rows.js';
import type { ProviderMap } from './services.js';
import { sessionRows } from './session-rows.js';
import type { SessionMap } from './sessions.js';
import type { SnapshotPart } from './snapshot-part.js';
import { storeRows } from './store-rows.js';
import type { StoreMap } from './store.js';

/** The facts of a frozen state; nobody changes them. */
export interface FrozenFacts {
  readonly members: Members;
  readonly primary: Primary;
  readonly events: Events;
  readonly sessions: SessionMap;
  readonly store: StoreMap;
  readonly locks: LockMap;
  readonly jobs: JobMap;
  readonly policies: FrozenPolicies;
  readonly services: ProviderMap;
  readonly clientSessions: FrozenClientSessions;
}

export class FrozenState {
  readonly #facts: FrozenFacts;

  constructor(facts: FrozenFacts) {
    this.#facts = facts;
  }

  /**
   * The facts as parts of at most `rowsMax` rows, always in the same order of facts; a part is also closed early when its
   * rows grow large. Settings and the reign are not among them: they travel in the snapshot's meta.
   */
  *parts(rowsMax: number): Generator<SnapshotPart> {
    const { members, primary, events, sessions, store } = this.#facts;
    const { locks, jobs, policies, services, clientSessions } = this.#facts;
    const facts = [
      memberRows(members),
      removedMemberRows(members),
      reignRows(primary),
      eventRows(events),
      sessionRows(sessions),
      storeRows(store),
      lockRows(locks),
      jobRows(jobs),
      policyRows(policies),
      forgottenPolicyRows(policies),
      serviceRows(services),
      clientSessionRows(clientSessions),
      clientAnswerRows(clientSessions),
    ];
    for (const fact of facts) yield* partsOf(fact, rowsMax);
  }
}
