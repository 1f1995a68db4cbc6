// Cluster.Settings: what the cluster as a whole is set to, with the timers that follow from it; linearizable. Most of it is fixed
// when the cluster is started. Cluster.ChangeSettings changes the rest, which stands in the configuration, so that every
// member knows it, a witness too.

import type { SettingsRequest__Output } from '../generated/quorate/v1/SettingsRequest.js';
import type { SettingsResponse } from '../generated/quorate/v1/SettingsResponse.js';
import type { ChangeSettingsRequest__Output } from '../generated/quorate/v1/ChangeSettingsRequest.js';
import type { ChangeSettingsResponse } from '../generated/quorate/v1/ChangeSettingsResponse.js';
import { autoRemoveMinMs, timersFor } from '../raft/options.js';
import { NO_CHANGE } from '../raft/types.js';
import type { ReignRules } from '../raft/types.js';
import { readCause } from '../state-machine/cause.js';
import { CLUSTER } from '../client/protos.js';
import type { CallContext } from './call-context.js';
import { causeFor, headerFor } from './modules.js';
import type { ServiceModules } from './modules.js';
import { changeMembers, readLinearizable } from './node-calls.js';
import { membersWish, NOTHING, rehearse } from './rehearsal.js';
import { whyUnable } from './routing.js';
import { checkNumber, checkReason, invalid } from './validate.js';

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
  request: ChangeSettingsRequest__Output,
  context: CallContext,
): Promise<ChangeSettingsResponse> {
  const { node, clock } = modules;
  const { autoRemoveAfterMs: asked, reason, dryRun } = request;
  checkFailover(request.failover);
  const { cluster, configuration } = await readLinearizable(node, clock, context.deadlineMs, () =>
    node.status(),
  );
  if (asked !== undefined && asked !== 0) {
    const minMs = autoRemoveMinMs(cluster?.electionTimeoutMs ?? 0);
    checkNumber('auto_remove_after_ms', asked, minMs, AUTO_REMOVE_MAX_MS);
  }
  const afterMs = asked === 0 ? null : asked;
  const cause = causeFor(modules, context, reason);
  const reigns = reignRulesOf(request, configuration.reigns, readCause(cause).text);
  const isAutoRemoveKept = afterMs === undefined || afterMs === configuration.autoRemoveAfterMs;
  if (isAutoRemoveKept && reigns === configuration.reigns) {
    return { unchanged: true, ...(dryRun ? rehearse(modules, null, NOTHING) : {}) };
  }
  const change = {
    ...NO_CHANGE,
    ...(afterMs === undefined ? {} : { autoRemove: { afterMs } }),
    reigns,
  };
  if (dryRun) {
    const planned = { type: 'settings', reigns } as const;
    return { unchanged: false, ...rehearse(modules, membersWish(change), planned) };
  }
  await changeMembers(node, clock, change, cause, context.deadlineMs);
  return { unchanged: false };
}

function checkFailover(word: string): void {
  if (word === '' || word === 'automatic' || word === 'manual') return;
  throw invalid('failover', `expected automatic or manual, got ${JSON.stringify(word)}`);
}

/** The rules as asked for; the same object where nothing changes. A second pause keeps who asked first. */
function reignRulesOf(
  { failover, paused }: ChangeSettingsRequest__Output,
  before: ReignRules,
  who: string,
): ReignRules {
  const isManual = failover === '' ? before.isManual : failover === 'manual';
  const isPaused = paused ?? before.pausedBy !== null;
  const pausedBy = isPaused ? (before.pausedBy ?? who) : null;
  if (isManual === before.isManual && pausedBy === before.pausedBy) return before;
  return { isManual, pausedBy };
}

function settingsHere(modules: ServiceModules): SettingsResponse {
  const status = modules.node.status();
  const { cluster, featureLevel } = status;
  const { autoRemoveAfterMs, reigns } = status.configuration;
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
    failover: reigns.isManual ? 'manual' : 'automatic',
    ...(reigns.pausedBy === null ? {} : { pausedBy: reigns.pausedBy }),
    featureLevel,
    ...(autoRemoveAfterMs === null ? {} : { autoRemoveAfterMs }),
  };
}
