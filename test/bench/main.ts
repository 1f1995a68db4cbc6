// `npm run bench`: Quorate beside etcd on this machine, with the same clients, load and durability, in slices that take turns. Prints
// tables, and writes JSON and a plot. Ends by itself: 0 if it measured, 1 if something failed or is missing, 2 for wrong usage.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { failOvers } from './failover.js';
import type { FailOver } from './failover.js';
import { measureLimits } from './limits.js';
import { isH2loadInstalled } from './load/h2load.js';
import { ratioPlot } from './plot.js';
import { summaryOf, tables } from './report.js';
import type { Report } from './report.js';
import { measureCell } from './slices.js';
import type { Cell, Contender } from './slices.js';
import { etcd, isEtcdInstalled } from './systems/etcd.js';
import { quorate } from './systems/quorate.js';
import { WORKLOADS } from './workloads.js';
import type { Workload } from './workloads.js';

const METHOD = `Three nodes of etcd and three of Quorate run at once on this machine, each with its data synced to the
same disk, heartbeats every 100 ms and elections after 1 s. Slices of load take turns between the two, the other
way round in each next pair, sent to the leader, with the same keys and values. What decides is the ratio within a
pair: its median, and an interval that contains the true median with at least 95 % (sign test) if there are pairs
enough. Writes count only if the servers say that they carried out as many.
`;
const USAGE = `usage: npm run bench -- [--quick] [--pairs 9] [--slice 3] [--kills 50] [--only NAME…] [--directory results/bench] [--json]
  --quick   3 pairs of 1 s at 1 and 64 in flight, 2 kills
  --only    workloads or clients whose name contains one of these; without fail-overs and limits`;
const MISSING = `it needs etcd, etcdctl and h2load: apt-get install etcd-server etcd-client nghttp2-client`;

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  pairs: { type: 'string' },
  slice: { type: 'string' },
  kills: { type: 'string' },
  only: { type: 'string', multiple: true },
  directory: { type: 'string', default: 'results/bench' },
  json: { type: 'boolean', default: false },
} as const;

interface Plan {
  readonly pairs: number;
  readonly seconds: number;
  readonly kills: number;
  readonly cells: readonly (readonly [Workload, number])[];
  readonly isWhole: boolean;
}

async function main(): Promise<number> {
  const plan = planned();
  if (plan === null) {
    console.error(USAGE);
    return 2;
  }
  if (!isEtcdInstalled() || !isH2loadInstalled()) {
    console.error(MISSING);
    return 1;
  }
  const { values } = parseArgs({ options: OPTIONS });
  if (!values.json) console.log(METHOD);
  const report = await measure(plan);
  mkdirSync(values.directory, { recursive: true });
  const summaries = report.cells.map(summaryOf);
  writeFileSync(
    join(values.directory, 'bench.json'),
    JSON.stringify({ ...report, summaries }, null, 1),
  );
  const title = `Quorate / etcd ${report.versions['etcd']}, requests a second (bar: median, line: interval, blue: aim)`;
  writeFileSync(join(values.directory, 'ratios.svg'), ratioPlot(summaries, title));
  console.log(values.json ? JSON.stringify({ ...report, summaries }) : tables(report).join('\n'));
  return 0;
}

/** Null: wrong usage. */
function planned(): Plan | null {
  let values;
  try {
    ({ values } = parseArgs({ options: OPTIONS }));
  } catch {
    return null;
  }
  const { quick, only } = values;
  const pairs = Number(values.pairs ?? (quick ? 3 : 9));
  const seconds = Number(values.slice ?? (quick ? 1 : 3));
  const kills = Number(values.kills ?? (quick ? 2 : 50));
  const isSound =
    Number.isSafeInteger(pairs) &&
    pairs >= 1 &&
    seconds > 0 &&
    Number.isSafeInteger(kills) &&
    kills >= 0;
  const cells = WORKLOADS.filter(
    ({ name, client }) => only?.some((part) => `${name} ${client}`.includes(part)) ?? true,
  ).flatMap((workload) =>
    workload.inFlight
      .filter((level) => !quick || level === 1 || level === 64)
      .map((level) => [workload, level] as const),
  );
  return isSound && cells.length > 0
    ? { pairs, seconds, kills, cells, isWhole: only === undefined }
    : null;
}

async function measure({ pairs, seconds, kills, cells: asked, isWhole }: Plan): Promise<Report> {
  const base = etcd();
  const steps = asked.length * pairs * 2 + (isWhole ? kills * 2 : 0);
  let done = 0;
  const tell = (what: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${steps} slices, ${what}\u001b[K`);
  };
  const contenders: Contender[] = [];
  const cells: Cell[] = [];
  let found: FailOver[] = [];
  try {
    for (const system of [base, quorate])
      contenders.push({ system, running: await system.start(3) });
    for (const [workload, level] of asked) {
      tell(`${workload.name}, ${workload.client}, ${level} in flight`);
      const onSlice = (): void => {
        done += 1;
        tell(`${workload.name}, ${workload.client}, ${level} in flight`);
      };
      cells.push(await measureCell(contenders, workload, level, { pairs, seconds }, onSlice));
    }
    if (isWhole) {
      found = await failOvers(contenders, kills, () => {
        done += 1;
        tell('fail-overs');
      });
    }
  } finally {
    await Promise.all(contenders.map(({ running }) => running.stop()));
  }
  const limits = isWhole
    ? await measureLimits([1, 64, 256], seconds, () => tell('bare limits'))
    : null;
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const [{ model } = { model: 'unknown' }] = cpus();
  return {
    method: METHOD,
    versions: { etcd: base.version, quorate: quorate.version },
    machine: { processors: availableParallelism(), model, node: process.version },
    pairs,
    sliceSeconds: seconds,
    cells,
    limits,
    failOvers: found,
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
