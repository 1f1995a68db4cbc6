// The gRPC server of the API: binds the port, hangs the handlers under their methods, and ends in order.
// It is the only place that knows all handlers; none of them knows it. With TLS every caller shows a certificate.

import { Server } from '@grpc/grpc-js';
import type {
  handleUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Address } from '../address.js';
import type { ClusterHandlers } from '../generated/quorate/v1/Cluster.js';
import type { ClientSessionsHandlers } from '../generated/quorate/v1/ClientSessions.js';
import type { MaintenanceHandlers } from '../generated/quorate/v1/Maintenance.js';
import type { ProcessesHandlers } from '../generated/quorate/v1/Processes.js';
import type { ServicesHandlers } from '../generated/quorate/v1/Services.js';
import type { SessionsHandlers } from '../generated/quorate/v1/Sessions.js';
import type { JobsHandlers } from '../generated/quorate/v1/Jobs.js';
import type { LocksHandlers } from '../generated/quorate/v1/Locks.js';
import type { PoliciesHandlers } from '../generated/quorate/v1/Policies.js';
import type { StoreHandlers } from '../generated/quorate/v1/Store.js';
import type { CallContext } from './call-context.js';
import { openClientSession } from './client-session-service.js';
import { DirectCalls } from './direct-calls.js';
import { EntryService } from './entry-service.js';
import { events } from './event-service.js';
import { install } from './install-service.js';
import { admit, remove, setPrimary, update } from './member-service.js';
import { tolerant } from './messages-in.js';
import type { ServiceModules } from './modules.js';
import { Pipelines, SESSION_CALLS, sized, STORE_CALLS } from './pipeline-service.js';
import {
  API_PACKAGE,
  CLIENT_SESSIONS,
  CLUSTER,
  JOBS,
  LOCKS,
  MAINTENANCE,
  POLICIES,
  PROCESSES,
  SERVICES,
  SESSIONS,
  STORE,
} from '../client/protos.js';
import { commandProcess, listProcesses } from './process-service.js';
import { notes } from './note-service.js';
import { exportRecord } from './record-service.js';
import { HealthService } from './health-service.js';
import { Reflection, REFLECTION_ALPHA, reflectionHandlers } from './reflection.js';
import { HEALTH, HEALTH_PACKAGE, REFLECTION, REFLECTION_PACKAGE } from './standard-protos.js';
import {
  deleteSession,
  getSession,
  listSessions,
  putSession,
  touchSession,
} from './session-service.js';
import { cancelJob, getJob, listJobs, retryJob, submitJob } from './job-service.js';
import { claimJob, completeJob, failJob, heartbeat, recordStep } from './job-worker-service.js';
import { acquireLock, getLock, listLocks, releaseLock } from './lock-service.js';
import { ProviderReports } from './services-reports.js';
import { Resolver } from './services-resolve.js';
import {
  deregisterProvider,
  getProvider,
  listProviders,
  registerProvider,
  reportProviders,
} from './services-service.js';
import {
  deletePolicy,
  getPolicy,
  listPolicies,
  policyHistory,
  putPolicy,
  rollBackPolicy,
} from './policy-service.js';
import { nodePolicies, policyStatus } from './policy-status-service.js';
import { deleteStore, getStore, listStore, putStore, transact } from './store-service.js';
import type { Caller } from '../tls/caller.js';
import { bindGrpc } from '../tls/grpc.js';
import type { GrpcPort } from '../tls/grpc.js';
import type { TlsIdentity } from '../tls/identity.js';
import type { RefusedCaller } from '../tls/secure-listener.js';
import { checkEpoch, members, nodeStatus, status } from './status-service.js';
import { changeSettings, settings } from './setting-service.js';
import { keepAlive, renewSessions } from './keep-alive-service.js';
import { streaming } from './streams.js';
import { unary } from './unary.js';
import { serializeWatch } from './watch-messages.js';
import { watchHandler } from './watch-service.js';

