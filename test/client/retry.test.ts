// What a client of several members repeats beyond what a client of one does: the rules for one address are in
// test/cli/client.test.ts. A write that may have happened is repeated under a client session only, wherever it is sent.
import { describe, expect, test } from 'vitest';

import { attemptMs, pauseBeforeRetry } from '../../src/client/retry.js';
import type { RetryCircumstances } from '../../src/client/retry.js';
import { QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';

const ALONE: RetryCircumstances = { attempt: 1, remainingMs: 10_000, random: 0.5 };
const AMONG_OTHERS: RetryCircumstances = { ...ALONE, hasOthers: true, isNextFresh: true };

function pauseMs(code: ErrorCode, how: RetryCircumstances): number | null {
  return pauseBeforeRetry(new QuorateError(code, 'no'), how);
}

describe('what lies in one member', () => {
  test.each([
    'UNREACHABLE',
    'STOPPING',
    'DEGRADED',
    'REMOVED',
    'CLEAN_NODE',
    'WITNESS',
    'TLS_FAILED',
  ] as const)('%s is repeated at another at once, and given up where there is none', (code) => {
    expect(pauseMs(code, AMONG_OTHERS)).toBe(0);
    expect(pauseMs(code, { ...AMONG_OTHERS, isNextFresh: false })).toBe(30);
    expect(pauseMs(code, ALONE)).toBeNull();
  });

  test.each(['REVISION_MISMATCH', 'INVALID_ARGUMENT', 'PERMISSION_DENIED', 'INTERNAL'] as const)(
    '%s is final everywhere',
    (code) => {
      expect(pauseMs(code, AMONG_OTHERS)).toBeNull();
    },
  );
});

test('what may have happened is repeated elsewhere under a client session, and never without', () => {
  expect(pauseMs('INDETERMINATE', AMONG_OTHERS)).toBeNull();
  expect(pauseMs('INDETERMINATE', { ...AMONG_OTHERS, isCovered: true })).toBe(0);
  expect(pauseMs('REQUEST_FORGOTTEN', { ...AMONG_OTHERS, isCovered: true })).toBeNull();
});

test('nothing is repeated that the deadline leaves no time for', () => {
  expect(pauseMs('UNREACHABLE', { ...AMONG_OTHERS, remainingMs: 49 })).toBeNull();
});

test('an attempt leaves time for others, more with each, and takes all there is in the end', () => {
  expect([1, 2, 3, 4].map((attempt) => attemptMs(attempt, 10_000))).toEqual([
    3000, 6000, 10_000, 10_000,
  ]);
  expect(attemptMs(1, 300)).toBe(300);
  expect(attemptMs(5000, 60_000)).toBe(60_000);
});
