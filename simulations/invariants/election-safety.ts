// At most one leader is elected in a term (Raft Fig. 3, §5.2). A leader is whoever plays that role after an event, and
// whoever sends what only a leader may send, so that a leader of a moment is seen too.

import type { Machine } from '../machine.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function electionSafety(): Invariant {
  const leaders = new Map<number, Machine>();
  const lead = (machine: Machine, term: number): void => {
    const leader = leaders.get(term);
    if (leader === undefined) leaders.set(term, machine);
    else {
      hold(leader === machine, 'election-safety', () => {
        return `term ${term} has two leaders, node ${leader.id} and node ${machine.id}`;
      });
    }
  };
  return {
    changed({ machine, state }) {
      if (state.role.type === 'leader') lead(machine, state.term);
    },
    sent(from, _to, message) {
      if (message.type === 'appendEntries' || message.type === 'installSnapshot') {
        lead(from, message.term);
      }
    },
  };
}
