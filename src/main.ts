// The composition root: the only file that knows every concrete class. Starts the parts of a daemon in order, wires the
// ports, stops them in reverse with a limit that names the part that hung. What a daemon decides stands elsewhere;
// here stands only the policy of what is fatal: a fault in the core ends the process.

import { randomBytes, randomInt } from 'node:crypto';
import { parseAddress } from './address.js';
import { advertised } from './config/daemon-addresses.js';
import { commandCodec } from './codec/command-codec.js';
import {
  checkMembership,
  checkSoftware,
  endUnreached,
  heedRefusals,
  resumed,
} from './daemon-membership.js';
import { DaemonConfig, selfFacts } from './daemon-config.js';
import { beginHealth } from './daemon-health.js';
import { HookedPrimary } from './daemon-hooks.js';
import { openPolicyFiles } from './daemon-policies.js';
import { openProcesses } from './daemon-processes.js';
import { listening } from './daemon-listening.js';
import { STOP_LIMITS, stopAll, stopDaemon } from './daemon-stop.js';
import type { Part } from './daemon-stop.js';
import { openHttp, serveHttp } from './daemon-http.js';
import { bothOf, DaemonNotes } from './daemon-notebook.js';
import { FlightRecorder } from './daemon-recorder.js';
import { startTicking } from './daemon-ticking.js';
import { openTracing, tracedModules } from './daemon-tracing.js';
import { openForming } from './daemon-forming.js';
import { checkOptions } from './daemon-options.js';
import type { CheckedOptions, DaemonOptions } from './daemon-options.js';
import { EXIT_CODES, QuorateError } from './errors.js';
import { Metrics } from './metrics/metrics.js';
import { SystemClock } from './ops/clock.js';
import { Logger } from './ops/logger.js';
import { daemonLog } from './ops/readable-log.js';
import { OwnUsage } from './ops/own-usage.js';
import { immediateSchedule } from './ops/schedule.js';
import type { NodeStatus } from './node/api.js';
import type { Sender } from './raft/message.js';
import { Node } from './node/node.js';
import type { ClusterIdentity, PrimaryPort, SchedulePort } from './node/ports.js';
import type { Software } from './raft/types.js';
import { ApiServer } from './service/api-server.js';
import type { SelfFacts, ServiceModules } from './service/modules.js';
import { NodeLinks } from './client/node-links.js';
import { OwnRow } from './service/own-row.js';
import { Routing } from './service/routing.js';
import { startWatches } from './service/watches.js';
import { FEATURE_LEVELS, FEATURES } from './state-machine/features.js';
import type { FeatureTable } from './state-machine/features.js';
import { openStorage, StorageError } from './storage/level-storage.js';
import type { LevelStorage } from './storage/level-storage.js';
import { TlsIdentity } from './tls/identity.js';
import { admitByCluster, GrpcTransport } from './transport/grpc-transport.js';
import { packageVersion } from './version.js';

/** What this software is, and what it knows. */
const SHIPPED: NonNullable<DaemonHooks['software']> = {
  speaks: { version: packageVersion(), ...FEATURE_LEVELS },
  features: FEATURES,
};

export type { ConfigSource, DaemonOptions } from './daemon-options.js';

export interface DaemonHooks {
  /** Called once after a fault was logged. Default: ends the process with 70. */
  readonly onFatal?: (error: unknown) => void;
  /** What this software is and speaks, for tests of mixed versions. Default: what is shipped. */
  readonly software?: { readonly speaks: Software; readonly features: FeatureTable };
}

/** A daemon that runs. */
export interface Daemon {
  readonly name: string;
  /** As others reach it, HOST:PORT. */
  readonly address: string;
  readonly api: string;
  /** Null: there is no such port. */
  readonly http: string | null;
  status(): NodeStatus;
  /**
   * Reads certificate, key and CA again, and the log level from the configuration file; what cannot be used is logged and changes
   * nothing. What SIGHUP does.
   */
  reload(): Promise<void>;
  /** Resolves when this daemon cannot go on, though nothing is broken: it waits to be stopped, and says why. */
  readonly failure: Promise<QuorateError>;
  /** Says that a fault came that nobody handled, and ends the process: nobody knows what of it still works. */
  fail(error: unknown): void;
  /**
   * Hands over if this node leads, lets requests end, closes everything; bounded. What SIGTERM does.
   * Rejects with STOP_TIMED_OUT, everything else being closed, if a part hung. Calling it again awaits the same end.
   */
  stop(): Promise<void>;
}

/**
 * Starts a daemon: resumes its membership if the data directory has one, else it is CLEAN.
 * Rejects with a QuorateError that says what to change: options, addresses, the data directory.
 */
