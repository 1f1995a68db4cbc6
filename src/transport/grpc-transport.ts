// The transport port over gRPC: a server for the streams that peers open to this node, and one link to each peer.
// Each direction of a pair has its own stream; neither waits for the other. It decides nothing: who is admitted is
// asked of the composition root, what a message means is the driver's business. With TLS only nodes get in.

import { Server } from '@grpc/grpc-js';

import { AddressError, formatAddress, parseAddress } from '../address.js';
import type { Address } from '../address.js';
import { encodeMessage } from '../codec/message-codec.js';
import type { LoggerPort, Receive, TransportPort } from '../node/ports.js';
import type { Message } from '../raft/message.js';
import type { Member, NodeId } from '../raft/types.js';
import { bindGrpc } from '../tls/grpc.js';
import type { GrpcPort } from '../tls/grpc.js';
import type { TlsIdentity } from '../tls/identity.js';
import type { TracedEntry } from '../tracing/port.js';
import type { Admission, ClusterFacts, Hello, LocalNode } from './handshake.js';
import { Inbound } from './inbound.js';
import type { InboundCall } from './inbound.js';
import { meetHandler } from './meeting.js';
import type { OnMeeting } from './meeting.js';
import { MovedPeers } from './moved-peers.js';
import { PeerLink } from './peer-link.js';
import { PeerService, serverOptions } from './peer-service.js';
import { laneOf } from './send-queue.js';
import { noteTraced } from './traced-messages.js';

export { admitByCluster } from './handshake.js';
export type { Admission, ClusterFacts, Hello, LocalNode } from './handshake.js';

/** Where peers listen unless their address says otherwise. */
const PEER_PORT_DEFAULT = 6000;

export interface GrpcTransportOptions {
  /** Port 0: the system chooses; `address` tells. */
  readonly listen: Address;
  readonly self: LocalNode;
  /** Default: without TLS. */
  readonly tls?: TlsIdentity | null;
  /** What this node says when it calls; null: it belongs to no cluster and calls nobody. Asked at each attempt. */
  readonly cluster: () => ClusterFacts | null;
  /** Whether a caller is heard. Asked at each greeting, so the answer may change over time. */
  readonly admit: (hello: Hello) => Admission;
  /** How long a caller that is no member may be gone before it is forgotten; default half a minute. */
  readonly guestDownMaxMs?: number;
}

export interface GrpcTransportModules {
  readonly log: LoggerPort;
  /** A message is about to be received of which these entries belong to traces. */
  readonly onTraced?: (entries: readonly TracedEntry[]) => void;
  /** A peer came up or went down, seen from here; the log is told already. */
  readonly onPeer?: (peerId: NodeId, isUp: boolean, cause: string) => void;
  /** A peer refused this node, and why; the log is told already. */
  readonly onRefused?: (reason: string, detail: string) => void;
}

/** What `close` waits for at the same time: flushing the links, draining the server. */
const CLOSE_LINKS_LIMIT_MS = 500;
const CLOSE_SERVER_LIMIT_MS = 500;

/** Greetings that are remembered for whoever watches them later. */
const GREETINGS_MAX = 256;
/** Callers that are no members and are answered all the same; the oldest gives way. */
const GUESTS_MAX = 8;
/** A guest that for so long neither was reached nor had a stream to this node is forgotten; it may greet again. */
const GUEST_DOWN_MAX_MS = 30_000;

export class GrpcTransport implements TransportPort {
  readonly #options: GrpcTransportOptions;
  readonly #modules: GrpcTransportModules;
  readonly #server = new Server(serverOptions());
  readonly #links = new Map<NodeId, PeerLink>();
  /** Links to callers that are no members as far as this node knows; oldest first. */
  readonly #guests = new Map<NodeId, PeerLink>();
  readonly #moved = new MovedPeers();
  #inbound: Inbound | null = null;
  #address: Address | null = null;
  #port: GrpcPort | null = null;
  /** The newest greeting of each caller, oldest first. */
  readonly #greetings = new Map<NodeId, Hello>();
  #onGreeting: (hello: Hello) => void = () => {};
  #onMeeting: OnMeeting | null = null;
  #isClosed = false;

