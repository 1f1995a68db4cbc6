// The command `quorate simulate bench`: how many simulated seconds, events and checks a second of processor time, with all
// checks on, calm and with faults. With `--against` this build and another take turns, each slice in a process of its own,
// so that what slows the machine down slows both.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { measure, medianOf } from '../bench.js';
import type { Speed, Workload } from '../bench.js';
import { durationOption, parseOptions, UsageError, wholeOption } from '../arguments.js';
import { EXIT } from '../format.js';
import { Progress } from '../progress.js';
import { seedPlus } from '../random.js';
import type { Surroundings } from '../surroundings.js';
import { showTable } from '../table.js';
import { refuseOthers, seedIn } from './asked.js';

const SLICES_DEFAULT = 5;
const CALM_RUNS = 2;
const FAULTY_RUNS = 6;
const TIME_DEFAULT_MS = 60_000;
const WARM_UP_DEFAULT_MS = 15_000;

interface Asked {
  readonly seed: bigint;
  readonly slices: number;
  readonly timeMs: number;
  readonly warmUpMs: number;
}

/** Of one build. */
interface Measured {
  readonly build: string;
  readonly speeds: readonly Speed[];
}

/** Answers the exit code. Throws a `UsageError`. */
export function benchCommand(args: readonly string[], surroundings: Surroundings): number {
  const { values, positionals } = parseOptions(args, {
    seed: { type: 'string' },
    slices: { type: 'string' },
    time: { type: 'string' },
    'warm-up': { type: 'string' },
    against: { type: 'string' },
    json: { type: 'boolean' },
  });
  refuseOthers(positionals);
  const asked: Asked = {
    seed: seedIn(values.seed ?? '1'),
    slices: wholeOption('--slices', values.slices, 1, 1000) ?? SLICES_DEFAULT,
    timeMs: durationOption('--time', values.time) ?? TIME_DEFAULT_MS,
    warmUpMs: durationOption('--warm-up', values['warm-up']) ?? WARM_UP_DEFAULT_MS,
  };
  const { against } = values;
  const measured =
    against === undefined
      ? [{ build: 'this', speeds: measureHere(asked, surroundings) }]
      : measureInTurns(asked, against, surroundings);
  const { out } = surroundings;
  if (values.json === true) {
    out(JSON.stringify({ ...asked, seed: asked.seed.toString(), measured }));
  } else for (const line of linesOf(measured, asked)) out(line);
  return EXIT.held;
}

function measureHere(asked: Asked, surroundings: Surroundings): Speed[] {
  const { timeMs } = asked;
  const workloads: Workload[] = [
    { name: 'calm', isCalm: true, runs: CALM_RUNS, timeMs },
    { name: 'faults', isCalm: false, runs: FAULTY_RUNS, timeMs },
  ];
  const progress = new Progress(surroundings);
  const onSlice = (done: number, all: number): void => progress.show(done, all, 'slices', '');
  const speeds = measure({ ...asked, workloads, onSlice });
  progress.end();
  return speeds;
}

/** Each build measures one slice at a time, after one to warm up. */
function measureInTurns(asked: Asked, against: string, surroundings: Surroundings): Measured[] {
  const own = fileURLToPath(new URL('../..', import.meta.url));
  const builds = [
    { build: 'this', main: join(own, 'cli', 'main.js') },
    { build: against, main: join(against, 'cli', 'main.js') },
  ];
  const missing = builds.find(({ main }) => !existsSync(main));
  if (missing !== undefined) {
    throw new UsageError(`expected two builds, each a folder dist, got none in ${missing.main}`);
  }
  const measured = builds.map(({ build }) => ({ build, speeds: [] as Speed[] }));
  const progress = new Progress(surroundings);
  for (let slice = 0; slice < asked.slices; slice += 1) {
    const seed = seedPlus(asked.seed, slice * 2 * FAULTY_RUNS);
    for (const [at, { main }] of builds.entries()) {
      addTo(measured[at]?.speeds ?? [], sliceIn(main, { ...asked, seed }));
    }
    progress.show(slice + 1, asked.slices, 'slices', '');
  }
  progress.end();
  return measured;
}

function sliceIn(main: string, { seed, timeMs, warmUpMs }: Asked): readonly Speed[] {
  const times = ['--time', `${timeMs}ms`, '--warm-up', `${warmUpMs}ms`];
  const options = ['--slices', '1', '--seed', String(seed), ...times, '--json'];
  const text = execFileSync(process.execPath, [main, 'simulate', 'bench', ...options], {
    encoding: 'utf8',
  });
  const { measured } = JSON.parse(text) as { readonly measured: readonly Measured[] };
  return measured[0]?.speeds ?? [];
}

/** Adds the figures of one more slice. */
function addTo(speeds: Speed[], more: readonly Speed[]): void {
  for (const speed of more) {
    const known = speeds.find(({ workload }) => workload === speed.workload);
    if (known === undefined) {
      speeds.push(speed);
      continue;
    }
    known.simulated.push(...speed.simulated);
    known.events.push(...speed.events);
    known.checks.push(...speed.checks);
  }
}

function linesOf(measured: readonly Measured[], { slices, timeMs, warmUpMs }: Asked): string[] {
  const first = measured[0]?.speeds ?? [];
  const rows = first.flatMap(({ workload, simulated: own }) =>
    measured.flatMap(({ build, speeds }) => {
      const speed = speeds.find((each) => each.workload === workload);
      if (speed === undefined) return [];
      const { simulated, events, checks } = speed;
      const ratios = simulated.map((each, at) => (own[at] ?? 0) / each);
      const spread = `${Math.round(Math.min(...simulated))} to ${Math.round(Math.max(...simulated))}`;
      return [
        [
          workload,
          build,
          Math.round(medianOf(simulated)),
          spread,
          Math.round(medianOf(events)),
          Math.round(medianOf(checks)),
          build === 'this' ? '' : medianOf(ratios).toFixed(2),
        ],
      ];
    }),
  );
  const columns = ['workload', 'build', 'simulated s/s', 'spread', 'events/s', 'checks/s', 'ratio'];
  const [processor] = cpus();
  return [
    'all checks on, one process; a second is one of processor time, collector of garbage and compiler included',
    `${slices} slices after ${warmUpMs / 1000} s to warm up, of ${CALM_RUNS} calm or ${FAULTY_RUNS} drawn runs of ${timeMs / 1000} s each`,
    `Node ${process.version}, ${availableParallelism()} x ${processor?.model ?? 'unknown'}`,
    '',
    ...showTable({ columns, rows }),
  ];
}
