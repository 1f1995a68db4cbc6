// The bare systems (systems/bare.ts) in turns with etcd and Quorate, under the loads whose aims are ratios to etcd: what the libraries leave,
// and what Quorate adds to that. Their figures stand in Quorate's column, on lines of their own.

import type { Slice } from '../slices.js';
import { bare, http2 } from '../systems/bare.js';
import { etcd } from '../systems/etcd.js';
import { quorate } from '../systems/quorate.js';
import type { System } from '../systems/system.js';
import { BATCH } from '../workloads.js';
import { withSystems } from './scene.js';
import type { Figure, Scene } from './scene.js';
import { inTurns, workload } from './under-load.js';

const SCENE = 'bare';

interface Load {
  readonly of: ReturnType<typeof workload>;
  readonly inFlight: readonly number[];
  /** Beside etcd. */
  readonly systems: readonly System[];
}

/** All levels of writes; of the others those at which a server is busy. */
const LOADS: readonly Load[] = [
  { of: workload('writes', 'h2load'), inFlight: [1, 16, 64, 256], systems: [quorate, bare] },
  { of: workload('reads', 'h2load'), inFlight: [1, 64, 256], systems: [quorate, bare, http2] },
  { of: workload('pipelined writes', 'node'), inFlight: [256], systems: [quorate, bare] },
  { of: workload(`batches of ${BATCH}`, 'node'), inFlight: [16], systems: [quorate, bare] },
];
const QUICK_LEVELS: readonly number[] = [1, 64];

export const BARE: Scene = {
  name: SCENE,
  seconds: (isQuick) => (isQuick ? 100 : 800),
  run: (trial) =>
    withSystems([etcd(), quorate, bare, http2], 3, 0, async (contenders) => {
      const [rounds, seconds] = trial.isQuick ? [2, 1] : [7, 2];
      const figures: Figure[] = [];
      for (const { of, inFlight, systems } of LOADS) {
        const loaded = contenders.filter(({ system }, at) => at === 0 || systems.includes(system));
        for (const level of inFlight) {
          if (trial.isQuick && !QUICK_LEVELS.includes(level)) continue;
          const slices = await inTurns(trial, SCENE, loaded, of, rounds, seconds, level);
          const [ofEtcd = [], ...others] = slices;
          const load = `${of.name}, ${level} in flight`;
          figures.push(...others.flatMap((ours) => compared(ofEtcd, ours, load)));
        }
      }
      return figures;
    }),
};

/** One of ours beside etcd. */
function compared(ofEtcd: readonly Slice[], ours: readonly Slice[], load: string): Figure[] {
  const nameOf = (slices: readonly Slice[]): string => slices[0]?.system ?? '';
  const both = (what: string, pick: (slice: Slice) => number): Figure[] =>
    [ofEtcd, ours].map((slices) => ({
      scene: SCENE,
      system: nameOf(slices),
      what: `${load}, ${nameOf(ours)}: ${what}`,
      values: slices.map(pick),
    }));
  return [
    ...both('a second', ({ perSecond }) => perSecond),
    ...both('CPU, us', ({ cpuUs }) => cpuUs),
  ];
}
