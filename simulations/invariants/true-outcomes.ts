// What a client was told of a write is so (design promises 2 and 5). Applied means that this very entry is committed on
// the disks of a quorum and had this very answer; refused or overwritten means that it never happened and never will; and no
// write is carried out twice, however often and under how many client sessions it was sent.

import { isTableRefusal } from '../covered-writes.js';
import { digestOf } from '../digest.js';
import type { History } from '../history.js';
import type { WriteOperation } from '../operation.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function trueOutcomes(history: History): Invariant {
  /** Index at which each request was carried out, and digest of what was answered. */
  const appliedAt = new Map<string, number>();
  const answers = new Map<string, number>();
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
    hold(answers.get(write.id) === digestOf(write.outcome.result), 'true-outcomes', () => {
      return `write ${write.id} was answered otherwise than it was carried out: ${JSON.stringify(write.outcome)}`;
    });
  };

  return {
    applied({ machine, entry, command, result }) {
      if (command === null || !('client' in command)) return;
      const { requestId } = command;
      if (result.type === 'repeated') {
        const isFirst = digestOf(result.first) === answers.get(requestId);
        hold(isFirst && appliedAt.get(requestId) === result.revision, 'true-outcomes', () => {
          return `write ${requestId} came again at ${entry.index} and got another answer than at ${appliedAt.get(requestId)} (node ${machine.id})`;
        });
        return;
      }
      // Nothing was carried out.
      if (isTableRefusal(result)) return;
      const earlier = appliedAt.get(requestId) ?? entry.index;
      hold(earlier === entry.index, 'true-outcomes', () => {
        return `write ${requestId} is carried out at ${earlier} and at ${entry.index} (node ${machine.id})`;
      });
      hold(!never.has(requestId), 'true-outcomes', () => {
        return `write ${requestId} is applied at ${entry.index}, but was answered as ${never.get(requestId)}`;
      });
      appliedAt.set(requestId, entry.index);
      answers.set(requestId, digestOf(result));
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
