// What the benchmark found, as an object, and as tables of at most 100 columns. A ratio is Quorate's rate to etcd's within a pair
// of slices.

import type { FailOver } from './failover.js';
import type { Limits } from './limits.js';
import type { Figure } from './scenes/scene.js';
import type { Cell, Slice } from './slices.js';
import { median, medianInterval } from './statistics.js';
import type { Interval } from './statistics.js';

export interface Report {
  readonly method: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: { readonly processors: number; readonly model: string; readonly node: string };
  readonly pairs: number;
  readonly sliceSeconds: number;
  readonly cells: readonly Cell[];
  readonly limits: Limits | null;
  readonly failOvers: readonly FailOver[];
  /** Of what is no steady load. */
  readonly figures: readonly Figure[];
  /** What could not be measured. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** As `--list` has it. */
  readonly item: string;
  readonly why: string;
}

export interface Summary {
  readonly workload: string;
  readonly client: string;
  readonly inFlight: number;
  readonly rates: Readonly<Record<string, number>>;
  readonly ratio: number;
  readonly interval: Interval;
  readonly target: number;
  readonly isMet: boolean;
}

/** The first of a pair is what the second is compared with. */
export function summaryOf({ workload, client, inFlight, target, pairs }: Cell): Summary {
  const ratios = pairs.map(([base, ours]) => (ours?.perSecond ?? NaN) / (base?.perSecond ?? NaN));
  const ratio = median(ratios);
  const names = (pairs[0] ?? []).map(({ system }) => system);
  const rates = Object.fromEntries(
    names.map((name) => [name, median(slicesOf(pairs, name).map(({ perSecond }) => perSecond))]),
  );
  const interval = medianInterval(ratios);
  return { workload, client, inFlight, rates, ratio, interval, target, isMet: ratio >= target };
}

function slicesOf(pairs: Cell['pairs'], name: string): Slice[] {
  return pairs.flat().filter(({ system }) => system === name);
}

export function tables(report: Report): string[] {
  const { cells, limits, failOvers, figures, failures, ...about } = report;
  const lines = [
    `${about.machine.processors} processors (${about.machine.model}), Node ${about.machine.node}, ` +
      Object.entries(about.versions)
        .map((pair) => pair.join(' '))
        .join(', '),
    `${about.pairs} pairs of slices of ${about.sliceSeconds} s; RATIO is the median of Quorate / etcd within a pair`,
  ];
  if (cells.length > 0) lines.push('', ...cellLines(cells));
  if (limits !== null) lines.push('', ...limitLines(limits));
  if (failOvers.length > 0) lines.push('', ...failOverLines(failOvers));
  if (figures.length > 0) lines.push('', ...figureLines(figures));
  if (failures.length > 0)
    lines.push('', ...failures.map(({ item, why }) => `FAILED ${item}: ${why}`));
  return lines;
}

function cellLines(cells: readonly Cell[]): string[] {
  return [
    row('WORKLOAD', 'CLIENT', 'FLIGHT', 'ETCD/S', 'OURS/S', 'RATIO', 'INTERVAL', 'AIM', ''),
    ...cells.map((cell) => ratioLine(summaryOf(cell))),
    '',
    'Latency in ms, processor time in us for one request (leader / all nodes), memory of the leader:',
    costRow('WORKLOAD', 'CLIENT', 'FLIGHT', 'SYSTEM', 'P50', 'P99', 'P99.9', 'CPU', 'MIB'),
    ...cells.flatMap(costLines),
  ];
}

/** One line for each quantity, under the name of its scene. */
function figureLines(figures: readonly Figure[]): string[] {
  const scenes = [...new Set(figures.map(({ scene }) => scene))];
  return [
    'Medians, in brackets the least and the greatest; RATIO is the median of Quorate / etcd by round:',
    figureRow('', 'ETCD, OR CONTROL', 'OURS', 'RATIO'),
    ...scenes.flatMap((scene) => [
      scene,
      ...quantityLines(figures.filter((figure) => figure.scene === scene)),
    ]),
  ];
}

