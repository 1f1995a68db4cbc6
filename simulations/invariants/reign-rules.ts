// Nobody makes itself primary unasked while the rules that were committed before its term say that an operator must name it, and
// no leader while its own health check fails. Judged by the entries that a leader appends, and by the rules in its log below its
// no-op: those of its own term may come before or after an activation.

import type { RaftState } from '../../src/raft/state.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function reignRules(): Invariant {
  return {
    changed({ machine, state, appended, isFirst }) {
      const { role } = state;
      if (isFirst || role.type !== 'leader') return;
      for (const entry of appended) {
        if (entry.kind !== 'activation' || entry.term !== state.term) continue;
        // Of its log, not of what it has applied: an activation that comes too early would be judged by what it knew then.
        const below = state.configurations.findLast(({ index }) => index <= role.noopIndex);
        // A hand-over that was given up may let its own reign, or that of the term just before, go on.
        const isResumed = isLater(state, entry.index) || state.resumesTerm !== null;
        if (entry.isChosen || isResumed || below === undefined) continue;
        const { isManual, pausedBy } = below.configuration.reigns;
        hold(!isManual && pausedBy === null, 'reign-rules', () => {
          const rule = isManual ? 'manual' : 'paused';
          return `node ${machine.id} makes itself primary at ${entry.index} while reigns are ${rule}`;
        });
        hold(state.health === null, 'reign-rules', () => {
          return `node ${machine.id} makes itself primary at ${entry.index}, and must not: ${state.health}`;
        });
      }
    },
  };
}

/** Whether its term has another activation before this one. */
function isLater({ log, term }: RaftState, index: number): boolean {
  for (let at = index - 1; at > log.compacted.index; at -= 1) {
    const entry = log.entryAt(at as typeof log.compacted.index);
    if (entry === null || entry === undefined || entry.term !== term) return false;
    if (entry.kind === 'activation') return true;
  }
  return true;
}
