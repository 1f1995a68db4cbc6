// Nodes for the service's tests: the real driver, core, state machine, codec, clock and gRPC server on loopback, with a
// disk in memory and a network that is a function call and can be cut. What it leaves out, bytes on disk and on the
// peers' wire, has its own tests.

import { Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { meterNothing } from '../../src/metrics/meters.js';
import { commandCodec } from '../../src/codec/command-codec.js';
import { QuorateError } from '../../src/errors.js';
import { Node } from '../../src/node/node.js';
import type {
  Done,
  LoggerPort,
  PersistRequest,
  StoragePort,
  Stored,
  TransportPort,
} from '../../src/node/ports.js';
import { SystemClock } from '../../src/ops/clock.js';
import { immediateSchedule } from '../../src/ops/schedule.js';
import { Ticker } from '../../src/ops/ticker.js';
import { timersFor } from '../../src/raft/options.js';
import { ENTRY_ID_ZERO, HARD_STATE_ZERO } from '../../src/raft/types.js';
import type { NodeId } from '../../src/raft/types.js';
import { FEATURES } from '../../src/state-machine/features.js';
import type { FeatureTable } from '../../src/state-machine/features.js';
import { ApiServer } from '../../src/service/api-server.js';
import type { PolicyFilesPort, ProcessPort, SelfFacts } from '../../src/service/modules.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER } from '../../src/client/protos.js';
import { Routing } from '../../src/service/routing.js';
import { startWatches } from '../../src/service/watches.js';
import type { Watches } from '../../src/service/watches.js';
import { installId } from './words.js';

/** Long enough that a busy machine does not elect anew in the middle of a test. */
export const ELECTION_TIMEOUT_MS = 600;
const { tickMs } = timersFor(ELECTION_TIMEOUT_MS);

export interface AskExtra {
  readonly timeoutMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly isWrite?: boolean;
}

/** What a daemon uses that does nothing. */
export const IDLE = {
  look: () => ({ pid: 1, cpuPercent: null, memoryBytes: 1, eventLoopDelayMs: 0 }),
};

/** Several nodes on one network. */
export class TestCluster {
  readonly clock = new SystemClock();
  readonly nodes = new Map<NodeId, TestNode>();
  readonly #cut = new Set<NodeId>();
  readonly #links = new NodeLinks();
  /** Which level brought what; every node has the same. */
  readonly features: FeatureTable;

  constructor(features: FeatureTable = FEATURES) {
    this.features = features;
  }

  /** Makes a clean node `n<id>` and waits until it serves. */
  async add(
    id: number,
    self: Partial<SelfFacts> = {},
    processes: ProcessPort | null = null,
  ): Promise<TestNode> {
    const node = new TestNode(this, id as NodeId, self);
    node.processes = processes;
    this.nodes.set(id as NodeId, node);
    await node.start(self);
    return node;
  }

  /** A cluster of n1 to n<count>, all voters, n1 primary. */
  async form(count: number): Promise<TestNode[]> {
    const first = await this.add(1);
    const nodes = [first];
    await first.ask(CLUSTER.Start, {}, { isWrite: true });
    for (let id = 2; id <= count; id += 1) {
      const node = await this.add(id);
      await node.ask(CLUSTER.Join, { addresses: [first.api] }, { isWrite: true });
      nodes.push(node);
    }
    await eventually(() => first.node.status().settledVoters.length === count);
    await eventually(() => nodes.every(({ node }) => node.state.members.length === count));
    return nodes;
  }

  /** Nobody hears this node, and it hears nobody; its API stays reachable. */
  cut(id: NodeId): void {
    this.#cut.add(id);
  }

  heal(): void {
    this.#cut.clear();
  }

  isCut(id: NodeId): boolean {
    return this.#cut.has(id);
  }

  ask<Request, Response, RequestOut extends Request, ResponseOut>(
    api: string,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    { timeoutMs = 5000, metadata = {}, isWrite = false }: AskExtra = {},
  ): Promise<ResponseOut> {
    const sent = new Metadata();
    for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
    return this.#links.ask(api, method, request, { metadata: sent, timeoutMs, isWrite });
  }

  async stop(): Promise<void> {
    this.#links.close();
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
  }
}

/** A daemon without disk and peer sockets. */
export class TestNode {
  readonly #cluster: TestCluster;
  readonly id: NodeId;
  readonly disk = new MemoryDisk();
  readonly node: Node;
  readonly links = new NodeLinks();
  readonly fatal: unknown[] = [];
  isAuthorised = true;
  /** Null: it supervises nothing. */
  processes: ProcessPort | null = null;
  /** Null: it writes none. */
  policyFiles: PolicyFilesPort | null = null;
  /** As a daemon that was told to end and still hands over. */
  isStopping = false;
  #server = new ApiServer({ listen: { host: '127.0.0.1', port: 0 }, drainMs: 100 });
  #ticker: Ticker | null = null;
  #watches: Watches | null = null;
  #self: SelfFacts;
  #port = 0;
  readonly #greeted = new Set<NodeId>();

  constructor(cluster: TestCluster, id: NodeId, told: Partial<SelfFacts>) {
    this.#cluster = cluster;
    this.id = id;
    this.#self = {
      name: `n${id}`,
      clusterName: 'quorate',
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      address: `127.0.0.1:${16_000 + id}`,
      api: '',
      version: '0.1.0',
      featureMin: 1,
      featureMax: 1,
      witness: false,
      priority: 50,
      isPriorityGiven: true,
      startedAtMs: cluster.clock.nowMs(),
      ...told,
    };
    const stored: Stored = {
      identity: { nodeId: id, installId: installId(id), cluster: null, ended: null },
      hardState: HARD_STATE_ZERO,
      snapshot: null,
      compacted: ENTRY_ID_ZERO,
      entries: [],
    };
    const self = this.#self;
    // The API's port is known once it is bound; the node reads it when it founds a cluster.
    const described = {
      address: self.address,
      version: self.version,
      featureMin: self.featureMin,
      featureMax: self.featureMax,
      priority: 50,
      api: '',
    };
    Object.defineProperty(described, 'api', { get: () => this.api, enumerable: true });
    this.node = new Node(
      {
        stored,
        self: described,
        features: cluster.features,
        randomSeed: Number(id) * 7919,
      },
      {
        clock: cluster.clock,
        schedule: immediateSchedule,
        storage: this.disk,
        transport: this.#transport(),
        codec: commandCodec,
        log: SILENT,
      },
    );
  }

  get api(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(self: Partial<SelfFacts>): Promise<void> {
    this.#port = await this.#server.listen();
    this.#self = { ...this.#self, api: this.api, ...self };
    const { clock } = this.#cluster;
    const { node, links } = this;
    const policyFiles = (): PolicyFilesPort | null => this.policyFiles;
    const watches = startWatches(node, clock);
    this.#watches = watches;
    this.#ticker = new Ticker({ tickMs }, { clock, onTick: (lateMs) => node.tick(lateMs) });
    this.#server.serve({
      node,
      clock,
      log: SILENT,
      self: this.#self,
      authorise: () => this.isAuthorised,
      callerAt: null,
      links,
      routing: new Routing(node, clock, links, Math.random),
      watches: watches.hub,
      processes: this.processes,
      get policyFiles() {
        return policyFiles();
      },
      usage: IDLE,
      meterOf: meterNothing,
      isStopping: () => this.isStopping,
      onFatal: (error) => {
        this.fatal.push(error);
      },
    });
  }

  ask<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    extra: AskExtra = {},
  ): Promise<ResponseOut> {
    return this.#cluster.ask(this.api, method, request, extra);
  }

  /** Asks for what shall be refused; answers the error. */
  async refused<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    extra: AskExtra = {},
  ): Promise<QuorateError> {
    const answer = await this.ask(method, request, extra).catch((error: unknown) => error);
    if (answer instanceof QuorateError) return answer;
    throw new Error(`expected a refusal, got ${JSON.stringify(answer)}`);
  }

  /** The daemon dies: its peers no longer hear it, its API is gone. */
  async stop(): Promise<void> {
    this.#cluster.cut(this.id);
    this.#watches?.stop();
    await this.#server.stop();
    this.#ticker?.stop();
    this.node.stop();
    this.links.close();
  }

  #transport(): TransportPort {
    const from = { id: this.id, installId: installId(this.id) };
    return {
      send: (to, message) => {
        setImmediate(() => {
          if (this.#cluster.isCut(this.id) || this.#cluster.isCut(to)) return;
          const peer = this.#cluster.nodes.get(to)?.node;
          if (peer !== undefined && !this.#greeted.has(to) && peer.raft !== null) {
            this.#greeted.add(to);
            peer.greeted(from, this.#self);
          }
          peer?.receive(from, message);
        });
      },
      setPeers: () => {},
    };
  }
}

