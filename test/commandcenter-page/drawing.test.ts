// What the page draws, as numbers: units, places of nodes, leases, bars of the log, lanes of reigns, columns of charts. Nodes must
// never meet, whatever their number and the width of the screen.
import { describe, expect, test } from 'vitest';

import type { Figures, ReignView } from '../../src/commandcenter/feed.js';
import { link, ringDash, sceneFor } from '../../src/commandcenter/page/geometry.js';
import { FRESH_MS, leaseOf, shareOf } from '../../src/commandcenter/page/lease.js';
import { logBars } from '../../src/commandcenter/page/log-bars.js';
import { endWords, reignLanes } from '../../src/commandcenter/page/reign-lanes.js';
import { CHARTS, columnsOf, headOf } from '../../src/commandcenter/page/series.js';
import * as units from '../../src/commandcenter/page/units.js';
import { message, node } from './words.js';

describe('units', () => {
  test.each([
    [null, '–'],
    [0, '0 ms'],
    [0.234, '0.23 ms'],
    [4.26, '4.3 ms'],
    [43.4, '43 ms'],
    [999.7, '1 s'],
    [4250, '4.3 s'],
    [59_700, '1 min'],
    [180_000, '3 min'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [97 * 3_600_000, '4 d 1 h'],
    [-5, '0 ms'],
  ])('a duration of %s ms is %s', (ms, text) => {
    expect(units.duration(ms)).toBe(text);
  });

  test('counts, sizes, lists and short forms', () => {
    expect(units.count(1_234_567)).toBe('1\u202f234\u202f567');
    expect([3.25, 980, 12_345, 4_500_000].map(units.compact)).toEqual([
      '3.3',
      '980',
      '12.3 k',
      '4.5 M',
    ]);
    expect([512, 1536, 12 * 1024 ** 2].map(units.bytes)).toEqual(['512 B', '1.5 KiB', '12 MiB']);
    expect(units.listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect([units.counted(1, 'reign'), units.counted(2, 'reign')]).toEqual(['1 reign', '2 reigns']);
    expect([units.ago(300), units.ago(4000), units.ago(null)]).toEqual(['now', '4 s ago', '–']);
    expect(units.shortened('amsterdam-rack-12', 11)).toBe('amste…ck-12');
  });

  test('a time of today has no date', () => {
    const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    expect(units.clock(atMs, atMs + 1000, 'UTC')).toBe('03:04:05');
    expect(units.clock(atMs, atMs + 86_400_000, 'UTC')).toBe('2026-01-02 03:04:05');
  });
});

describe('the picture', () => {
  const sizes = [1, 2, 3, 4, 5, 6, 7].flatMap((count) =>
    [310, 700, 960].map((width) => [count, width]),
  );
  test.each(sizes)('%i nodes in %i px stand apart and inside', (count = 0, width = 0) => {
    const { places, radius, height } = sceneFor(count, width);
    expect(places).toHaveLength(count);
    for (const [at, place] of places.entries()) {
      expect(place.x - radius).toBeGreaterThanOrEqual(0);
      expect(place.x + radius).toBeLessThanOrEqual(width);
      // Below each disc stand its name and its state.
      expect(place.y - radius).toBeGreaterThanOrEqual(10);
      expect(place.y + radius + 44).toBeLessThanOrEqual(height);
      for (const other of places.slice(at + 1)) {
        const apart = Math.hypot(place.x - other.x, place.y - other.y);
        expect(apart).toBeGreaterThan(2 * radius + 8);
      }
    }
  });

  test('a link begins and ends outside the rims, and vanishes between discs that touch', () => {
    const [start, end] = link({ x: 0, y: 0 }, { x: 200, y: 0 }, 40, 10);
    expect([start, end]).toEqual([
      { x: 50, y: 0 },
      { x: 150, y: 0 },
    ]);
    expect(link({ x: 0, y: 0 }, { x: 90, y: 0 }, 40, 10)).toEqual([
      { x: 0, y: 0 },
      { x: 0, y: 0 },
    ]);
    expect(ringDash(10, 2)).toBe(ringDash(10, 1));
    expect(ringDash(10, -1)).toMatch(/^0 /);
  });
});

describe('a lease', () => {
  test('stands between two messages and drains when none comes', () => {
    const lease = leaseOf(message());
    expect(lease).toEqual({ remainingMs: 900, leaseMs: 1000 });
    if (lease === null) throw new Error('no lease');
    expect(shareOf(lease, FRESH_MS)).toBeCloseTo(0.9);
    expect(shareOf(lease, FRESH_MS + 450)).toBeCloseTo(0.45);
    expect(shareOf(lease, FRESH_MS + 5000)).toBe(0);
  });

  test('is not drawn where nobody is primary or nobody knows', () => {
    expect(leaseOf(message({ primary: null }))).toBeNull();
    expect(leaseOf(message({}, { leaseRemainingMs: null }))).toBeNull();
  });
});

test('bars of the log share one stretch: a small lag stays small, a large one is seen', () => {
  const small = logBars([node('a'), node('b', { lastApplied: 97 })]);
  expect(small.map(({ applied }) => applied)).toEqual([1, 1 - 3 / 64]);
  const large = logBars([
    node('a', { commitIndex: 10_000, lastApplied: 10_000 }),
    node('b', { commitIndex: 2000, lastApplied: 2000 }),
    node('c', { commitIndex: null, lastApplied: null }),
  ]);
  expect(large.map(({ applied }) => applied)).toEqual([1, 1 - 8000 / 10_000, null]);
});

describe('lanes of reigns', () => {
  const reign = (
    epoch: number,
    name: string,
    beganAgoMs: number,
    endAgoMs: number | null,
  ): ReignView => ({
    epoch,
    term: epoch,
    node: name,
    cause: '',
    leaseMs: 1000,
    beganAgoMs,
    gapMs: null,
    end: endAgoMs === null ? null : { how: 'laterTerm', agoMs: endAgoMs },
  });
  const reigns = [reign(9, 'n2', 60_000, null), reign(5, 'gone', 120_000, 61_000)];

  test('end now, have a lane for each member and for whoever reigned, and bars where the reigns were', () => {
    const { lanes, bars } = reignLanes(reigns, ['n1', 'n2'], 600, 120_000, 0);
    expect(lanes).toEqual(['n1', 'n2', 'gone']);
    expect(bars.map(({ lane, x, width }) => [lane, Math.round(x), Math.round(width)])).toEqual([
      [1, 300, 300],
      [2, 0, 295],
    ]);
  });

  test('leave out what is older than the stretch, and show what lasted a moment', () => {
    expect(reignLanes(reigns, [], 600, 30_000, 0).bars.map(({ x, width }) => [x, width])).toEqual([
      [0, 600],
    ]);
    const short = reignLanes([reign(3, 'n1', 1000, 999)], ['n1'], 600, 86_400_000, 0);
    expect(short.bars[0]?.width).toBe(3);
    expect((short.bars[0]?.x ?? 0) + 3).toBeLessThanOrEqual(600);
  });

  test('have ticks that do not crowd', () => {
    for (const spanMs of [30_000, 600_000, 3_600_000, 86_400_000, 40 * 86_400_000]) {
      const { ticks } = reignLanes(reigns, [], 600, spanMs, 0);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(8);
    }
  });

  test('say how a reign ended', () => {
    expect([true, false].map((is) => endWords(reign(1, 'n1', 5, null), is))).toEqual([
      'goes on',
      'not known yet',
    ]);
    expect(endWords(reign(1, 'n1', 5, 1), true)).toBe('a later term began');
  });
});

test('charts have a column for each curve, the newest value above them, elections as a sum', () => {
  const figures = [
    { atMs: 1000, commitP50Ms: 1, commitP99Ms: 3, elections: 4 },
    { atMs: 2000, commitP50Ms: 2, commitP99Ms: 5, elections: 6 },
    { atMs: 3000, commitP50Ms: null, commitP99Ms: null, elections: 6 },
  ] as Figures[];
  const [latency, , elections] = CHARTS;
  if (latency === undefined || elections === undefined) throw new Error('no charts');
  const columns = columnsOf(latency, figures);
  expect(columns).toEqual([
    [1, 2, 3],
    [1, 2, null],
    [3, 5, null],
  ]);
  expect(headOf(latency, columns)).toBe('5 ms');
  expect(headOf(latency, columnsOf(latency, []))).toBeNull();
  expect(headOf(elections, columnsOf(elections, figures))).toBe('2');
});
