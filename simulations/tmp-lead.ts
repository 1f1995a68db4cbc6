import { run } from './run.js';
let ev = 0,
  sim = 0;
const t0 = performance.now();
const from = Number(process.argv[2] ?? 1),
  to = Number(process.argv[3] ?? 10);
for (let s = from; s <= to; s++) {
  const r = run({ seed: BigInt(s), timeMs: 30000 });
  ev += r.events;
  sim += r.simulatedUs / 1e6;
  if (r.verdict.type !== 'held') console.log(s, JSON.stringify(r.verdict));
}
console.log(
  from,
  to,
  ev,
  'events',
  sim.toFixed(0),
  'sim s',
  (sim / ((performance.now() - t0) / 1000)).toFixed(0),
  'sim s/s',
);
