// A leader never overwrites or deletes entries of its log, it only appends (Raft Fig. 3, §5.3). Compaction of a prefix is
// no deletion in this sense: a snapshot stands for it.

import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function leaderAppendOnly(): Invariant {
  return {
    changed({ machine, state, before, truncatedFrom }) {
      if (truncatedFrom === null || state.role.type !== 'leader') return;
      if (!before.isLeader || before.term !== state.term) return;
      hold(false, 'leader-append-only', () => {
        return `node ${machine.id} leads term ${state.term} and lost its entries from ${truncatedFrom} on`;
      });
    },
  };
}
