// Reads and writes take effect between their beginning and their end, in the order of the log (Thesis §6.3, §6.4). The
// log gives the order, so it is enough that an operation which begins after another ended stands after it, and that a read
// sees exactly what the log up to its place says. A stale read may be old, but never anything that was not so. This property
// writes the history of the store's keys.

import type { History } from '../history.js';
import { digestOf } from '../digest.js';
import type { Operation } from '../operation.js';
import { hold } from '../violation.js';
import type { Applied, Invariant } from './invariant.js';

export function linearizable(history: History): Invariant {
  /** Highest place in the log that an operation which ended has shown to somebody. */
  let shown = 0;
  const shownAtBegin = new Map<string, number>();
  let applied = 0;

  const noteKeys = ({ entry, command, process }: Applied): void => {
    if (entry.index <= applied) return;
    applied = entry.index;
    if (command?.kind !== 'changeStore') return;
    const keys = [...command.success, ...command.failure].map(({ key }) => key);
    for (const key of new Set(keys)) {
      const found = process.node.state.storeEntry(key);
      const digest = found === null ? null : digestOf(found);
      history.noteFact('store', key, { index: entry.index, digest });
    }
  };

  const place = (operation: Operation): number | null => {
    if (operation.kind === 'read') return operation.answer?.lastApplied ?? null;
    return operation.outcome?.type === 'applied' ? operation.outcome.entry.index : null;
  };

  return {
    applied: noteKeys,
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
  const { answer, sessionId, id, of } = read;
  if (answer === null) return;
  hold(answer.lastApplied <= history.committedIndex, 'linearizable', () => {
    return `read ${id} saw ${answer.lastApplied}, but only ${history.committedIndex} is committed`;
  });
  const fact =
    of === 'session'
      ? history.sessionAt(sessionId, answer.lastApplied)
      : history.factAt(of, sessionId, answer.lastApplied);
  hold(answer.digest === (fact?.digest ?? null), 'linearizable', () => {
    return `read ${id} at ${answer.lastApplied} saw ${of} ${sessionId} otherwise than the log says`;
  });
}
