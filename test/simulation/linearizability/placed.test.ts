// Places of changes narrow a search to one order: one that fits is found at once, and what an order by wrong places does not explain
// another still may. Nothing is called linearizable that is not.

import { expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import { placed } from '../../../simulations/linearizability/models/placed.js';
import type { Place } from '../../../simulations/linearizability/models/placed.js';
import { sessions } from '../../../simulations/linearizability/models/sessions.js';
import type { SessionsInput } from '../../../simulations/linearizability/models/sessions.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';

const BOUNDS = { memoryBytes: 1024 ** 2, isTimeUp: () => false };
const LOST = 12;

const put = (value: number): SessionsInput => ({
  f: 'put',
  id: 's',
  attributes: { a: `${value}` },
});

/** Puts of which nobody learned the answer, all at once, and a read of what the last of them in this order left. */
function history(seen: number): Operation<SessionsInput>[] {
  const puts = Array.from({ length: LOST }, (_, at) => {
    return { client: `c${at}`, input: put(at), call: 0, answer: null };
  });
  const output = { type: 'session', revision: 100, attributes: { a: `${seen}` }, owner: '' };
  const read = { client: 'r', input: { f: 'get', id: 's' } as const, call: 10 };
  return [...puts, { ...read, answer: { output, at: 11 } }];
}

/** The puts one after the other, in this order. */
function inOrder(order: readonly number[], seen: number): Operation[] {
  return history(seen).map((operation, at) => {
    const place: Place | null =
      at === LOST ? null : { at: order.indexOf(at) + 1, after: order.indexOf(at) };
    return { ...operation, input: { input: operation.input, place } };
  });
}

const rising = Array.from({ length: LOST }, (_, at) => at);

test('an order that fits is found, step by step', () => {
  const verdict = check(placed(sessions), inOrder(rising, LOST - 1), BOUNDS);
  expect(verdict.linearizable).toBe(true);
  expect(verdict.tries).toBeLessThanOrEqual((LOST + 1) ** 2);
});

test('what nobody wrote is explained by no order', () => {
  expect(check(placed(sessions), inOrder(rising, 99), BOUNDS).linearizable).toBe(false);
  expect(check(sessions, history(99), BOUNDS).linearizable).toBe(false);
});

test('an answer that comes before its change in the order is explained by another order only', () => {
  const [first, second] = [0, 1].map((at) => ({ client: `c${at}`, input: put(at), call: 20 * at }));
  if (first === undefined || second === undefined) throw new Error('there are two');
  const told = (at: number) => ({
    output: { type: 'session', revision: at + 1, attributes: { a: `${at}` }, owner: '' },
    at: 20 * at + 10,
  });
  const both = [first, second].map((operation, at) => ({ ...operation, answer: told(at) }));
  const turned = both.map((operation, at) => {
    return {
      ...operation,
      input: { input: operation.input, place: { at: 2 - at, after: 1 - at } },
    };
  });
  expect(check(sessions, both, BOUNDS).linearizable).toBe(true);
  expect(check(placed(sessions), turned, BOUNDS).linearizable).toBe(false);
});
