// What a client was told of a write is so (design promises 2 and 5). Applied means that this very entry is committed on
// the disks of a quorum; refused or overwritten means that it never happened and never will; and no request of ours, each sent
// once, is applied twice.

import type { History } from '../history.js';
import type { WriteOperation } from '../operation.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function trueOutcomes(history: History): Invariant {
  /** Index at which each request was applied. */
  const appliedAt = new Map<string, number>();
  /** Requests that were said never to happen. */
  const never = new Map<string, string>();

  const onApplied = (write: WriteOperation): void => {
    if (write.outcome?.type !== 'applied') return;
    const { entry } = write.outcome;
    const committed = history.committed(entry.index);
    hold(committed?.term === entry.term, 'true-outcomes', () => {
      return `write ${write.id} was answered as entry ${entry.index} of term ${entry.term}, which is not committed`;
    });
    hold(appliedAt.get(write.id) === entry.index, 'true-outcomes', () => {
      return `write ${write.id} was answered as entry ${entry.index}, but stands at ${appliedAt.get(write.id)}`;
    });
  };

  return {
    applied({ machine, entry, command }) {
      if (command === null || command.kind === 'expireSessions') return;
      const { requestId } = command;
      const earlier = appliedAt.get(requestId) ?? entry.index;
      hold(earlier === entry.index, 'true-outcomes', () => {
        return `write ${requestId} is applied at ${earlier} and at ${entry.index} (node ${machine.id})`;
      });
      hold(!never.has(requestId), 'true-outcomes', () => {
        return `write ${requestId} is applied at ${entry.index}, but was answered as ${never.get(requestId)}`;
      });
      appliedAt.set(requestId, entry.index);
    },
    ended(operation) {
      if (operation.kind !== 'write' || operation.outcome === null) return;
      const { outcome, id } = operation;
      if (outcome.type === 'applied') {
        onApplied(operation);
        return;
      }
      if (outcome.type === 'indeterminate') return;
      hold(!appliedAt.has(id), 'true-outcomes', () => {
        return `write ${id} was answered as ${outcome.type}, but is applied at ${appliedAt.get(id)}`;
      });
      never.set(id, outcome.type);
    },
  };
}
