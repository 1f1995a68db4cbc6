// The command `quorate simulate run`: one seed, fresh or given; with `--seeds` it is a sweep of them. The seed is printed
// first, so that whatever happens later can be repeated.

import { performance } from 'node:perf_hooks';

import { parseOptions, wholeOption } from '../arguments.js';
import { exitOf, showAgain, showCounts, showRun } from '../format.js';
import { reportOf } from '../report.js';
import { run } from '../run.js';
import type { Surroundings } from '../surroundings.js';
import { RUN_OPTIONS, SEEDS_MAX, refuseOthers, settingIn } from './asked.js';
import { sweepCommand } from './sweep.js';

/** Answers the exit code. Throws a `UsageError`. */
export async function runOneCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    ...RUN_OPTIONS,
    seeds: { type: 'string' },
    workers: { type: 'string' },
    trace: { type: 'boolean' },
  });
  refuseOthers(positionals);
  const seeds = wholeOption('--seeds', values.seeds, 1, SEEDS_MAX) ?? 1;
  if (seeds > 1) return sweepCommand(args, surroundings);
  const { out } = surroundings;
  const setting = settingIn(values);
  const isJson = values.json ?? false;
  if (!isJson) out(`seed ${setting.seed}`);
  const startMs = performance.now();
  const result = run(values.trace === true ? { ...setting, sink: out } : setting);
  const report = reportOf(result, performance.now() - startMs);
  if (isJson) out(JSON.stringify(report));
  else {
    for (const line of showRun(report)) out(line);
    for (const line of showCounts((name) => report.counts[name])) out(line);
    if (result.verdict.type !== 'held') out(showAgain(setting));
  }
  return exitOf(result.verdict);
}