function quantityLines(figures: readonly Figure[]): string[] {
  return [...new Set(figures.map(({ what }) => what))].map((what) => {
    const of = (system: string): readonly number[] | null =>
      figures.find((each) => each.what === what && each.system === system)?.values ?? null;
    const [base, ours] = [of('etcd'), of('quorate') ?? of('bare') ?? of('http2')];
    return figureRow(`  ${what}`, shown(base ?? of('control')), shown(ours), ratioOf(base, ours));
  });
}

/** Of the values of the same round; empty where one of them did not measure it. */
function ratioOf(base: readonly number[] | null, ours: readonly number[] | null): string {
  if (base === null || ours === null || base.length !== ours.length) return '';
  return median(ours.map((value, at) => value / (base[at] ?? NaN))).toFixed(2);
}

function shown(values: readonly number[] | null): string {
  if (values === null || values.length === 0) return '';
  const text = (value: number): string => (value >= 100 ? count(value) : value.toFixed(1));
  const middle = text(median(values));
  if (values.length === 1) return middle;
  return `${middle} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

function ratioLine({
  workload,
  client,
  inFlight,
  rates,
  ratio,
  interval,
  target,
  isMet,
}: Summary): string {
  const [base = NaN, ours = NaN] = Object.values(rates);
  const between = `${interval.low.toFixed(2)}–${interval.high.toFixed(2)}`;
  const verdict = isMet ? 'met' : 'missed';
  return row(
    workload,
    client,
    `${inFlight}`,
    count(base),
    count(ours),
    ratio.toFixed(2),
    between,
    target.toFixed(1),
    verdict,
  );
}

function costLines({ workload, client, inFlight, pairs }: Cell): string[] {
  return (pairs[0] ?? []).map(({ system }) => {
    const slices = slicesOf(pairs, system);
    const of = (pick: (slice: Slice) => number): number => median(slices.map(pick));
    const cpu = `${of(({ leaderCpuUs }) => leaderCpuUs).toFixed(0)} / ${of(({ cpuUs }) => cpuUs).toFixed(0)}`;
    const ms = (pick: (slice: Slice) => number): string => of(pick).toFixed(2);
    const mib = (of(({ memoryBytes }) => memoryBytes) / 1024 ** 2).toFixed(0);
    const latencies = [ms(({ p50 }) => p50), ms(({ p99 }) => p99), ms(({ p999 }) => p999)] as const;
    return costRow(workload, client, `${inFlight}`, system, ...latencies, cpu, mib);
  });
}

function limitLines({ echo, syncedBatches }: Limits): string[] {
  return [
    'Bare limits of the libraries, in the same run:',
    ...Object.entries(echo).map(
      ([level, rate]) => `  grpc-js echo, h2load, ${level} in flight: ${count(rate)}/s`,
    ),
    ...Object.entries(syncedBatches).map(
      ([writes, rate]) =>
        `  LevelDB synced batches of ${writes}, one after the other: ${count(rate)}/s`,
    ),
  ];
}

function failOverLines(failOvers: readonly FailOver[]): string[] {
  const names = [...new Set(failOvers.map(({ system }) => system))];
  return names.map((name) => {
    const times = failOvers.filter(({ system }) => system === name).map(({ ms }) => ms);
    const { low, high } = medianInterval(times);
    const most = Math.max(...times).toFixed(0);
    return (
      `kill -9 of the leader to the next write, ${name}: median ${median(times).toFixed(0)} ms ` +
      `(${low.toFixed(0)}–${high.toFixed(0)}), at most ${most} ms, ${times.length} kills`
    );
  });
}

function row(...cells: readonly string[]): string {
  return padded(cells, [-16, -7, 6, 9, 9, 6, 11, 4, -7]);
}

function costRow(...cells: readonly string[]): string {
  return padded(cells, [-16, -7, 6, -8, 8, 8, 8, 13, 5]);
}

function figureRow(...cells: readonly string[]): string {
  return padded(cells, [-44, 22, 22, 5]);
}

/** Negative: to the left. */
function padded(cells: readonly string[], widths: readonly number[]): string {
  const fitted = cells.map((cell, at) => {
    const width = widths[at] ?? 0;
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return fitted.join('  ').trimEnd();
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}
