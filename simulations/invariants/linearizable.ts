// Reads and writes take effect between their beginning and their end, in the order of the log (Thesis §6.3, §6.4). The
// log gives the order, so it is enough that an operation which begins after another ended stands after it, and that a read
// sees exactly what the log up to its place says. A stale read may be old, but never anything that was not so.

import type { History } from '../history.js';
import type { Operation } from '../operation.js';
import { hold } from '../violation.js';
import type { Invariant } from './invariant.js';

export function linearizable(history: History): Invariant {
  /** Highest place in the log that an operation which ended has shown to somebody. */
  let shown = 0;
  const shownAtBegin = new Map<string, number>();

  const place = (operation: Operation): number | null => {
    if (operation.kind === 'read') return operation.answer?.lastApplied ?? null;
    return operation.outcome?.type === 'applied' ? operation.outcome.entry.index : null;
  };

  return {
    began(operation) {
      shownAtBegin.set(operation.id, shown);
    },
    ended(operation) {
      const floor = shownAtBegin.get(operation.id) ?? 0;
      shownAtBegin.delete(operation.id);
      const index = place(operation);
      if (index === null) return;
      if (operation.kind === 'read') checkValue(history, operation);
      if (operation.kind === 'read' && operation.isStale) return;
      hold(operation.kind === 'read' ? index >= floor : index > floor, 'linearizable', () => {
        return `${operation.kind} ${operation.id} took effect at ${index}, but began after ${floor} had been answered`;
      });
      shown = Math.max(shown, index);
    },
  };
}

function checkValue(history: History, read: Extract<Operation, { kind: 'read' }>): void {
  const { answer, sessionId, id } = read;
  if (answer === null) return;
  hold(answer.lastApplied <= history.committedIndex, 'linearizable', () => {
    return `read ${id} saw ${answer.lastApplied}, but only ${history.committedIndex} is committed`;
  });
  const expected = history.sessionAt(sessionId, answer.lastApplied)?.digest ?? null;
  hold(answer.digest === expected, 'linearizable', () => {
    return `read ${id} at ${answer.lastApplied} saw session ${sessionId} otherwise than the log says`;
  });
}
