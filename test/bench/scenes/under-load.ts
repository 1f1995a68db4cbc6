// What writes cost while something else goes on or has grown: snapshots of a large state, more nodes, a million writes behind. Slices
// take turns between the two systems as in the main table, and each figure is the value of one slice.

import { readFileSync } from 'node:fs';
import { nodeClient } from '../load/node-client.js';
import { costsOf } from '../processes.js';
import { measureSlice } from '../slices.js';
import type { Contender, Slice } from '../slices.js';
import { QuorateRunning } from '../systems/quorate.js';
import { WORKLOADS } from '../workloads.js';
import type { ClientName, Workload } from '../workloads.js';
import { fill, withBoth } from './scene.js';
import type { Figure, Scene, Trial } from './scene.js';

const IN_FLIGHT = 64;
/** Each system, before a slice counts: until then code is cold. */
const WARM_UP_S = { quick: 2, whole: 10 };
/** For one part of many writes; whoever is slower has stopped. */
const PART_LIMIT_S = 300;

/** Snapshot under load: writes on a large state, of which Quorate takes snapshots meanwhile. */
export const SNAPSHOTS: Scene = {
  name: 'snapshots',
  seconds: (isQuick) => (isQuick ? 30 : 150),
  run: (trial) => withBoth(3, 0, (contenders) => onLargeState(trial, contenders)),
};

/** Growth with nodes. */
export const NODES: Scene = {
  name: 'nodes',
  seconds: (isQuick) => (isQuick ? 30 : 220),
  async run(trial) {
    const figures: Figure[] = [];
    for (const nodes of trial.isQuick ? [1, 3] : [1, 3, 5, 7]) {
      trial.tell(`nodes: starting ${nodes}`);
      figures.push(...(await withBoth(nodes, 0, (contenders) => withNodes(trial, contenders))));
    }
    return figures;
  },
};

/** Memory after many writes. */
export const MEMORY: Scene = {
  name: 'memory',
  seconds: (isQuick) => (isQuick ? 20 : 300),
  run: (trial) => withBoth(3, 0, (contenders) => afterManyWrites(trial, contenders)),
};

async function onLargeState(trial: Trial, contenders: readonly Contender[]): Promise<Figure[]> {
  const keys = trial.isQuick ? 5000 : 200_000;
  for (const contender of contenders) {
    trial.tell(`snapshots: ${keys} keys, ${contender.system.name}`);
    await fill(contender, keys);
  }
  const before = contenders.map(snapshotsOf);
  const [pairs, seconds] = trial.isQuick ? [1, 3] : [3, 12];
  const slices = await inTurns(
    trial,
    'snapshots',
    contenders,
    workload('writes', 'node'),
    pairs,
    seconds,
  );
  const about = `${IN_FLIGHT} in flight, ${keys} keys`;
  return contenders.flatMap((contender, at) => {
    const { name } = contender.system;
    const figure = (what: string, pick: (slice: Slice) => number): Figure => ({
      scene: 'snapshots',
      system: name,
      what: `${what}, ${about}`,
      values: (slices[at] ?? []).map(pick),
    });
    const taken = snapshotsOf(contender);
    return [
      figure('writes a second', ({ perSecond }) => perSecond),
      figure('ms p50', ({ p50 }) => p50),
      figure('ms p99', ({ p99 }) => p99),
      figure('ms p99.9', ({ p999 }) => p999),
      figure('ms longest', ({ max }) => max),
      ...(taken === null
        ? []
        : [figure('snapshots by node and slice', () => (taken - (before[at] ?? 0)) / pairs / 3)]),
    ];
  });
}

