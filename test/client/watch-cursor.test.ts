// What a watch asks next after each thing that can happen to it. It goes on where it was told to, never in the middle of a
// state, and only among the members of one cluster.

import { describe, expect, test } from 'vitest';
import { goesOn, WatchCursor } from '../../src/client/watch-cursor.js';
import type { WatchWish } from '../../src/client/watch-cursor.js';
import { QuorateError } from '../../src/errors.js';
import type { ErrorCode } from '../../src/errors.js';
import type { WatchResponse__Output as WatchResponse } from '../../src/generated/quorate/v1/WatchResponse.js';

const said = (revision: number, more: Partial<WatchResponse>): WatchResponse => ({
  revision,
  clusterId: '',
  ...more,
});
const bookmark = (revision: number): WatchResponse => said(revision, { bookmark: {} });
const state = (revision: number, last: boolean): WatchResponse =>
  said(revision, { state: { rows: [], last, compacted: false } });

/** A cursor to which this was said, each list by another member. */
function after(wish: WatchWish, ...told: readonly (readonly WatchResponse[])[]): WatchCursor {
  const cursor = new WatchCursor(wish);
  for (const responses of told) {
    cursor.begin();
    for (const response of responses) cursor.take(response);
  }
  return cursor;
}

describe('a watch asks next', () => {
  test.each([
    ['from now on', {}, [], { withState: false }],
    ['for the state', { withState: true }, [], { withState: true }],
    ['after what it knew', { afterRevision: 7 }, [], { afterRevision: 7 }],
    ['after what it was told', {}, [[bookmark(3), bookmark(9)]], { afterRevision: 9 }],
    [
      'after the state',
      { withState: true },
      [[state(5, false), state(5, true)]],
      { afterRevision: 5 },
    ],
    [
      'for the state, which is not older than what it knew',
      { withState: true, afterRevision: 7 },
      [],
      { withState: true, afterRevision: 7 },
    ],
    [
      'for the state anew, not an older one than the part that it was told',
      { withState: true },
      [[state(5, false)]],
      { withState: true, afterRevision: 5 },
    ],
    [
      'for the state anew, although it had asked for changes',
      { afterRevision: 2 },
      [[state(5, false)]],
      { withState: true, afterRevision: 5 },
    ],
    ['from now on, if nothing was told', {}, [[]], { withState: false }],
  ] as const)('%s', (_what, wish, told, expected) => {
    const { request } = after(wish, ...told);
    expect(request).toMatchObject(expected);
    expect('afterRevision' in request).toBe('afterRevision' in expected);
  });

  test('only members of the cluster that told it', () => {
    const cursor = after({}, [said(3, { clusterId: 'c1', bookmark: {} }), bookmark(4)]);
    expect(cursor.request).toMatchObject({ clusterId: 'c1', afterRevision: 4 });
  });
});

describe('a state', () => {
  test('is told from its first part on, by whichever member', () => {
    const cursor = after({ withState: true }, [state(5, false)]);
    cursor.begin();
    const parts = [state(6, false), state(6, true)].map((part) => cursor.take(part));
    expect(parts).toMatchObject([
      { isFirst: true, isLast: false },
      { isFirst: false, isLast: true },
    ]);
  });
});

describe('a watch that fails', () => {
  test.each<readonly [ErrorCode, boolean]>([
    ['STOPPING', true],
    ['UNREACHABLE', true],
    ['WATCHER_TOO_SLOW', true],
    ['REVISION_AHEAD', true],
    ['PERMISSION_DENIED', false],
    ['INVALID_ARGUMENT', false],
    ['OTHER_CLUSTER', false],
    ['TLS_FAILED', false],
  ])('with %s goes on elsewhere: %s', (code, expected) => {
    expect(goesOn(new QuorateError(code, 'why'))).toBe(expected);
  });
});
