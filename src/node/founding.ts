// What a node that starts a cluster writes first: itself as the only member, and whom it belongs to from then on. Plain data; the
// driver stores it and begins.

import { bootstrap } from '../raft/initial.js';
import type { Loaded } from '../raft/initial.js';
import type { PersistBatch } from '../raft/ready.js';
import type { Member, Settings } from '../raft/types.js';
import type { SelfDescription } from './node-options.js';
import type { ClusterIdentity, Identity } from './ports.js';

export interface Founding {
  readonly cluster: ClusterIdentity;
  readonly loaded: Loaded;
  readonly batch: PersistBatch;
}

/** The first entries of a cluster of one, named so. */
export function founding(
  settings: Settings,
  nodeName: string,
  self: SelfDescription & Pick<Identity, 'nodeId' | 'installId'>,
  cause: string,
): Founding {
  const { nodeId, installId, address, api, version, featureMin, featureMax, priority } = self;
  const founder: Member = {
    id: nodeId,
    installId,
    name: nodeName,
    address,
    api,
    version,
    featureMin,
    featureMax,
    priority,
    autoPromote: true,
    replaces: null,
    patientUntilMs: 0,
    // Whoever founds a cluster holds its state.
    witness: false,
  };
  const { clusterId, clusterName, electionTimeoutMs } = settings;
  const cluster = { clusterId, clusterName, nodeName, electionTimeoutMs, isWitness: false };
  return { cluster, ...bootstrap(settings, founder, cause) };
}
