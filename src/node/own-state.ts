// What a node calls itself, in the words that people and balancers read. How others call it when it is silent (DOWN) is not
// for itself to say.

import type { NodeStatus } from './api.js';

/**
 * CLEAN belongs to no cluster; JOINING is no voter yet; STANDBY is a full member that is not primary at this moment;
 * WITNESS votes and holds no state;
 * DEGRADED has a disk that failed, or does not answer.
 */
export type OwnState =
  'CLEAN' | 'JOINING' | 'STANDBY' | 'PRIMARY' | 'WITNESS' | 'DEGRADED' | 'REMOVED';

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

/** Counted in a quorum, whoever dies now; a newcomer only once its promotion is complete. */
export function isVoter({ settledVoters }: NodeStatus, id: NodeStatus['nodeId']): boolean {
  return settledVoters.includes(id);
}
