// The checker's verdict on random histories. It is true on what a true object answered, and that of trying every order on
// what may be wrong; it depends neither on the order of the operations in the list nor on what a model rules out early.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { check } from '../../../simulations/linearizability/check.js';
import type { Bounds } from '../../../simulations/linearizability/check.js';
import type { Model } from '../../../simulations/linearizability/model.js';
import type { Operation } from '../../../simulations/linearizability/operation.js';
import { mutatedHistories, SUBJECTS, trueHistories, verdictByForce } from './objects.js';

const RUNS = process.env['QUORATE_TEST_LONG'] === '1' ? 20_000 : 150;
const AMPLE: Bounds = { memoryBytes: 2 ** 28, isTimeUp: () => false };

function verdict(model: Model, operations: readonly Operation[], bounds = AMPLE): boolean | null {
  return check(model, operations, bounds).linearizable;
}

const subjects = SUBJECTS.map((subject) => [subject.model.name, subject] as const);

describe.each(subjects)('the verdict on a %s', (_name, subject) => {
  const { model } = subject;

  test('is true for what a true object answered', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(trueHistories(subject, 40), (operations) => {
        expect(verdict(model, operations)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('is that of trying every order', { timeout: 300_000 }, () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(mutatedHistories(subject, 7), (operations) => {
        const expected = verdictByForce(model, operations);
        seen.add(expected);
        expect(verdict(model, operations)).toBe(expected);
      }),
      { numRuns: RUNS * 4 },
    );
    expect(seen).toEqual(new Set([true, false]));
  });

  test('does not depend on the order in the list', { timeout: 300_000 }, () => {
    const shuffled = mutatedHistories(subject, 12).chain((operations) =>
      fc.tuple(
        fc.constant(operations),
        fc.shuffledSubarray(operations, { minLength: operations.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([operations, others]) => {
        expect(verdict(model, others)).toBe(verdict(model, operations));
      }),
      { numRuns: RUNS },
    );
  });

  test('does not depend on what the model rules out early', { timeout: 300_000 }, () => {
    const { lookahead: _, ...plain } = model;
    fc.assert(
      fc.property(mutatedHistories(subject, 14), (operations) => {
        expect(verdict(model, operations)).toBe(verdict(plain, operations));
      }),
      { numRuns: RUNS },
    );
  });
});
