// What a node that starts a cluster writes first: the founders as its members, by itself or as agreed with them, and whom it
// belongs to from then on. Plain data; the driver stores it and begins.

import { bootstrap } from '../raft/initial.js';
import type { Loaded } from '../raft/initial.js';
import type { PersistBatch } from '../raft/ready.js';
import { REIGNS_AUTOMATIC } from '../raft/types.js';
import type { Member, Settings } from '../raft/types.js';
import type { SelfDescription } from './node-options.js';
import type { ClusterIdentity, Identity } from './ports.js';

/** What stands of a founder in the first configuration, but for what is the same for all. */
export type Founder = Omit<Member, 'autoPromote' | 'replaces' | 'patientUntilMs'>;

/** What is fixed when a cluster is started. */
export interface FirstSettings extends Settings {
  /** Only whom an operator names becomes primary. Default false; may be changed later. */
  readonly isManual?: boolean;
}

export interface Founding {
  readonly cluster: ClusterIdentity;
  readonly loaded: Loaded;
  readonly batch: PersistBatch;
}

/** The first entries of a cluster of one, named so. */
export function founding(
  settings: FirstSettings,
  nodeName: string,
  self: SelfDescription & Pick<Identity, 'nodeId' | 'installId'>,
  cause: string,
): Founding {
  const { nodeId, installId, address, api, version, featureMin, featureMax, priority } = self;
  const levels = { featureMin, featureMax, priority };
  // Whoever founds a cluster alone holds its state.
  const founder = { id: nodeId, installId, name: nodeName, address, api, version, ...levels };
  return foundingOf(settings, founder.name, [{ ...founder, witness: false }], cause);
}

/** The first entries of a cluster of these founders, the same on each of them; `nodeName` is this one's. */
export function foundingOf(
  settings: FirstSettings,
  nodeName: string,
  founders: readonly Founder[],
  cause: string,
): Founding {
  const { isManual = false, ...fixed } = settings;
  const { clusterId, clusterName, electionTimeoutMs } = fixed;
  const isWitness = founders.some(({ name, witness }) => name === nodeName && witness);
  const cluster = { clusterId, clusterName, nodeName, electionTimeoutMs, isWitness };
  const reigns = { ...REIGNS_AUTOMATIC, isManual };
  const rest = { autoPromote: true, replaces: null, patientUntilMs: 0 };
  const members = founders.map((founder): Member => ({ ...founder, ...rest }));
  return { cluster, ...bootstrap(fixed, members, cause, reigns) };
}
