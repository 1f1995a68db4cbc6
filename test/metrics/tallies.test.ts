// The counters and histograms of what happens with every request, beside prom-client's own: whatever both are told, a scrape must
// read the same, line by line. Values come from a property, those at the very bounds among them.
import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { tallyCounter, TallyHistogram } from '../../src/metrics/tallies.js';

const BUCKETS = [0.5, 1, 2.5];
const METHODS = ['Get', 'Put', 'List'];
const labelNames = ['method'];
const shape = { name: 'calls', help: 'Some calls.', labelNames, buckets: BUCKETS };

const lines = async (registry: Registry): Promise<string[]> =>
  (await registry.metrics()).split('\n').sort();

const told = fc.array(
  fc.tuple(
    fc.constantFrom(...METHODS),
    fc.oneof(
      fc.constantFrom(0, ...BUCKETS),
      fc.integer({ min: 0, max: 40 }).map((n) => n / 8),
    ),
  ),
);

test('a histogram shows what one of prom-client shows', async () => {
  await fc.assert(
    fc.asyncProperty(told, async (values) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const tally = new TallyHistogram({ ...shape, registers: [ours] });
      const cells = new Map(METHODS.map((method) => [method, tally.cell({ method })]));
      const known = new Histogram({ ...shape, registers: [theirs] });
      for (const [method, value] of values) {
        cells.get(method)?.observe(value);
        known.observe({ method }, value);
      }
      expect(await lines(ours)).toEqual(await lines(theirs));
    }),
  );
});

test('a histogram without labels is shown before it is told anything', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const { labelNames: _, ...plain } = shape;
  new TallyHistogram({ ...plain, registers: [ours] }).cell();
  const known = new Histogram({ ...plain, registers: [theirs] });
  expect(await lines(ours)).toEqual(await lines(theirs));
  known.observe(1);
  expect(await lines(ours)).not.toEqual(await lines(theirs));
});

test('a counter shows what one of prom-client shows, scrape by scrape', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const put = tallyCounter({ ...shape, registers: [ours] })({ method: 'Put' });
  const known = new Counter({ ...shape, registers: [theirs] });
  for (const more of [0, 3, 2]) {
    put.count += more;
    known.inc({ method: 'Put' }, more);
    expect(await lines(ours)).toEqual(await lines(theirs));
  }
});