/** A disk that keeps nothing, since no test here restarts a node, and that can be broken. */
class MemoryDisk implements StoragePort {
  isBroken = false;

  persist(_request: PersistRequest, done: Done): void {
    setImmediate(() => done(this.isBroken ? new Error('the disk is broken') : null));
  }

  saveSnapshot(_meta: unknown, _parts: unknown, done: Done): void {
    setImmediate(() => done(null));
  }

  readSnapshot(done: Parameters<StoragePort['readSnapshot']>[0]): void {
    setImmediate(() => done(null, null));
  }
}

const SILENT: LoggerPort = { error() {}, warn() {}, info() {}, debug() {} };

/** Waits until the condition holds, at most so long, 10 s by default. */
export async function eventually(holds: () => boolean, withinMs = 10_000): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`expected it to hold within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits longer: an attempt at a member that fell silent takes 3 s, and others may use the machine. */
export function patiently(holds: () => boolean): Promise<void> {
  return eventually(holds, 40_000);
}

/** Whether it leads, and is primary. */
export function leads({ node }: TestNode): boolean {
  return node.status().role === 'leader' && node.status().isPrimary;
}

/** The one that leads, once there is one. */
export async function leading(nodes: readonly TestNode[]): Promise<TestNode> {
  let found: TestNode | undefined;
  await patiently(() => (found = nodes.find(leads)) !== undefined);
  if (found === undefined) throw new Error('expected a leader');
  return found;
}

/** Asks until the answer is as expected, at most 10 s, and answers it; for what others see a moment later. */
export async function eventuallyAnswers<T>(
  ask: () => Promise<T>,
  holds: (answer: T) => boolean,
): Promise<T> {
  const endMs = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (holds(answer) || Date.now() > endMs) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