export async function startDaemon(
  options: DaemonOptions,
  hooks: DaemonHooks = {},
): Promise<Daemon> {
  const checked = checkOptions(options);
  const { logLevel: level, name: node } = checked;
  const log = Logger.create({ level, bindings: { node } }, { destination: await daemonLog() });
  const parts: Part[] = [];
  try {
    return await assemble(checked, hooks, log, parts);
  } catch (error) {
    await stopAll(parts, log);
    throw error;
  }
}

/** The parts below the node, open and bound; messages that come before there is a node are dropped. */
interface Ground {
  readonly clock: SystemClock;
  readonly storage: LevelStorage;
  readonly transport: GrpcTransport;
  readonly server: ApiServer;
  readonly self: SelfFacts;
  /** Null: without TLS. */
  readonly tls: TlsIdentity | null;
  readonly holder: { node: Node | null; http: string | null };
  readonly software: typeof SHIPPED;
  readonly dataDir: string;
  readonly configuration: DaemonConfig;
  readonly metrics: Metrics;
  readonly notes: DaemonNotes;
  /** Null: nothing is traced. */
  readonly tracing: Awaited<ReturnType<typeof openTracing>>;
}

async function assemble(
  options: CheckedOptions,
  hooks: DaemonHooks,
  log: Logger,
  parts: Part[],
): Promise<Daemon> {
  const recorder = new FlightRecorder(log);
  const onFatal = fatal(log, recorder, hooks);
  let end: (error: QuorateError) => void = () => {};
  const failure = new Promise<QuorateError>((resolve) => {
    end = resolve;
  });
  const ground = await openGround(options, hooks, log, parts, end);
  const { clock, self, configuration } = ground;
  const http = await openHttp(options, ground, onFatal, log, parts);
  ground.holder.http = http?.address ?? null;
  const processes = openProcesses(options, ground, log, parts);
  const { installId } = ground.storage.stored.identity;
  const environment = { QUORATE_NODE: self.api, QUORATE_NODE_NAME: self.name };
  const primary = new HookedPrimary(processes, options.hooks, {
    clock,
    log,
    environment,
    installId,
  });
  const node = await startNode(ground, primary, recorder, onFatal, log, parts);
  parts.push({ name: 'wait for members', stop: endUnreached(node, end) });
  await processes?.start();
  // Before the first tick: a node that has not checked itself yet must not become primary.
  const health = beginHealth(options, ground, node, processes, log);
  parts.push({ name: 'health checks', stop: () => health.stop() });
  const onTicked = (lateMs: number): void => {
    ground.metrics.ticked(lateMs);
    ground.notes.ticked(lateMs);
  };
  const ticking = startTicking(node, { clock, onTicked }, options.electionTimeoutMs, onFatal);
  parts.push({ name: 'ticker', stop: ticking });
  let stopping: Promise<void> | null = null;
  const isStopping = (): boolean => stopping !== null;
  const forming = openForming(options, ground, node, log, onFatal);
  parts.push({ name: 'forming', stop: () => forming.stop() });
  const policyFiles = openPolicyFiles(options, node, log, parts);
  const { formation } = forming;
  const own = { forming: formation, processes, policyFiles, record: recorder };
  const modules = serve(ground, node, { ...own, isStopping, onFatal }, log, parts);
  configuration.watch({ node, processes, health, hooks: primary });
  forming.begin(modules);
  if (http !== null) serveHttp(http, options, modules, ground.metrics, parts);
  const { name, address, api } = self;
  const { cluster, condition } = node.status();
  const reached = { address, api, http: http?.address ?? null };
  const fields = { ...reached, cluster: cluster?.clusterName ?? null, version: self.version };
  log.info({ ...fields, condition }, 'the daemon is up');
  return {
    name,
    ...reached,
    status: () => node.status(),
    reload: async () => {
      await configuration.reloadLogLevel();
      await reloadTls(ground.tls, log);
    },
    fail: onFatal,
    failure,
    stop: () => {
      const { stopLimitMs } = primary;
      stopping ??= stopDaemon({ node, clock, processes, stopLimitMs, log }, parts);
      return stopping;
    },
  };
}

