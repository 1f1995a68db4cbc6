// Which fact carries out which request of a client, and how the facts are read for what the request changed. The state that holds the facts
// together decides what else follows from it.

import type { NodeId } from '../raft/types.js';
import type { requestChanges } from './changes.js';
import type { ClientCommand, FirstResult } from './command.js';
import type { HeldFacts } from './held-facts.js';
import type { JobMoment } from './jobs.js';

/** The entry of a request, and who belongs to the cluster then. */
export interface RequestMoment extends JobMoment {
  readonly isMember: (id: NodeId) => boolean;
}

/** Carries out the request of the entry `at` which it stands. */
export function carryOutRequest(
  command: ClientCommand,
  { sessions, store, locks, jobs, policies, services }: HeldFacts,
  at: RequestMoment,
): FirstResult {
  switch (command.kind) {
    case 'changeStore':
      return store.apply(command, at.revision);
    case 'acquireLock':
    case 'releaseLock':
      return locks.apply(command, at.revision, aliveIn(sessions));
    case 'submitJob':
    case 'claimJob':
    case 'reportJob':
    case 'cancelJob':
    case 'retryJob':
      return jobs.apply(command, at);
    case 'putPolicy':
    case 'rollBackPolicy':
    case 'deletePolicy':
      return policies.apply(command, at);
    case 'registerProvider':
    case 'deregisterProvider':
      return services.apply(command, { ...at, isAlive: aliveIn(sessions) });
    default:
      return sessions.apply(command, at.revision, at.nowMs);
  }
}

function aliveIn(sessions: HeldFacts['sessions']): (session: string) => boolean {
  return (session) => sessions.get(session) !== null;
}

/** Reads the facts as they are, whatever is applied later, for `requestChanges`. */
export function readerOf({
  store,
  locks,
  jobs,
  policies,
  services,
}: HeldFacts): Parameters<typeof requestChanges>[2] {
  return {
    entry: (key) => store.get(key),
    lock: (name) => locks.get(name),
    job: (id) => jobs.get(id),
    policy: (name) => policies.now(name),
    provider: (key) => services.get(key),
  };
}
