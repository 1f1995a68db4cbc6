// The receiving side: streams that peers open to this node. Each must greet first, is bound to the node and data
// directory of its Hello from then on, and hands every message to the driver with that sender.
// A stream that says anything wrong is closed and logged once; the server and all other streams stay up.

import { performance } from 'node:perf_hooks';

import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';

import { CodecError } from '../codec/codec-error.js';
import { decodeMessage } from '../codec/message-codec.js';
import type { ExchangeRequest__Output } from '../generated/quorate/raft/v1/ExchangeRequest.js';
import type { ExchangeResponse } from '../generated/quorate/raft/v1/ExchangeResponse.js';
import type { Hello__Output } from '../generated/quorate/raft/v1/Hello.js';
import type { LoggerPort, Receive } from '../node/ports.js';
import type { Sender } from '../raft/message.js';
import type { NodeId } from '../raft/types.js';
import type { TracedEntry } from '../tracing/port.js';
import { readHello } from './handshake.js';
import type { Admission, Hello } from './handshake.js';

export type InboundCall = ServerDuplexStream<ExchangeRequest__Output, ExchangeResponse>;

export interface InboundModules {
  readonly admit: (hello: Hello) => Admission;
  readonly receive: Receive;
  /** Told before a message is received of which some entries belong to traces. */
  readonly onTraced?: ((entries: readonly TracedEntry[]) => void) | undefined;
  /** A peer greeted and was accepted. */
  readonly onGreeted: (hello: Hello) => void;
  readonly log: LoggerPort;
}

/** Streams at one time, greeted or not. */
export const INBOUND_STREAMS_MAX = 256;
const GREETING_LIMIT_MS = 5_000;
/** Complaints remembered so that each is logged once; all are forgotten together when there are more. */
const COMPLAINTS_MAX = 256;
/** Other starts of a peer's data directory that are remembered. */
const RIVALS_MAX = 16;

interface Stream {
  readonly call: InboundCall;
  readonly greetingLimit: NodeJS.Timeout;
  /** Null until accepted. */
  from: Sender | null;
  incarnation: string;
  /** When it last said anything, on the monotonic clock. */
  heardMs: number;
  /** Other starts of the same data directory that greeted while this stream was alive, and when first. */
  readonly rivals: Map<string, number>;
  isOver: boolean;
}

/** All inbound streams of a node. */
export class Inbound {
  readonly #modules: InboundModules;
  readonly #streams = new Set<Stream>();
  /** What was last logged about whom. */
  readonly #complaints = new Map<string, string>();
  #isClosed = false;

  constructor(modules: InboundModules) {
    this.#modules = modules;
  }

