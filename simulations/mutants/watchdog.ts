// Ends a process that hangs, by the processor time that it has used: how busy the machine is must not decide whether it hangs.
// It watches from a thread of its own, since one that hangs has no turn of its event loop to spare.

import { Worker } from 'node:worker_threads';

/** Processor time beyond its limit in which an attempt must have finished its last run, in milliseconds. */
export const GRACE_MS = 60_000;

/** Processor time of this process since it began, all its threads together, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return Math.round((user + system) / 1000);
}

/** The thread, as text: the loader of TypeScript does not reach into threads. */
const THREAD = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    const usedMs = (user + system) / 1000 - workerData.since[0];
    if (usedMs > workerData.limitMs) process.kill(process.pid, 'SIGKILL');
  }, 500);
`;

/** Kills this process when it uses `limitMs` of processor time between two calls of what this answers. */
export function watchProcess(limitMs: number): () => void {
  const since = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  since[0] = processorMs();
  const thread = new Worker(THREAD, { eval: true, execArgv: [], workerData: { since, limitMs } });
  thread.unref();
  return () => {
    since[0] = processorMs();
  };
}
