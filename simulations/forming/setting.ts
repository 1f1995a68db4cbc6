// One simulated forming of a cluster, drawn from its seed: how many machines, which of them form it and by which plan, how bad
// the network is. Nothing else comes from outside.

import { Streams } from '../random.js';

export interface FormingSetting {
  readonly seed: bigint;
  /** Machines that carry the cluster's name. */
  readonly machines: number;
  /** The first so many machines are the hosts that form it; 0: `count` decides. */
  readonly hosts: number;
  /** Nodes that form it when they found each other; 0: `hosts` decides. */
  readonly count: number;
  readonly lossPerMillion: number;
  readonly repeatPerMillion: number;
  /** How long faults go on, in simulated ms. */
  readonly faultsMs: number;
  /** Everything went down in the middle of two attempts that share a founder, and starts again with what was promised. */
  readonly isMidway: boolean;
  /** Disks may be lost. */
  readonly hasWipes: boolean;
  /** Messages that take up to ten seconds. */
  readonly slowPerMillion: number;
  /** Between two short cuts of one direction of one link, on average, in simulated ms; 0: there are none. */
  readonly flickerMs: number;
}

/** What the seed says. */
export function formingSetting(seed: bigint): FormingSetting {
  const dice = new Streams(seed).stream('forming/setting');
  const isHosts = dice.chance(500_000);
  const size = dice.pick([2, 2, 3, 3, 3, 4, 5]);
  const isMidway =
    !isHosts && size >= 3 && new Streams(seed).stream('forming/midway').chance(400_000);
  const drawn = isHosts ? dice.between(0, 2) : dice.between(0, size - 1);
  const extra = isMidway ? size - 1 : drawn;
  return {
    seed,
    machines: size + extra,
    hosts: isHosts ? size : 0,
    count: isHosts ? 0 : size,
    isMidway,
    lossPerMillion: dice.pick([0, 10_000, 100_000, 300_000]),
    repeatPerMillion: dice.pick([0, 10_000, 200_000]),
    faultsMs: dice.pick([5_000, 15_000, 40_000]),
    hasWipes: dice.chance(400_000),
    slowPerMillion: dice.pick([50_000, 50_000, 200_000]),
    flickerMs: dice.pick([0, 0, 100, 300]),
  };
}
