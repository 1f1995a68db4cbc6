// An entry committed in a term is in the log of the leaders of all later terms (Raft Fig. 3, §5.4). It is checked when a
// leader is elected, for all that is committed then, and for the running leaders when more becomes committed.

import type { LogIndex } from '../../src/raft/types.js';
import type { History } from '../history.js';
import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { World } from '../world.js';
import type { Invariant } from './invariant.js';

export function leaderCompleteness(world: World, history: History): Invariant {
  let known = 0;
  /** By log matching the last entry that was committed in an earlier term speaks for all before it. */
  const check = (machine: Machine): void => {
    const state = machine.process?.node.raft?.state;
    if (state === undefined) return;
    let index = history.committedIndex as number;
    let fact = history.committed(index);
    while (fact !== null && fact.inTerm >= state.term) {
      index -= 1;
      fact = history.committed(index);
    }
    if (fact === null || index <= state.log.compacted.index) return;
    const { term } = fact;
    hold(state.log.termAt(index as LogIndex) === term, 'leader-completeness', () => {
      return `node ${machine.id} leads term ${state.term} without the committed entry ${index} of term ${term}`;
    });
  };
  return {
    changed({ machine, state, before, isFirst }) {
      const isLeader = state.role.type === 'leader';
      if (isLeader && (isFirst || !before.isLeader || before.term !== state.term)) check(machine);
      if (history.committedIndex === known) return;
      known = history.committedIndex;
      for (const other of world.machines.values()) {
        const otherState = other.process?.node.raft?.state;
        if (otherState?.role.type === 'leader' && otherState.term > state.term) check(other);
      }
    },
  };
}
