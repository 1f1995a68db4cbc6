// Unary writes of the least that replicates (systems/bare.ts) in turns with etcd and Quorate: what the libraries leave, and what Quorate
// adds to that. Its figures stand in Quorate's column, on lines of their own.

import type { Slice } from '../slices.js';
import { bare } from '../systems/bare.js';
import { etcd } from '../systems/etcd.js';
import { quorate } from '../systems/quorate.js';
import { withSystems } from './scene.js';
import type { Figure, Scene } from './scene.js';
import { inTurns, writes } from './under-load.js';

const SCENE = 'bare';

export const BARE: Scene = {
  name: SCENE,
  seconds: (isQuick) => (isQuick ? 60 : 330),
  run: (trial) =>
    withSystems([etcd(), quorate, bare], 3, 0, async (contenders) => {
      const [rounds, seconds] = trial.isQuick ? [2, 1] : [7, 2];
      const workload = writes('h2load');
      const figures: Figure[] = [];
      for (const level of trial.isQuick ? [1, 64] : workload.inFlight) {
        const slices = await inTurns(trial, SCENE, contenders, workload, rounds, seconds, level);
        const [ofEtcd = [], ...others] = slices;
        for (const [at, ours] of others.entries()) {
          const system = contenders[at + 1]?.system.name ?? '';
          figures.push(...compared(ofEtcd, ours, system, level));
        }
      }
      return figures;
    }),
};

/** One of ours beside etcd. */
function compared(
  ofEtcd: readonly Slice[],
  ours: readonly Slice[],
  system: string,
  level: number,
): Figure[] {
  const both = (what: string, pick: (slice: Slice) => number): Figure[] => [
    {
      scene: SCENE,
      system: 'etcd',
      what: `${system}, ${level} in flight: ${what}`,
      values: ofEtcd.map(pick),
    },
    {
      scene: SCENE,
      system,
      what: `${system}, ${level} in flight: ${what}`,
      values: ours.map(pick),
    },
  ];
  return [
    ...both('writes/s', ({ perSecond }) => perSecond),
    ...both('CPU, us', ({ cpuUs }) => cpuUs),
  ];
}
