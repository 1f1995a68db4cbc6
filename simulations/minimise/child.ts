// Minimises a run in a copy of the code with a bug in it. Arguments: the seed, its time in milliseconds, the limit in
// milliseconds of real time; one line of JSON for each step, and one for the result, on standard output.

import { performance } from 'node:perf_hooks';

import { showRunFile } from '../scenarios/run-file.js';
import { minimise } from './minimise.js';

const [seed = '1', timeMs = '30000', limitMs = '60000', name = 'minimised'] = process.argv.slice(2);
const untilMs = performance.now() + Number(limitMs);
let isInterrupted = false;
process.on('SIGINT', () => (isInterrupted = true));
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const minimised = await minimise(
  { seed: BigInt(seed), timeMs: Number(timeMs) },
  {
    isOver: () => isInterrupted || performance.now() > untilMs,
    onStep: (what, size, runs) => say({ what, size, runs }),
  },
);
if (minimised === null) say({ held: true });
else {
  const { candidate, ...rest } = minimised;
  const { verdict } = minimised;
  const story = `Found by a planted bug: ${verdict.type === 'violated' ? verdict.property : 'not live'}`;
  say({ minimised: rest, file: showRunFile({ ...candidate, name, story }) });
}
