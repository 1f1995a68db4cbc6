// Runs in a copy of the code with a bug in it: from each base seed on, seeds one after the other until a property fires or
// the limit is reached. Each attempt is a line of JSON on standard output as soon as it is over. The one argument is JSON.

import type { Verdict } from '../run.js';
import { sweep } from '../sweep.js';
import type { Attempt, Found } from './attempt.js';
import { GRACE_MS, processorMs, watchProcess } from './watchdog.js';

/** What the child is asked for. */
export interface Task {
  readonly bases: readonly string[];
  /** Of each attempt. */
  readonly seedsMax: number;
  /** Processor time of each attempt; a run that has begun is finished. */
  readonly limitMs: number;
  /** Processor time after which no further attempt begins. */
  readonly budgetMs: number;
}

function foundBy(seed: bigint, verdict: Verdict): Found | null {
  if (verdict.type === 'held') return null;
  const property = verdict.type === 'violated' ? verdict.property : 'liveness';
  const { detail, atUs } = verdict;
  return { seed: seed.toString(), property, detail, atUs };
}

async function attempt(base: string, { seedsMax, limitMs }: Task): Promise<Attempt> {
  const untilMs = processorMs() + limitMs;
  const { runs, failures, simulatedUs, elapsedMs } = await sweep(
    {
      seed: BigInt(base),
      count: seedsMax,
      onRun: ({ verdict }) => verdict.type === 'held' && processorMs() < untilMs,
    },
    processorMs,
  );
  const [failure] = failures;
  const found = failure === undefined ? null : foundBy(failure.seed, failure.verdict);
  return { base, seeds: runs, elapsedMs, simulatedMs: Math.round(simulatedUs / 1000), found };
}

const task = JSON.parse(process.argv[2] ?? '') as Task;
const alive = watchProcess(task.limitMs + GRACE_MS);
const overMs = processorMs() + task.budgetMs;
for (const base of task.bases) {
  if (processorMs() >= overMs) break;
  alive();
  process.stdout.write(`${JSON.stringify(await attempt(base, task))}\n`);
}
