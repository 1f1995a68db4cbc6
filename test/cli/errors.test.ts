// How the command line says no. Always one line, or one object, with what happened and what to do next.
import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';

import { describeFailure, failureOf, usageFailure } from '../../cli/errors.js';
import { ERRORS, isErrorCode, QuorateError } from '../../src/errors.js';

describe('a refusal', () => {
  const error = new QuorateError('SESSION_NOT_FOUND', 'there is no session "alice"');

  test('is one line for people', () => {
    expect(describeFailure(failureOf(error), false)).toBe(
      'quorate: there is no session "alice". It never was, has expired or was deleted; `quorate session put` creates it.',
    );
  });

  test('is an object with error, code and hint for programs', () => {
    expect(JSON.parse(describeFailure(failureOf(error), true))).toEqual({
      error: 'there is no session "alice"',
      code: 'SESSION_NOT_FOUND',
      hint: error.hint,
    });
  });

  test.each(Object.keys(ERRORS))('%s has an exit code of the contract', (code) => {
    if (!isErrorCode(code)) throw new Error('expected a code of the table');
    const failure = failureOf(new QuorateError(code, 'why\nit failed'));
    expect([1, 2, 3]).toContain(failure.exitCode);
    expect(failure.hint).not.toBe('');
    expect(describeFailure(failure, false)).not.toContain('\n');
  });

  test('that nobody expected still says what to do', () => {
    const failure = failureOf(new TypeError('x is undefined'));
    expect(failure).toMatchObject({ code: 'INTERNAL', exitCode: 1 });
    expect(describeFailure(failure, false)).toMatch(/^quorate: x is undefined\. Run it again/);
  });
});

test('wrong usage is folded into one line with its suggestion', () => {
  const error = new CommanderError(
    1,
    'commander.unknownOption',
    "error: unknown option '--forse'\n(Did you mean --force?)",
  );
  const failure = usageFailure(error, 'cluster-remove-node');
  expect(failure).toMatchObject({ code: 'WRONG_USAGE', exitCode: 2 });
  expect(describeFailure(failure, false)).toBe(
    "quorate: unknown option '--forse'. Did you mean --force? See `quorate cluster-remove-node --help`.",
  );
});
