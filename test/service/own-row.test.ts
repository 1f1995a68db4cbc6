// What a member says of itself after a restart, and how one ends that was admitted and never reached. Its row is changed where
// it moved or was given another priority; a priority that nobody gave stays. A newcomer without any member to ask gives up.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { endUnreached } from '../../src/daemon-membership.js';
import type { QuorateError } from '../../src/errors.js';
import { untrueRow } from '../../src/service/own-row.js';
import { configuration, leaderStatus, member, SELF } from './words.js';

const HERE = { address: '127.0.0.1:6001', api: '127.0.0.1:7001' };

test.each([
  ['nothing while all is as before', {}, {}, null],
  [
    'where it moved to',
    { address: '127.0.0.1:6009' },
    {},
    { address: '127.0.0.1:6009', priority: 90 },
  ],
  [
    'the priority that it was started with',
    { isPriorityGiven: true, priority: 10 },
    {},
    { priority: 10 },
  ],
  ['nothing of a priority that nobody gave', { priority: 50 }, {}, null],
  ['its tags', { tags: [['zone', 'a']] }, {}, { tags: { zone: 'a' } }],
  ['nothing once it was removed', { address: '127.0.0.1:6009' }, { condition: 'removed' }, null],
] as const)('a member tells %s', (_what, self, more, row) => {
  const members = [{ ...member(1), ...HERE, priority: 90 }, member(2)];
  const status = leaderStatus({
    configuration: { ...configuration([1, 2]), members },
    ...more,
  });
  const told = untrueRow({ self: { ...SELF, ...HERE, isPriorityGiven: false, ...self } }, status);
  const { address, api, priority, tags } = told ?? {};
  const expected = row === null ? {} : Object.assign({ ...HERE, priority: 90, tags: {} }, row);
  expect({ address, api, priority, tags }).toEqual({
    address: undefined,
    api: undefined,
    priority: undefined,
    tags: undefined,
    ...expected,
  });
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A newcomer of a cluster whose election timeout is a second, after a restart. */
function restarted(isReached: boolean) {
  const ends: QuorateError[] = [];
  const now = { ...leaderStatus({}), term: 0, configuration: configuration([]) };
  const node = { status: () => (isReached ? leaderStatus({}) : now) as typeof now };
  const stop = endUnreached(node as Parameters<typeof endUnreached>[0], (error) =>
    ends.push(error),
  );
  return { ends, stop };
}

test('a newcomer that restarts and is reached by nobody ends after two minutes, and says why', () => {
  const { ends } = restarted(false);
  vi.advanceTimersByTime(119_000);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(2000);
  expect(ends).toHaveLength(1);
  expect(ends[0]).toMatchObject({ code: 'NEWCOMER_GIVEN_UP' });
  expect(ends[0]?.message).toMatch(/^no member of cluster .* has reached this node within 120 s/);
});

test('one that has heard of its cluster, or is stopped, does not', () => {
  const known = restarted(true);
  const stopped = restarted(false);
  stopped.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1_000_000);
  expect([...known.ends, ...stopped.ends]).toEqual([]);
});
