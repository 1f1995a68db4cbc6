// A linearizable read that is not under the lease is answered only after a quorum has answered a round that began after
// the read did, whoever leads (Thesis §6.4): a leader that was deposed meanwhile could not know. This holds also where
// nothing was written in between, so that a stale answer could not be told from a true one. And it shows all that any node knew
// to be committed when it began: a leader of that term or a later one has it below its own first entry, which it has committed.

import type { NodeId } from '../../src/raft/types.js';
import type { History } from '../history.js';
import type { LeaderRounds, Reign } from '../leader-rounds.js';
import { isMajority } from '../majority.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function readRounds(rounds: LeaderRounds, history: History): Invariant {
  /** What was known to be committed when each read began. */
  const committedAtBegin = new Map<string, number>();

  const isConfirmed = ({ machine, answered, configurations }: Reign, sinceUs: number): boolean => {
    const hasAnswered = (id: NodeId): boolean =>
      id === machine.id || (answered.get(id)?.atUs ?? -1) >= sinceUs;
    // Who led alone before the read began proves nothing about it, although it needed nobody's answer.
    return configurations.some(
      ({ configuration, untilUs }) => untilUs >= sinceUs && isMajority(configuration, hasAnswered),
    );
  };
  return {
    began({ kind, id }) {
      if (kind === 'read') committedAtBegin.set(id, history.committedIndex);
    },
    ended(operation) {
      const floor = committedAtBegin.get(operation.id) ?? 0;
      committedAtBegin.delete(operation.id);
      if (operation.kind !== 'read' || operation.isStale) return;
      const { answer, beganUs, id } = operation;
      if (answer === null || answer.isLeased) return;
      const isSo = rounds.reigns.some((reign) => isConfirmed(reign, beganUs));
      hold(isSo, 'read-rounds', () => {
        return `read ${id} was answered although no quorum had answered a round that began after it`;
      });
      hold(answer.lastApplied >= floor, 'read-rounds', () => {
        return `read ${id} saw ${answer.lastApplied}, but began when ${floor} was committed`;
      });
    },
  };
}
