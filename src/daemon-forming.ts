// Wires discovery and forming into a daemon: where others are looked for, how a promise becomes durable, how the first log is
// written and how a node that hears a member joins it. What is decided stands in src/forming, how it is carried out in
// src/discovery.

import type { CheckedOptions } from './daemon-options.js';
import type { FellowsPort } from './discovery/fellows.js';
import { Formation } from './discovery/formation.js';
import { Multicast } from './discovery/multicast.js';
import { Names } from './discovery/names.js';
import { Forming } from './forming/forming.js';
import type { Attempt } from './forming/types.js';
import { CLUSTER } from './client/protos.js';
import type { NodeApi } from './node/api.js';
import { foundingOf } from './node/founding.js';
import type { ClockPort, Done, LoggerPort } from './node/ports.js';
import type { InstallId, NodeId } from './raft/types.js';
import { contextOfOwn } from './service/call-context.js';
import { EntryService } from './service/entry-service.js';
import type { SelfFacts, ServiceModules } from './service/modules.js';
import type { LevelStorage } from './storage/level-storage.js';
import type { TlsIdentity } from './tls/identity.js';
import type { GrpcTransport } from './transport/grpc-transport.js';
import { meet } from './transport/meeting.js';

/** How long a node listens before it forms anything. */
const LISTEN_MS = 1500;
/** For one attempt at joining; another follows. */
const JOIN_MS = 10_000;

interface Ground {
  readonly clock: ClockPort;
  readonly storage: LevelStorage;
  readonly transport: GrpcTransport;
  readonly self: SelfFacts;
  readonly tls: TlsIdentity | null;
}

/** Discovery and forming of one daemon. */
export interface DaemonForming {
  readonly formation: Formation;
  /** Begins to look for others; `modules` join. */
  begin(modules: ServiceModules): void;
  stop(): void;
}

/** Opens what listens; nobody is asked before `begin`. */
export function openForming(
  { discovery, addresses }: CheckedOptions,
  { clock, storage, transport, self, tls }: Ground,
  node: NodeApi,
  log: LoggerPort,
  onFatal: (error: unknown) => void,
): DaemonForming {
  const { targets, plan, isPassive } = discovery;
  const forming = formingOf(self, storage, plan, clock.nowMs(), targets.length > 0);
  const peers = targets.flatMap((target) => (target.type === 'peer' ? [target.address] : []));
  const names = new Names(peers, tls !== null, log);
  const host = addresses.listen.host === 'localhost' ? '127.0.0.1' : addresses.listen.host;
  let join: (apis: readonly string[]) => Promise<void> = () => Promise.resolve();
  const formation = new Formation(forming, {
    clock,
    log,
    isPassive,
    onFatal,
    meet: (address, message) => meet(address, message, tls),
    contacts: () => names.addresses,
    beacon: (beacon) => {
      for (const group of groups) group.send(beacon);
    },
    saveRecord: (record, done) => storage.saveForming(record, done),
    found: (attempt, done) => found(node, self.name, attempt, done),
    join: (apis) => join(apis),
    membership: () => {
      const { cluster, condition, configuration, leaderId } = node.status();
      if (cluster === null) return null;
      const addresses = configuration.members.map(
        ({ id, address }) => transport.movedTo(id) ?? address,
      );
      const isEnded = condition === 'removed' || condition === 'degraded';
      const isLost = condition === 'member' && leaderId === null;
      return { clusterId: cluster.clusterId, addresses, isLost, isEnded };
    },
    fellows: fellowsOf(node, transport),
    wasRemoved: (id) => node.wasRemoved(id),
    onRemoved: () => node.removed(),
  });
  const groups = targets.flatMap((target) =>
    target.type === 'multicast'
      ? [new Multicast({ ...target, host }, (beacon) => formation.onBeacon(beacon), log)]
      : [],
  );
  transport.answerMeetings((message) => formation.onMeeting(message));
  return {
    formation,
    begin: (modules) => {
      join = joining(modules);
      formation.start();
    },
    stop: () => {
      formation.stop();
      names.close();
      for (const group of groups) group.close();
    },
  };
}

/** The other members, as the configuration in force names their data directories. */
function fellowsOf(node: NodeApi, transport: GrpcTransport): FellowsPort {
  const idOf = (installId: InstallId): NodeId | null => {
    const { nodeId, configuration } = node.status();
    const fellow = configuration.members.find((member) => member.installId === installId);
    return fellow === undefined || fellow.id === nodeId ? null : fellow.id;
  };
  return {
    isFellow: (installId) => idOf(installId) !== null,
    isSought: (installId, address) => {
      const id = idOf(installId);
      return id !== null && transport.isSought(id, address);
    },
    met: (installId, address) => {
      const id = idOf(installId);
      if (id !== null) transport.met(id, address);
    },
  };
}

function formingOf(
  self: SelfFacts,
  { stored, forming: record }: LevelStorage,
  plan: CheckedOptions['discovery']['plan'],
  nowMs: number,
  canHear: boolean,
): Forming {
  const { nodeId, installId, cluster, ended } = stored.identity;
  const { name, address, api, version, featureMin, featureMax, witness, priority } = self;
  const levels = { version, featureMin, featureMax, witness, priority };
  return new Forming({
    self: { id: nodeId, installId, name, address, api, ...levels },
    clusterName: cluster?.clusterName ?? self.clusterName,
    electionTimeoutMs: self.electionTimeoutMs,
    isManual: self.isManual ?? false,
    plan,
    record,
    cluster: cluster?.clusterId ?? null,
    isEnded: ended !== null,
    nowMs,
    listenMs: canHear ? LISTEN_MS : 0,
  });
}

/** Every founder writes the same: only what the attempt says goes in. */
function found(node: NodeApi, nodeName: string, attempt: Attempt, done: Done): void {
  const { clusterId, clusterName, electionTimeoutMs, isManual, founders, coordinator } = attempt;
  const proposer = founders.find(({ installId }) => installId === coordinator)?.name ?? '';
  const cause = `formed by ${founders.map(({ name }) => name).join(', ')}, as ${proposer} proposed`;
  const settings = { clusterId, clusterName, electionTimeoutMs, isManual };
  node.foundCluster(foundingOf(settings, nodeName, founders, cause), done);
}

function joining(modules: ServiceModules): (apis: readonly string[]) => Promise<void> {
  const { clock, self } = modules;
  // Forming itself asks, and promises nothing meanwhile.
  const entry = new EntryService({ ...modules, forming: null });
  return async (apis) => {
    const context = contextOfOwn(CLUSTER.Join.path, self.name, clock.nowMs() + JOIN_MS);
    const reason = 'found by discovery';
    const wish = { learner: false, reason, dryRun: false, replaces: '' };
    await entry.join({ addresses: [...apis], ...wish }, context);
  };
}
