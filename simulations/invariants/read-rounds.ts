// A linearizable read that is not under the lease is answered only after a quorum has answered a round that began after
// the read did, whoever leads (Thesis §6.4): a leader that was deposed meanwhile could not know. This holds also where
// nothing was written in between, so that a stale answer could not be told from a true one.

import type { NodeId } from '../../src/raft/types.js';
import type { LeaderRounds, Reign } from '../leader-rounds.js';
import { isMajority } from '../majority.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function readRounds(rounds: LeaderRounds): Invariant {
  const isConfirmed = ({ machine, answered, configurations }: Reign, sinceUs: number): boolean => {
    const hasAnswered = (id: NodeId): boolean =>
      id === machine.id || (answered.get(id)?.atUs ?? -1) >= sinceUs;
    return configurations.some((each) => isMajority(each, hasAnswered));
  };
  return {
    ended(operation) {
      if (operation.kind !== 'read' || operation.isStale) return;
      const { answer, beganUs, id } = operation;
      if (answer === null || answer.isLeased) return;
      const isSo = rounds.reigns.some((reign) => isConfirmed(reign, beganUs));
      hold(isSo, 'read-rounds', () => {
        return `read ${id} was answered although no quorum had answered a round that began after it`;
      });
    },
  };
}
