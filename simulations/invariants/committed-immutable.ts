// What any node once knew as committed stands at its index for ever, on every node that commits that index (Raft §5.4.3,
// state-machine safety in terms of the log). This property writes the history of commitments.

import { indexPlus } from '../../src/raft/types.js';
import type { LogIndex } from '../../src/raft/types.js';
import type { History } from '../history.js';
import type { Sight } from '../sight.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function committedImmutable(history: History): Invariant {
  const check = ({ machine, state }: Sight, index: LogIndex): void => {
    const term = state.log.termAt(index);
    // Under a snapshot only the last entry's term is known.
    if (term === null) return;
    const fact = history.committed(index);
    if (fact === null) {
      hold(index === history.committedIndex + 1, 'committed-immutable', () => {
        return `node ${machine.id} committed ${index}, but nobody had committed ${history.committedIndex + 1}`;
      });
      history.noteCommitted({ term, inTerm: state.term });
      return;
    }
    hold(fact.term === term, 'committed-immutable', () => {
      return `node ${machine.id} committed an entry of term ${term} at index ${index}, where one of term ${fact.term} was committed`;
    });
  };
  return {
    changed(sight) {
      const { state, before, isFirst } = sight;
      const from = isFirst ? 0 : before.commitIndex;
      for (let index = indexPlus(from as LogIndex, 1); index <= state.commitIndex;) {
        check(sight, index);
        index = indexPlus(index, 1);
      }
    },
  };
}
