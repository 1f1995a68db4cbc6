// Many runs, one seed after the other, with sums over all. Between two runs the event loop gets a turn, so that a sweep
// can be interrupted and show how far it is.

import { setImmediate } from 'node:timers/promises';

import { Counts } from './counts.js';
import { Digest, digestOf, showDigest } from './digest.js';
import { run } from './run.js';
import type { RunOptions, RunResult } from './run.js';
import { seedPlus } from './random.js';

export interface SweepOptions extends Omit<RunOptions, 'seed' | 'sink'> {
  /** The first seed; the others follow it. */
  readonly seed: bigint;
  readonly count: number;
  /** Told after each run; answers whether to go on. */
  readonly onRun?: (result: RunResult, done: number) => boolean;
}

export interface SweepResult {
  readonly seed: bigint;
  /** Runs done; less than asked for if it was stopped. */
  readonly runs: number;
  /** Runs in which something did not hold, in order. */
  readonly failures: readonly RunResult[];
  readonly events: number;
  readonly simulatedUs: number;
  readonly elapsedMs: number;
  readonly counts: Counts;
  /** Of the hashes of all runs. */
  readonly hash: string;
}

/** Runs `count` seeds; `nowMs` measures how long it really takes. */
export async function sweep(options: SweepOptions, nowMs: () => number): Promise<SweepResult> {
  const startMs = nowMs();
  const { seed, count, onRun = () => true, ...each } = options;
  const failures: RunResult[] = [];
  const counts = new Counts();
  const digest = new Digest();
  let [runs, events, simulatedUs, isGoing] = [0, 0, 0, true];
  while (runs < count && isGoing) {
    const result = run({ ...each, seed: seedPlus(seed, runs) });
    runs += 1;
    events += result.events;
    simulatedUs += result.simulatedUs;
    counts.addAll(result.counts);
    digest.number(digestOf(result.hash));
    if (result.verdict.type !== 'held') failures.push(result);
    isGoing = onRun(result, runs);
    await setImmediate();
  }
  const elapsedMs = nowMs() - startMs;
  const hash = showDigest(digest.end());
  return { seed, runs, failures, events, simulatedUs, elapsedMs, counts, hash };
}
