// Within one run of a process term, commitIndex, lastApplied and epoch never go back, and a term's vote never changes. A
// restarted node begins with exactly the term and vote of its disk (Raft Fig. 2).

import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function monotonic(): Invariant {
  return {
    changed(sight) {
      const { machine, state, before, isFirst } = sight;
      if (isFirst) {
        const { hardState } = machine.disk;
        hold(
          state.term >= hardState.term,
          'monotonic',
          () =>
            `node ${machine.id} began in term ${state.term}, but its disk holds ${hardState.term}`,
        );
        return;
      }
      never(sight, 'term', before.term, state.term);
      never(sight, 'commitIndex', before.commitIndex, state.commitIndex);
      never(sight, 'lastApplied', before.lastApplied, state.lastApplied);
      never(sight, 'epoch', before.epoch, state.applied.reign.epoch);
      hold(state.lastApplied <= state.commitIndex, 'monotonic', () => {
        return `node ${machine.id} applied ${state.lastApplied}, beyond its commitIndex ${state.commitIndex}`;
      });
      if (state.term > before.term || before.votedFor === null) return;
      hold(state.votedFor === before.votedFor, 'monotonic', () => {
        return `node ${machine.id} changed its vote in term ${state.term} from ${before.votedFor} to ${state.votedFor}`;
      });
    },
  };
}

function never({ machine }: Sight, what: string, before: number, now: number): void {
  hold(
    now >= before,
    'monotonic',
    () => `${what} of node ${machine.id} fell from ${before} to ${now}`,
  );
}
