// Cluster.Settings: what the cluster as a whole is set to, with the timers that follow from it; linearizable.
// Settings are fixed when the cluster is started, so every member knows them, a witness too.

import type { SettingsRequest__Output } from '../generated/quorate/v1/SettingsRequest.js';
import type { SettingsResponse } from '../generated/quorate/v1/SettingsResponse.js';
import { timersFor } from '../raft/options.js';
import { CLUSTER } from '../client/protos.js';
import type { CallContext } from './call-context.js';
import { headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { readLinearizable } from './node-calls.js';
import { whyUnable } from './routing.js';

/** A new leader makes itself primary. */
const FAILOVER = 'automatic';

/** Answers Cluster.Settings. */
export async function settings(
  modules: ServiceModules,
  request: SettingsRequest__Output,
  context: CallContext,
): Promise<SettingsResponse> {
  const { node, clock, routing } = modules;
  return routing.toLeader(context, CLUSTER.Settings, {
    isWrite: false,
    request,
    here: () => readLinearizable(node, clock, context.deadlineMs, () => settingsHere(modules)),
  });
}

function settingsHere(modules: ServiceModules): SettingsResponse {
  const status = modules.node.status();
  const { cluster, featureLevel } = status;
  const unable = whyUnable(status);
  if (unable !== null) throw unable;
  const timers = timersFor(cluster?.electionTimeoutMs ?? modules.self.electionTimeoutMs);
  return {
    header: headerFor(modules),
    cluster: cluster?.clusterName ?? '',
    clusterId: cluster?.clusterId ?? '',
    electionTimeoutMs: timers.electionTimeoutMinMs,
    electionTimeoutMaxMs: timers.electionTimeoutMaxMs,
    heartbeatMs: timers.heartbeatMs,
    leaseMs: timers.leaseMs,
    failover: FAILOVER,
    featureLevel,
  };
}
