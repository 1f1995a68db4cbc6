// What load balancers, probes and people ask of one node, each question a plain rule over what the node knows of itself
// at one moment. Pure: nothing here waits or asks another node. The HTTP port and the health service of gRPC answer by it; the
// table of answers is src/http/README.md.

import type { NodeStatus } from './api.js';
import type { OwnState } from './own-state.js';

/** A node at one moment. */
export interface Health {
  readonly status: NodeStatus;
  readonly state: OwnState;
  /** The daemon was told to end. */
  readonly isStopping: boolean;
}

/** Why the answer is no; null: it is yes. */
export type WhyNot = string | null;

/** Committed entries that a node may lack and still count as caught up: as many as a newcomer to become a voter. */
const READY_LAG_MAX = 250;

const STOPPING = 'the daemon is stopping';
const UNHEARD = 'this node hears no leader, or leads without a quorum';

/**
 * Whether this node does its part and can have requests carried out: a voter that follows a live leader and has caught up.
 * A witness passes them on.
 */
export function whyNotReady(health: Health): WhyNot {
  const { status, state, isStopping } = health;
  const whyNot = state === 'WITNESS' ? null : whyNotFullMember(health);
  if (whyNot !== null) return whyNot;
  if (isStopping) return STOPPING;
  if (status.lagEntries === null) return UNHEARD;
  if (status.lagEntries > READY_LAG_MAX) return lagging(status.lagEntries, READY_LAG_MAX);
  return null;
}

/** Whether nothing is wrong that somebody should look at: not with this node, nor with its cluster as it sees it. */
export function whyNotHealthy({ status, state }: Health): WhyNot {
  if (state === 'DEGRADED' || state === 'REMOVED') return NO_FULL_MEMBER[state];
  if (state === 'CLEAN') return null;
  return status.lagEntries === null ? UNHEARD : null;
}

/** Whether this node is primary at the moment of its status: its lease holds. `primary` is who is, as far as it knows. */
export function whyNotPrimary(health: Health, primary: string | null): WhyNot {
  if (health.state === 'PRIMARY') return null;
  const whyNot = whyNotFullMember(health);
  if (whyNot !== null) return whyNot;
  return primary === null ? 'nobody is known to be primary' : `${primary} is primary`;
}

/** Whether this node is a standby that could take over: a full member, not primary, and ready. */
export function whyNotStandby(health: Health): WhyNot {
  if (health.state === 'PRIMARY') return 'this node is primary';
  return whyNotFullMember(health) ?? whyNotReady(health);
}

/**
 * Whether this node can answer stale reads and say how stale they are: a full member that was up to date at some time
 * since it started. It need not hear a leader, unless `lagMax`, in entries, is asked for: the lag is not known else.
 */
export function whyNotReadable(health: Health, lagMax: number | null): WhyNot {
  const { status, isStopping } = health;
  const whyNot = whyNotFullMember(health);
  if (whyNot !== null) return whyNot;
  if (isStopping) return STOPPING;
  if (status.stalenessMs === null) return 'this node was not up to date since it started';
  if (lagMax === null) return null;
  if (status.lagEntries === null) return `its lag is not known: ${UNHEARD}`;
  return status.lagEntries > lagMax ? lagging(status.lagEntries, lagMax) : null;
}

function whyNotFullMember({ state }: Health): WhyNot {
  return state === 'STANDBY' || state === 'PRIMARY' ? null : NO_FULL_MEMBER[state];
}

const NO_FULL_MEMBER: Readonly<Record<Exclude<OwnState, 'STANDBY' | 'PRIMARY'>, string>> = {
  CLEAN: 'this node belongs to no cluster',
  JOINING: 'this node is joining and no full member yet',
  WITNESS: 'this node is a witness and holds no state',
  DEGRADED: 'the disk of this node failed, was set back or does not answer',
  REMOVED: 'this node was removed from its cluster',
};

function lagging(entries: number, max: number): string {
  return `this node lacks ${entries} entries, more than ${max}`;
}
