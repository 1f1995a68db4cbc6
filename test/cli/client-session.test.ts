// The client's half of exactly-once, by itself. Which sequence a request gets, what is acknowledged, when another client
// session is opened; and what the error of a later attempt means when an earlier one may have happened.
import { describe, expect, test } from 'vitest';
import { ClientSession } from '../../src/client/client-session.js';
import { afterDoubt, isForgottenUnsent, pauseBeforeRetry } from '../../src/client/retry.js';
import { QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';

/** Opens client sessions named 1, 2, … */
function opener(window = 3): {
  open: () => Promise<{ session: string; window: number }>;
  count: number;
} {
  const opened = {
    count: 0,
    open: () => {
      opened.count += 1;
      return Promise.resolve({ session: String(opened.count), window });
    },
  };
  return opened;
}

describe('requests of a client', () => {
  test('share one client session, count up, and acknowledge below the lowest under way', async () => {
    const opened = opener();
    const session = new ClientSession();
    const [a, b] = await Promise.all([session.begin(opened.open), session.begin(opened.open)]);
    expect(opened.count).toBe(1);
    expect(a?.identity()).toEqual({ session: '1', sequence: 1, acknowledgedBelow: 1 });
    expect(b?.identity()).toEqual({ session: '1', sequence: 2, acknowledgedBelow: 1 });
    a?.end();
    expect(b?.identity()).toEqual({ session: '1', sequence: 2, acknowledgedBelow: 2 });
    b?.end();
    const c = await session.begin(opened.open);
    expect(c.identity()).toEqual({ session: '1', sequence: 3, acknowledgedBelow: 3 });
  });

  test('go under another client session when the window is full', async () => {
    const opened = opener(2);
    const session = new ClientSession();
    const tickets = [];
    for (let at = 0; at < 5; at += 1) tickets.push(await session.begin(opened.open));
    const places = tickets.map((ticket) => ticket.identity());
    expect(places.map((place) => place.session)).toEqual(['1', '1', '2', '2', '3']);
    expect(places.map((place) => place.sequence)).toEqual([1, 2, 1, 2, 1]);
  });

  test('go under another client session once it is forgotten, whoever says so first', async () => {
    const opened = opener();
    const session = new ClientSession();
    const a = await session.begin(opened.open);
    const b = await session.begin(opened.open);
    a.forget();
    const c = await session.begin(opened.open);
    b.forget();
    const d = await session.begin(opened.open);
    expect([c, d].map((ticket) => ticket.identity().session)).toEqual(['2', '2']);
  });

  test('fail together when no client session can be opened, and the next tries again', async () => {
    const opened = opener();
    const session = new ClientSession();
    const fail = (): Promise<never> => Promise.reject(new QuorateError('NO_QUORUM', 'no'));
    const both = await Promise.allSettled([session.begin(fail), session.begin(opened.open)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await session.begin(opened.open)).identity().session).toBe('1');
  });
});

const doubt = new QuorateError('INDETERMINATE', 'no answer came');

describe('after an attempt that may have happened', () => {
  test.each<ErrorCode>(['REVISION_MISMATCH', 'SESSION_NOT_FOUND', 'LIMIT_EXCEEDED'])(
    '%s is the answer',
    (code) => {
      const error = new QuorateError(code, 'no');
      expect(afterDoubt(error, doubt)).toBe(error);
    },
  );

  test.each<ErrorCode>(['NO_QUORUM', 'UNREACHABLE', 'OVERWRITTEN', 'WINDOW_EXCEEDED', 'STOPPING'])(
    '%s says nothing of that attempt',
    (code) => {
      const error = afterDoubt(new QuorateError(code, 'no'), doubt);
      expect(error).toMatchObject({ code: 'INDETERMINATE', outcome: 'indeterminate' });
      expect(error.message).toBe('no answer came; then: no');
    },
  );

  test('REQUEST_FORGOTTEN says so, and that the request was sent before', () => {
    const forgotten = new QuorateError('REQUEST_FORGOTTEN', 'not known');
    expect(isForgottenUnsent(forgotten, false)).toBe(true);
    expect(isForgottenUnsent(forgotten, true)).toBe(false);
    const told = afterDoubt(forgotten, doubt);
    expect(told.code).toBe('REQUEST_FORGOTTEN');
    expect(isForgottenUnsent(told, false)).toBe(false);
  });

  test.each<[ErrorCode, boolean, boolean, boolean]>([
    ['INDETERMINATE', false, false, false],
    ['INDETERMINATE', true, true, true],
    ['UNREACHABLE', true, false, false],
    ['UNREACHABLE', true, true, true],
    ['UNREACHABLE', false, true, false],
    ['REQUEST_FORGOTTEN', true, true, false],
    ['REVISION_MISMATCH', true, true, false],
  ])('%s, covered: %s, in doubt: %s, is repeated: %s', (code, isCovered, isInDoubt, isRepeated) => {
    const how = { attempt: 1, remainingMs: 10_000, random: 0.5, isCovered, isInDoubt };
    expect(pauseBeforeRetry(new QuorateError(code, 'no'), how) !== null).toBe(isRepeated);
  });
});
