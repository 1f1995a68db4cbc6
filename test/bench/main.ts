// `npm run bench`: Quorate beside etcd on this machine, with the same clients, load and durability, in slices that take turns. Prints
// tables, and writes JSON and plots. What fails is told at the end, and all else is measured and kept. Ends by itself: 0 if it
// measured everything, 1 if something failed or is missing, 2 for wrong usage.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { failOvers } from './failover.js';
import type { FailOver } from './failover.js';
import { measureLimits } from './limits.js';
import { isH2loadInstalled } from './load/h2load.js';
import { levelPlot } from './level-plot.js';
import { duration, itemsOf, planned, USAGE, warmUpSeconds } from './plan.js';
import type { Plan } from './plan.js';
import { ratioPlot } from './plot.js';
import { Progress } from './progress.js';
import { summaryOf, tables } from './report.js';
import type { Failure, Report } from './report.js';
import { fill } from './scenes/scene.js';
import type { Figure } from './scenes/scene.js';
import { measureCell } from './slices.js';
import type { Cell, Contender } from './slices.js';
import { etcd, isEtcdInstalled } from './systems/etcd.js';
import { quorate } from './systems/quorate.js';
import { KEYS } from './workloads.js';

const METHOD = `Three nodes of etcd and three of Quorate run at once on this machine, each with its data synced to the
same disk, heartbeats every 100 ms and elections after 1 s. Slices of load take turns between the two, the other
way round in each next pair, sent to the leader, with the same keys and values. What decides is the ratio within a
pair: its median, and an interval that contains the true median with at least 95 % (sign test) if there are pairs
enough. Both are loaded for 12 s (quick: 4) before the first slice of each kind of load, and etcd is compacted before
each level. Writes count only if the servers say that they carried out as many.
`;
const MISSING = `it needs etcd, etcdctl and h2load: apt-get install etcd-server etcd-client nghttp2-client`;

async function main(): Promise<number> {
  const plan = planned();
  if (plan === null) {
    console.error(USAGE);
    return 2;
  }
  const items = itemsOf(plan);
  const total = items.reduce((sum, { seconds }) => sum + seconds, 0);
  const long = `${items.length} items, about ${duration(total)} on a machine that does nothing else`;
  if (plan.isListOnly) {
    for (const { name, seconds } of items) console.log(`${name.padEnd(44)} ${duration(seconds)}`);
    console.log(long);
    return 0;
  }
  if (!isEtcdInstalled() || !isH2loadInstalled()) {
    console.error(MISSING);
    return 1;
  }
  if (!plan.isJson) console.log(`${METHOD}\n${long}, twice as long on one that is shared.\n`);
  const progress = new Progress(items);
  const report = await measure(plan, progress);
  progress.end();
  const summaries = report.cells.map(summaryOf);
  const whole = { ...report, summaries };
  mkdirSync(plan.directory, { recursive: true });
  writeFileSync(join(plan.directory, 'bench.json'), JSON.stringify(whole, null, 1));
  if (summaries.length > 0) {
    const title = `Quorate / etcd ${report.versions['etcd']}, requests a second (bar: median, line: interval, blue: aim)`;
    writeFileSync(join(plan.directory, 'ratios.svg'), ratioPlot(summaries, title));
    writeFileSync(join(plan.directory, 'levels.svg'), levelPlot(report.cells));
  }
  console.log(plan.isJson ? JSON.stringify(whole) : tables(report).join('\n'));
  return report.failures.length === 0 ? 0 : 1;
}

async function measure(plan: Plan, progress: Progress): Promise<Report> {
  const base = etcd();
  const failures: Failure[] = [];
  /** Null: it failed, and the rest goes on. */
  const attempt: Attempt = async (run) => {
    const item = progress.next();
    try {
      return await run();
    } catch (error) {
      failures.push({ item, why: wordsOf(error) });
      return null;
    }
  };
  const steady = await measureSteady(plan, progress, attempt);
  const { hasLimits, seconds, scenes, isQuick } = plan;
  const levels = isQuick ? [1, 64] : [1, 64, 256];
  const limits = hasLimits
    ? await attempt(() => measureLimits(levels, seconds, () => progress.tell('')))
    : null;
  const figures: Figure[] = [];
  for (const scene of scenes) {
    const tell = (what: string): void => progress.tell(what);
    figures.push(...((await attempt(() => scene.run({ isQuick, tell }))) ?? []));
  }
  const [{ model } = { model: 'unknown' }] = cpus();
  return {
    method: METHOD,
    versions: { etcd: base.version, quorate: quorate.version },
    machine: { processors: availableParallelism(), model, node: process.version },
    pairs: plan.pairs,
    sliceSeconds: seconds,
    ...steady,
    limits,
    figures,
    failures,
  };
}

type Attempt = <T>(run: () => Promise<T>) => Promise<T | null>;

/** What is measured on one pair of clusters that run all the while. */
async function measureSteady(
  plan: Plan,
  progress: Progress,
  attempt: Attempt,
): Promise<{ readonly cells: readonly Cell[]; readonly failOvers: readonly FailOver[] }> {
  const { cells: asked, kills, pairs, seconds } = plan;
  const contenders: Contender[] = [];
  const cells: Cell[] = [];
  let found: FailOver[] = [];
  if (asked.length === 0 && kills === 0) return { cells, failOvers: found };
  try {
    for (const system of [etcd(), quorate])
      contenders.push({ system, running: await system.start(3) });
    // A read finds its key, whatever is measured first.
    for (const contender of contenders) await fill(contender, KEYS);
    for (const cell of asked) {
      const [workload, level] = cell;
      const options = { pairs, seconds, warmUpSeconds: warmUpSeconds(plan, cell) };
      let slices = 0;
      const onSlice = (): void => {
        slices += 1;
        progress.tell(`${slices} of ${2 * pairs} slices`);
      };
      const measured = await attempt(() =>
        measureCell(contenders, workload, level, options, onSlice),
      );
      if (measured !== null) cells.push(measured);
    }
    if (kills > 0) {
      found = (await attempt(() => failOvers(contenders, kills, () => progress.tell('')))) ?? [];
    }
  } finally {
    await Promise.all(contenders.map(({ running }) => running.stop()));
  }
  return { cells, failOvers: found };
}

/** What went wrong, and why. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${wordsOf(error.cause)}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(wordsOf(error));
  process.exitCode = 1;
}
