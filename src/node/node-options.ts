// What a node is made of: the ports that it works through, what its disk had, and what it says of itself. Plain types.

import type { Limits } from '../raft/options.js';
import type { Member } from '../raft/types.js';
import type { ClientSessionLimits } from '../state-machine/command.js';
import type { FeatureTable } from '../state-machine/features.js';
import type { CoreObserver } from './observed-raft.js';
import type {
  ClockPort,
  CommandCodecPort,
  LoggerPort,
  PrimaryPort,
  SchedulePort,
  StoragePort,
  Stored,
  TransportPort,
} from './ports.js';
import type { SnapshotLimits } from './snapshot-taker.js';

export interface NodeModules {
  readonly clock: ClockPort;
  readonly schedule: SchedulePort;
  readonly storage: StoragePort;
  readonly transport: TransportPort;
  readonly codec: CommandCodecPort;
  readonly log: LoggerPort;
  /** Absent: there are no primary-only processes here. */
  readonly primary?: PrimaryPort;
  /** Looks at the core; absent: nobody does. */
  readonly observer?: CoreObserver;
}

/** What this node says of itself when it becomes a member. */
export type SelfDescription = Pick<
  Member,
  'address' | 'api' | 'version' | 'featureMin' | 'featureMax' | 'priority'
>;

export interface NodeOptions {
  readonly stored: Stored;
  readonly self: SelfDescription;
  /** 32 bits; feeds election timeouts and the moments of snapshots. */
  readonly randomSeed: number;
  readonly limits?: Limits;
  readonly snapshotLimits?: SnapshotLimits;
  readonly clientSessionLimits?: ClientSessionLimits;
  /** Which level brought what; `self` says which levels are spoken. Default: those of this software. */
  readonly features?: FeatureTable;
}
