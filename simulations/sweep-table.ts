// The tables of a sweep: one row for each variation of the parameters, for people, and one for each run, for programs.
// What a column means stands in counts.ts.

import { SITUATION_NAMES } from './counts.js';
import type { Report, Sum } from './report.js';
import type { Cell, Table } from './table.js';
import type { Variation } from './variation.js';

/** One row for each variation; `sums` stand in the same order. */
export function sweepTable(variations: readonly Variation[], sums: readonly Sum[]): Table {
  const rows = variations.flatMap(({ names }, at): Cell[][] => {
    const sum = sums[at];
    if (sum === undefined || sum.runs === 0) return [];
    const minutes = sum.simulatedMs / 60_000;
    const writes = sum.of('writesApplied') + sum.of('writesRefused') + sum.of('writesUnknown');
    return [
      [
        names.nodes ?? 'drawn',
        names.electionTimeoutMs === undefined ? 'drawn' : `${names.electionTimeoutMs} ms`,
        sum.runs,
        sum.failures.length,
        Math.round(sum.of('elections') / minutes),
        Math.round(sum.of('reigns') / minutes),
        Math.round(writes / minutes),
        writes === 0 ? '-' : `${Math.round((100 * sum.of('writesApplied')) / writes)} %`,
        Math.round(sum.simulatedMs / Math.max(1, sum.workMs)),
      ],
    ];
  });
  return { columns: COLUMNS, rows };
}

const COLUMNS = [
  'nodes',
  'timeout',
  'seeds',
  'failed',
  'elections/min',
  'reigns/min',
  'writes/min',
  'applied',
  'simulated s/s',
];

export const SAMPLE_COLUMNS: readonly string[] = [
  'seed',
  'nodes',
  'electionTimeoutMs',
  'verdict',
  'property',
  'hash',
  'events',
  'checks',
  'simulatedMs',
  'elapsedMs',
  ...SITUATION_NAMES,
];

/** The cells below `SAMPLE_COLUMNS`, as text. */
export function sampleCells(report: Report): string[] {
  const { seed, parameters, verdict, hash, events, checks, simulatedMs, elapsedMs } = report;
  const cells: Cell[] = [
    seed,
    parameters.nodes,
    parameters.electionTimeoutMs,
    verdict.type,
    verdict.type === 'violated' ? verdict.property : '',
    hash,
    events,
    checks,
    simulatedMs,
    Math.round(elapsedMs),
    ...SITUATION_NAMES.map((name) => report.counts[name]),
  ];
  return cells.map(String);
}
