// The cluster as `mon-cluster --json` prints it, for a port of this daemon other than gRPC. It is Cluster.Status, asked
// from within: the same authorisation, the same way to the leader, the same answer without one.

import { Metadata } from '@grpc/grpc-js';
import { clusterView } from '../client/cluster-view.js';
import type { ClusterView } from '../client/cluster-view.js';
import { CLUSTER } from '../client/protos.js';
import { QuorateError } from '../errors.js';
import { contextFor } from './call-context.js';
import type { ServiceModules } from './modules.js';
import { status } from './status-service.js';

const METHOD = '/quorate.v1.Cluster/Status';

/**
 * How the cluster stands, linearizable; without a quorum what this node knows. `peer` is `ADDRESS:PORT` of the caller,
 * who has shown no certificate. Rejects with a QuorateError if the caller may not know, or the leader refuses.
 */
export async function viewCluster(
  modules: ServiceModules,
  peer: string,
  timeoutMs: number,
): Promise<ClusterView> {
  const wallMs = Date.now();
  const deadline = wallMs + timeoutMs;
  const call = { method: METHOD, deadline, metadata: new Metadata(), peer, caller: null };
  const context = contextFor(call, wallMs, modules.clock.nowMs());
  if (!modules.authorise(context.identity, METHOD)) {
    throw new QuorateError('PERMISSION_DENIED', `${context.who} may not use ${METHOD}`);
  }
  const answer = await status(modules, { local: false }, context);
  // Through the wire's form, so that what is absent and what is a number are what a client of the API sees.
  const { responseSerialize, responseDeserialize } = CLUSTER.Status;
  return clusterView(responseDeserialize(responseSerialize(answer)));
}
