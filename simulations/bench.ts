// How fast the simulator is: slices of runs, timed by the processor time of this process, so that other work on the machine
// disturbs less. Every run is judged as always, and one that fails ends the measurement.

import { showVerdict } from './format.js';
import { seedPlus } from './random.js';
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
  readonly simulated: number[];
  readonly events: number[];
  readonly checks: number[];
}

export interface BenchOptions {
  readonly seed: bigint;
  readonly slices: number;
  readonly workloads: readonly Workload[];
  /** Processor time in milliseconds that each workload runs before it is measured; at least one slice. */
  readonly warmUpMs: number;
  /** Told after each slice that is measured. */
  readonly onSlice: (done: number, all: number) => void;
}

/** Measures all workloads. Throws if a run does not hold. */
export function measure({ seed, slices, workloads, warmUpMs, onSlice }: BenchOptions): Speed[] {
  let done = 0;
  return workloads.map((workload) => {
    const speed: Speed = { workload: workload.name, simulated: [], events: [], checks: [] };
    // Compiling the code takes more time than running it until it has run for a while.
    const warmFrom = process.cpuUsage();
    do sliceOf(workload, seed);
    while (secondsSince(warmFrom) * 1000 < warmUpMs);
    for (let slice = 1; slice <= slices; slice += 1) {
      noteIn(speed, sliceOf(workload, seedPlus(seed, slice * workload.runs)));
      done += 1;
      onSlice(done, slices * workloads.length);
    }
    return speed;
  });
}

interface Slice {
  readonly simulated: number;
  readonly events: number;
  readonly checks: number;
}

function sliceOf({ isCalm, runs, timeMs }: Workload, seed: bigint): Slice {
  const began = process.cpuUsage();
  let [simulatedUs, events, checks] = [0, 0, 0];
  for (let at = 0; at < runs; at += 1) {
    const result = run({ seed: seedPlus(seed, at), timeMs, isCalm });
    if (result.verdict.type !== 'held') {
      throw new Error(`seed ${result.seed}: ${showVerdict(result.verdict)}`);
    }
    simulatedUs += result.simulatedUs;
    events += result.events;
    checks += result.checks;
  }
  const seconds = secondsSince(began);
  return {
    simulated: simulatedUs / 1e6 / seconds,
    events: events / seconds,
    checks: checks / seconds,
  };
}

/** Of processor time, collector of garbage and compiler included. */
function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return Math.max(1, user + system) / 1e6;
}

function noteIn(speed: Speed, { simulated, events, checks }: Slice): void {
  speed.simulated.push(simulated);
  speed.events.push(events);
  speed.checks.push(checks);
}

/** Middle of the numbers; 0 of none. */
export function medianOf(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
