// `npm run forming -- --rounds 50 [--seed N] [--minutes M]`: clusters formed by real daemons in network namespaces under kills, lost
// disks and partitions. Prints its method, a line for each round and a summary, and ends by itself: with 1 if there ever were two
// clusters, or none came about. A seed repeats what was drawn, though not what the machine makes of it. Needs root.

import { parseArgs } from 'node:util';

import { count, renderTable } from '../../../cli/format.js';
import { Streams } from '../../../simulations/random.js';
import { Bridge } from './bridge.js';
import { FormingRound, NAME, NODES_MAX, WAYS } from './forming-round.js';
import type { FormingRoundResult } from './forming-round.js';
import { Resolver } from './resolver.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    minutes: { type: 'string', default: '120' },
  },
});
const [wanted, minutes] = [Number(values.rounds), Number(values.minutes)];
if (
  !Number.isSafeInteger(wanted) ||
  wanted < 1 ||
  !/^\d{1,15}$/.test(values.seed) ||
  !(minutes > 0)
) {
  console.error('--rounds: a number above 0; --seed: a whole number; --minutes: a number above 0');
  process.exit(2);
}

console.log(
  [
    `Method: each round starts 3 to ${NODES_MAX} daemons (--expect all of them), each in a network namespace on one bridge, within 3 s of each`,
    `other, that find each other by ${WAYS.join(', ')} in turns. For 8 s, on average once in 0.85 s, one of them is killed with SIGKILL and`,
    'started again, loses its disk and is started again, or is unplugged for up to 2 s, or all are cut in two. Then all is mended. Every node',
    'is asked 4 times a second which cluster it belongs to: two different answers at any time are a failure, and so is not one cluster in',
    'the end within 3 minutes. Nodes whose disk was lost after their cluster had formed have to stay outside.',
  ].join('\n'),
);
const streams = new Streams(BigInt(values.seed));
const endMs = performance.now() + minutes * 60_000;
const bridge = Bridge.create(NODES_MAX);
const addresses = bridge.places.map(({ address }) => address);
const resolver = await Resolver.start(bridge.address, NAME, addresses);
const results: FormingRoundResult[] = [];
try {
  while (results.length < wanted && performance.now() < endMs) {
    const at = results.length;
    const way = WAYS[at % WAYS.length] ?? 'multicast';
    const round = new FormingRound(bridge, way, streams.stream(`round/${at}`));
    const result = await round.play();
    results.push(result);
    const { nodes, faults, outside, healedMs, neededOperator, problem } = result;
    const about = [`${nodes} nodes by ${way}`, `faults: ${faults.join(', ') || 'none'}`];
    if (outside.length > 0) about.push(`outside: ${outside.join(', ')}`);
    if (neededOperator)
      about.push('an operator emptied nodes that were bound to a lost coordinator');
    about.push(
      healedMs === null ? 'not formed' : `${(healedMs / 1000).toFixed(1)} s after the heal`,
    );
    console.log(
      `${at + 1} of ${wanted}: ${about.join('; ')}${problem === null ? '' : `; ${problem}`}`,
    );
  }
} finally {
  resolver.close();
  bridge.remove();
}
const bad = results.filter(({ problem }) => problem !== null);
const rows = WAYS.map((way) => {
  const all = results.filter((result) => result.way === way);
  const healed = all.flatMap(({ healedMs }) => healedMs ?? []).toSorted((a, b) => a - b);
  const figures = [healed[Math.floor(healed.length / 2)], healed.at(-1)];
  const shown = figures.map((ms) => (ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`));
  const faults = all.reduce((sum, result) => sum + result.faults.length, 0);
  return [way, String(all.length), String(faults), ...shown];
});
const titles = ['FOUND BY', 'ROUNDS', 'FAULTS', 'MEDIAN AFTER HEAL', 'WORST'];
const columns = titles.map((title, at) => {
  return { title, align: at === 0 ? ('left' as const) : ('right' as const) };
});
console.log(`\n${renderTable(columns, rows).join('\n')}`);
const operators = results.filter(({ neededOperator }) => neededOperator).length;
const verdict = bad.length === 0 ? 'always one cluster' : `${bad.length} FAILED`;
console.log(
  `${count(results.length, 'round')}, seed ${values.seed}: ${verdict}; an operator was needed in ${operators}`,
);
process.exitCode = bad.length === 0 ? 0 : 1;
