// The command `quorate simulate bench`: how many simulated seconds, events and checks a second of processor time, with all
// checks on, calm and with faults; with `--against` this build and another one in turns.

import { availableParallelism, cpus } from 'node:os';

import { buildIn, measure, medianOf, THIS_BUILD } from '../bench.js';
import type { Speed, Workload } from '../bench.js';
import { durationOption, parseOptions, UsageError, wholeOption } from '../arguments.js';
import { EXIT } from '../format.js';
import { Progress } from '../progress.js';
import type { Surroundings } from '../surroundings.js';
import { showTable } from '../table.js';
import { refuseOthers, seedIn } from './asked.js';

const SLICES_DEFAULT = 5;
const CALM_RUNS = 2;
const FAULTY_RUNS = 6;
const TIME_DEFAULT_MS = 60_000;

/** Answers the exit code. Throws a `UsageError`. */
export async function benchCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    seed: { type: 'string' },
    slices: { type: 'string' },
    time: { type: 'string' },
    against: { type: 'string' },
    json: { type: 'boolean' },
  });
  refuseOthers(positionals);
  const slices = wholeOption('--slices', values.slices, 1, 1000) ?? SLICES_DEFAULT;
  const timeMs = durationOption('--time', values.time) ?? TIME_DEFAULT_MS;
  const seed = seedIn(values.seed ?? '1');
  const { against } = values;
  const builds = against === undefined ? [THIS_BUILD] : [THIS_BUILD, await otherBuild(against)];
  const workloads: Workload[] = [
    { name: 'calm', isCalm: true, runs: CALM_RUNS, timeMs },
    { name: 'faults', isCalm: false, runs: FAULTY_RUNS, timeMs },
  ];
  const progress = new Progress(surroundings);
  const onSlice = (done: number, all: number): void => progress.show(done, all, 'slices', '');
  const speeds = measure({ seed, slices, workloads, builds, onSlice });
  progress.end();
  const { out } = surroundings;
  if (values.json === true) out(JSON.stringify({ seed: seed.toString(), timeMs, slices, speeds }));
  else for (const line of linesOf(speeds, slices, timeMs)) out(line);
  return EXIT.held;
}

async function otherBuild(folder: string): ReturnType<typeof buildIn> {
  try {
    return await buildIn(folder);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `expected --against with the folder dist of a build, got ${folder}: ${said}`,
    );
  }
}

function linesOf(speeds: readonly Speed[], slices: number, timeMs: number): string[] {
  const rows = speeds.map(({ workload, build, simulated, events, checks }) => {
    const first = speeds.find((other) => other.workload === workload)?.simulated ?? [];
    const ratios = simulated.map((each, at) => (first[at] ?? 0) / each);
    const [median, low, high] = [
      medianOf(simulated),
      Math.min(...simulated),
      Math.max(...simulated),
    ];
    return [
      ...[workload, build, Math.round(median), `${Math.round(low)} to ${Math.round(high)}`],
      ...[Math.round(medianOf(events)), Math.round(medianOf(checks))],
      build === THIS_BUILD.name ? '' : medianOf(ratios).toFixed(2),
    ];
  });
  const columns = ['workload', 'build', 'simulated s/s', 'spread', 'events/s', 'checks/s', 'ratio'];
  const [processor] = cpus();
  return [
    `all checks on, one process; a second is one of processor time, collector of garbage included`,
    `${slices} slices after one to warm up, of ${CALM_RUNS} calm or ${FAULTY_RUNS} drawn runs of ${timeMs / 1000} s each`,
    `Node ${process.version}, ${availableParallelism()} x ${processor?.model ?? 'unknown'}`,
    '',
    ...showTable({ columns, rows }),
  ];
}