async function openGround(
  options: CheckedOptions,
  { software = SHIPPED }: DaemonHooks,
  log: Logger,
  parts: Part[],
  end: (error: QuorateError) => void,
): Promise<Ground> {
  const { addresses } = options;
  const tls = options.tls === null ? null : TlsIdentity.load(options.tls, 'node');
  const clock = new SystemClock();
  const metrics = new Metrics({ name: options.name, version: software.speaks.version });
  const storage = await opened(options, metrics, log);
  parts.push({ name: 'storage', stop: () => storage.close() });
  const notes = new DaemonNotes(options.dataDir, clock);
  parts.push({ name: 'notebook', stop: () => notes.stop() });
  const { nodeId, installId, cluster } = storage.stored.identity;
  checkSoftware(options.dataDir, software.speaks, storage.stored);
  checkMembership(options, cluster, log);

  const holder: Ground['holder'] = { node: null, http: null };
  const reach = (apiPort: number): ReturnType<typeof advertised> =>
    advertised(addresses, transport.address?.port ?? addresses.listen.port, apiPort);
  const peerAddress = (): string => reach(addresses.api.port).address;
  const tracing = await openTracing(options, software.speaks, () => holder.node, log, parts);
  const incarnation = randomBytes(8).toString('hex');
  const local = { nodeId, installId, incarnation, ...software.speaks, advertised: peerAddress };
  const clusterNow = (): ClusterIdentity | null =>
    holder.node === null ? cluster : holder.node.status().cluster;
  const wasRemoved = (id: Sender['id']): boolean => holder.node?.wasRemoved(id) === true;
  const levelNow = (): number | undefined => holder.node?.status().featureLevel;
  const transport = new GrpcTransport(
    {
      listen: addresses.listen,
      self: local,
      tls,
      cluster: clusterNow,
      admit: (hello) => admitByCluster(local, clusterNow(), hello, wasRemoved, levelNow()),
    },
    {
      log,
      onPeer: (...told) => notes.linked(holder.node, ...told),
      ...(tracing === null ? {} : { onTraced: (entries) => tracing.writes.arriving(entries) }),
      onRefused: heedRefusals(options.dataDir, () => holder.node, end),
    },
  );
  parts.push({ name: 'transport', stop: () => transport.close() });
  await listening('--listen', addresses.listen, () =>
    transport.start((from, message) => holder.node?.receive(from, message)),
  );

  const server = new ApiServer({
    listen: addresses.api,
    drainMs: STOP_LIMITS.drainMs,
    tls,
    onRefused: (refused) => log.warn(refused, 'a caller of the API was refused'),
  });
  parts.push({ name: 'API port', stop: () => server.stop() });
  const apiPort = await listening('--api', addresses.api, () => server.listen());
  const configuration = new DaemonConfig(options, log);
  parts.push({ name: 'configuration', stop: () => configuration.stop() });
  const known = { ...reach(apiPort), ...software.speaks, isManual: options.isManual };
  const self = selfFacts(options, configuration, cluster, known, clock.nowMs(), holder);
  if (tls !== null) {
    watchTls(tls, self, log);
    parts.push({ name: 'certificates', stop: () => tls.close() });
  }
  const { dataDir } = options;
  const ground = { clock, storage, transport, server, self, tls, holder, software, dataDir };
  return { ...ground, configuration, metrics, notes, tracing };
}

async function startNode(
  { clock, storage, transport, self, holder, software, dataDir, notes, tracing }: Ground,
  primary: PrimaryPort,
  recorder: FlightRecorder,
  onFatal: (error: unknown) => void,
  log: Logger,
  parts: Part[],
): Promise<Node> {
  const { address, api, priority, version, featureMin, featureMax } = self;
  const node = new Node(
    {
      stored: storage.stored,
      self: { address, api, priority, version, featureMin, featureMax },
      features: software.features,
      randomSeed: randomInt(2 ** 32),
    },
    tracedModules(tracing, {
      clock,
      schedule: guarded(onFatal),
      storage,
      transport,
      codec: commandCodec,
      log,
      primary,
      observer: bothOf(recorder, notes.core),
    }),
  );
  holder.node = node;
  recorder.watch({ node, clock, dataDir, version });
  parts.push({ name: 'flight recorder', stop: () => recorder.stop() });
  parts.push({
    name: 'node',
    stop: () => {
      node.stop();
    },
  });
  await resumed(node, dataDir);
  transport.watchGreetings((hello) => node.greeted(hello.from, hello));
  return node;
}

/** What the handlers are given of the daemon's own parts. */
type Served = Required<
  Pick<
    ServiceModules,
    'forming' | 'processes' | 'policyFiles' | 'record' | 'isStopping' | 'onFatal'
  >
>;

