// Pages of the history and then a watch, as one feed: each event comes once and in order, whatever the size of the pages. So it is
// also where the watch answers with the whole state because it forgot the changes.

import { expect, test } from 'vitest';
import { eventFeed } from '../../src/client/event-feed.js';
import type { EventSource } from '../../src/client/event-feed.js';
import type { WatchUpdate } from '../../src/client/watch-cursor.js';
import type { Change__Output as Change } from '../../src/generated/quorate/v1/Change.js';
import type { Event__Output as Event } from '../../src/generated/quorate/v1/Event.js';

const HEADER = { clusterId: 'c', node: 'n1', term: 1 };
const event = (revision: number): Event => ({
  revision,
  clusterTimeMs: 0,
  kind: 'reignBegan',
  text: `at ${revision}`,
});
const change = (revision: number): Change => ({
  fact: 'FACT_EVENT',
  key: 'reignBegan',
  value: 'event',
  event: event(revision),
  expired: false,
});

/** Up to 30 nothing but these happened, in pages that end with a revision; then the watch tells what it is given. */
function source(kept: readonly number[], updates: readonly WatchUpdate[]): EventSource {
  return {
    page: ({ afterRevision = 0, limit = 0 }) => {
      const events = kept.filter((revision) => revision > Number(afterRevision)).map(event);
      let end = Math.min(limit, events.length);
      while (events[end]?.revision === events[end - 1]?.revision && end < events.length) end += 1;
      const header = { ...HEADER, revision: 30 };
      return Promise.resolve({ header, events: events.slice(0, end) });
    },
    watch: async function* (options) {
      expect(options.afterRevision).toBe(30);
      yield* await Promise.resolve(updates);
    },
  };
}

async function told(pageSize: number, updates: readonly WatchUpdate[] | null): Promise<number[]> {
  const follow = updates !== null;
  const wish = { afterRevision: 0, kinds: [], stale: false, pageSize, follow };
  const found: number[] = [];
  for await (const { revision } of eventFeed(source([2, 3, 3, 9], updates ?? []), wish)) {
    found.push(revision);
  }
  return found;
}

test.each([1, 3, 100])('a feed in pages of %i ends at the newest', async (pageSize) => {
  expect(await told(pageSize, null)).toEqual([2, 3, 3, 9]);
});

test('a feed goes on with what happens', async () => {
  const changes = (revision: number): WatchUpdate => ({
    type: 'changes',
    revision,
    revisions: [{ revision, changes: [change(revision)] }],
  });
  const found = await told(100, [changes(31), { type: 'bookmark', revision: 40 }, changes(41)]);
  expect(found).toEqual([2, 3, 3, 9, 31, 41]);
});

test('a feed that is told the whole state takes from it what it has not told', async () => {
  const state = (revisions: readonly number[], isFirst: boolean, isLast: boolean): WatchUpdate => ({
    type: 'state',
    revision: 50,
    rows: revisions.map(change),
    isFirst,
    isLast,
  });
  const again = [state([3, 9], true, false), state([33, 50, 50], false, true)];
  expect(await told(100, again)).toEqual([2, 3, 3, 9, 33, 50, 50]);
  expect(await told(100, [...again, ...again])).toEqual([2, 3, 3, 9, 33, 50, 50]);
});
