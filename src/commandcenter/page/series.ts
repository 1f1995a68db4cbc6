// The newest ten minutes of figures, and each chart as data: what it draws, in which unit, and the one number that stands above it.
// Pure but for the list that grows.

import type { Figures } from '../feed.js';
import { bytes, compact, duration } from './units.js';

/** About ten minutes at one a second. */
const FIGURES_MAX = 600;

/** Appends in the order of their time; what came before, as when the feed begins again, is not taken twice. */
export function withFigures(
  known: readonly Figures[],
  added: readonly Figures[],
): readonly Figures[] {
  const newest = known.at(-1)?.atMs ?? -Infinity;
  const fresh = added.filter(({ atMs }) => atMs > newest);
  return fresh.length === 0 ? known : [...known, ...fresh].slice(-FIGURES_MAX);
}

export interface Curve {
  readonly label: string;
  readonly value: (figures: Figures, before: Figures | undefined) => number | null;
}

export interface ChartPlan {
  readonly title: string;
  /** What is measured, for a tooltip and for a screen reader. */
  readonly what: string;
  readonly curves: readonly Curve[];
  readonly unit: (value: number) => string;
  readonly style: 'line' | 'steps';
  /** Highest value that the axis shows at least. */
  readonly topMin: number;
  /** Instead of the newest value: the sum of the first curve. */
  readonly isSummed?: true;
  /** Where there is nothing to draw. */
  readonly empty: string;
}

export const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Commit latency',
    what: 'From the proposal of a write to its application, measured at the leader.',
    curves: [
      { label: 'median', value: ({ commitP50Ms }) => commitP50Ms },
      { label: '99 %', value: ({ commitP99Ms }) => commitP99Ms },
    ],
    unit: duration,
    style: 'line',
    topMin: 5,
    empty: 'Nothing yet: the leader measures it, of each write.',
  },
  {
    title: 'Throughput',
    what: 'Entries applied a second.',
    curves: [{ label: 'applied', value: ({ appliedPerSecond }) => appliedPerSecond }],
    unit: (value) => `${compact(value)}/s`,
    style: 'line',
    topMin: 10,
    empty: 'Nothing was applied yet.',
  },
  {
    title: 'Elections',
    what: 'Times at which this node learned of another leader.',
    curves: [
      {
        label: 'new leaders',
        value: ({ elections }, before) =>
          before === undefined ? 0 : Math.max(0, elections - before.elections),
      },
    ],
    unit: (value) => String(Math.round(value)),
    style: 'steps',
    topMin: 2,
    isSummed: true,
    empty: 'None was seen.',
  },
  {
    title: 'Event-loop lag',
    what: 'The longest that the event loop of this node was held up.',
    curves: [{ label: 'longest', value: ({ eventLoopMs }) => eventLoopMs }],
    unit: duration,
    style: 'line',
    topMin: 20,
    empty: 'Not measured yet.',
  },
  {
    title: 'Disk sync',
    what: 'How long the disk of this node took for a synced batch.',
    curves: [
      { label: 'median', value: ({ syncP50Ms }) => syncP50Ms },
      { label: '99 %', value: ({ syncP99Ms }) => syncP99Ms },
    ],
    unit: duration,
    style: 'line',
    topMin: 5,
    empty: 'Nothing was written yet.',
  },
  {
    title: 'Processor',
    what: 'Share of one processor that this node uses.',
    curves: [{ label: 'used', value: ({ cpuPercent }) => cpuPercent }],
    unit: (value) => `${compact(value)} %`,
    style: 'line',
    topMin: 10,
    empty: 'Not measured yet.',
  },
];

/** Columns for uPlot: seconds, then one for each curve. */
export function columnsOf(plan: ChartPlan, figures: readonly Figures[]): (number | null)[][] {
  return [
    figures.map(({ atMs }) => atMs / 1000),
    ...plan.curves.map(({ value }) => figures.map((each, at) => value(each, figures[at - 1]))),
  ];
}

/** The number above a chart: the newest that is known of its last curve, or the sum. Null: none. */
export function headOf(
  plan: ChartPlan,
  columns: readonly (readonly (number | null)[])[],
): string | null {
  const drawn = columns.slice(1);
  if (plan.isSummed === true) {
    const sum = (drawn[0] ?? []).reduce<number>((all, value) => all + (value ?? 0), 0);
    return plan.unit(sum);
  }
  const newest = drawn.at(-1)?.findLast((value) => value !== null) ?? null;
  return newest === null ? null : plan.unit(newest);
}

/** What the node is made of, in one line. */
export function loadWords({ memoryBytes, watchers, writtenPerSecond }: Figures): string {
  return `${bytes(memoryBytes)} of memory, ${compact(watchers)} watchers, ${bytes(writtenPerSecond)}/s to disk`;
}
