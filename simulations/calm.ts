// Parameters of a run in which nothing goes wrong: the product's defaults, a good network and disk, a few clients. The
// simulator's speed is measured with it, since a seed's own mixture is another one each time.

import { SNAPSHOT_LIMITS } from '../src/node/snapshot-taker.js';
import { LIMITS } from '../src/raft/options.js';
import { CLIENT_SESSION_LIMITS } from '../src/state-machine/command.js';
import type { Parameters } from './parameters.js';

/**
 * Takes all trouble out of what was drawn: five nodes with an election timeout of 1 s, delays and syncs of a local network
 * and a fast disk, and two clients that ask for five things a second together.
 */
export function calmed({
  network,
  disk,
  faults,
  workload,
  facts,
  reigns,
  ...rest
}: Parameters): Parameters {
  return {
    ...rest,
    nodes: 5,
    electionTimeoutMs: 1000,
    clocks: rest.clocks === 'beyond' ? 'beyond' : 'spread',
    network: { ...withoutChance(network), delayMinUs: 100, delayMeanUs: 300, isOrdered: true },
    disk: { ...withoutChance(disk), syncMeanUs: 1000 },
    faults: withoutChance(faults),
    facts: { ...facts, lockClients: 0, jobWorkers: 0, providers: 0, policyClients: 0 },
    reigns: { ...withoutChance(reigns), hasHooks: false },
    workload: {
      ...withoutChance(workload),
      clients: 2,
      thinkMeanUs: 400_000,
      sessions: 4,
      ttlMinMs: 10_000,
      ttlMaxMs: 60_000,
      valueBytesMax: 64,
    },
    limits: LIMITS,
    snapshots: SNAPSHOT_LIMITS,
    clientSessions: CLIENT_SESSION_LIMITS,
  };
}

/** Whatever happens now and then, by its name, never does. */
function withoutChance<Part extends object>(part: Part): Part {
  const calm = Object.entries(part).map(([name, value]: [string, unknown]) => {
    if (name.endsWith('EveryUs')) return [name, null];
    return [name, name.endsWith('Ppm') ? 0 : value];
  });
  return Object.fromEntries(calm) as Part;
}
