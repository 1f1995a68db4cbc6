// The command `quorate simulate sweep`: many seeds on all cores, with the parameters of the run varied if asked, summed up
// in one table. `--twice` runs every seed a second time elsewhere and compares the hashes of the traces: a difference
// is a failure of the simulator, and told with the first event that differs.

import { performance } from 'node:perf_hooks';

import { listOption, parseOptions, UsageError, wholeOption } from '../arguments.js';
import {
  EXIT,
  showAgain,
  showCounts,
  showMissing,
  showSlowest,
  showSum,
  showVerdict,
  sumJson,
  worstExit,
} from '../format.js';
import { Progress } from '../progress.js';
import { Sum } from '../report.js';
import type { Report } from '../report.js';
import type { Setting } from '../setting.js';
import type { Surroundings } from '../surroundings.js';
import { sampleCells, SAMPLE_COLUMNS, sweepTable } from '../sweep-table.js';
import { csvOf, showTable } from '../table.js';
import { Twice } from '../twice.js';
import { variationsOf } from '../variation.js';
import type { Variation } from '../variation.js';
import { runAll } from '../workers/pool.js';
import { seedPlus } from '../random.js';
import {
  electionTimeoutIn,
  RUN_OPTIONS,
  SEEDS_MAX,
  refuseOthers,
  settingIn,
  workersIn,
} from './asked.js';

const SEEDS_DEFAULT = 100;
const FAILURES_SHOWN_MAX = 10;

interface Asked {
  readonly setting: Setting;
  readonly variations: readonly Variation[];
  /** Of each variation. */
  readonly seeds: number;
  readonly workers: number;
  readonly isTwice: boolean;
  readonly isCoverageRequired: boolean;
  readonly form: 'text' | 'json' | 'csv';
}

interface Swept {
  readonly all: Sum;
  /** One for each variation. */
  readonly sums: readonly Sum[];
  readonly isInterrupted: boolean;
  readonly elapsedMs: number;
}

/** Answers the exit code. Throws a `UsageError`; rejects if the simulator itself fails. */
export async function sweepCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const asked = read(args);
  const { out, fail } = surroundings;
  const { form, setting } = asked;
  if (form === 'text') out(`seed ${setting.seed}`);
  if (form === 'csv') for (const line of csvOf({ columns: SAMPLE_COLUMNS, rows: [] })) out(line);
  let isInterrupted = false;
  const forget = surroundings.onInterrupt(() => {
    isInterrupted = true;
  });
  const twice = asked.isTwice ? new Twice() : null;
  const swept = await sweepOnce(asked, surroundings, twice, () => isInterrupted);
  tell(asked, swept, surroundings);
  const difference = isInterrupted ? null : await twice?.compare(asked.workers, surroundings);
  forget();
  if (difference !== null && difference !== undefined) {
    fail({
      error: difference,
      code: 'NOT_DETERMINISTIC',
      hint: 'A run may draw from its seed only.',
    });
    return EXIT.failed;
  }
  if (twice !== null && !isInterrupted && form === 'text') {
    out(`each seed ran twice, in different processes and in another order: equal hashes`);
  }
  const { failures, missing } = swept.all;
  if (failures.length > 0) return worstExit(failures);
  if (asked.isCoverageRequired && !isInterrupted && missing.length > 0) {
    fail({
      error: `never came about: ${missing.join(', ')}`,
      code: 'NOT_COVERED',
      hint: 'Run more seeds or a longer time; `quorate simulate list situations` explains each.',
    });
    return EXIT.failed;
  }
  return isInterrupted ? EXIT.interrupted : EXIT.held;
}

async function sweepOnce(
  { setting, variations, seeds, workers, form }: Asked,
  surroundings: Surroundings,
  twice: Twice | null,
  isInterrupted: () => boolean,
): Promise<Swept> {
  const { out } = surroundings;
  const count = seeds * variations.length;
  const progress = new Progress(surroundings);
  const startMs = performance.now();
  const all = new Sum();
  const sums = variations.map(() => new Sum());
  const settingAt = (at: number): Setting => ({
    ...setting,
    ...variations[Math.floor(at / seeds)]?.part,
    seed: seedPlus(setting.seed, at % seeds),
  });
  const onReport = (report: Report, at: number): boolean => {
    const which = Math.floor(at / seeds);
    all.add(report, at);
    sums[which]?.add(report, at % seeds);
    twice?.note(settingAt(at), report.hash);
    if (form === 'csv') {
      for (const line of csvOf({ columns: sampleCells(report), rows: [] })) out(line);
    }
    const { failures, runs } = all;
    if (
      form === 'text' &&
      report.verdict.type !== 'held' &&
      failures.length <= FAILURES_SHOWN_MAX
    ) {
      progress.end();
      out(`seed ${report.seed}: ${showVerdict(report.verdict)}`);
      out(`  ${showAgain(settingAt(at))}`);
    }
    progress.show(runs, count, 'runs', `${failures.length} failed`);
    return !isInterrupted();
  };
  await runAll({ count, settingAt, workers, onReport });
  progress.end();
  return { all, sums, isInterrupted: isInterrupted(), elapsedMs: performance.now() - startMs };
}

function tell(
  asked: Asked,
  { all, sums, isInterrupted, elapsedMs }: Swept,
  { out }: Surroundings,
): void {
  const { form, variations, setting } = asked;
  if (form === 'csv') return;
  const table = sweepTable(variations, sums);
  if (form === 'json') {
    out(
      JSON.stringify({
        ...sumJson(all, setting.seed, elapsedMs),
        isInterrupted,
        variations: variations.map(({ names }, at) => {
          const sum = sums[at] ?? new Sum();
          return { parameters: names, ...sumJson(sum, setting.seed, sum.workMs) };
        }),
      }),
    );
    return;
  }
  if (isInterrupted) out(`interrupted; what was done until then:`);
  for (const line of showSum(all, elapsedMs)) out(line);
  out(showSlowest(all));
  for (const line of showTable(table)) out(line);
  for (const line of showCounts((name) => all.of(name))) out(line);
  for (const line of showMissing(all.missing)) out(line);
}

function read(args: readonly string[]): Asked {
  const { values, positionals } = parseOptions(args, {
    ...RUN_OPTIONS,
    seeds: { type: 'string' },
    workers: { type: 'string' },
    twice: { type: 'boolean' },
    'require-coverage': { type: 'boolean' },
    csv: { type: 'boolean' },
  });
  refuseOthers(positionals);
  if (values.csv === true && values.json === true) {
    throw new UsageError('expected one of --csv and --json, got both');
  }
  const nodes = listOption('--nodes', values.nodes, (text) => wholeOption('--nodes', text, 1, 7));
  const timeouts = listOption('--election-timeout', values['election-timeout'], electionTimeoutIn);
  const variations = variationsOf(nodes, timeouts);
  const seeds = wholeOption('--seeds', values.seeds, 1, SEEDS_MAX) ?? SEEDS_DEFAULT;
  const { seed, time, versions, processes } = values;
  return {
    setting: settingIn({ seed, time, versions, processes }),
    variations,
    seeds,
    workers: workersIn(values.workers, seeds * variations.length),
    isTwice: values.twice ?? false,
    isCoverageRequired: values['require-coverage'] ?? false,
    form: values.json === true ? 'json' : values.csv === true ? 'csv' : 'text',
  };
}