const SERVER_LIMITS = {
  /** A request of 1.5 MiB, and room for its frame and for forwarding. */
  receiveBytesMax: 1.5 * 1024 * 1024 + 64 * 1024,
  /** A page of sessions and its frame; one session of the largest size fits. */
  sendBytesMax: 4 * 1024 * 1024,
  /** Requests in progress on one connection. */
  streamsMax: 1000,
  /** Headers of one request; ids and addresses are far smaller. */
  metadataBytesMax: 16 * 1024,
} as const;

export interface ApiServerOptions {
  /** Port 0: the system chooses. */
  readonly listen: Address;
  /** How long requests in progress may take when the server stops, in milliseconds. */
  readonly drainMs: number;
  /** Default: without TLS. */
  readonly tls?: TlsIdentity | null;
  /** With TLS: told once for each caller that is refused and each reason. */
  readonly onRefused?: (refused: RefusedCaller) => void;
}

type Run<Request, Response> = (
  modules: ServiceModules,
  request: Request,
  context: CallContext,
) => Promise<Response> | Response;

export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #server = new Server({
    'grpc.max_receive_message_length': SERVER_LIMITS.receiveBytesMax,
    'grpc.max_send_message_length': SERVER_LIMITS.sendBytesMax,
    'grpc.max_concurrent_streams': SERVER_LIMITS.streamsMax,
    'grpc.max_metadata_size': SERVER_LIMITS.metadataBytesMax,
    // Connections that nobody uses, or whose other end is gone, are given up.
    'grpc.max_connection_idle_ms': 5 * 60_000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Also for direct calls, which reach into what it does without.
    'grpc.enable_channelz': 0,
  });

  readonly #direct = new DirectCalls(this.#server, SERVER_LIMITS);

  #resolveModules: (modules: ServiceModules) => void = () => {};
  /** Calls that come before `serve` wait for it. */
  readonly #modules = new Promise<ServiceModules>((resolve) => {
    this.#resolveModules = resolve;
  });

  #port: GrpcPort | null = null;
  #health: HealthService | null = null;
  #pipelines: Pipelines | null = null;
  #stopping: Promise<boolean> | null = null;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const cluster = this.#modules.then(clusterHandlers);
    const pipelines = this.#modules.then((modules) => {
      this.#pipelines = new Pipelines(modules);
      if (this.#stopping !== null) this.#pipelines.stop();
      return { modules, pipelines: this.#pipelines };
    });
    this.#add(
      { ...CLUSTER, Watch: { ...CLUSTER.Watch, responseSerialize: serializeWatch } },
      cluster,
    );
    this.#add(
      { ...SESSIONS, Pipeline: sized(SESSIONS.Pipeline) },
      pipelines.then(sessionsHandlers),
    );
    this.#add({ ...STORE, Pipeline: sized(STORE.Pipeline) }, pipelines.then(storeHandlers));
    this.#add(LOCKS, this.#modules.then(locksHandlers));
    this.#add(JOBS, this.#modules.then(jobsHandlers));
    this.#add(SERVICES, this.#modules.then(servicesHandlers));
    this.#add(POLICIES, this.#modules.then(policiesHandlers));
    this.#add(MAINTENANCE, this.#modules.then(maintenanceHandlers));
    this.#add(PROCESSES, this.#modules.then(processesHandlers));
    this.#add(CLIENT_SESSIONS, this.#modules.then(clientSessionsHandlers));
    this.#addStandardServices();
  }

  /** Serves a service by its handlers as soon as there are any. */
  #add(definition: object, handlers: Promise<UntypedServiceImplementation>): void {
    const methods = tolerant(definition as ServiceDefinition);
    const implementation = deferred(methods, handlers);
    this.#server.addService(methods, implementation);
    this.#direct.add(methods, implementation);
  }

  /** Health and reflection, of which the latter knows everything that is served. */
  #addStandardServices(): void {
    const health = this.#modules.then((modules) => {
      this.#health = new HealthService(modules);
      if (this.#stopping !== null) this.#health.stop();
      return this.#health.handlers;
    });
    this.#add(HEALTH, health);
    const packages = [API_PACKAGE, HEALTH_PACKAGE, REFLECTION_PACKAGE];
    const services = [
      CLUSTER,
      SESSIONS,
      STORE,
      LOCKS,
      JOBS,
      SERVICES,
      POLICIES,
      MAINTENANCE,
      PROCESSES,
      CLIENT_SESSIONS,
      HEALTH,
      REFLECTION,
    ];
    const reflection = new Reflection(packages, services.map(nameOf).sort(inOrder));
    for (const definition of [REFLECTION, REFLECTION_ALPHA]) {
      const handlers = this.#modules.then((modules) =>
        reflectionHandlers(modules, nameOf(definition), reflection),
      );
      this.#add(definition, handlers);
    }
  }

  /**
   * Listens and answers the port; calls wait until `serve`.
   * Rejects with what the system said if the address cannot be bound.
   */
  async listen(): Promise<number> {
    const { listen, tls = null, onRefused = () => {} } = this.#options;
    this.#port = await bindGrpc(this.#server, { listen, tls, isForNodes: false, onRefused });
    return this.#port.port;
  }

  /** Who calls from `ADDRESS:PORT`, by certificate. Null without TLS; known once it listens. */
  get callerAt(): ((peer: string) => Caller | null) | null {
    return this.#port?.callerAt ?? null;
  }

  /** Begins to answer. */
  serve(modules: ServiceModules): void {
    this.#resolveModules(modules);
  }

  /** Takes no new connections, lets requests end within the drain time, then cuts off. Answers whether all ended. */
  stop(): Promise<boolean> {
    this.#port?.close();
    if (this.#stopping === null) this.#port?.drain(this.#options.drainMs);
    this.#health?.stop();
    this.#pipelines?.stop();
    this.#stopping ??= new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        resolve(false);
      }, this.#options.drainMs);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
    return this.#stopping;
  }
}

