// How fast the simulator is: slices of runs, timed by the processor time of this process, so that other work on the machine
// disturbs little. Two builds take turns slice by slice, so that what slows the machine down slows both. Every run is
// judged as always, and one that fails ends the measurement.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { showVerdict } from './format.js';
import { seedPlus } from './random.js';
import type { RunOptions, RunResult } from './run.js';
import { run } from './run.js';

/** What is run in a slice. */
export interface Workload {
  readonly name: string;
  readonly isCalm: boolean;
  readonly runs: number;
  readonly timeMs: number;
}

/** Of one build in one workload; counts and simulated time a second of processor time, one for each slice. */
export interface Speed {
  readonly workload: string;
  readonly build: string;
  readonly simulated: number[];
  readonly events: number[];
  readonly checks: number[];
}

export interface Build {
  readonly name: string;
  readonly run: (options: RunOptions) => RunResult;
}

export interface BenchOptions {
  readonly seed: bigint;
  readonly slices: number;
  readonly workloads: readonly Workload[];
  readonly builds: readonly Build[];
  /** Told after each slice. */
  readonly onSlice: (done: number, all: number) => void;
}

export const THIS_BUILD: Build = { name: 'this', run };

/** Another build, by its folder `dist`. Rejects if there is none. */
export async function buildIn(folder: string): Promise<Build> {
  const file = pathToFileURL(resolve(folder, 'simulations', 'run.js')).href;
  const loaded = (await import(file)) as { readonly run: Build['run'] };
  return { name: folder, run: loaded.run };
}

/** Measures all builds in all workloads. Throws if a run does not hold. */
export function measure(options: BenchOptions): Speed[] {
  const { seed, slices, workloads, builds, onSlice } = options;
  let done = 0;
  return workloads.flatMap((workload) => {
    const speeds = builds.map(({ name }) => {
      return { workload: workload.name, build: name, simulated: [], events: [], checks: [] };
    });
    // The first slice of each only warms up.
    for (let slice = 0; slice <= slices; slice += 1) {
      for (const [at, build] of builds.entries()) {
        const speed = sliceOf(build, workload, seedPlus(seed, slice * workload.runs));
        if (slice > 0) noteIn(speeds[at], speed);
        done += 1;
        onSlice(done, (slices + 1) * builds.length * workloads.length);
      }
    }
    return speeds;
  });
}

interface Slice {
  readonly simulated: number;
  readonly events: number;
  readonly checks: number;
}

function sliceOf(build: Build, { isCalm, runs, timeMs }: Workload, seed: bigint): Slice {
  const began = process.cpuUsage();
  let [simulatedUs, events, checks] = [0, 0, 0];
  for (let at = 0; at < runs; at += 1) {
    const result = build.run({ seed: seedPlus(seed, at), timeMs, isCalm });
    if (result.verdict.type !== 'held') {
      throw new Error(`seed ${result.seed} of build ${build.name}: ${showVerdict(result.verdict)}`);
    }
    simulatedUs += result.simulatedUs;
    events += result.events;
    checks += result.checks;
  }
  const { user, system } = process.cpuUsage(began);
  const seconds = Math.max(1, user + system) / 1e6;
  return {
    simulated: simulatedUs / 1e6 / seconds,
    events: events / seconds,
    checks: checks / seconds,
  };
}

function noteIn(speed: Speed | undefined, { simulated, events, checks }: Slice): void {
  speed?.simulated.push(simulated);
  speed?.events.push(events);
  speed?.checks.push(checks);
}

/** Middle of the numbers; 0 of none. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
