// One look at the cluster for the Command Center: Cluster.Status, asked from within as this node itself, with all that it tells. Who may
// see it is decided where it is shown.

import { clusterView, failuresView } from '../client/cluster-view.js';
import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { contextOfOwn } from '../service/call-context.js';
import { nameOfOwn } from '../service/modules.js';
import type { ServiceModules } from '../service/modules.js';
import { status } from '../service/status-service.js';
import type { WideView } from './cluster-watch.js';

/** `isLocal`: by this node's own knowledge. Null: the leader refuses, or the daemon stops. */
export async function lookWide(
  modules: ServiceModules,
  isLocal: boolean,
  timeoutMs: number,
): Promise<WideView | null> {
  const { node, clock } = modules;
  const { path, responseSerialize, responseDeserialize } = CLUSTER.Status;
  const who = nameOfOwn(modules, node.outline());
  const context = contextOfOwn(path, who, clock.nowMs() + timeoutMs);
  try {
    const answer = await status(modules, { local: isLocal }, context);
    // Through the wire's form, so that what is absent and what is a number are what a client of the API sees.
    const told = responseDeserialize(responseSerialize(answer));
    const leaseRemainingMs = told.leaseRemainingMs ?? null;
    return { view: clusterView(told), failures: failuresView(told), leaseRemainingMs };
  } catch (error) {
    if (error instanceof QuorateError) return null;
    throw error;
  }
}
