// What a configuration file says, checked, as plain data. Null stands for what the file leaves open: the daemon's own default
// counts there, or a flag. Nothing of it was opened, resolved or bound.

import type { Address } from '../address.js';
import type { CheckDefinition } from '../health/definition.js';
import type { Hooks } from '../health/hooks.js';
import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { MemberTags } from '../raft/types.js';
import type { CommandCenterConfig } from './command-center-section.js';
import type { PolicyFilesConfig } from './policy-section.js';
import type { TracingConfig } from './tracing-section.js';

export interface Config {
  readonly cluster: ClusterConfig;
  readonly node: NodeConfig;
  readonly commandCenter: CommandCenterConfig;
  readonly system: SystemDefinition;
  readonly processes: readonly ProcessDefinition[];
  readonly healthChecks: readonly CheckDefinition[];
  readonly hooks: Hooks;
  /** Null: this node keeps no policies as files. */
  readonly policyFiles: PolicyFilesConfig | null;
  readonly tracing: TracingConfig;
}

export interface ClusterConfig {
  /** Must match on every member. */
  readonly name: string;
  /** Where peers reach this node; must be an address of this machine. */
  readonly accept: Address | null;
  /** What peers are told, where that differs from `accept`. */
  readonly advertise: Address | null;
  /** `udp://GROUP:PORT` or `tcp://HOST:PORT`, a name standing for all its addresses. */
  readonly connect: readonly string[];
  /** How many clean nodes form the first cluster. */
  readonly expect: number | null;
  readonly failover: Failover | null;
  /** Minimum election timeout of a cluster that this node starts. */
  readonly electionTimeoutMs: number | null;
}

export const FAILOVERS = ['automatic', 'manual'] as const;
type Failover = (typeof FAILOVERS)[number];
export const LOG_LEVEL_WORDS = ['error', 'warn', 'info', 'debug', 'silent'] as const;

export interface NodeConfig {
  readonly name: string | null;
  readonly dataDir: string | null;
  readonly api: Address | null;
  /** `none`: no such port. */
  readonly http: Address | 'none' | null;
  readonly priority: number | null;
  readonly tags: MemberTags | null;
  readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | null;
  readonly insecure: boolean | null;
  readonly witness: boolean | null;
  readonly logLevel: (typeof LOG_LEVEL_WORDS)[number] | null;
}

/** The hosts of a system and what its services are told: facts of the cluster once installed. */
export interface SystemDefinition {
  readonly name: string | null;
  readonly hosts: readonly Host[];
  readonly items: readonly Item[];
}

export interface Host {
  readonly name: string;
  /** Null: found by its name, or by `connect`. */
  readonly address: Address | null;
}

export interface Item {
  readonly name: string;
  /** Encrypted: as it stands in the file, never the plain value. */
  readonly value: string;
  readonly isEncrypted: boolean;
}