async function withNodes(trial: Trial, contenders: readonly Contender[]): Promise<Figure[]> {
  const nodes = contenders[0]?.running.pids.length ?? 0;
  const [pairs, seconds] = trial.isQuick ? [1, 1] : [5, 2];
  const slices = await inTurns(
    trial,
    'nodes',
    contenders,
    workload('writes', 'h2load'),
    pairs,
    seconds,
  );
  return contenders.flatMap(({ system, running }, at) => {
    const figure = (what: string, values: readonly number[]): Figure => {
      return { scene: 'nodes', system: system.name, what: `${what}, ${nodes} nodes`, values };
    };
    const own = slices[at] ?? [];
    const resident = costsOf(running.pids).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
    return [
      figure(
        `writes a second, ${IN_FLIGHT} in flight`,
        own.map(({ perSecond }) => perSecond),
      ),
      figure(
        'leader us by write',
        own.map(({ leaderCpuUs }) => leaderCpuUs),
      ),
      figure(
        'all nodes us by write',
        own.map(({ cpuUs }) => cpuUs),
      ),
      figure('MiB of all nodes', [resident / 1024 ** 2]),
    ];
  });
}

/** Both make the same number of writes: the time is looked at when both have made a part of them. */
async function afterManyWrites(trial: Trial, contenders: readonly Contender[]): Promise<Figure[]> {
  const [goal, part, limitMs] = trial.isQuick ? [5000, 2500, 30_000] : [1_000_000, 50_000, 600_000];
  const beganMs = performance.now();
  const { requests } = workload('writes', 'node');
  let done = 0;
  while (done < goal && performance.now() - beganMs < limitMs) {
    for (const { running, system } of contenders) {
      trial.tell(`memory: ${done} of ${goal} writes, ${system.name}`);
      const { address } = await running.leader();
      const sent = requests(system.requests);
      const load = await nodeClient(address, sent, 256, PART_LIMIT_S, part);
      if (load.requests < part) throw new Error(`${system.name} took ${load.requests} of ${part}`);
    }
    done += part;
  }
  return contenders.flatMap(({ running, system }) => {
    const mib = costsOf(running.pids).map(({ memoryBytes }) => memoryBytes / 1024 ** 2);
    const figure = (what: string, value: number): Figure => {
      return {
        scene: 'memory',
        system: system.name,
        what: `${what}, ${done} writes`,
        values: [value],
      };
    };
    return [
      figure('MiB of the largest node', Math.max(...mib)),
      figure('MiB of the smallest node', Math.min(...mib)),
    ];
  });
}

/** Slices of each contender, in the order of the contenders. */
export async function inTurns(
  trial: Trial,
  scene: string,
  contenders: readonly Contender[],
  load: Workload,
  pairs: number,
  seconds: number,
  inFlight = IN_FLIGHT,
): Promise<Slice[][]> {
  const slices = contenders.map((): Slice[] => []);
  const warmUpSeconds = trial.isQuick ? WARM_UP_S.quick : WARM_UP_S.whole;
  for (const contender of contenders) {
    await contender.running.compact();
    await measureSlice(contender, load, inFlight, warmUpSeconds);
  }
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = [...contenders.entries()];
    for (const [at, contender] of pair % 2 === 0 ? order : order.toReversed()) {
      trial.tell(`${scene}: pair ${pair + 1}, ${contender.system.name}`);
      slices[at]?.push(await measureSlice(contender, load, inFlight, seconds));
    }
  }
  return slices;
}

/** One of the table's. */
export function workload(name: string, client: ClientName): Workload {
  const found = WORKLOADS.find((each) => each.name === name && each.client === client);
  if (found === undefined) throw new Error(`there is no workload of ${name} by ${client}`);
  return found;
}

/** Snapshots that all nodes took since they began, by their logs; null: this system takes none of that kind. */
function snapshotsOf({ running }: Contender): number | null {
  if (!(running instanceof QuorateRunning)) return null;
  const logs = running.addresses.map((_, at) => readFileSync(running.daemonAt(at).logPath, 'utf8'));
  return logs.reduce((sum, log) => sum + log.split('took a snapshot').length - 1, 0);
}
