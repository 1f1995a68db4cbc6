// Whether a node is well, as a table: the first result counts at once, single failures do not, and what flaps has to be well for
// longer each time. Times are made up.

import { expect, it, test } from 'vitest';

import { HealthJudge } from '../../src/health/judge.js';

const NODE = { name: 'disk', rise: 2, fall: 3, process: null };
const PROCESS = { name: 'web', rise: 1, fall: 2, process: 'WEB' };

it.each([
  { name: 'nothing yet', results: '', why: 'disk: not checked yet' },
  { name: 'a success', results: '+', why: null },
  { name: 'a failure at first', results: '-', why: 'disk: full' },
  { name: 'fewer failures than count', results: '+--+--', why: null },
  { name: 'as many failures in a row as count', results: '+---', why: 'disk: full' },
  { name: 'one success after a fall', results: '+---+', why: 'disk: full' },
  { name: 'as many successes in a row as count', results: '+---++', why: null },
  { name: 'a failure at first, and then successes', results: '-++', why: null },
])('a node after $name', ({ results, why }) => {
  const judge = new HealthJudge([NODE]);
  results
    .split('')
    .forEach((result, at) => judge.noted('disk', result === '+' ? null : 'full', at));
  expect(judge.why).toBe(why);
});

test('a check that falls again within ten minutes has to be well for 20 s, then for 40 s', () => {
  const judge = new HealthJudge([NODE]);
  let nowMs = 0;
  const give = (why: string | null, count: number): void => {
    for (let at = 0; at < count; at += 1) {
      nowMs += 1000;
      judge.noted('disk', why, nowMs);
    }
  };
  give(null, 1);
  give('full', 3);
  give(null, 2);
  expect(judge.why).toBe(null);
  for (const seconds of [20, 40]) {
    give('full', 3);
    give(null, seconds);
    expect(judge.why).toBe('disk: full');
    give(null, 1);
    expect(judge.why).toBe(null);
  }
  // What is long ago is forgotten.
  nowMs += 11 * 60_000;
  give('full', 3);
  give(null, 2);
  expect(judge.why).toBe(null);
});

test('a process that failed here keeps its node from being primary for a while after it is gone', () => {
  const judge = new HealthJudge([PROCESS, NODE]);
  judge.noted('disk', null, 0);
  expect(judge.why).toBe(null);
  judge.noted('web', 'refused', 0);
  judge.noted('web', 'refused', 100);
  expect(judge.why).toBe('web: refused');
  for (const nowMs of [200, 10_100]) judge.rested('web', nowMs);
  expect(judge.why).toBe('web: refused');
  judge.rested('web', 10_200);
  expect(judge.why).toBe(null);
});

test('says all that is wrong', () => {
  const judge = new HealthJudge([NODE, { ...NODE, name: 'net' }]);
  judge.noted('disk', 'full', 0);
  expect(judge.why).toBe('disk: full; net: not checked yet');
});
