// Puts the facts of a snapshot's parts together again. A part of an unknown fact or version stops the node: it comes from
// a version that knows more, and leaving it out would make this node answer otherwise than its peers.

import { invariant, InvariantViolation } from '../raft/assert.js';
import type { SnapshotMeta } from '../raft/types.js';
import {
  CLIENT_ANSWERS_FACT,
  CLIENT_SESSIONS_FACT,
  restoreClientAnswer,
  restoreClientSession,
} from './client-session-rows.js';
import type { ClientSessionLimits } from './command.js';
import type { ClusterEvent, Events } from './events.js';
import { EVENTS_FACT, restoreEvent } from './events.js';
import { noFacts } from './held-facts.js';
import type { HeldFacts } from './held-facts.js';
import { JOBS_FACT, restoreJob } from './job-rows.js';
import { LOCKS_FACT, restoreLock } from './lock-rows.js';
import type { MemberFact, Members, RemovedMember } from './members.js';
import {
  checkMembers,
  MEMBERS_FACT,
  REMOVED_MEMBERS_FACT,
  restoreMember,
  restoreRemovedMember,
} from './members.js';
import {
  FORGOTTEN_POLICIES_FACT,
  POLICIES_FACT,
  restoreForgottenPolicies,
  restorePolicyVersion,
} from './policy-rows.js';
import type { Primary, ReignRecord } from './primary.js';
import { checkPrimary, REIGNS_FACT, restoreReign } from './primary.js';
import type { Row } from './rows.js';
import { restoreProvider, SERVICES_FACT } from './service-rows.js';
import { restoreSession, SESSIONS_FACT } from './session-rows.js';
import type { SnapshotPart } from './snapshot-part.js';
import { restoreStoreEntry, STORE_FACT } from './store-rows.js';

export interface RestoredFacts extends HeldFacts {
  readonly members: Members;
  readonly primary: Primary;
  readonly events: Events;
}

/** What to do where a part is not known. */
const INSTALL_LATER = 'install the version that the other members run';

/** The version of every fact's rows. */
const ROWS_VERSION = 1;

/** The facts of the parts, checked against the meta. Throws `InvariantViolation` on what it does not know. */
export function restoreFacts(
  meta: SnapshotMeta,
  parts: Iterable<SnapshotPart>,
  clientSessionLimits: ClientSessionLimits,
): RestoredFacts {
  const current: MemberFact[] = [];
  const removed: RemovedMember[] = [];
  const history: ReignRecord[] = [];
  const events: ClusterEvent[] = [];
  const held = noFacts(clientSessionLimits);
  const { sessions, store, locks, jobs, policies, services, clientSessions } = held;
  const readers = new Map<string, (row: Row) => void>([
    [MEMBERS_FACT, (row) => current.push(restoreMember(row))],
    [REMOVED_MEMBERS_FACT, (row) => removed.push(restoreRemovedMember(row))],
    [REIGNS_FACT, (row) => history.push(restoreReign(row))],
    [EVENTS_FACT, (row) => events.push(restoreEvent(row))],
    [SESSIONS_FACT, (row) => sessions.restore(restoreSession(row))],
    [STORE_FACT, (row) => store.restore(restoreStoreEntry(row))],
    [LOCKS_FACT, (row) => locks.restore(restoreLock(row))],
    [JOBS_FACT, (row) => jobs.restore(restoreJob(row))],
    [
      POLICIES_FACT,
      (row) => {
        const { name, version } = restorePolicyVersion(row);
        policies.restore(name, version);
      },
    ],
    [FORGOTTEN_POLICIES_FACT, (row) => policies.restoreForgotten(restoreForgottenPolicies(row))],
    [SERVICES_FACT, (row) => services.restore(restoreProvider(row))],
    [CLIENT_SESSIONS_FACT, (row) => clientSessions.restoreSession(restoreClientSession(row))],
    [CLIENT_ANSWERS_FACT, (row) => clientSessions.restoreAnswer(restoreClientAnswer(row))],
  ]);
  for (const { fact, version, rows } of parts) {
    const read = readers.get(fact);
    if (read === undefined) {
      const message = `expected known facts in a snapshot, got ${fact}; ${INSTALL_LATER}`;
      throw new InvariantViolation(message);
    }
    invariant(
      version === ROWS_VERSION,
      `expected version ${ROWS_VERSION} of ${fact}, got ${version}; ${INSTALL_LATER}`,
    );
    for (const row of rows) read(row);
  }
  const members: Members = { current, removed };
  const primary: Primary = { reign: meta.reign, history };
  checkMembers(members, meta.configuration);
  checkPrimary(primary);
  return { members, primary, events, ...held };
}
