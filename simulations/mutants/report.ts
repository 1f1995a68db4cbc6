// Planted bugs as tables: one line for each bug, and one for each row of a published list. For people the medians, for
// programs every attempt.

import { showTime } from '../trace.js';
import type { Attempt } from './attempt.js';
import { medianOf, propertiesOf } from './attempt.js';
import { isCaught } from './harness.js';
import type { MutantReport } from './harness.js';
import type { PublishedRow } from './published.js';

const COLUMNS = [
  'bug',
  'outcome',
  'found',
  'seeds',
  'processor s',
  'simulated s',
  'faults',
  'events',
  'property',
] as const;

/** A table for people: medians over the base seeds, and beneath it one failure of each bug. */
export function showReport(reports: readonly MutantReport[]): string {
  const cells = reports.map((report) => [report.mutant.name, ...measuresOf(report)]);
  return [table([...COLUMNS], cells), '', ...reports.flatMap(example)].join('\n');
}

/** The table that a published list of bugs asks for, in its order; each row names the bugs that plant it. */
export function showPublished(
  rows: readonly PublishedRow[],
  reports: readonly MutantReport[],
): string {
  const byName = new Map(reports.map((report) => [report.mutant.name, report]));
  const cells = rows.flatMap((row) =>
    row.mutants.flatMap((name, at) => {
      const report = byName.get(name);
      if (report === undefined) return [];
      const label = at === 0 ? `${row.number} ${row.bug}` : '';
      return [[label, name, ...measuresOf(report)]];
    }),
  );
  const why = rows.flatMap(({ number, argument }) =>
    argument === undefined ? [] : [`Row ${number}: ${argument}`],
  );
  return [table(['row', ...COLUMNS], cells), '', ...why].join('\n');
}

function measuresOf(report: MutantReport): string[] {
  const { attempts } = report;
  const seconds = (of: (attempt: Attempt) => number): string =>
    show(medianOf(attempts, of) / 1000, 1);
  const caught = attempts.filter(({ found }) => found !== null).length;
  const isSimulated = report.mutant.tests === undefined;
  const total = attempts.reduce((sum, { seeds }) => sum + seeds, 0);
  return [
    outcomeOf(report),
    `${caught} of ${attempts.length}`,
    isSimulated
      ? caught === 0
        ? `>${total}`
        : show(
            medianOf(attempts, ({ seeds }) => seeds),
            0,
          )
      : '-',
    isSimulated ? seconds(({ elapsedMs }) => elapsedMs) : '-',
    isSimulated ? seconds(({ simulatedMs }) => simulatedMs) : '-',
    ...shortOf(report),
    propertiesOf(attempts)
      .map(([property, count]) => `${property} ${count}`)
      .join(', '),
  ];
}

/** Before and after the run was made short. */
function shortOf({ short }: MutantReport): [string, string] {
  if (short === null) return ['-', '-'];
  const { before, after, isCut } = short;
  const both = (what: 'faults' | 'events'): string => `${before[what]} → ${after[what]}`;
  return [`${both('faults')}${isCut ? '*' : ''}`, both('events')];
}

function show(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

function example({ mutant, attempts, untried }: MutantReport): string[] {
  if (untried !== null) return [`${mutant.name}: ${untried}`];
  const found = attempts.find((attempt) => attempt.found !== null)?.found ?? null;
  if (found === null) {
    const { name, coveredBy, provenBy } = mutant;
    if (coveredBy === undefined) return [];
    const proof = provenBy === undefined ? '' : `; without it: ${provenBy}`;
    return [`${name}: covered by ${coveredBy}${proof}`];
  }
  const at = found.atUs === null ? '' : ` at ${showTime(found.atUs)}`;
  const seed = found.seed === null ? '' : ` seed ${found.seed}:`;
  return [`${mutant.name}:${seed} ${found.property}${at}: ${found.detail.split('\n')[0]}`];
}

function outcomeOf(report: MutantReport): string {
  if (isCaught(report)) return 'caught';
  if (report.attempts.length === 0) return 'not tried';
  return report.mutant.coveredBy === undefined ? 'MISSED' : 'silent';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

/** For programs. Infinite medians are null. */
export function reportJson(reports: readonly MutantReport[]): object[] {
  return reports.map((report) => {
    const { mutant, attempts, short } = report;
    const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
    return {
      name: mutant.name,
      what: mutant.what,
      outcome: outcomeOf(report),
      coveredBy: mutant.coveredBy ?? null,
      provenBy: mutant.provenBy ?? null,
      tests: mutant.tests ?? null,
      seedsMedian: finite(medianOf(attempts, ({ seeds }) => seeds)),
      elapsedMsMedian: finite(medianOf(attempts, ({ elapsedMs }) => elapsedMs)),
      simulatedMsMedian: finite(medianOf(attempts, ({ simulatedMs }) => simulatedMs)),
      short,
      properties: Object.fromEntries(propertiesOf(attempts)),
      attempts,
    };
  });
}
