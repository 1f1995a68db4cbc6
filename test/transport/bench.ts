// Transports for tests: real sockets on the loopback, logs that are kept, and waiting for conditions with a limit.
// Nothing here sleeps for a fixed time.

import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import type { Address } from '../../src/address.js';
import { formatAddress } from '../../src/address.js';
import type { LoggerPort } from '../../src/node/ports.js';
import type { AppendEntries, Message, Sender } from '../../src/raft/message.js';
import type { Entry, Member } from '../../src/raft/types.js';
import type { TlsIdentity } from '../../src/tls/identity.js';
import { GrpcTransport, admitByCluster } from '../../src/transport/grpc-transport.js';
import type { ClusterFacts, Hello } from '../../src/transport/grpc-transport.js';
import { I, N, T, id, install, member } from '../support/raft-words.js';

export const LOOPBACK = '127.0.0.1';

export const CLUSTER: ClusterFacts = {
  clusterId: '0123456789abcdef0123456789abcdef',
  clusterName: 'test',
  electionTimeoutMs: 400,
};

interface Line {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly sentence: string;
}

/** A logger port that keeps what it is told. */
class RecordedLog implements LoggerPort {
  readonly lines: Line[] = [];

  error(fields: object, sentence: string): void {
    this.#keep('error', fields, sentence);
  }

  warn(fields: object, sentence: string): void {
    this.#keep('warn', fields, sentence);
  }

  info(fields: object, sentence: string): void {
    this.#keep('info', fields, sentence);
  }

  debug(fields: object, sentence: string): void {
    this.#keep('debug', fields, sentence);
  }

  count(sentence: string): number {
    return this.lines.filter((line) => line.sentence === sentence).length;
  }

  #keep(level: Line['level'], fields: object, sentence: string): void {
    this.lines.push({ level, fields: { ...fields }, sentence });
  }
}

interface NodeExtra {
  readonly cluster?: ClusterFacts | null;
  readonly port?: number;
  readonly incarnation?: number;
  readonly guestDownMaxMs?: number;
  readonly tls?: TlsIdentity;
}

/** One node's transport with what it received. */
export class TestNode {
  readonly id: number;
  readonly log = new RecordedLog();
  readonly received: { readonly from: Sender; readonly message: Message }[] = [];
  readonly greetings: Hello[] = [];
  /** Why peers refused this node, in order. */
  readonly refusals: string[] = [];
  readonly transport: GrpcTransport;
  /** May be changed at any time, as a node that joins does. */
  cluster: ClusterFacts | null;
  /** Where it says that it is reached; null: where it listens. */
  advertised: Address | null = null;

  private constructor(node: number, extra: NodeExtra) {
    const { cluster = CLUSTER, port = 0, incarnation = 1, guestDownMaxMs, tls = null } = extra;
    this.id = node;
    this.cluster = cluster;
    const self = {
      nodeId: N(node),
      installId: install(node, incarnation),
      version: '0.1.0',
      incarnation: randomBytes(8).toString('hex'),
      featureMin: 1,
      featureMax: 1,
      advertised: () => formatAddress(this.advertised ?? this.address),
    };
    this.transport = new GrpcTransport(
      {
        listen: { host: LOOPBACK, port },
        self,
        tls,
        cluster: () => this.cluster,
        admit: (hello) => {
          this.greetings.push(hello);
          return admitByCluster(self, this.cluster, hello);
        },
        ...(guestDownMaxMs === undefined ? {} : { guestDownMaxMs }),
      },
      { log: this.log, onRefused: (reason) => this.refusals.push(reason) },
    );
  }

  static async start(node: number, extra: NodeExtra = {}): Promise<TestNode> {
    const made = new TestNode(node, extra);
    await made.transport.start((from, message) => made.received.push({ from, message }));
    return made;
  }

  get address(): Address {
    const { address } = this.transport;
    if (address === null) throw new Error('not started');
    return address;
  }

