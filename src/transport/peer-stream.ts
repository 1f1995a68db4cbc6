// One attempt at talking to a peer: a client, its one call, the greeting, and the flow of messages until it ends.
// It hands grpc-js only a little at a time, so that what waits stays in our own queue, where small urgent messages
// overtake and old ones can be dropped; a call that takes nothing for too long has ended, whatever TCP still hopes.
// It never begins again: peer-link.ts makes a new one.

import { connectivityState, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { ExchangeRequest } from '../generated/quorate/raft/v1/ExchangeRequest.js';
import type { ExchangeResponse__Output } from '../generated/quorate/raft/v1/ExchangeResponse.js';
import type { Hello } from '../generated/quorate/raft/v1/Hello.js';
import type { PeerServiceClient } from '../generated/quorate/raft/v1/PeerService.js';
import { dialGrpc } from '../tls/grpc.js';
import type { TlsMaterial } from '../tls/identity.js';
import type { LinkTimers } from './link-timers.js';
import { PeerService, clientOptions } from './peer-service.js';
import type { SendQueue } from './send-queue.js';
import { tracedIn } from './traced-messages.js';

/** Why a stream ended by itself. */
export type StreamEnd =
  | { readonly type: 'refused'; readonly reason: string; readonly detail: string }
  | { readonly type: 'failed'; readonly detail: string };

export interface PeerStreamOptions {
  /** A numeric address that has just answered a probe. */
  readonly target: Address;
  /** The peer's host as it was given: the name that its certificate must have. */
  readonly host: string;
  /** Null: without TLS. */
  readonly tls: TlsMaterial | null;
  readonly hello: Hello;
  readonly timers: LinkTimers;
}

export interface PeerStreamModules {
  /** Where messages wait; emptied while the stream is open. */
  readonly queue: SendQueue;
  /** The peer accepted; at most once. */
  readonly onOpen: () => void;
  /** At most once, and not after `close` or `destroy`. */
  readonly onEnd: (end: StreamEnd) => void;
}

/** Handed to grpc-js and not yet taken by it; more waits in the queue. */
const PENDING_MESSAGES_MAX = 16;
const PENDING_BYTES_MAX = 64 * 1024;

type Phase = 'greeting' | 'open' | 'closing' | 'over';

export class PeerStream {
  readonly #options: PeerStreamOptions;
  readonly #modules: PeerStreamModules;
  readonly #client: PeerServiceClient;
  readonly #call: ClientDuplexStream<ExchangeRequest, ExchangeResponse__Output>;
  #phase: Phase = 'greeting';
  /** Ends the greeting, a stall or the closing, whichever the phase can suffer. Null: nothing is waited for. */
  #limit: NodeJS.Timeout | null;
  /** Written and not yet called back. */
  #pendingCount = 0;
  #pendingBytes = 0;
  #onClosed: (() => void) | null = null;

  constructor(options: PeerStreamOptions, modules: PeerStreamModules) {
    this.#options = options;
    this.#modules = modules;
    const { target, host, tls, hello, timers } = options;
    const dial = dialGrpc(tls, host);
    this.#client = new PeerService(formatAddress(target), dial.credentials, {
      ...clientOptions(timers),
      ...dial.options,
    });
    this.#call = this.#client.exchange();
    this.#call.on('data', (answer: ExchangeResponse__Output) => this.#onAnswer(answer));
    this.#call.on('end', () => this.#end({ type: 'failed', detail: 'the peer ended the stream' }));
    this.#call.on('error', (error: ServiceError) => this.#onError(error));
    this.#call.write({ hello });
    const detail = `no answer to the greeting within ${timers.handshakeMs} ms`;
    this.#limit = setTimeout(() => this.#end({ type: 'failed', detail }), timers.handshakeMs);
  }

  /** Sends what the queue holds, as far as the connection takes it. */
  pump(): void {
    while (
      this.#phase === 'open' &&
      this.#pendingCount < PENDING_MESSAGES_MAX &&
      this.#pendingBytes < PENDING_BYTES_MAX
    ) {
      const bytes = this.#modules.queue.shift();
      if (bytes === null) return;
      this.#write(bytes);
    }
  }

  /** Sends what still waits, ends the stream and calls back, within the limit. */
  close(limitMs: number, done: () => void): void {
    if (this.#phase !== 'open') {
      this.destroy();
      done();
      return;
    }
    for (
      let bytes = this.#modules.queue.shift();
      bytes !== null;
      bytes = this.#modules.queue.shift()
    ) {
      this.#write(bytes);
    }
    this.#phase = 'closing';
    this.#onClosed = done;
    this.#clearLimit();
    this.#limit = setTimeout(() => this.#end({ type: 'failed', detail: 'closed' }), limitMs);
    this.#call.end();
  }

  /** Drops everything at once. */
  destroy(): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#clearLimit();
    this.#call.cancel();
    closeClient(this.#client);
  }

  #onAnswer(answer: ExchangeResponse__Output): void {
    if (this.#phase !== 'greeting') return;
    if (!answer.accepted) {
      this.#end({ type: 'refused', reason: answer.reason, detail: answer.detail });
      return;
    }
    this.#phase = 'open';
    this.#clearLimit();
    this.#modules.onOpen();
    this.pump();
  }

  #onError({ code, details }: ServiceError): void {
    if (code === status.ABORTED)
      this.#end({ type: 'refused', reason: 'REPLACED', detail: details });
    else this.#end({ type: 'failed', detail: details });
  }

  #write(bytes: Uint8Array): void {
    this.#pendingCount += 1;
    this.#pendingBytes += bytes.length;
    this.#limit ??= this.#stallLimit();
    const traced = tracedIn(bytes);
    const request = traced === undefined ? { message: bytes } : { message: bytes, traced };
    this.#call.write(request, () => this.#onWritten(bytes.length));
  }

  #onWritten(byteCount: number): void {
    this.#pendingCount -= 1;
    this.#pendingBytes -= byteCount;
    if (this.#phase !== 'open') return;
    if (this.#pendingCount === 0) this.#clearLimit();
    else this.#limit?.refresh();
    this.pump();
  }

  #stallLimit(): NodeJS.Timeout {
    const { stallMs } = this.#options.timers;
    const detail = `the peer took nothing for ${stallMs} ms`;
    return setTimeout(() => this.#end({ type: 'failed', detail }), stallMs);
  }

  #end(end: StreamEnd): void {
    if (this.#phase === 'over') return;
    const wasClosing = this.#phase === 'closing';
    this.destroy();
    if (wasClosing) this.#onClosed?.();
    else this.#modules.onEnd(end);
  }

  #clearLimit(): void {
    if (this.#limit !== null) clearTimeout(this.#limit);
    this.#limit = null;
  }
}

/**
 * A client closed while it connects leaks its socket, so that one is closed when its attempt is over. The probe just
 * before makes this rare: the peer must freeze between the two, and then fails every later probe.
 */
function closeClient(client: PeerServiceClient): void {
  const channel = client.getChannel();
  if (channel.getConnectivityState(false) !== connectivityState.CONNECTING) {
    client.close();
    return;
  }
  channel.watchConnectivityState(connectivityState.CONNECTING, Infinity, () => client.close());
}
