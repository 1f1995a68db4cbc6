// What a daemon is told when it starts, with its defaults, and the check of it all before anything is opened. Whatever
// does not fit is refused with the option's name. It opens and binds nothing; what the addresses mean is config/.

import { hostname } from 'node:os';
import { whyNoPassword } from './config/command-center-section.js';
import type { Config } from './config/config.js';
import { daemonAddresses } from './config/daemon-addresses.js';
import type { DaemonAddresses } from './config/daemon-addresses.js';
import type { CheckDefinition } from './health/definition.js';
import type { PolicyFilesConfig } from './config/policy-section.js';
import { traceEndpoint, TRACE_SAMPLE_DEFAULT } from './config/tracing-section.js';
import { NO_HOOKS } from './health/hooks.js';
import type { Hooks } from './health/hooks.js';
import type { ProcessDefinition } from './keeper/process-definition.js';
import { discoveryFrom } from './discovery/plan.js';
import type { Discovery } from './discovery/plan.js';
import { QuorateError } from './errors.js';
import type { LogLevel } from './ops/logger.js';
import { ELECTION_TIMEOUT_MAX_MS, ELECTION_TIMEOUT_MIN_MS } from './raft/options.js';
import { PRIORITY_DEFAULT, PRIORITY_MAX } from './raft/types.js';
import type { MemberTags } from './raft/types.js';
import { sortedTags } from './state-machine/members.js';
import { checkNodeName, isNodeName } from './service/validate.js';
import type { TlsFiles } from './tls/identity.js';

/** Defaults of a daemon without configuration: reachable from this machine only. */
const DAEMON_DEFAULTS = {
  clusterName: 'quorate',
  listen: '127.0.0.1:6000',
  api: '127.0.0.1:6001',
  http: '127.0.0.1:8080',
  electionTimeoutMs: 1000,
  logLevel: 'info',
} as const;

export interface DaemonOptions {
  /** Created if missing. */
  readonly dataDir: string;
  /** Default: the host's name. A member keeps the name it joined with. */
  readonly name?: string;
  /** Of the cluster that this node starts or joins. */
  readonly clusterName?: string;
  /** HOST[:6000] for peers; port 0: any that is free. */
  readonly listen?: string;
  /** HOST[:PORT] by which others reach `listen`, if that differs. */
  readonly advertise?: string;
  /** HOST[:6001] for clients. */
  readonly api?: string;
  /** HOST[:8080] for load balancers and health checks; `none`: no such port. */
  readonly http?: string;
  /** Minimum election timeout of a cluster that this node starts. */
  readonly electionTimeoutMs?: number;
  /** Of a cluster that this node starts: whether a new leader makes itself primary. Default automatic. */
  readonly failover?: 'automatic' | 'manual';
  /** Of a node that joins: it votes and keeps the log as bytes, holds no state, is never primary. */
  readonly witness?: boolean;
  /** 0 to 100 (default 50): the voter with the highest should be primary when all are well. */
  readonly priority?: number;
  /** What the operator says of this node, such as where it stands. Default: nothing. */
  readonly tags?: MemberTags;
  /** Certificate, key and CA of this node: every port speaks mutual TLS, and so does every call to another node. */
  readonly tls?: TlsFiles;
  /** Allows listening beyond loopback without encryption. */
  readonly insecure?: boolean;
  readonly logLevel?: LogLevel;
  /** URL of an OTLP collector over HTTP; absent: nothing is traced. */
  readonly traceEndpoint?: string;
  /** Share of traces that are kept, 0 to 1. */
  readonly traceSample?: number;
  /** By which operators act from the Command Center; absent: its page is read-only. */
  readonly commandCenterPassword?: string;
  /** What this node supervises, in the order in which it starts; names are unique. Linux only. */
  readonly processes?: readonly ProcessDefinition[];
  /** What this node asks itself before it may be primary; names are unique. */
  readonly healthChecks?: readonly CheckDefinition[];
  /** What this node runs around a reign of its own. */
  readonly hooks?: Hooks;
  /** Where this node keeps the policies of the cluster as files; null or absent: nowhere. */
  readonly policyFiles?: PolicyFilesConfig | null;
  /**
   * Where this node looks for its cluster: `udp://GROUP:PORT`, `tcp://HOST[:6000]` (a name is asked for all its addresses), any
   * number of them. None: it looks for nobody.
   */
  readonly connect?: readonly string[];
  /** How many clean nodes that found each other form the first cluster; 1: the first node started. Needs `connect` above 1. */
  readonly expect?: number;
  /** The nodes that form the first cluster, this one among them; instead of `expect`. Without an address they are found by `connect`. */
  readonly hosts?: readonly HostOption[];
  /** The file that these options come from, for `install` and SIGHUP; absent: none. */
  readonly configuration?: ConfigSource;
}

/** A configuration file and what goes before and behind it. */
export interface ConfigSource {
  /** Absolute path. */
  readonly file: string;
  /** As it was read. */
  readonly config: Config;
  /** By flags and the environment: goes before the file. */
  readonly given: Partial<DaemonOptions>;
  /** Counts where neither says anything. */
  readonly defaults: Pick<DaemonOptions, 'dataDir' | 'traceEndpoint'>;
}

/** One of the nodes that form the first cluster. */
export interface HostOption {
  readonly name: string;
  /** HOST[:6000] of its peer port; absent: it is found by `connect`. */
  readonly address?: string;
}

