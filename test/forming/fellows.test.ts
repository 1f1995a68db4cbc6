// How a member finds the others where they restarted elsewhere, as values: when it asks around, and which announcements it believes. That
// whole daemons find each other so is shown in daemons.test.ts.

import { describe, expect, test } from 'vitest';

import { parseAddress } from '../../src/address.js';
import { believe, Search } from '../../src/discovery/fellows.js';
import type { FellowsPort } from '../../src/discovery/fellows.js';
import type { Announcement } from '../../src/forming/types.js';
import { N, install } from '../support/raft-words.js';

const CLUSTER = '0123456789abcdef0123456789abcdef';
const HERE = '10.9.9.9:6000';
const sought = install(2);

const FELLOWS: FellowsPort = {
  isFellow: (installId) => installId === sought,
  isSought: (installId) => installId === sought,
  met: () => {},
};

function said(more: Partial<Announcement>, installId = sought): Announcement {
  const levels = { version: '0.1.0', featureMin: 1, featureMax: 1, witness: false, priority: 50 };
  return {
    clusterName: 'quorate',
    who: { id: N(2), installId, name: 'n2', address: HERE, api: '10.9.9.9:6001', ...levels },
    plan: { type: 'join' },
    floor: 0,
    promised: null,
    cluster: CLUSTER,
    isSpent: true,
    ...more,
  };
}

describe('an announcement', () => {
  const other = 'f'.repeat(32);
  test.each([
    ['of a member that was asked there', said({}), HERE, 'isThere'],
    ['of a member that asked, or answered elsewhere, is a reason to ask', said({}), null, 'ask'],
    ['of a member at another address', said({}), '10.0.0.2:6000', 'ask'],
    ['of a clean node there', said({ cluster: null, isSpent: false }), HERE, 'nothing'],
    ['of a wiped node under the name of a member', said({}, install(2, 2)), HERE, 'nothing'],
    ['of a member of another cluster of the name', said({ cluster: other }), HERE, 'otherCluster'],
  ] as const)('%s', (_, announcement, answeredAt, belief) => {
    const at = answeredAt === null ? null : parseAddress(answeredAt, null);
    expect(believe(announcement, parseAddress(HERE, null), at, CLUSTER, FELLOWS)).toBe(belief);
  });
});

describe('a member that hears no leader', () => {
  test('asks after a second, at each occasion for a minute, then seldom; a leader ends it', () => {
    const search = new Search();
    const asked: number[] = [];
    for (let nowMs = 0; nowMs <= 80_000; nowMs += 1000) {
      if (search.isDue(nowMs, true)) asked.push(nowMs);
    }
    expect(asked[0]).toBe(1000);
    expect(asked.filter((atMs) => atMs < 60_000)).toHaveLength(59);
    expect(asked.filter((atMs) => atMs >= 60_000)).toEqual([
      60_000, 65_000, 70_000, 75_000, 80_000,
    ]);
    expect(search.isDue(81_000, false)).toBe(false);
    expect(search.isDue(81_250, true)).toBe(false);
    expect(search.isDue(82_250, true)).toBe(true);
  });
});
