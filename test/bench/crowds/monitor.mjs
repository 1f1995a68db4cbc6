// Loaded into a daemon by NODE_OPTIONS: appends how late its event loop was and what memory it uses, a JSON object a line, four
// times a second, and how long its main thread waited for a processor meanwhile, which is the machine's fault and not its own; at
// SIGUSR2 once more after a full garbage collection. Costs the daemon nothing that would show.

import { appendFileSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 250;
const RESOLUTION_MS = 5;

const file = process.env.QUORATE_BENCH_MONITOR;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let waitedBeforeMs = waitedMs();
let lates = [];
let dueMs = performance.now() + RESOLUTION_MS;

/** How long the main thread has been ready to run and did not, since it began. */
function waitedMs() {
  const [, waitedNs] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(waitedNs) / 1e6;
}

function note(isCollected) {
  const { rss, heapUsed, external } = process.memoryUsage();
  // What is measured is the distance of two looks, so that one of them is not lateness.
  const lateMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  delay.reset();
  const waited = waitedMs();
  const waitedForMs = waited - waitedBeforeMs;
  waitedBeforeMs = waited;
  const about = { rss, heapUsed, external, isCollected };
  const line = { atMs: Date.now(), lateMs, lates, waitedForMs, ...about };
  lates = [];
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

setInterval(() => {
  const nowMs = performance.now();
  lates.push(Math.max(0, Math.round((nowMs - dueMs) * 10) / 10));
  dueMs = nowMs + RESOLUTION_MS;
}, RESOLUTION_MS).unref();
setInterval(() => note(false), EVERY_MS).unref();
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  note(true);
});
