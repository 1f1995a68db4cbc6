// The machines of simulated forming: what each is configured to, what its disk holds, and how it presents itself. Plain data, without
// the world that it lives in.

import type { Forming } from '../../src/forming/forming.js';
import type { Founder, Plan } from '../../src/forming/types.js';
import type { InstallId, NodeId } from '../../src/raft/types.js';

export const CLUSTER_NAME = 'simulated';

/** What a data directory holds. */
export interface Disk {
  readonly installId: InstallId;
  readonly id: NodeId;
  record: Uint8Array | null;
  /** The attempt that the record is bound to. */
  promised: string | null;
  cluster: string | null;
}

export interface Machine {
  readonly name: string;
  readonly plan: Plan;
  /** Of the clock, in parts of a thousand. */
  readonly rate: number;
  disk: Disk;
  /** Null: it does not run. */
  forming: Forming | null;
  /** Counts starts, so that what an earlier one wanted is forgotten with it. */
  life: number;
  announceAtMs: number;
}

/** How a machine presents itself; its address changes with each start. */
export function founderOf(name: string, disk: Disk, life: number): Founder {
  return {
    id: disk.id,
    installId: disk.installId,
    name,
    address: `${name}:${6000 + (life % 2)}`,
    api: `${name}:6001`,
    version: '0.0.0',
    featureMin: 1,
    featureMax: 1,
    witness: false,
    priority: 50,
  };
}
