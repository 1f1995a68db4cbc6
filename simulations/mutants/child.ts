// Runs in a copy of the code with a bug in it: seeds one after the other until a property fires or the limit is reached,
// then one line of JSON on standard output. Arguments: first seed, highest number of seeds, milliseconds of real time.

import { performance } from 'node:perf_hooks';

import { sweep } from '../sweep.js';

const [seed = '1', seedsMax = '1', limitMs = '1000'] = process.argv.slice(2);
const nowMs = (): number => Math.round(performance.now());
const untilMs = nowMs() + Number(limitMs);
const { runs, failures, simulatedUs, elapsedMs } = await sweep(
  {
    seed: BigInt(seed),
    count: Number(seedsMax),
    onRun: ({ verdict }) => verdict.type === 'held' && nowMs() < untilMs,
  },
  nowMs,
);
const failure = failures[0];
const report = {
  runs,
  simulatedMs: Math.round(simulatedUs / 1000),
  elapsedMs,
  failure:
    failure === undefined ? null : { seed: failure.seed.toString(), verdict: failure.verdict },
};
process.stdout.write(`${JSON.stringify(report)}\n`);
