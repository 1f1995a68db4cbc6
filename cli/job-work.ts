// Does jobs by a command: started for each job with its payload on standard input, stopped with all that it started when the claim is lost
// or the job shall be cancelled. The command's exit code says whether the job is done.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { WorkedJob } from '../src/client/worker.js';

/** Between the polite signal and the other one. */
const GRACE_MS = 2000;
const SIGNAL_EXIT_BASE = 128;

/** Runs the command for one job. Fails with its exit code, or with why it was stopped or could not be started. */
export function runForJob(
  job: WorkedJob,
  [program = '', ...args]: readonly string[],
): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    // A group of its own, so that what it started is stopped with it.
    detached: true,
    env: {
      ...process.env,
      QUORATE_JOB: job.id,
      QUORATE_JOB_TYPE: job.type,
      QUORATE_JOB_ATTEMPT: String(job.attempt),
      QUORATE_EPOCH: String(job.epoch),
    },
  });
  // A command that reads nothing closes it.
  child.stdin.on('error', () => {});
  child.stdin.end(job.payload);
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  return new Promise((resolve, reject) => {
    let killing: NodeJS.Timeout | null = null;
    const stop = (): void => {
      kill('SIGTERM');
      killing = setTimeout(() => {
        kill('SIGKILL');
      }, GRACE_MS);
    };
    const over = (): void => {
      job.signal.removeEventListener('abort', stop);
      if (killing !== null) clearTimeout(killing);
    };
    child.on('error', (error) => {
      over();
      reject(new Error(`the command cannot be started: ${error.message}`));
    });
    child.on('exit', (code, signal) => {
      over();
      if (job.signal.aborted) kill('SIGKILL');
      const ended = code ?? SIGNAL_EXIT_BASE + constants.signals[signal ?? 'SIGKILL'];
      if (ended === 0) resolve();
      else reject(new Error(`exit code ${ended}`));
    });
    if (job.signal.aborted) stop();
    else job.signal.addEventListener('abort', stop, { once: true });
  });
}
