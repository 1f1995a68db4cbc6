// What becomes of the primacy when a process does not stay up: each node tries once in a round, then the last one keeps it and tries
// ever more rarely. Nothing goes round in circles.

import { expect, test } from 'vitest';
import { afterGiveUp, giveUpCause } from '../../src/keeper/after-give-up.js';
import type { GivenUp, PastReign } from '../../src/keeper/after-give-up.js';

const cause = giveUpCause('AUTH', 'n1', '4 times');
const MINUTE = 60_000;

function reign(nodeId: number, why = cause, lastedMs: number | null = 5000): PastReign {
  return { nodeId, cause: why, lastedMs };
}

function given(how: Partial<GivenUp>): GivenUp {
  return { name: 'AUTH', self: 1, reigns: [], successors: [2, 3], stayCount: 0, ...how };
}

const stay = (retryMs: number) => ({ type: 'stay', retryMs });
const handOver = (to: number) => ({ type: 'handOver', to });

test.each([
  { name: 'the first that fails hands over to the best', how: {}, wanted: handOver(2) },
  {
    name: 'the second spares the first',
    how: { self: 2, reigns: [reign(1, 'elected'), reign(2)], successors: [1, 3] },
    wanted: handOver(3),
  },
  {
    name: 'the last of a round stays',
    how: { self: 3, reigns: [reign(1, 'elected'), reign(2), reign(3)], successors: [1, 2] },
    wanted: stay(MINUTE / 2),
  },
  {
    name: 'a reign for another cause begins a round anew',
    how: { self: 3, reigns: [reign(1), reign(2), reign(3, 'elected')], successors: [1, 2] },
    wanted: handOver(1),
  },
  {
    name: 'another process has its own round',
    how: {
      self: 2,
      reigns: [reign(1, 'elected'), reign(2, giveUpCause('OTHER', 'n1', 'x'))],
      successors: [1],
    },
    wanted: handOver(1),
  },
  {
    name: 'a process whose name only begins alike is another one',
    how: {
      self: 2,
      reigns: [reign(1, 'elected'), reign(2, giveUpCause('AUTH2', 'n1', 'x'))],
      successors: [1],
    },
    wanted: handOver(1),
  },
  {
    name: 'a node that kept it up for long may try again',
    how: { self: 2, reigns: [reign(1, 'elected', 11 * MINUTE), reign(2)], successors: [1] },
    wanted: handOver(1),
  },
  { name: 'nobody else is there', how: { successors: [] }, wanted: stay(MINUTE / 2) },
  { name: 'waits twice as long', how: { successors: [], stayCount: 2 }, wanted: stay(2 * MINUTE) },
  { name: 'up to a bound', how: { successors: [], stayCount: 99 }, wanted: stay(30 * MINUTE) },
])('$name', ({ how, wanted }) => {
  expect(afterGiveUp(given(how))).toEqual(wanted);
});