  /** As others know it. */
  get member(): Member {
    return member(this.id, { address: formatAddress(this.address) });
  }

  meets(...others: readonly TestNode[]): void {
    this.transport.setPeers(others.map((other) => other.member));
  }

  sees(other: TestNode): boolean {
    return this.transport.isUp(N(other.id));
  }

  rounds(): number[] {
    return this.received.map(({ message }) => ('round' in message ? message.round : -1));
  }
}

/** Starts nodes 1 to `count`, all of them peers, and waits until everybody sees everybody. */
export async function startMesh(count: number): Promise<TestNode[]> {
  const nodes = await Promise.all(Array.from({ length: count }, (_, at) => TestNode.start(at + 1)));
  for (const node of nodes) node.meets(...nodes);
  await until('all see all', () =>
    nodes.every((one) => nodes.every((other) => one === other || one.sees(other))),
  );
  return nodes;
}

export async function closeAll(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(nodes.map(({ transport }) => transport.close()));
}

/** Waits for a condition; rejects with its name when the limit has passed. */
export async function until(
  name: string,
  condition: () => boolean,
  limitMs = 20_000,
): Promise<number> {
  const startMs = performance.now();
  while (!condition()) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs > limitMs) throw new Error(`not within ${limitMs} ms: ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - startMs;
}

/** A heartbeat that can be told from others by its round. */
export function heartbeat(round: number): AppendEntries {
  return append(round, []);
}

/** An append of one entry of so many bytes. */
export function bulky(round: number, byteCount: number): AppendEntries {
  const entry: Entry = {
    term: T(1),
    index: I(1),
    stampMs: 0,
    kind: 'command',
    data: new Uint8Array(byteCount).fill(round % 251),
  };
  return append(round, [entry]);
}

function append(round: number, entries: readonly Entry[]): AppendEntries {
  return {
    type: 'appendEntries',
    term: T(1),
    round,
    leaseMs: 750,
    clusterTimeMs: 0,
    prev: id(0, 0),
    entries,
    commitIndex: I(0),
  };
}

export function vote(term: number): Message {
  return { type: 'requestVote', term: T(term), preVote: false, transfer: false, last: id(0, 0) };
}

/** Open descriptors of this process. */
export function descriptorCount(): number {
  return readdirSync('/proc/self/fd').length;
}

/** How a tap treats connections: passes bytes on, swallows them, or leaves them unread in the kernel. */
type Flow = 'passes' | 'swallows' | 'stops';

/** A TCP server in front of a node, or of nothing; the test decides what flows. */
export class Tap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: Address | null;
  acceptedCount = 0;
  #flow: Flow;

  private constructor(target: Address | null) {
    this.#target = target;
    this.#flow = target === null ? 'swallows' : 'passes';
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens; with `target` null it accepts connections and never says a word. */
  static async start(target: Address | null): Promise<Tap> {
    const tap = new Tap(target);
    await new Promise<void>((resolve) => tap.#server.listen(0, LOOPBACK, resolve));
    return tap;
  }

  get address(): Address {
    return { host: LOOPBACK, port: (this.#server.address() as AddressInfo).port };
  }

  get openCount(): number {
    return this.#sockets.size;
  }

  /** From now on, for old connections and new ones; none is closed. */
  silence(flow: 'swallows' | 'stops'): void {
    this.#flow = flow;
    for (const socket of this.#sockets) {
      socket.unpipe();
      if (flow === 'swallows') socket.resume();
      else socket.pause();
    }
  }

  /** Lets new connections through again. */
  heal(): void {
    this.#flow = 'passes';
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.acceptedCount += 1;
    this.#keep(socket);
    if (this.#flow === 'swallows') socket.resume();
    if (this.#flow !== 'passes' || this.#target === null) return;
    const onward = this.#keep(connect(this.#target.port, this.#target.host));
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
