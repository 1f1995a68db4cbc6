// Stands in the place of fast-check while properties are measured: each runs fresh cases for a given time instead of a given
// number, and what it did goes to a report, one line of JSON for each property. The tests themselves know nothing of it.

import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
// The library by its file: its name leads here.
import fc from '../../node_modules/fast-check/lib/fast-check.js';

export * from '../../node_modules/fast-check/lib/fast-check.js';

/** What one property did. */
export interface PropertyRun {
  /** File and name of its test. */
  readonly test: string;
  readonly cases: number;
  readonly elapsedMs: number;
  /** Told with the seed that repeats it; null: every case held. */
  readonly failure: string | null;
}

const RUNS_MAX = 2 ** 31 - 1;

/** Runs the property for its time; throws as fast-check does if a case fails. */
function assertForAWhile<T>(
  property: fc.IRawProperty<T>,
  parameters: fc.Parameters<T> = {},
): unknown {
  const { PROPERTY_MS = '1000', PROPERTY_REPORT = '', PROPERTY_SEED } = process.env;
  const { testPath = '', currentTestName = '' } = expect.getState();
  const startMs = performance.now();
  const given: fc.Parameters<T> = {
    ...parameters,
    seed:
      PROPERTY_SEED === undefined ? Math.floor(Math.random() * RUNS_MAX) : Number(PROPERTY_SEED),
    numRuns: RUNS_MAX,
    interruptAfterTimeLimit: Number(PROPERTY_MS),
    markInterruptAsFailure: false,
  };
  const note = (details: fc.RunDetails<T>): void => {
    const run: PropertyRun = {
      test: `${testPath.replace(/^.*\/test\//, '')}: ${currentTestName.trim()}`,
      cases: details.numRuns,
      elapsedMs: performance.now() - startMs,
      failure: details.failed ? (fc.defaultReportMessage(details) ?? 'it failed') : null,
    };
    appendFileSync(PROPERTY_REPORT, `${JSON.stringify(run)}\n`);
    if (run.failure !== null) throw new Error(run.failure);
  };
  const details = fc.check(property as fc.IProperty<T>, given);
  return details instanceof Promise ? details.then(note) : note(details);
}

export const assert = assertForAWhile;
// oxlint-disable-next-line import/no-default-export -- fast-check has one, and the tests use it
export default { ...fc, assert: assertForAWhile };
