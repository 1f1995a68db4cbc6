// How much the cluster remembers, as applied on this node, and who watches it, as gauges. A witness holds no state and shows
// zeros there; its role says why.

import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ClusterState } from '../state-machine/cluster-state.js';

type Figure = readonly [name: string, help: string, of: (state: ClusterState) => number];

const FIGURES: readonly Figure[] = [
  ['quorate_sessions', 'Sessions that live.', (state) => state.sessionCount],
  [
    'quorate_client_sessions',
    'Client sessions of the exactly-once table.',
    (s) => s.clientSessionCount,
  ],
  ['quorate_store_keys', 'Keys of the store.', (state) => state.storeKeyCount],
  ['quorate_locks', 'Locks that are held or waited for.', (state) => state.lockCount],
  ['quorate_policies', 'Policies that are not deleted.', (state) => state.policies.size],
  ['quorate_providers', 'Providers of services.', (state) => state.services.size],
  ['quorate_cluster_time_seconds', 'Cluster time as applied.', (s) => s.clusterTimeMs / 1000],
];

/** Adds them to a registry; answers what brings them up to date. `stateOf` answers the state of now. */
export function factGauges(
  registry: Registry,
  stateOf: () => ClusterState,
  watchers: () => number,
): () => void {
  const registers = [registry];
  const gauges = FIGURES.map(([name, help, of]) => ({
    gauge: new Gauge({ name, help, registers }),
    of,
  }));
  const watching = new Gauge({
    name: 'quorate_watchers',
    help: 'Watches that are open on this node.',
    registers,
  });
  return () => {
    const state = stateOf();
    for (const { gauge, of } of gauges) gauge.set(of(state));
    watching.set(watchers());
  };
}
