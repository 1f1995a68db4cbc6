// The facts that clients change, each in the module of its own: made empty for a new cluster, put together again from a snapshot,
// frozen together. How an entry changes them is told in cluster-state.ts and in their own files.

import { ClientSessions } from './client-sessions.js';
import type { ClientSessionLimits } from './command.js';
import type { FrozenFacts } from './frozen-state.js';
import { Jobs } from './jobs.js';
import { Locks } from './locks.js';
import { Policies } from './policies.js';
import { Services } from './services.js';
import { Sessions } from './sessions.js';
import { Store } from './store.js';

export interface HeldFacts {
  readonly sessions: Sessions;
  readonly store: Store;
  readonly locks: Locks;
  readonly jobs: Jobs;
  readonly policies: Policies;
  readonly services: Services;
  readonly clientSessions: ClientSessions;
}

/** Nothing of anything. */
export function noFacts(clientSessionLimits: ClientSessionLimits): HeldFacts {
  return {
    sessions: new Sessions(),
    store: new Store(),
    locks: new Locks(),
    jobs: new Jobs(),
    policies: new Policies(),
    services: new Services(),
    clientSessions: new ClientSessions(clientSessionLimits),
  };
}

/** The facts at this moment, whatever is applied later; constant time. */
export function frozen(held: HeldFacts): Pick<FrozenFacts, keyof HeldFacts> {
  return {
    sessions: held.sessions.freeze(),
    store: held.store.freeze(),
    locks: held.locks.freeze(),
    jobs: held.jobs.freeze(),
    policies: held.policies.freeze(),
    services: held.services.freeze(),
    clientSessions: held.clientSessions.freeze(),
  };
}