  /** Takes a new stream. */
  accept(call: InboundCall): void {
    const greetingLimit = setTimeout(
      () => this.#fail(stream, status.DEADLINE_EXCEEDED, 'expected a greeting'),
      GREETING_LIMIT_MS,
    );
    const stream: Stream = {
      call,
      greetingLimit,
      from: null,
      incarnation: '',
      heardMs: performance.now(),
      rivals: new Map(),
      isOver: false,
    };
    this.#streams.add(stream);
    call.on('data', (request: ExchangeRequest__Output) => this.#onRequest(stream, request));
    call.on('end', () => this.#end(stream));
    call.on('cancelled', () => this.#forget(stream));
    call.on('close', () => this.#forget(stream));
    // grpc-js answers with the error's status itself; the listener is for what arises from a broken connection.
    call.on('error', () => this.#forget(stream));
    if (this.#isClosed) {
      this.#end(stream);
    } else if (this.#streams.size > INBOUND_STREAMS_MAX) {
      this.#fail(stream, status.RESOURCE_EXHAUSTED, 'too many streams');
    }
  }

  /** Whether this peer has a stream to this node. */
  hears(peerId: NodeId): boolean {
    return [...this.#streams].some(({ from }) => from?.id === peerId);
  }

  /** Ends every stream in order, and at once those that come later. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) this.#end(stream);
  }

  #onRequest(stream: Stream, request: ExchangeRequest__Output): void {
    if (stream.isOver) return;
    if (stream.from === null) {
      if (request.hello) this.#onHello(stream, request.hello);
      else this.#fail(stream, status.INVALID_ARGUMENT, 'expected a greeting first');
      return;
    }
    if (!request.message) {
      this.#fail(stream, status.INVALID_ARGUMENT, 'expected a message after the greeting');
      return;
    }
    stream.heardMs = performance.now();
    const bytes = request.message;
    const message = this.#read(stream, 'a message', () => decodeMessage(bytes));
    if (message === null) return;
    if (request.traced.length > 0) this.#modules.onTraced?.(request.traced);
    this.#modules.receive(stream.from, message);
  }

  #onHello(stream: Stream, fields: Hello__Output): void {
    const hello = this.#read(stream, 'a greeting', () => readHello(fields));
    if (hello === null) return;
    const { from } = hello;
    const admitted = this.#modules.admit(hello);
    const admission = admitted.type === 'accepted' ? this.#judgeRival(hello) : admitted;
    const who = `${from.id} ${from.installId}`;
    if (admission.type === 'refused') {
      const { reason, detail } = admission;
      stream.call.write({ accepted: false, reason, detail });
      this.#end(stream);
      const { clusterName, version } = hello;
      const fieldsLogged = { peerId: from.id, clusterName, version, reason, detail };
      this.#complain(who, `${reason} ${detail}`, fieldsLogged, 'a caller was refused');
      return;
    }
    clearTimeout(stream.greetingLimit);
    this.#complaints.delete(who);
    this.#endEarlier(from);
    stream.from = from;
    stream.incarnation = hello.incarnation;
    stream.heardMs = performance.now();
    stream.call.write({ accepted: true, reason: '', detail: '' });
    this.#modules.onGreeted(hello);
  }

  /**
   * Refuses a start of a data directory while another start of it is heard. A stream of a daemon that died is closed by
   * its kernel or falls silent; only one that speaks for an election timeout longer proves that the directory runs twice.
   */
  #judgeRival({ from, incarnation, electionTimeoutMs }: Hello): Admission {
    const nowMs = performance.now();
    for (const { from: other, incarnation: earlier, heardMs, rivals, call } of this.#streams) {
      const isSame = other?.id === from.id && other.installId === from.installId;
      if (!isSame || earlier === incarnation || nowMs - heardMs > electionTimeoutMs) continue;
      const sinceMs = rivals.get(incarnation) ?? nowMs;
      if (rivals.size < RIVALS_MAX) rivals.set(incarnation, sinceMs);
      const where = `another daemon with this data directory is heard from ${call.getPeer()}`;
      const isProven = heardMs - sinceMs >= electionTimeoutMs;
      return { type: 'refused', reason: isProven ? 'RUNS_TWICE' : 'STILL_HEARD', detail: where };
    }
    return { type: 'accepted' };
  }

  /**
   * A peer opens a second stream when it gave the first one up; what the first still holds is late. A peer that reads
   * this status is not the one that came later: its data directory runs twice, and it must not fight for the place.
   */
  #endEarlier(from: Sender): void {
    for (const stream of this.#streams) {
      const isSame = stream.from?.id === from.id && stream.from.installId === from.installId;
      if (!isSame) continue;
      this.#forget(stream);
      stream.call.emit('error', { code: status.ABORTED, details: 'a later stream took over' });
    }
  }

  /** Null: it could not be read and the stream is closed. */
  #read<T>(stream: Stream, expected: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      const detail = whyUnread(error);
      this.#fail(stream, status.INVALID_ARGUMENT, `expected ${expected}: ${detail}`);
      return null;
    }
  }

  #fail(stream: Stream, code: status, details: string): void {
    if (stream.isOver) return;
    const peerId = stream.from?.id ?? null;
    const caller = stream.call.getPeer();
    // Without its port: a caller that tries again comes from another one.
    const who = peerId === null ? caller.replace(/:\d+$/, '') : `${peerId} stream`;
    this.#complain(
      who,
      details,
      { peerId, caller, detail: details },
      'a stream of a peer was closed',
    );
    this.#forget(stream);
    stream.call.emit('error', { code, details });
  }

  #end(stream: Stream): void {
    if (stream.isOver) return;
    this.#forget(stream);
    stream.call.end();
  }

  #forget(stream: Stream): void {
    stream.isOver = true;
    clearTimeout(stream.greetingLimit);
    this.#streams.delete(stream);
  }

  #complain(who: string, what: string, fields: object, sentence: string): void {
    if (this.#complaints.get(who) === what) return;
    if (this.#complaints.size >= COMPLAINTS_MAX) this.#complaints.clear();
    this.#complaints.set(who, what);
    this.#modules.log.warn(fields, sentence);
  }
}

/** What could not be read; something sound that is not known comes of another version. */
function whyUnread(error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  const isSound = error instanceof CodecError && error.code !== 'damaged';
  return isSound ? `${detail}; bring both nodes to one version` : detail;
}
