// Runs many settings on several cores, in processes of their own: one run at a time for each, the next to whoever is free.
// With one worker everything happens in this process. Whatever ends a worker early is a failure of the simulator.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Report } from '../report.js';
import type { Setting } from '../setting.js';
import { runReported } from './job.js';
import type { Answer, Order } from './job.js';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const CHILD = fileURLToPath(new URL(`child.${EXTENSION}`, import.meta.url));
const EXEC_ARGUMENTS = EXTENSION === 'ts' ? ['--import', 'tsx'] : [];

export interface PoolOptions {
  readonly count: number;
  /** The setting at a place from 0 to `count` - 1. */
  readonly settingAt: (at: number) => Setting;
  readonly workers: number;
  /** Even a single worker gets a process of its own. */
  readonly isElsewhere?: boolean;
  /** Told of every run, in any order; answers whether to go on. */
  readonly onReport: (report: Report, at: number) => boolean;
}

/** Runs all of them, or until `onReport` says no. Rejects if the simulator itself fails. */
export async function runAll(options: PoolOptions): Promise<void> {
  if (options.workers > 1 || options.isElsewhere === true) await runBeside(options);
  else await runHere(options);
}

/** Between two runs the event loop gets a turn, so that an interrupt is heard. */
async function runHere({ count, settingAt, onReport }: PoolOptions): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const { report } = runReported({ at, setting: settingAt(at) });
    await setImmediate();
    if (!onReport(report, at)) return;
  }
}

async function runBeside(options: PoolOptions): Promise<void> {
  const { count, settingAt, workers, onReport } = options;
  let next = 0;
  let isGoing = true;
  const take = (): Order | null => {
    if (!isGoing || next >= count) return null;
    const order = { at: next, setting: settingAt(next) };
    next += 1;
    return order;
  };
  const note = ({ report, at }: Answer): void => {
    if (isGoing && !onReport(report, at)) isGoing = false;
  };
  const children = Array.from({ length: Math.min(workers, count) }, startChild);
  try {
    await Promise.all(children.map((child) => feed(child, take, note)));
  } finally {
    isGoing = false;
    // A worker in the middle of a run would only notice afterwards that nobody waits.
    for (const child of children) child.kill('SIGKILL');
  }
}

function startChild(): ChildProcess {
  return fork(CHILD, [], {
    execArgv: EXEC_ARGUMENTS,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** Gives one worker run after run until there is none left. */
function feed(
  child: ChildProcess,
  take: () => Order | null,
  note: (answer: Answer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    let order: Order | null = null;
    const step = (): void => {
      order = take();
      if (order === null) resolve();
      else child.send(order);
    };
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    child.on('error', reject);
    child.on('message', (answer: Answer) => {
      note(answer);
      step();
    });
    child.on('exit', (code, signal) => {
      const seed = order?.setting.seed.toString() ?? 'none';
      reject(new Error(`a worker ended (${code ?? signal}) in seed ${seed}: ${said.trim()}`));
    });
    step();
  });
}