/** Makes the handlers of a service's unary methods. */
function unaryOf<Handlers>(modules: ServiceModules, service: string) {
  return <Request, Response>(
    method: keyof Handlers & string,
    run: Run<Request, Response>,
  ): handleUnaryCall<Request, Response> => frame(modules, `/quorate.v1.${service}/${method}`, run);
}

function clusterHandlers(modules: ServiceModules): ClusterHandlers {
  const entry = new EntryService(modules);
  const on = unaryOf<ClusterHandlers>(modules, 'Cluster');
  return {
    Status: on('Status', status),
    NodeStatus: on('NodeStatus', (own) => Promise.resolve(nodeStatus(own))),
    Members: on('Members', members),
    Start: on('Start', (_modules, request, context) => entry.start(request, context)),
    Join: on('Join', (_modules, request, context) => entry.join(request, context)),
    Add: on('Add', (_modules, request, context) => entry.add(request, context)),
    Replace: on('Replace', (_modules, request, context) => entry.replace(request, context)),
    Update: on('Update', update),
    Admit: on('Admit', admit),
    Remove: on('Remove', remove),
    SetPrimary: on('SetPrimary', setPrimary),
    CheckEpoch: on('CheckEpoch', checkEpoch),
    ChangeSettings: on('ChangeSettings', changeSettings),
    Settings: on('Settings', settings),
    Events: on('Events', events),
    Notes: on('Notes', notes),
    Watch: watchHandler(modules),
  };
}

interface WithPipelines {
  readonly modules: ServiceModules;
  readonly pipelines: Pipelines;
}

function sessionsHandlers({ modules, pipelines }: WithPipelines): SessionsHandlers {
  const on = unaryOf<SessionsHandlers>(modules, 'Sessions');
  return {
    Put: on('Put', putSession),
    Get: on('Get', getSession),
    List: on('List', listSessions),
    Touch: on('Touch', touchSession),
    Renew: on('Renew', renewSessions),
    KeepAlive: streaming(modules, '/quorate.v1.Sessions/KeepAlive', (call, context) =>
      keepAlive(modules, call, context),
    ),
    Delete: on('Delete', deleteSession),
    Pipeline: pipelines.handler(SESSION_CALLS),
  };
}

function storeHandlers({ modules, pipelines }: WithPipelines): StoreHandlers {
  const on = unaryOf<StoreHandlers>(modules, 'Store');
  return {
    Put: on('Put', putStore),
    Get: on('Get', getStore),
    List: on('List', listStore),
    Delete: on('Delete', deleteStore),
    Transact: on('Transact', transact),
    Pipeline: pipelines.handler(STORE_CALLS),
  };
}

