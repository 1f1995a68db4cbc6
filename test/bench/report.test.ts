// The benchmark's own arithmetic and its report: medians, intervals by the sign test against enumeration, h2load's log, tables that
// fit. What it measures is run by hand.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framed, readLog } from './load/h2load.js';
import { measuredFrom } from './load/measured.js';
import { levelPlot } from './level-plot.js';
import { itemsOf, planned } from './plan.js';
import type { Item, Plan } from './plan.js';
import { ratioPlot } from './plot.js';
import { summaryOf, tables } from './report.js';
import { SCENES } from './scenes/index.js';
import type { Cell } from './slices.js';
import { median, medianInterval } from './statistics.js';

describe('the median', () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('of nine pairs lies between the second and the eighth ratio with 96 %', () => {
    const { low, high, confidence } = medianInterval([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect([low, high]).toEqual([2, 8]);
    expect(confidence).toBeCloseTo(0.961, 3);
  });

  test('lies in its interval as often as is said, for any number of values', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), (n) => {
        const values = Array.from({ length: n }, (_, at) => at);
        const { low, high, confidence } = medianInterval(values);
        // Each value is below or above the true median with one half: count the cases in which it is between.
        let inside = 0;
        for (let bits = 0; bits < 2 ** n; bits += 1) {
          const below = values.filter((at) => (bits & (1 << at)) !== 0).length;
          if (below > low && below < high + 1) inside += 1;
        }
        expect(confidence).toBeCloseTo(inside / 2 ** n, 10);
      }),
    );
  });
});

describe('a slice', () => {
  test('has percentiles in milliseconds', () => {
    const latencies = Float64Array.from({ length: 1000 }, (_, at) => (1000 - at) * 1000);
    const { p50, p99, p999, max, requests } = measuredFrom(latencies, 0, 1);
    expect([requests, p50, p99, p999, max]).toEqual([1000, 501, 991, 1000, 1000]);
  });

  test('of h2load is read from its log, and what did not answer 200 is a failure', () => {
    expect(readLog('1\t200\t350\n2\t503\t10\n3\t200\t450\n')).toEqual({
      latenciesUs: [350, 450],
      failures: 1,
    });
  });

  test('sends a message as gRPC frames it', () => {
    expect([...framed(new Uint8Array([7, 8]))]).toEqual([0, 0, 0, 0, 2, 7, 8]);
  });
});

const slice = (system: string, perSecond: number): Cell['pairs'][number][number] => ({
  system,
  perSecond,
  requests: 1000,
  failures: 0,
  seconds: 1,
  p50: 1,
  p99: 2,
  p999: 3,
  max: 4,
  leaderCpuUs: 100,
  cpuUs: 200,
  memoryBytes: 1024 ** 2,
  nodes: [{ cpuUs: 100, memoryBytes: 1024 ** 2 }],
});
const cell: Cell = {
  workload: 'batches of 64',
  client: 'h2load',
  inFlight: 256,
  target: 1.2,
  pairs: [1.1, 1.3, 1.5].map((ratio) => [slice('etcd', 10_000), slice('quorate', 10_000 * ratio)]),
};

describe('the report', () => {
  test('compares within pairs and says whether the aim is met', () => {
    expect(summaryOf(cell)).toMatchObject({ ratio: 1.3, isMet: true, rates: { etcd: 10_000 } });
  });

  test('fits 100 columns', () => {
    const lines = tables({
      method: '',
      versions: { etcd: '3.4.23', quorate: '0.1.0' },
      machine: { processors: 2, model: 'a processor', node: 'v20' },
      pairs: 3,
      sliceSeconds: 1,
      cells: [cell],
      limits: { echo: { 64: 31_000 }, syncedBatches: { 1: 1500 } },
      failOvers: [1, 2, 3].map((ms) => ({ system: 'etcd', ms })),
      figures: ['etcd', 'quorate'].map((system, at) => ({
        scene: 'snapshots',
        system,
        what: 'writes a second, 64 in flight, 200000 keys',
        values: [10_000, 20_000, 30_000].map((value) => value * (at + 1)),
      })),
      failures: [{ item: 'sessions', why: 'a window of puts ended in doubt' }],
    });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.join('\n')).toContain('1.30');
    expect(lines.at(-3)).toMatch(/40,000 \(20,000–60,000\) +2\.00$/);
    expect(lines.at(-1)).toBe('FAILED sessions: a window of puts ended in doubt');
  });

  test('is drawn without outside resources', () => {
    const svg = ratioPlot([summaryOf(cell)], 'a < b');
    expect(svg).toContain('a &lt; b');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/);
  });

  test('draws a workload over its levels, and leaves out what has one', () => {
    const other = { ...cell, workload: 'mixed' };
    const svg = levelPlot([{ ...cell, inFlight: 1 }, cell, other]);
    expect(svg).toContain('batches of 64, h2load: requests a second');
    expect(svg).not.toContain('mixed');
    expect(svg).not.toContain('NaN');
  });
});

describe('the plan', () => {
  test('has everything unless something is chosen, and says how long it takes', () => {
    const whole = planned([]);
    expect(whole).toMatchObject({ pairs: 9, kills: 50, hasLimits: true });
    expect(itemsOf(whole as Plan).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['fail-over', 'limits', ...SCENES.map(({ name }) => name)]),
    );
    const quick = itemsOf(planned(['--quick']) as Plan);
    const secondsOf = (items: readonly Item[]): number =>
      items.reduce((sum, { seconds }) => sum + seconds, 0);
    expect(secondsOf(quick)).toBeLessThan(secondsOf(itemsOf(whole as Plan)) / 4);
  });

  test.each([
    [['--only', 'mixed'], ['mixed, node, 64 in flight']],
    [
      ['--only', 'joiner', '--only', 'limits'],
      ['limits', 'joiner'],
    ],
    [['--quick', '--only', 'pipelined'], ['pipelined writes, node, 64 in flight']],
  ])('%j chooses %j', (args, names) => {
    expect(itemsOf(planned(args) as Plan).map(({ name }) => name)).toEqual(names);
  });

  test.each([[['--pairs', '0']], [['--only', 'nothing']], [['--kills', 'x']], [['--unknown']]])(
    '%j is wrong usage',
    (args) => {
      expect(planned(args)).toBeNull();
    },
  );
});