/** Options that fit, with their defaults. */
export interface CheckedOptions {
  readonly dataDir: string;
  readonly name: string;
  readonly isNameGiven: boolean;
  readonly clusterName: string;
  readonly isClusterNameGiven: boolean;
  readonly addresses: DaemonAddresses;
  /** Null: without TLS. Not read yet. */
  readonly tls: TlsFiles | null;
  readonly electionTimeoutMs: number;
  readonly isElectionTimeoutGiven: boolean;
  readonly isManual: boolean;
  readonly witness: boolean;
  readonly priority: number;
  readonly tags: MemberTags;
  readonly isPriorityGiven: boolean;
  readonly logLevel: LogLevel;
  /** Where others are looked for, and who forms the first cluster. */
  readonly discovery: Discovery;
  /** Null: nobody can log in at the Command Center. Never shown. */
  readonly commandCenterPassword: string | null;
  readonly processes: readonly ProcessDefinition[];
  readonly healthChecks: readonly CheckDefinition[];
  readonly hooks: Hooks;
  readonly policyFiles: PolicyFilesConfig | null;
  /** Null: nothing is traced. */
  readonly tracing: { readonly endpoint: string; readonly sample: number } | null;
  readonly configuration: ConfigSource | null;
}

function checkedTracing(options: DaemonOptions): CheckedOptions['tracing'] {
  const { traceEndpoint: text, traceSample: sample = TRACE_SAMPLE_DEFAULT } = options;
  if (!(sample >= 0 && sample <= 1)) {
    const option = '--trace-sample';
    const message = `${option}: expected a share from 0 to 1, got ${sample}`;
    throw new QuorateError('WRONG_USAGE', message, { option });
  }
  if (text === undefined) return null;
  try {
    return { endpoint: traceEndpoint(text), sample };
  } catch (error) {
    const option = '--trace-endpoint';
    const why = error instanceof Error ? error.message : String(error);
    const message = `${option}: ${why.startsWith('expected') ? why : `expected ${why}`}`;
    throw new QuorateError('WRONG_USAGE', message, { option }, { cause: error });
  }
}

/** Null: there is none. No error shows it. */
function checkedPassword(password: string | undefined): string | null {
  const why = password === undefined ? null : whyNoPassword(password);
  if (why === null) return password ?? null;
  const option = 'QUORATE_COMMANDCENTER_PASSWORD';
  throw new QuorateError('WRONG_USAGE', `${option}: expected a password of ${why}`, { option });
}

/** Checks a daemon's options. Refuses with WRONG_USAGE, INVALID_ARGUMENT or INSECURE_ADDRESS, naming the option. */
export function checkOptions(options: DaemonOptions): CheckedOptions {
  const { name = hostname(), clusterName = DAEMON_DEFAULTS.clusterName } = options;
  const { electionTimeoutMs = DAEMON_DEFAULTS.electionTimeoutMs } = options;
  if (options.name === undefined && !isNodeName(name)) {
    const message = `--name: needed here, because the host name ${JSON.stringify(name)} cannot be a node's`;
    throw new QuorateError('WRONG_USAGE', message, { option: '--name' });
  }
  checkNodeName('--name', name);
  checkNodeName('--cluster', clusterName);
  const isInRange =
    Number.isSafeInteger(electionTimeoutMs) &&
    electionTimeoutMs >= ELECTION_TIMEOUT_MIN_MS &&
    electionTimeoutMs <= ELECTION_TIMEOUT_MAX_MS;
  if (!isInRange) {
    const range = `${ELECTION_TIMEOUT_MIN_MS}ms to ${ELECTION_TIMEOUT_MAX_MS / 1000}s`;
    const message = `--election-timeout: expected ${range}, got ${electionTimeoutMs}ms`;
    throw new QuorateError('WRONG_USAGE', message, { option: '--election-timeout' });
  }
  const { priority = PRIORITY_DEFAULT } = options;
  if (!Number.isSafeInteger(priority) || priority < 0 || priority > PRIORITY_MAX) {
    const message = `--priority: expected 0 to ${PRIORITY_MAX}, got ${priority}`;
    throw new QuorateError('WRONG_USAGE', message, { option: '--priority' });
  }
  return {
    dataDir: options.dataDir,
    name,
    isNameGiven: options.name !== undefined,
    clusterName,
    isClusterNameGiven: options.clusterName !== undefined,
    addresses: daemonAddresses({
      listen: options.listen ?? DAEMON_DEFAULTS.listen,
      advertise: options.advertise ?? null,
      api: options.api ?? DAEMON_DEFAULTS.api,
      http: options.http ?? DAEMON_DEFAULTS.http,
      mayLeaveLoopback: options.tls !== undefined || options.insecure === true,
    }),
    tls: options.tls ?? null,
    electionTimeoutMs,
    isElectionTimeoutGiven: options.electionTimeoutMs !== undefined,
    isManual: options.failover === 'manual',
    witness: options.witness ?? false,
    priority,
    isPriorityGiven: options.priority !== undefined,
    tags: sortedTags(options.tags ?? []),
    logLevel: options.logLevel ?? DAEMON_DEFAULTS.logLevel,
    discovery: discoveryFrom(options, name),
    commandCenterPassword: checkedPassword(options.commandCenterPassword),
    processes: options.processes ?? [],
    healthChecks: options.healthChecks ?? [],
    hooks: options.hooks ?? NO_HOOKS,
    policyFiles: options.policyFiles ?? null,
    tracing: checkedTracing(options),
    configuration: options.configuration ?? null,
  };
}
