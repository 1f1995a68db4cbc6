// Loaded into a daemon by NODE_OPTIONS: appends how late its event loop was and what memory it uses, a JSON object a line, four
// times a second; at SIGUSR2 once more after a full garbage collection. Costs the daemon nothing that would show.

import { appendFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 250;
const RESOLUTION_MS = 5;

const file = process.env.QUORATE_BENCH_MONITOR;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

function note(isCollected) {
  const { rss, heapUsed, external } = process.memoryUsage();
  // What is measured is the distance of two looks, so that one of them is not lateness.
  const lateMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  delay.reset();
  const line = { atMs: Date.now(), lateMs, rss, heapUsed, external, isCollected };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

setInterval(() => note(false), EVERY_MS).unref();
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  note(true);
});
