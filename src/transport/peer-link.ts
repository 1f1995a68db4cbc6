// One outgoing link to one peer: finds the peer, greets it, keeps a stream open and feeds it from a bounded queue.
// It manages its connection itself, one client an attempt, because grpc-js has no connect timeout and needs up to
// half a minute after a partition: probe, make a client, greet, and on any failure drop everything and begin again
// after a short wait. Nothing here suspends and nothing throws; what cannot be sent is dropped.

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { LoggerPort } from '../node/ports.js';
import type { NodeId } from '../raft/types.js';
import type { TlsIdentity, TlsMaterial } from '../tls/identity.js';
import { probe } from '../tls/probe.js';
import { helloTo } from './handshake.js';
import type { ClusterFacts, LocalNode } from './handshake.js';
import { backoffMs, linkTimersFor } from './link-timers.js';
import type { LinkTimers } from './link-timers.js';
import { PeerStream } from './peer-stream.js';
import type { StreamEnd } from './peer-stream.js';
import { SendQueue } from './send-queue.js';
import type { Lane } from './send-queue.js';

export interface PeerLinkOptions {
  readonly self: LocalNode;
  readonly peerId: NodeId;
  readonly address: Address;
  /** Null while this node belongs to no cluster: nobody is greeted meanwhile. */
  readonly cluster: () => ClusterFacts | null;
  /** Null: without TLS. Each attempt takes the set that is in use then. */
  readonly tls: TlsIdentity | null;
}

export interface PeerLinkModules {
  readonly log: LoggerPort;
  /** The peer accepted us, or can no longer be reached and why; each only after the other, and once at first. */
  readonly onPeer: (peerId: NodeId, isUp: boolean, cause: string) => void;
  /** An attempt failed or was refused; `downMs`: since the link was last open, or was made. It may be closed here. */
  readonly onFailed: (downMs: number) => void;
  /** The peer refused this node; the log is told already. */
  readonly onRefused: (reason: string, detail: string) => void;
}

/** Timers while no cluster says otherwise. */
const ELECTION_TIMEOUT_DEFAULT_MS = 1000;

