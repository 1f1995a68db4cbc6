// The checks of locks and jobs find what they are for: two holders at once, a token that comes twice, a step that is missing, twice there or
// otherwise told, a job that failed. And they say nothing of what is in order.
import { expect, test } from 'vitest';

import { JOB_STEPS, jobAnomalies } from './job-load.js';
import type { SeenJob } from './job-load.js';
import { lockAnomalies } from './lock-load.js';
import type { Hold } from './lock-load.js';

function hold(token: number, fromUs: number, untilUs: number, name = 'x'): Hold {
  return { name, token, client: 'c', fromUs, untilUs };
}

const checks = (anomalies: readonly { readonly check: string }[]): string[] =>
  anomalies.map(({ check }) => check);

test.each<[string, Hold[], string[]]>([
  ['holds one after another', [hold(9, 31, 40), hold(5, 10, 30)], []],
  ['two locks at once', [hold(1, 10, 30), hold(2, 15, 20, 'y')], []],
  [
    'two holders at once',
    [hold(5, 10, 30), hold(9, 29, 40)],
    ['a lock has one holder, and tokens follow real time'],
  ],
  [
    'a lower token later',
    [hold(9, 10, 20), hold(5, 30, 40)],
    ['a lock has one holder, and tokens follow real time'],
  ],
  ['a token twice', [hold(5, 10, 20), hold(5, 30, 40)], ['a token is granted once']],
])('%s', (_name, holds, expected) => {
  expect(checks(lockAnomalies(holds))).toEqual(expected);
});

function job(steps: readonly string[], status: SeenJob['status'] = 'done'): SeenJob {
  const recorded = steps.map((name, at) => {
    return { name, result: Buffer.from(String(at + 1)), epoch: 1, revision: at };
  });
  return { id: 'j', status, reason: '', steps: recorded };
}

test.each<[string, SeenJob, number, string[]]>([
  ['a job with all its steps', job(JOB_STEPS), 1, []],
  ['a job that failed', job(JOB_STEPS, 'failed'), 1, ['a job of which nobody despaired is done']],
  ['a step that is missing', job(JOB_STEPS.slice(1)), 1, ['each step is recorded once, in order']],
  [
    'a step that is there twice',
    job([...JOB_STEPS, 'one']),
    5,
    ['each step is recorded once, in order'],
  ],
  ['a step that was told otherwise', job(JOB_STEPS), 7, ['a recorded step never changes']],
])('%s', (_name, seen, result, expected) => {
  expect(checks(jobAnomalies([{ job: 'j', step: 'one', result }], [seen]))).toEqual(expected);
});

test('two workers that were told different results of a step that nobody read', () => {
  const told = [1, 2].map((result) => ({ job: 'j', step: 'one', result }));
  expect(checks(jobAnomalies(told, []))).toEqual(['a recorded step never changes']);
});
