// `npm run reigns -- --rounds 200 [--election-timeout MS] [--seed N] [--minutes M] [--faults A,B]`: random faults upon the primary
// of three real daemons, each in a network namespace, with a process that marks its reign. Prints per fault for how long nobody
// marked and how long it took until the next reign did, and ends with 1 if two runs overlapped. Needs root.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { count, renderTable } from '../../../cli/format.js';
import { Random } from '../../../src/raft/random.js';
import { RealDaemons } from '../../supervisor/real-daemons.js';
import { LOCAL_FAULTS, NETWORK_FAULTS, ReignRounds } from '../../supervisor/reign-rounds.js';
import type { Fault, Round } from '../../supervisor/reign-rounds.js';
import { Mesh } from './mesh.js';

const ALL: readonly Fault[] = [...LOCAL_FAULTS, ...NETWORK_FAULTS];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    'election-timeout': { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    minutes: { type: 'string', default: '240' },
    faults: { type: 'string', default: ALL.join(',') },
  },
});

const electionTimeoutMs = Number(values['election-timeout']);
const faults = ALL.filter((fault) => values.faults.split(',').includes(fault));
const random = new Random(Number(values.seed));
const endMs = performance.now() + Number(values.minutes) * 60_000;
const rounds: Round[] = [];
const mesh = new Mesh(3);
process.once('exit', () => mesh.close());
const cluster = new RealDaemons(electionTimeoutMs, mesh.places);
let trouble: unknown = null;
try {
  await cluster.start();
  const play = new ReignRounds(cluster, electionTimeoutMs, mesh);
  while (rounds.length < Number(values.rounds) && performance.now() < endMs) {
    const fault = faults[random.between(0, faults.length)] ?? 'hand-over';
    const round = await play.round(fault);
    rounds.push(round);
    console.error(`${rounds.length} ${fault}: gap ${round.gap.toFixed(2)} s`, ...round.overlaps);
    if (round.overlaps.length > 0) break;
  }
} catch (error) {
  trouble = error;
  console.error(cluster.log.split('\n').slice(-60).join('\n'));
} finally {
  cluster.close();
}
const broken = rounds.flatMap(({ overlaps }) => overlaps);
const load = readFileSync('/proc/loadavg', 'latin1').split(' ').slice(0, 3).join(' ');
console.log(
  `${count(rounds.length, 'round')}, seed ${values.seed}, election timeout ${electionTimeoutMs} ms, load average ${load}`,
  `\n${tableOf().join('\n')}`,
);
console.log(broken.length === 0 ? 'no two runs overlapped' : `OVERLAP\n${broken.join('\n')}`);
if (trouble !== null) console.log(trouble);
process.exitCode = broken.length === 0 && trouble === null ? 0 : 1;

function tableOf(): string[] {
  const titles = ['FAULT', 'ROUNDS', 'GAP MEDIAN', 'LONGEST', 'NEXT REIGNS', 'MEDIAN', 'WORST'];
  const columns = titles.map((title, at) => {
    return { title, align: at === 0 ? ('left' as const) : ('right' as const) };
  });
  const rows = faults.map((fault) => {
    const all = rounds.filter((round) => round.fault === fault);
    const next = all.flatMap(({ toNext }) => (toNext === null ? [] : [toNext]));
    const gaps = figures(all.map(({ gap }) => gap));
    return [fault, String(all.length), ...gaps, String(next.length), ...figures(next)];
  });
  return renderTable(columns, rows);
}

/** Median and largest, in seconds. */
function figures(values: readonly number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, largest] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return [median, largest].map((value) => (value === undefined ? '-' : `${value.toFixed(2)} s`));
}
