// What a node calls itself, in the words that people and balancers read. How others call it when it is silent (DOWN) is not
// for itself to say.

import type { NodeStatus } from './api.js';

/**
 * CLEAN belongs to no cluster; JOINING is no voter yet; STANDBY is a full member that is not primary at this moment;
 * WITNESS votes and holds no state;
 * DEGRADED has a disk that failed, was set back, or does not answer.
 */
export const OWN_STATES = [
  'CLEAN',
  'JOINING',
  'STANDBY',
  'PRIMARY',
  'WITNESS',
  'DEGRADED',
  'REMOVED',
] as const;

export type OwnState = (typeof OWN_STATES)[number];

/** The state of the node whose status it is, at the moment of that status. */
export function ownState(status: NodeStatus): OwnState {
  switch (status.condition) {
    case 'clean':
      return 'CLEAN';
    case 'degraded':
      return 'DEGRADED';
    case 'removed':
      return 'REMOVED';
    case 'member':
      if (status.isDiskOverdue) return 'DEGRADED';
      if (status.isPrimary) return 'PRIMARY';
      if (!isVoter(status, status.nodeId)) return 'JOINING';
      return status.cluster?.isWitness === true ? 'WITNESS' : 'STANDBY';
  }
}

/** What is wrong with a node that is DEGRADED or REMOVED, and what to do, in one line; null: nothing. */
export function ownTrouble(status: NodeStatus): string | null {
  const name = status.cluster?.nodeName ?? 'NAME';
  if (status.condition === 'removed') return REMOVED_TROUBLE;
  if (status.trouble === 'setBack') return setBackTrouble(name);
  if (status.trouble === 'diskFailed') {
    return `its disk failed: mend it and restart the daemon, or ${replacing(name)}`;
  }
  return status.isDiskOverdue ? 'its disk does not answer: check it, or replace it' : null;
}

/** The same of a member of this name whose disk was set back. */
export function setBackTrouble(name: string): string {
  return `its disk was set back: ${replacing(name)}`;
}

/** What puts a clean node in its place without a moment of fewer voters. */
function replacing(name: string): string {
  return `replace it by a clean node: cluster-replace-node ${name} ADDRESS`;
}

const REMOVED_TROUBLE =
  'it was removed from its cluster: to join again, start it with an empty data directory';

/** Counted in a quorum, whoever dies now; a newcomer only once its promotion is complete. */
export function isVoter({ settledVoters }: NodeStatus, id: NodeStatus['nodeId']): boolean {
  return settledVoters.includes(id);
}
