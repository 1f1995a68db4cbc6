// Runs seeds of forming one after another until one fails, in a process of its own because its code has a bug planted in it. Says
// what it found as one line of JSON: the seeds that it ran, and the failure or null.

import { runForming } from './run.js';

const [from = '1', count = '1000'] = process.argv.slice(2);

let seeds = 0;
let failure: object | null = null;
while (failure === null && seeds < Number(count)) {
  const { outcome, property, detail } = runForming(BigInt(from) + BigInt(seeds));
  seeds += 1;
  if (outcome === 'violated' || outcome === 'not-live') failure = { outcome, property, detail };
}
process.stdout.write(`${JSON.stringify({ seeds, failure })}\n`);