  constructor(options: GrpcTransportOptions, modules: GrpcTransportModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Where it listens; null before `start` is done. */
  get address(): Address | null {
    return this.#address;
  }

  /**
   * Listens, and hands what arrives to `receive` from then on. `setPeers` and `send` may be called before.
   * Rejects if the address cannot be bound, naming it. Once only.
   */
  async start(receive: Receive): Promise<void> {
    const { listen, admit } = this.#options;
    const onGreeted = (hello: Hello): void => this.#onGreeted(hello);
    const { log, onTraced } = this.#modules;
    const inbound = new Inbound({ admit, receive, onTraced, onGreeted, log });
    this.#inbound = inbound;
    this.#server.addService(PeerService.service, {
      Exchange: (call: InboundCall) => inbound.accept(call),
      Meet: meetHandler(() => this.#onMeeting),
    });
    this.#port = await this.#bind(listen);
    this.#address = { host: listen.host, port: this.#port.port };
  }

  /** Tells who greeted and was accepted, before any message of theirs is received; those from before at once. */
  watchGreetings(listener: (hello: Hello) => void): void {
    this.#onGreeting = listener;
    for (const hello of this.#greetings.values()) listener(hello);
  }

  /** Answers nodes that look for a cluster from here on; until then they are told to ask later. */
  answerMeetings(onMeeting: OnMeeting): void {
    this.#onMeeting = onMeeting;
  }

  /** `traced`: which of its entries belong to a trace. */
  send(to: NodeId, message: Message, traced?: readonly TracedEntry[]): void {
    const lane = laneOf(message);
    const link = this.#links.get(to) ?? this.#guests.get(to);
    if (link === undefined || !link.wants(lane)) return;
    const bytes = encodeMessage(message);
    if (traced !== undefined) noteTraced(bytes, traced);
    link.send(lane, bytes);
  }

  setPeers(members: readonly Member[]): void {
    if (this.#isClosed) return;
    this.#moved.setRows(members);
    const kept = new Set<NodeId>();
    for (const member of members) {
      if (member.id === this.#options.self.nodeId) continue;
      kept.add(member.id);
      this.#setPeer(member);
    }
    for (const id of this.#links.keys()) {
      if (!kept.has(id)) this.#removeLink(id);
    }
  }

  /** Where a member is reached against its row, HOST:PORT; null: where the row says, as far as is known. */
  movedTo(id: NodeId): string | null {
    const address = this.#moved.addressOf(id);
    return address === null ? null : formatAddress(address);
  }

  /**
   * Whether a member is looked for in vain, and `address` is where it was not sought yet. Nobody is sought who is reached, or
   * has a stream to this node from elsewhere: that would let a copy of a data directory take its original's place.
   */
  isSought(id: NodeId, address: Address): boolean {
    const link = this.#links.get(id);
    if (link === undefined || link.isOpen || leadsTo(link, address)) return false;
    const isElsewhere = this.#greetings.get(id)?.fromAddress !== formatAddress(address);
    return !(isElsewhere && this.#inbound?.hears(id) === true);
  }

  /** Takes where a member that is sought answered as that data directory; it is greeted there from now on. */
  met(id: NodeId, address: Address): void {
    if (this.#isClosed || !this.isSought(id, address)) return;
    this.#moved.met(id, address);
    this.#reachElsewhere(id, address);
  }

  /** Whether messages to this peer flow. */
  isUp(peerId: NodeId): boolean {
    return this.#links.get(peerId)?.isOpen ?? false;
  }

  /** Messages and bytes that wait for this peer. */
  queued(peerId: NodeId): { readonly count: number; readonly bytes: number } {
    return this.#links.get(peerId)?.queued ?? { count: 0, bytes: 0 };
  }

  /** Sends what waits, ends all streams and stops listening; resolves within about half a second, whatever peers do. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const links = [...this.#links.values(), ...this.#guests.values()];
    this.#links.clear();
    this.#guests.clear();
    this.#port?.close();
    this.#inbound?.close();
    const closings = links.map(
      (link) => new Promise<void>((resolve) => link.close(CLOSE_LINKS_LIMIT_MS, resolve)),
    );
    await Promise.all([...closings, this.#closeServer()]);
  }

  #setPeer(member: Member): void {
    const { id } = member;
    const address = this.#moved.addressOf(id) ?? this.#parsePeer(id, member.address);
    const existing = this.#links.get(id) ?? this.#guests.get(id);
    if (address !== null && existing !== undefined && leadsTo(existing, address)) {
      // A guest that becomes a member keeps its link.
      this.#guests.delete(id);
      this.#links.set(id, existing);
      return;
    }
    this.#removeGuest(id);
    this.#removeLink(id);
    if (address !== null) this.#links.set(id, this.#newLink(id, address));
  }

  /**
   * A caller that is no member here must be answered all the same, or it could never become one: a newcomer hears
   * its leader before it has the entry that names it, and so does a node that slept through a change (Raft §6).
   * A link that exists is kept: two nodes that are guests of each other would otherwise call back for ever.
   */
  #onGreeted(hello: Hello): void {
    const { id } = hello.from;
    const { fromAddress } = hello;
    this.#noteGreeting(hello);
    const address = fromAddress === '' ? null : this.#parsePeer(id, fromAddress);
    const link = this.#links.get(id);
    if (link !== undefined) {
      this.#onMemberGreeted(hello, link, address);
      return;
    }
    if (this.#isClosed || address === null) return;
    const guest = this.#guests.get(id);
    if (guest !== undefined && leadsTo(guest, address)) {
      guest.retryNow();
      this.#guests.delete(id);
      this.#guests.set(id, guest);
      return;
    }
    this.#removeGuest(id);
    this.#guests.set(id, this.#newLink(id, address));
    const [oldest] = this.#guests.keys();
    if (this.#guests.size > GUESTS_MAX && oldest !== undefined) this.#removeGuest(oldest);
  }

  /** A member is answered where it says that it is, until its row says so too. */
  #onMemberGreeted(hello: Hello, link: PeerLink, said: Address | null): void {
    const { id } = hello.from;
    const address = said === null ? null : this.#moved.greeted(hello, said);
    if (address === null || leadsTo(link, address)) {
      link.retryNow();
      return;
    }
    this.#reachElsewhere(id, address);
  }

  #reachElsewhere(id: NodeId, address: Address): void {
    const fields = { peerId: id, address: formatAddress(address) };
    this.#modules.log.info(fields, 'a member is reached elsewhere');
    this.#removeLink(id);
    this.#links.set(id, this.#newLink(id, address));
  }

  #noteGreeting(hello: Hello): void {
    this.#greetings.delete(hello.from.id);
    this.#greetings.set(hello.from.id, hello);
    const [oldest] = this.#greetings.keys();
    if (this.#greetings.size > GREETINGS_MAX && oldest !== undefined)
      this.#greetings.delete(oldest);
    this.#onGreeting(hello);
  }

  #newLink(peerId: NodeId, address: Address): PeerLink {
    const { self, cluster, tls = null } = this.#options;
    const { log, onPeer = () => {}, onRefused = () => {} } = this.#modules;
    const onFailed = (downMs: number): void => this.#onFailed(peerId, downMs);
    return new PeerLink(
      { self, peerId, address, cluster, tls },
      { log, onPeer, onFailed, onRefused },
    );
  }

  /** Members are tried for ever; a guest only while it may still want an answer. */
  #onFailed(peerId: NodeId, downMs: number): void {
    if (downMs < (this.#options.guestDownMaxMs ?? GUEST_DOWN_MAX_MS) || !this.#guests.has(peerId))
      return;
    if (this.#inbound?.hears(peerId) === true) return;
    this.#removeGuest(peerId);
    this.#modules.log.info({ peerId }, 'a caller that is no member is gone and is forgotten');
  }

  #removeGuest(id: NodeId): void {
    this.#guests.get(id)?.close(CLOSE_LINKS_LIMIT_MS, () => {});
    this.#guests.delete(id);
  }

  #parsePeer(peerId: NodeId, address: string): Address | null {
    try {
      return parseAddress(address, PEER_PORT_DEFAULT);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.#modules.log.error(
        { peerId, detail: error.message },
        'a peer has an address that cannot be used',
      );
      return null;
    }
  }

  #removeLink(id: NodeId): void {
    this.#links.get(id)?.close(CLOSE_LINKS_LIMIT_MS, () => {});
    this.#links.delete(id);
  }

  async #bind(listen: Address): Promise<GrpcPort> {
    const { tls = null } = this.#options;
    const onRefused = (refused: object): void =>
      this.#modules.log.warn(refused, 'a caller of the peer port was refused');
    try {
      return await bindGrpc(this.#server, { listen, tls, isForNodes: true, onRefused });
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`cannot listen for peers at ${formatAddress(listen)}: ${detail}`, { cause });
    }
  }

  async #closeServer(): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => {
        this.#modules.log.warn({}, 'peers held their streams open and were cut off');
        this.#server.forceShutdown();
        resolve();
      }, CLOSE_SERVER_LIMIT_MS);
      this.#server.tryShutdown(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }
}

function leadsTo(link: PeerLink, address: Address): boolean {
  return formatAddress(link.address) === formatAddress(address);
}
