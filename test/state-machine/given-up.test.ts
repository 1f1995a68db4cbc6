// What the history tells of a process that was given up everywhere: under the reign that lasts, and under no other.
// Nothing else of the state depends on it.

import { expect, it } from 'vitest';
import { A, AppliedLog, index } from '../support/log-words.js';

const activation = {
  kind: 'activation',
  nodeId: A.id,
  leaseMs: 750,
  cause: 'elected',
  isChosen: false,
  gapMs: null,
} as const;

it('a process that stays up nowhere is told under the reign that lasts alone', () => {
  const log = AppliedLog.started();
  log.write(activation);
  const { epoch } = log.state;
  const told = { kind: 'noteGivenUp', name: 'AUTH', epoch, why: 'exit code 1' } as const;
  expect(log.command(told)).toEqual({ type: 'none' });
  log.write(activation);
  log.command(told);
  const text = `AUTH, which only the primary runs, was given up on ${A.name}, and nobody takes over: exit code 1`;
  const events = log.state.eventsAfter(index(0), 100, ['processGivenUp']);
  expect(events).toMatchObject([{ text, requestId: null }]);
});