function locksHandlers(modules: ServiceModules): LocksHandlers {
  const on = unaryOf<LocksHandlers>(modules, 'Locks');
  return {
    Acquire: on('Acquire', acquireLock),
    Release: on('Release', releaseLock),
    Get: on('Get', getLock),
    List: on('List', listLocks),
  };
}

function processesHandlers(modules: ServiceModules): ProcessesHandlers {
  const on = unaryOf<ProcessesHandlers>(modules, 'Processes');
  return {
    List: on('List', listProcesses),
    Start: on('Start', commandProcess('start')),
    Stop: on('Stop', commandProcess('stop')),
    Restart: on('Restart', commandProcess('restart')),
  };
}

function maintenanceHandlers(modules: ServiceModules): MaintenanceHandlers {
  return {
    Install: unaryOf<MaintenanceHandlers>(modules, 'Maintenance')('Install', install),
    ExportRecord: streaming(modules, '/quorate.v1.Maintenance/ExportRecord', (call) =>
      exportRecord(modules, call),
    ),
  };
}

function jobsHandlers(modules: ServiceModules): JobsHandlers {
  const on = unaryOf<JobsHandlers>(modules, 'Jobs');
  return {
    Submit: on('Submit', submitJob),
    Claim: on('Claim', claimJob),
    RecordStep: on('RecordStep', recordStep),
    Heartbeat: on('Heartbeat', heartbeat),
    Complete: on('Complete', completeJob),
    Fail: on('Fail', failJob),
    Cancel: on('Cancel', cancelJob),
    Retry: on('Retry', retryJob),
    Get: on('Get', getJob),
    List: on('List', listJobs),
  };
}

function servicesHandlers(modules: ServiceModules): ServicesHandlers {
  const on = unaryOf<ServicesHandlers>(modules, 'Services');
  const resolver = new Resolver(Math.random);
  return {
    Register: on('Register', registerProvider),
    Report: on('Report', reportProviders(new ProviderReports(modules))),
    Deregister: on('Deregister', deregisterProvider),
    Get: on('Get', getProvider),
    List: on('List', listProviders),
    Resolve: on('Resolve', (own, request, context) => resolver.resolve(own, request, context)),
  };
}

function policiesHandlers(modules: ServiceModules): PoliciesHandlers {
  const on = unaryOf<PoliciesHandlers>(modules, 'Policies');
  return {
    Put: on('Put', putPolicy),
    RollBack: on('RollBack', rollBackPolicy),
    Delete: on('Delete', deletePolicy),
    Get: on('Get', getPolicy),
    List: on('List', listPolicies),
    History: on('History', policyHistory),
    NodeStatus: on('NodeStatus', nodePolicies),
    Status: on('Status', policyStatus),
  };
}

function clientSessionsHandlers(modules: ServiceModules): ClientSessionsHandlers {
  return { Open: frame(modules, '/quorate.v1.ClientSessions/Open', openClientSession) };
}

/** Full name of a service, by the path of its first method. */
function nameOf(definition: ServiceDefinition): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}

function inOrder(left: string, right: string): number {
  return left < right ? -1 : 1;
}

type AnyUnary = handleUnaryCall<object, object>;

/** The handlers of a service as soon as there are any. */
function deferred(
  definition: ServiceDefinition,
  handlers: Promise<UntypedServiceImplementation>,
): UntypedServiceImplementation {
  let ready: UntypedServiceImplementation | null = null;
  const methods = Object.keys(definition).map((method): [string, AnyUnary] => {
    const runLater = async (...args: Parameters<AnyUnary>): Promise<void> => {
      ready = await handlers;
      (ready[method] as AnyUnary)(...args);
    };
    return [
      method,
      (...args) => {
        if (ready === null) void runLater(...args);
        else (ready[method] as AnyUnary)(...args);
      },
    ];
  });
  return Object.fromEntries(methods);
}

function frame<Request, Response>(
  modules: ServiceModules,
  method: string,
  run: Run<Request, Response>,
): handleUnaryCall<Request, Response> {
  return unary(modules, method, (request, context) => run(modules, request, context));
}