type State =
  | { readonly type: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly type: 'probing'; readonly cancel: () => void }
  | { readonly type: 'streaming'; readonly stream: PeerStream; isOpen: boolean }
  | { readonly type: 'closed' };

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #modules: PeerLinkModules;
  readonly #queue = new SendQueue();
  readonly #name: string;
  #state: State = { type: 'closed' };
  /** Failed attempts since the last open stream. */
  #failedCount = 0;
  /** On the monotonic clock: when the link was last seen open, or was made. */
  #openAtMs = performance.now();
  /** What the log last said; null: nothing yet. */
  #isUp: boolean | null = null;
  /** The refusal last logged; null since the last open stream. */
  #refusal: string | null = null;
  /** Whether the log was told that this stream's queue overflowed. */
  #hasOverflowed = false;

  /** Begins to connect at once. */
  constructor(options: PeerLinkOptions, modules: PeerLinkModules) {
    this.#options = options;
    this.#modules = modules;
    this.#name = formatAddress(options.address);
    this.#connect();
  }

  get address(): Address {
    return this.#options.address;
  }

  get isOpen(): boolean {
    return this.#state.type === 'streaming' && this.#state.isOpen;
  }

  /** Messages and bytes that wait. */
  get queued(): { readonly count: number; readonly bytes: number } {
    return { count: this.#queue.count, bytes: this.#queue.bytes };
  }

  /** Whether a message of this lane would be kept; spares the work of encoding one that would not. */
  wants(lane: Lane): boolean {
    return this.#state.type !== 'closed' && (this.isOpen || lane === 'first');
  }

  /** Sends or queues an encoded message; an older one may be dropped for it. */
  send(lane: Lane, bytes: Uint8Array): void {
    if (!this.wants(lane)) return;
    const droppedCount = this.#queue.push(lane, bytes);
    if (this.#state.type === 'streaming' && this.#state.isOpen) {
      if (droppedCount > 0) this.#noteOverflow();
      this.#state.stream.pump();
    } else {
      this.#queue.keepUnconnected();
    }
  }

  /**
   * Ends a wait between attempts, or begins the attempt again, whose first packet may be lost: there is a sign that the
   * peer lives.
   */
  retryNow(): void {
    if (this.#state.type === 'waiting') clearTimeout(this.#state.timer);
    else if (this.#state.type === 'probing') this.#state.cancel();
    else return;
    this.#connect();
  }

  /** Sends what waits, ends the stream, and calls back within the limit. Final. */
  close(limitMs: number, done: () => void): void {
    const state = this.#state;
    this.#state = { type: 'closed' };
    if (state.type === 'streaming') {
      state.stream.close(limitMs, done);
      return;
    }
    if (state.type === 'waiting') clearTimeout(state.timer);
    if (state.type === 'probing') state.cancel();
    done();
  }

  #connect(): void {
    const cluster = this.#options.cluster();
    const timers = linkTimersFor(cluster?.electionTimeoutMs ?? ELECTION_TIMEOUT_DEFAULT_MS);
    if (cluster === null) {
      this.#wait(timers.backoffMaxMs);
      return;
    }
    const { address } = this.#options;
    const tls = this.#options.tls?.current ?? null;
    const cancel = probe({ address, limitMs: timers.probeMs, tls }, (result) => {
      if (this.#state.type !== 'probing') return;
      switch (result.type) {
        case 'answers':
          this.#openStream(result.address, tls, cluster, timers);
          return;
        case 'fails':
          this.#onFailure(timers, result.detail);
          return;
        case 'distrusts': {
          const { reason, detail, hint } = result.trouble;
          this.#noteRefusal('no secure connection with a peer', reason, `${detail}. ${hint}`);
          this.#onFailure(timers, detail);
        }
      }
    });
    this.#state = { type: 'probing', cancel };
  }

  #openStream(
    target: Address,
    tls: TlsMaterial | null,
    cluster: ClusterFacts,
    timers: LinkTimers,
  ): void {
    const hello = helloTo(this.#options.self, cluster, this.#options.peerId);
    const { host } = this.#options.address;
    const stream = new PeerStream(
      { target, host, tls, hello, timers },
      {
        queue: this.#queue,
        onOpen: () => this.#onOpen(),
        onEnd: (end) => this.#onStreamEnd(timers, end),
      },
    );
    this.#state = { type: 'streaming', stream, isOpen: false };
  }

  #onOpen(): void {
    if (this.#state.type !== 'streaming') return;
    this.#state.isOpen = true;
    this.#failedCount = 0;
    this.#refusal = null;
    this.#hasOverflowed = false;
    if (this.#isUp === true) return;
    this.#isUp = true;
    this.#modules.log.info({ peerId: this.#options.peerId }, `cluster member ${this.#name} is up`);
    this.#modules.onPeer(this.#options.peerId, true, '');
  }

  #onStreamEnd(timers: LinkTimers, end: StreamEnd): void {
    if (this.#state.type === 'closed') return;
    if (this.isOpen) this.#openAtMs = performance.now();
    this.#queue.keepUnconnected();
    if (end.type === 'failed') {
      this.#onFailure(timers, end.detail);
      return;
    }
    this.#noteRefusal('a peer refuses this node', end.reason, end.detail);
    if (this.#isUp === true) this.#noteDown(end.detail);
    this.#waitAfterFailure(timers.refusedMs);
    this.#modules.onRefused(end.reason, end.detail);
  }

  #onFailure(timers: LinkTimers, detail: string): void {
    this.#failedCount += 1;
    if (this.#isUp !== false) this.#noteDown(detail);
    this.#waitAfterFailure(backoffMs(timers, this.#failedCount, Math.random()));
  }

  #waitAfterFailure(waitMs: number): void {
    this.#wait(waitMs);
    this.#modules.onFailed(performance.now() - this.#openAtMs);
  }

  #wait(waitMs: number): void {
    this.#state = { type: 'waiting', timer: setTimeout(() => this.#connect(), waitMs) };
  }

  #noteDown(cause: string): void {
    this.#isUp = false;
    const { peerId } = this.#options;
    this.#modules.log.warn({ peerId, cause }, `cluster member ${this.#name} is down`);
    this.#modules.onPeer(peerId, false, cause);
  }

  #noteRefusal(sentence: string, reason: string, detail: string): void {
    const refusal = `${reason} ${detail}`;
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    const { peerId } = this.#options;
    this.#modules.log.warn({ peerId, address: this.#name, reason, detail }, sentence);
  }

  #noteOverflow(): void {
    if (this.#hasOverflowed) return;
    this.#hasOverflowed = true;
    const { peerId } = this.#options;
    this.#modules.log.warn({ peerId, ...this.queued }, 'messages to a slow peer are dropped');
  }
}
