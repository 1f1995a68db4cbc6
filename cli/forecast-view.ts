// How a dry run is shown to people: how the cluster stands before and after, for how long nobody would be primary, and what else
// follows. Every command that changes the cluster prints it in the same words. Pure.

import { forecastView } from '../src/client/forecast-view.js';
import type { ForecastView, StandingView } from '../src/client/forecast-view.js';
import type { Forecast__Output } from '../src/generated/quorate/v1/Forecast.js';
import { count, formatDuration, printable, renderTable, wrapped } from './format.js';
import type { Cli } from './cli.js';

/** Prints what a dry run answered: `data` and the forecast with --json, else `sentence` and the forecast as lines. */
export function printDryRun(
  cli: Pick<Cli<unknown>, 'print' | 'style'>,
  data: object,
  sentence: string,
  forecast: Forecast__Output | null,
): void {
  const view = forecastView(forecast);
  cli.print({ ...data, dryRun: true, forecast: view }, () => [
    `${sentence}; nothing was changed.`,
    ...(view === null ? [] : ['', ...forecastLines(view, cli.style)]),
  ]);
}

/** The forecast as lines for people. */
function forecastLines(view: ForecastView, style?: Cli<unknown>['style']): string[] {
  const { before, after } = view;
  const rows = ROWS.map(([title, cell]) => [title, cell(before), cell(after)]);
  const columns = [
    { title: '' },
    { title: 'BEFORE', canShrink: true },
    { title: 'AFTER', canShrink: true },
  ];
  const table = renderTable(columns, rows, style === undefined ? {} : { style });
  return [
    ...table,
    '',
    ...wrapped('without a primary: ', gap(view.gapMs, view.gapBasis), 2),
    ...wrapped('should the primary fail then: ', gap(view.failOverGapMs, view.failOverBasis), 2),
    ...view.consequences.flatMap((it) => wrapped('- ', printable(it), 2)),
  ];
}

const ROWS: readonly (readonly [string, (standing: StandingView) => string])[] = [
  ['voters', ({ voters }) => (voters.length === 0 ? '-' : voters.map(printable).join(' '))],
  ['in contact', ({ voters, inContact }) => `${inContact} of ${voters.length}`],
  ['quorum', ({ voters, quorum }) => `${quorum} of ${voters.length}`],
  ['can lose', ({ failureTolerance: spare }) => (spare === 0 ? 'no voter' : count(spare, 'voter'))],
  ['primary', ({ primary }) => (primary === null ? 'nobody' : printable(primary))],
];

function gap(ms: number | null, basis: string): string {
  if (ms === null) return `unknown, ${printable(basis)}`;
  if (ms === 0) return `no time, ${printable(basis)}`;
  return `about ${formatDuration(ms)}, ${printable(basis)}`;
}
