// Where a history breaks: the prefix that is told is linearizable and one answer more is not, by trying every order.
// The pictures of it fit where they are shown.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import type { Bounds } from '../../../simulations/linearizability/check.js';
import { explain } from '../../../simulations/linearizability/failure.js';
import type { Failure } from '../../../simulations/linearizability/failure.js';
import { htmlPicture } from '../../../simulations/linearizability/html-picture.js';
import type { Model } from '../../../simulations/linearizability/model.js';
import { register } from '../../../simulations/linearizability/models/register.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';
import { textPicture } from '../../../simulations/linearizability/text-picture.js';
import { mutatedHistories, SUBJECTS, verdictByForce } from './objects.js';

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 20_000 : 200;
const AMPLE: Bounds = { memoryBytes: 2 ** 28, isTimeUp: () => false };

function failureOf(model: Model, operations: readonly Operation[]): Failure | null {
  const work = explain(model, operations, check(model, operations, AMPLE), AMPLE);
  while (true) {
    const { value, done } = work.next();
    if (done === true) return value;
  }
}

/** What was known once `isKnown` of the answers had come. */
function known(
  operations: readonly Operation[],
  until: number,
  isKnown: (at: number) => boolean,
): Operation[] {
  return operations
    .filter(({ call }) => call <= until)
    .map((each) =>
      each.answer !== null && isKnown(each.answer.at) ? each : { ...each, answer: null },
    );
}

const subjects = SUBJECTS.map((subject) => [subject.model.name, subject] as const);

describe.each(subjects)('the failure of a %s', (_name, subject) => {
  const { model } = subject;

  test('is the first answer that no order explains', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(mutatedHistories(subject, 7), (operations) => {
        const failure = failureOf(model, operations);
        expect(failure === null).toBe(verdictByForce(model, operations));
        if (failure === null) return;
        const at = failure.breaking.answer?.at ?? Number.NaN;
        expect(failure.isExact).toBe(true);
        expect(
          verdictByForce(
            model,
            known(operations, at, (each) => each < at),
          ),
        ).toBe(true);
        expect(
          verdictByForce(
            model,
            known(operations, at, (each) => each <= at),
          ),
        ).toBe(false);
        expect(failure.states.length).toBeGreaterThan(0);
      }),
      { numRuns: RUNS },
    );
  });
});

const HISTORY: readonly Operation[] = [
  { client: 'a', input: { f: 'write', value: '<b>&"1"' }, call: 0, answer: { output: {}, at: 2 } },
  { client: 'lost', input: { f: 'write', value: 'x'.repeat(200) }, call: 1, answer: null },
  ...Array.from({ length: 60 }, (_, at) => ({
    client: `client-with-a-long-name-${at}`,
    input: { f: 'read' },
    call: 10 + at * 2,
    answer: { output: { value: '<b>&"1"' }, at: 11 + at * 2 },
  })),
  { client: 'b', input: { f: 'read' }, call: 200, answer: { output: { value: 'never' }, at: 201 } },
  { client: 'c', input: { f: 'write', value: 3 }, call: 300, answer: { output: {}, at: 301 } },
];

describe('the picture', () => {
  const failure = failureOf(register, HISTORY);
  if (failure === null) throw new Error('the history should not be linearizable');
  const lineOf = new Map(HISTORY.map((each, at) => [each, at + 1]));

  test('as text keeps within 100 columns, and names the operation and the prefix', () => {
    const lines = textPicture(register, failure, lineOf);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.length).toBeLessThanOrEqual(40);
    const text = lines.join('\n');
    expect(text).toContain('The longest linearizable prefix: the first 124 of 127 events.');
    expect(text).toContain('no order explains: read → "never"  (client b, line 63)');
    expect(lines.filter((line) => line.includes('✗') && line.includes('╞'))).toHaveLength(1);
    expect(text).toContain('leaves: "<b>&\\"1\\""');
  });

  test('as a page stands alone, in light and dark, and escapes what clients wrote', () => {
    const page = htmlPicture(register, failure, 'a & b', lineOf);
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page).toContain('&lt;b&gt;&amp;');
    expect(page).not.toContain('<b>');
    expect(page).not.toMatch(/https?:|<script|<link|src=/);
    expect(page.match(/<tr class="bad">/g)).toHaveLength(1);
  });
});
