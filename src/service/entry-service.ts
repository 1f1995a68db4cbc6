// How a clean node comes to belong to a cluster: Cluster.Start, Join (said to the clean node), Add and Replace (said to a
// member, which asks the clean node to join). One of them at a time runs on a node. Whoever is asked to admit the
// newcomer decides (member-service.ts); this side only asks, adopts the cluster, and says why it could not.

import { randomBytes } from 'node:crypto';
import { formatAddress, parseAddress } from '../address.js';
import { QuorateError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { AddRequest__Output } from '../generated/quorate/v1/AddRequest.js';
import type { AddResponse } from '../generated/quorate/v1/AddResponse.js';
import type { AdmitRequest } from '../generated/quorate/v1/AdmitRequest.js';
import type { AdmitResponse__Output } from '../generated/quorate/v1/AdmitResponse.js';
import type { Forecast } from '../generated/quorate/v1/Forecast.js';
import type { JoinRequest__Output } from '../generated/quorate/v1/JoinRequest.js';
import type { JoinResponse } from '../generated/quorate/v1/JoinResponse.js';
import type { NodeStatusResponse__Output } from '../generated/quorate/v1/NodeStatusResponse.js';
import type { ReplaceRequest__Output } from '../generated/quorate/v1/ReplaceRequest.js';
import type { ReplaceResponse } from '../generated/quorate/v1/ReplaceResponse.js';
import type { StartRequest__Output } from '../generated/quorate/v1/StartRequest.js';
import type { StartResponse } from '../generated/quorate/v1/StartResponse.js';
import type { NodeStatus } from '../node/api.js';
import type { Done } from '../node/ports.js';
import { metadataFor } from './call-context.js';
import type { CallContext } from './call-context.js';
import { forecastStart } from './forecast.js';
import { causeFor } from './modules.js';
import { handOver } from './node-calls.js';
import type { ServiceModules } from './modules.js';
import { CLUSTER } from '../client/protos.js';
import { watchNewcomer } from './newcomer-watch.js';
import { whyUnable } from './routing.js';
import { checkNodeName, checkReason, checkText, invalid, REQUEST_LIMITS } from './validate.js';

/** Port of the API where an address names none. */
const API_PORT_DEFAULT = 6001;
/** One attempt at one address while others are left to try. */
const ATTEMPT_MS = 2000;

export class EntryService {
  readonly #modules: ServiceModules;
  /** A Start or a Join runs: a second one could make this node belong to two clusters. */
  #isEntering = false;

  constructor(modules: ServiceModules) {
    this.#modules = modules;
  }

  /** Answers Cluster.Start: once this node is primary of its new cluster. */
  async start(request: StartRequest__Output, context: CallContext): Promise<StartResponse> {
    checkReason(request.reason);
    const { node, self, routing } = this.#modules;
    return this.#alone('start', async () => {
      this.#checkEmpty('ALREADY_MEMBER');
      if (self.witness) {
        const hint =
          'Start a cluster on another node, then join this one with `quorate cluster-join`.';
        const message = `${self.name} was started with --witness, and the first node must hold the state`;
        throw new QuorateError('WITNESS', message, {}, { hint });
      }
      const names = { cluster: self.clusterName, node: self.name };
      if (request.dryRun) {
        return { ...names, clusterId: '', forecast: forecastStart(self.name) };
      }
      const clusterId = randomBytes(16).toString('hex');
      const { clusterName, electionTimeoutMs, isManual = false } = self;
      const settings = { clusterId, clusterName, electionTimeoutMs, isManual };
      const cause = causeFor(this.#modules, context, request.reason);
      await durable('the new cluster', (done) => {
        node.startCluster(settings, self.name, cause, done);
      });
      // Whoever starts a cluster names its first primary by that.
      if (isManual) await this.#nameFirst(cause, context);
      const isPrimary = await routing.until(context.deadlineMs, () =>
        node.status().isPrimary ? true : null,
      );
      if (isPrimary !== null) return { ...names, clusterId };
      const message = 'the cluster was started, but this node is not primary yet';
      throw new QuorateError('INDETERMINATE', message);
    });
  }

  async #nameFirst(cause: string, { deadlineMs }: CallContext): Promise<void> {
    const { node, clock, routing } = this.#modules;
    await routing.until(deadlineMs, () => (node.status().isAwaited ? true : null));
    const { nodeId: to } = node.status();
    await handOver(node, clock, { to, cause, isChosen: true }, deadlineMs);
  }

  /** Answers Cluster.Join: once a member of one of the addresses admitted this node and it adopted the cluster. */
  async join(request: JoinRequest__Output, context: CallContext): Promise<JoinResponse> {
    checkReason(request.reason);
    if (request.replaces !== '') checkNodeName('replaces', request.replaces);
    const addresses = apiAddresses(request.addresses);
    const { node, self } = this.#modules;
    return this.#alone('join', async () => {
      this.#checkEmpty('NODE_NOT_EMPTY');
      const admitted = await this.#askToBeAdmitted(addresses, this.#wish(request), context);
      const answer = { cluster: admitted.cluster, clusterId: admitted.clusterId, node: self.name };
      if (request.dryRun) return { ...answer, ...forecastOf(admitted) };
      const { electionTimeoutMs } = admitted;
      if (electionTimeoutMs !== self.electionTimeoutMs) {
        const fields = { askedMs: self.electionTimeoutMs, takenMs: electionTimeoutMs };
        this.#modules.log.warn(fields, 'the election timeout of the cluster is taken over');
      }
      await durable('the membership', (done) => {
        node.adoptCluster(
          {
            clusterId: admitted.clusterId,
            clusterName: admitted.cluster,
            nodeName: self.name,
            electionTimeoutMs: admitted.electionTimeoutMs,
            isWitness: self.witness,
          },
          done,
        );
      });
      const others = admitted.members.filter(({ id }) => id !== node.status().nodeId);
      watchNewcomer(
        this.#modules,
        others.map(({ api }) => api),
      );
      return answer;
    });
  }

  /** Answers Cluster.Add: asks the clean node to join, by the addresses of this cluster's members. */
  async add(request: AddRequest__Output, context: CallContext): Promise<AddResponse> {
    checkReason(request.reason);
    const { address, learner, reason, dryRun } = request;
    return this.#invite(address, { learner, reason, dryRun, replaces: '' }, context);
  }

  /** Answers Cluster.Replace: the same with a newcomer that takes a member's place. */
  async replace(request: ReplaceRequest__Output, context: CallContext): Promise<ReplaceResponse> {
    checkReason(request.reason);
    checkNodeName('old', request.old);
    const { address, old, reason, dryRun } = request;
    return this.#invite(address, { learner: false, reason, dryRun, replaces: old }, context);
  }

  async #invite(
    text: string,
    wish: Pick<JoinRequest__Output, 'learner' | 'reason' | 'dryRun' | 'replaces'>,
    context: CallContext,
  ): Promise<AddResponse> {
    const [address = ''] = apiAddresses([text]);
    const { node, links, clock } = this.#modules;
    const status = node.status();
    const unable = whyUnable(status);
    if (unable !== null) throw unable;
    const metadata = metadataFor(context, status.nodeId, false);
    const leftMs = (): number => Math.max(1, context.deadlineMs - clock.nowMs());
    const found = await links.ask(
      address,
      CLUSTER.NodeStatus,
      {},
      { metadata, timeoutMs: Math.min(leftMs(), ATTEMPT_MS), isWrite: false },
    );
    if (found.node?.state !== 'CLEAN') {
      if (wish.replaces !== '' && isReplacing(status, found, wish.replaces)) {
        return { node: found.node?.name ?? '' };
      }
      const called = found.cluster === undefined ? '' : `, called ${found.cluster}`;
      const name = found.node?.name ?? 'the node';
      if (found.clusterId !== undefined && found.clusterId === status.cluster?.clusterId) {
        const message =
          name === wish.replaces
            ? `${name} at ${address} cannot take its own place`
            : `${name} at ${address} is a member of this cluster already`;
        throw new QuorateError('ALREADY_MEMBER', message, { name });
      }
      const message = `${name} at ${address} belongs to another cluster${called}`;
      const hint = 'Remove it there, then start it with an empty data directory.';
      throw new QuorateError('NODE_NOT_EMPTY', message, { address }, { hint });
    }
    const { members } = status.configuration;
    const leaderFirst = members.filter(({ id }) => id === status.leaderId).concat(members);
    const joined = await links.ask(
      address,
      CLUSTER.Join,
      { addresses: [...new Set(leaderFirst.map(({ api }) => api))], ...wish },
      { metadata, timeoutMs: leftMs(), isWrite: true },
    );
    return { node: joined.node, ...forecastOf(joined) };
  }

  async #alone<T>(what: 'start' | 'join', run: () => Promise<T>): Promise<T> {
    if (this.#isEntering) {
      throw new QuorateError('CHANGE_RUNNING', 'a start or a join runs on this node already');
    }
    const { node } = this.#modules;
    const forming = node.status().condition === 'clean' ? (this.#modules.forming ?? null) : null;
    const why = what === 'start' ? forming?.whyNoStart() : forming?.whyNoJoin();
    if (why !== undefined && why !== null) throw new QuorateError('FORMING', why);
    forming?.hold();
    this.#isEntering = true;
    try {
      return await run();
    } finally {
      this.#isEntering = false;
      forming?.release();
    }
  }

  #checkEmpty(code: 'ALREADY_MEMBER' | 'NODE_NOT_EMPTY'): void {
    const status = this.#modules.node.status();
    if (status.condition === 'clean') return;
    const cluster = status.cluster?.clusterName ?? '';
    if (status.condition === 'member') {
      const message =
        code === 'NODE_NOT_EMPTY'
          ? `this node belongs to cluster ${cluster} already`
          : `this node already belongs to cluster ${cluster}`;
      throw new QuorateError(code, message, { cluster });
    }
    const unable = whyUnable(status);
    if (unable !== null) throw unable;
  }

  #wish(request: JoinRequest__Output): AdmitRequest {
    const { self, node } = this.#modules;
    const { nodeId, installId } = node.status();
    const { name, address, api, version, featureMin, featureMax, witness, priority } = self;
    return {
      member: {
        id: nodeId,
        installId,
        name,
        address,
        api,
        version,
        featureMin,
        featureMax,
        witness,
        priority,
      },
      learner: request.learner,
      reason: request.reason,
      dryRun: request.dryRun,
      replaces: request.replaces,
      clusterName: self.clusterName,
    };
  }

  /** Asks the addresses in turn; waits its turn while another change runs, gives up when a whole round found nobody. */
  async #askToBeAdmitted(
    addresses: readonly string[],
    wish: AdmitRequest,
    context: CallContext,
  ): Promise<AdmitResponse__Output> {
    const { links, clock, node, routing } = this.#modules;
    const metadata = metadataFor(context, node.status().nodeId, false);
    for (;;) {
      const failures: QuorateError[] = [];
      for (const [position, address] of addresses.entries()) {
        const leftMs = Math.max(1, context.deadlineMs - clock.nowMs());
        const isLast = position === addresses.length - 1;
        const timeoutMs = isLast ? leftMs : Math.min(leftMs, ATTEMPT_MS);
        try {
          // Asking again is harmless: the same node is admitted once.
          const options = { metadata, timeoutMs, isWrite: false };
          return await links.ask(address, CLUSTER.Admit, wish, options);
        } catch (error) {
          if (!(error instanceof QuorateError) || !isWorthMore(error)) throw error;
          failures.push(error.code === 'CLEAN_NODE' ? noMember(address, this.#modules) : error);
        }
      }
      const error = failures.find(({ code }) => !isSilence(code)) ?? failures[0];
      const isTurnTaken = failures.some(({ code }) => code === 'CHANGE_RUNNING');
      if (error !== undefined && (!isTurnTaken || clock.nowMs() >= context.deadlineMs)) throw error;
      await routing.pause();
    }
  }
}

/** What the leader forecast, passed on; a dry run alone has any. */
function forecastOf({ forecast }: Pick<AdmitResponse__Output, 'forecast'>): {
  readonly forecast?: Forecast;
} {
  return forecast === null ? {} : { forecast };
}

/** Whether the node that was found is on its way into that member's place: somebody asked before. */
function isReplacing(
  { configuration, cluster }: NodeStatus,
  { clusterId, installId }: NodeStatusResponse__Output,
  old: string,
): boolean {
  const { members } = configuration;
  const found = members.find((member) => member.installId === installId);
  const replaced = members.find(({ id }) => id === found?.replaces);
  return clusterId === cluster?.clusterId && replaced?.name === old;
}

/** The answer of a node that belongs to no cluster names neither itself nor the mistake. */
function noMember(address: string, { self }: ServiceModules): QuorateError {
  const message =
    address === self.api
      ? `${self.name} was asked to join through itself`
      : `the node at ${address} belongs to no cluster itself`;
  const hint = 'Name a member of the cluster to join; `quorate cluster-start` makes a first one.';
  return new QuorateError('CLEAN_NODE', message, { address }, { hint });
}

/** Nothing was heard from that address; what another one said tells more. */
function isSilence(code: ErrorCode): boolean {
  return code === 'UNREACHABLE' || code === 'DEADLINE_EXCEEDED';
}

/** Whether another address, or the same a moment later, may answer better. */
function isWorthMore({ code }: QuorateError): boolean {
  return (
    isSilence(code) ||
    code === 'TLS_FAILED' ||
    code === 'NO_QUORUM' ||
    code === 'NOT_LEADER' ||
    code === 'CHANGE_RUNNING' ||
    code === 'CLEAN_NODE' ||
    code === 'DEGRADED' ||
    code === 'REMOVED' ||
    code === 'STOPPING' ||
    code === 'HANDING_OVER' ||
    code === 'OVERWRITTEN' ||
    code === 'INDETERMINATE'
  );
}

/** Reads `HOST[:6001]` addresses; refuses none, too many and what is no address. */
function apiAddresses(texts: readonly string[]): string[] {
  const field = 'addresses';
  if (texts.length === 0) throw invalid(field, 'expected at least one');
  if (texts.length > REQUEST_LIMITS.addressesMax) {
    throw invalid(field, `expected at most ${REQUEST_LIMITS.addressesMax}, got ${texts.length}`);
  }
  return texts.map((text) => {
    checkText(field, text, 1, REQUEST_LIMITS.addressBytesMax);
    try {
      return formatAddress(parseAddress(text, API_PORT_DEFAULT));
    } catch (error) {
      throw invalid(field, error instanceof Error ? error.message : String(error));
    }
  });
}

function durable(what: string, begin: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => {
      if (error === null) {
        resolve();
        return;
      }
      const message = `${what} could not be written to disk: ${error.message}`;
      reject(new QuorateError('DEGRADED', message, {}, { cause: error }));
    });
  });
}
