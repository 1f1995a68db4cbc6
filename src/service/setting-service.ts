// Cluster.Settings: what the cluster as a whole is set to, with the timers that follow from it; linearizable. Most of it is fixed
// when the cluster is started. Cluster.ChangeSettings changes the rest, which stands in the configuration, so that every
// member knows it, a witness too.

import type { SettingsRequest__Output } from '../generated/quorate/v1/SettingsRequest.js';
import type { SettingsResponse } from '../generated/quorate/v1/SettingsResponse.js';
import type { ChangeSettingsRequest__Output } from '../generated/quorate/v1/ChangeSettingsRequest.js';
import type { ChangeSettingsResponse } from '../generated/quorate/v1/ChangeSettingsResponse.js';
import { autoRemoveMinMs, timersFor } from '../raft/options.js';
import { NO_CHANGE } from '../raft/types.js';
import { CLUSTER } from '../client/protos.js';
import type { CallContext } from './call-context.js';
import { causeFor, headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { changeMembers, readLinearizable } from './node-calls.js';
import { whyUnable } from './routing.js';
import { checkNumber, checkReason } from './validate.js';

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

/** The longest that a setting may ask for. */
const AUTO_REMOVE_MAX_MS = 7 * 24 * 60 * 60 * 1000;

/** Answers Cluster.ChangeSettings: once it is in force. */
export async function changeSettings(
  modules: ServiceModules,
  request: ChangeSettingsRequest__Output,
  context: CallContext,
): Promise<ChangeSettingsResponse> {
  checkReason(request.reason);
  return modules.routing.toLeader(context, CLUSTER.ChangeSettings, {
    // Repeating it is harmless: it says how things shall be.
    isWrite: false,
    request,
    here: () => changeHere(modules, request, context),
  });
}

async function changeHere(
  modules: ServiceModules,
  { autoRemoveAfterMs: asked, reason, dryRun }: ChangeSettingsRequest__Output,
  context: CallContext,
): Promise<ChangeSettingsResponse> {
  const { node, clock } = modules;
  const { cluster, configuration } = await readLinearizable(node, clock, context.deadlineMs, () =>
    node.status(),
  );
  if (asked !== undefined && asked !== 0) {
    const minMs = autoRemoveMinMs(cluster?.electionTimeoutMs ?? 0);
    checkNumber('auto_remove_after_ms', asked, minMs, AUTO_REMOVE_MAX_MS);
  }
  const afterMs = asked === 0 ? null : asked;
  if (afterMs === undefined || afterMs === configuration.autoRemoveAfterMs) {
    return { unchanged: true };
  }
  if (!dryRun) {
    const change = { ...NO_CHANGE, autoRemove: { afterMs } };
    const cause = causeFor(modules, context, reason);
    await changeMembers(node, clock, change, cause, context.deadlineMs);
  }
  return { unchanged: false };
}

function settingsHere(modules: ServiceModules): SettingsResponse {
  const status = modules.node.status();
  const { cluster, featureLevel } = status;
  const { autoRemoveAfterMs } = status.configuration;
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
    ...(autoRemoveAfterMs === null ? {} : { autoRemoveAfterMs }),
  };
}
