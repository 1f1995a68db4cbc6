// The definitions under proto/ as grpc-js wants them, loaded once at start. The loader's options match those that
// `.ci/generate.mjs` gives for the types in src/generated; if one changes, so does the other.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import type { ErrorInfo, ErrorInfo__Output } from '../generated/google/rpc/ErrorInfo.js';
import type { Status, Status__Output } from '../generated/google/rpc/Status.js';
import type { ClientSessionsDefinition } from '../generated/quorate/v1/ClientSessions.js';
import type { ClusterDefinition } from '../generated/quorate/v1/Cluster.js';
import type { JobsDefinition } from '../generated/quorate/v1/Jobs.js';
import type { LocksDefinition } from '../generated/quorate/v1/Locks.js';
import type { PoliciesDefinition } from '../generated/quorate/v1/Policies.js';
import type { ProcessesDefinition } from '../generated/quorate/v1/Processes.js';
import type { MaintenanceDefinition } from '../generated/quorate/v1/Maintenance.js';
import type { ServicesDefinition } from '../generated/quorate/v1/Services.js';
import type { SessionsDefinition } from '../generated/quorate/v1/Sessions.js';
import type { StoreDefinition } from '../generated/quorate/v1/Store.js';

const FILES = [
  'quorate/v1/cluster.proto',
  'quorate/v1/sessions.proto',
  'quorate/v1/client_sessions.proto',
  'quorate/v1/store.proto',
  'quorate/v1/locks.proto',
  'quorate/v1/jobs.proto',
  'quorate/v1/services.proto',
  'quorate/v1/policies.proto',
  'quorate/v1/processes.proto',
  'quorate/v1/maintenance.proto',
  'google/rpc/status.proto',
  'google/rpc/error_info.proto',
];

/** Beside `src` in the sources, two levels up in a build. */
function protoDirectory(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, 'proto');
    if (existsSync(join(candidate, 'quorate', 'v1', 'cluster.proto'))) return candidate;
    if (folder === dirname(folder)) throw new Error('the package has no proto directory');
  }
}

/** The `proto` directory of this package. */
export const PROTO_DIRECTORY = protoDirectory();

export const LOADER_OPTIONS = {
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
} as const;

const loaded = loadSync(FILES, { includeDirs: [PROTO_DIRECTORY], ...LOADER_OPTIONS });

/** Everything of quorate.v1, for reflection. */
export const API_PACKAGE = loaded;

/** Methods of quorate.v1.Cluster. */
export const CLUSTER = loaded['quorate.v1.Cluster'] as unknown as ClusterDefinition;
/** Methods of quorate.v1.Sessions. */
export const SESSIONS = loaded['quorate.v1.Sessions'] as unknown as SessionsDefinition;
/** Methods of quorate.v1.ClientSessions. */
export const CLIENT_SESSIONS = loaded[
  'quorate.v1.ClientSessions'
] as unknown as ClientSessionsDefinition;
/** Methods of quorate.v1.Store. */
export const STORE = loaded['quorate.v1.Store'] as unknown as StoreDefinition;
/** Methods of quorate.v1.Locks. */
export const LOCKS = loaded['quorate.v1.Locks'] as unknown as LocksDefinition;
/** Methods of quorate.v1.Processes. */
export const PROCESSES = loaded['quorate.v1.Processes'] as unknown as ProcessesDefinition;
/** Methods of quorate.v1.Maintenance. */
export const MAINTENANCE = loaded['quorate.v1.Maintenance'] as unknown as MaintenanceDefinition;
/** Methods of quorate.v1.Jobs. */
export const JOBS = loaded['quorate.v1.Jobs'] as unknown as JobsDefinition;
/** Methods of quorate.v1.Services. */
export const SERVICES = loaded['quorate.v1.Services'] as unknown as ServicesDefinition;
/** Methods of quorate.v1.Policies. */
export const POLICIES = loaded['quorate.v1.Policies'] as unknown as PoliciesDefinition;
/** google.rpc.Status, bytes of `grpc-status-details-bin`. */
export const RPC_STATUS = loaded['google.rpc.Status'] as unknown as MessageTypeDefinition<
  Status,
  Status__Output
>;
/** google.rpc.ErrorInfo, the one detail that Quorate sends. */
export const ERROR_INFO = loaded['google.rpc.ErrorInfo'] as unknown as MessageTypeDefinition<
  ErrorInfo,
  ErrorInfo__Output
>;