function serve(
  ground: Ground,
  node: Node,
  served: Served,
  log: Logger,
  parts: Part[],
): ServiceModules {
  const { server, self, tls, configuration, metrics, notes, tracing, transport } = ground;
  const clock = ground.clock.ofTurns;
  const links = new NodeLinks({ tls, asker: self.name });
  parts.push({
    name: 'links',
    stop: () => {
      links.close();
    },
  });
  // Stopped first: requests end while everything they need still runs.
  parts.push({ name: 'API', stop: () => server.stop() });
  const watches = startWatches(node, clock);
  parts.push({
    name: 'watches',
    stop: () => {
      watches.stop();
    },
  });
  const usage = new OwnUsage();
  parts.push({ name: 'usage', stop: () => usage.stop() });
  const routing = new Routing(node, clock, links, Math.random);
  const authorise = (): boolean => true;
  const { callerAt } = server;
  const { hub } = watches;
  const traces = tracing === null ? null : () => tracing.counts;
  const givenUp = (): string[] => (served.processes?.stays.all ?? []).map(({ name }) => name);
  metrics.show({ node, watchers: () => hub.size, givenUp, traces });
  // Whoever writes from here on is measured.
  const propose = node.propose.bind(node);
  node.propose = metrics.measured(tracing?.writes.traced(propose) ?? propose);
  const meterOf = metrics.meterOf.bind(metrics);
  const ways = { links, routing, watches: hub };
  const modules = {
    ...served,
    node,
    clock,
    log,
    self,
    authorise,
    callerAt,
    movedTo: transport.movedTo.bind(transport),
    ...ways,
    notebook: notes.notebook,
    usage,
    meterOf,
    traceCall: tracing?.calls.called ?? null,
    configuration,
  };
  server.serve(modules);
  const ownRow = new OwnRow(modules);
  parts.push({
    name: 'own row',
    stop: () => {
      ownRow.stop();
    },
  });
  return modules;
}

/** Tells what becomes of the certificates while the daemon runs; they must be for the addresses that this node tells others. */
function watchTls(tls: TlsIdentity, self: SelfFacts, log: Logger): void {
  const hosts = [self.address, self.api].map((told) => parseAddress(told, null).host);
  tls.requireHosts(() => hosts);
  const tell = (sentence: string): void => {
    const { name, subjectAltName, notAfterMs } = tls.current;
    log.info({ name, subjectAltName, notAfter: new Date(notAfterMs) }, sentence);
  };
  tell('certificate, key and CA are in use');
  tls.watch({
    onChanged: () => tell('certificate, key and CA were replaced'),
    onRefused: (error) => tellRefused(error, log),
    onExpiry: (notAfterMs, hasExpired) => {
      const fields = { notAfter: new Date(notAfterMs), file: tls.files.certFile };
      if (hasExpired) log.error(fields, 'the certificate, or a CA above it, has expired');
      else log.warn(fields, 'the certificate, or a CA above it, expires soon: have it renewed');
    },
  });
}

async function reloadTls(tls: TlsIdentity | null, log: Logger): Promise<void> {
  if (tls === null) {
    log.info({}, 'nothing to reload: this daemon runs without TLS');
    return;
  }
  try {
    const hasChanged = await tls.reload();
    log.info({ hasChanged }, 'certificate, key and CA were read again');
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
    tellRefused(error, log);
  }
}

function tellRefused({ message, hint }: QuorateError, log: Logger): void {
  log.error({ detail: message, hint }, 'new certificates cannot be used; those in use stay');
}

/** A fault in the core: a node that may be wrong must not go on. */
function fatal(
  log: Logger,
  recorder: FlightRecorder,
  { onFatal }: DaemonHooks,
): (error: unknown) => void {
  return (error) => {
    log.error({ err: error }, 'a fact that must hold did not; the daemon ends here');
    recorder.saveNow(error);
    if (onFatal === undefined) process.exit(EXIT_CODES.fatal);
    onFatal(error);
  };
}

function guarded(onFatal: (error: unknown) => void): SchedulePort {
  return {
    soon(callback) {
      immediateSchedule.soon(() => {
        try {
          callback();
        } catch (error) {
          onFatal(error);
        }
      });
    },
  };
}

/** Opens the data directory and says in our words why it cannot be used. */
async function opened(
  options: CheckedOptions,
  metrics: Metrics,
  log: Logger,
): Promise<LevelStorage> {
  const { dataDir: directory, electionTimeoutMs: overdueMs } = options;
  try {
    const onSynced = metrics.synced.bind(metrics);
    return await openStorage(directory, { log, overdueMs, onSynced });
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    const code = cause.code === 'DAMAGED' ? 'DAMAGED' : 'DATA_DIRECTORY';
    const { message, hint } = cause;
    // Its message ends with its hint, which is told beside ours.
    const why = message.endsWith(hint) ? message.slice(0, -hint.length - 2) : message;
    const next = `${hint.charAt(0).toUpperCase()}${hint.slice(1)}.`;
    throw new QuorateError(code, why, { directory }, { cause, hint: next });
  }
}
