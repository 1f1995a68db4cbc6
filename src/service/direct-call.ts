// One unary call on a stream of HTTP/2: gRPC's framing, deadline and status, and nothing about any method. It answers as
// grpc-js does for a unary method, for a third of what grpc-js costs, since it makes no queues, interceptors or Metadata.
// What it does not do is left to grpc-js: compressed requests and everything that streams (direct-calls.ts).

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { StatusAnswer } from '../client/status-details.js';
import { Latecomers } from '../ops/latecomers.js';
import type { UnaryCall, UnaryHandler } from './unary.js';

/** What a method is to a call of it. */
export interface DirectMethod {
  readonly path: string;
  /** Throws nothing: bytes that are no message become one that says so. */
  readonly deserialize: (bytes: Buffer) => object;
  readonly serialize: (response: object) => Buffer;
  readonly handler: UnaryHandler<object, object>;
}

export interface DirectLimits {
  readonly receiveBytesMax: number;
  readonly sendBytesMax: number;
}

/** A flag for compression, and the length of the message in four bytes, big-endian. */
const PREFIX_BYTES = 5;
const latecomers = new Latecomers();
/** The longest wait that a timer of Node can have. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' };
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };
const WITHOUT_MESSAGE = { endStream: true, sendDate: false };
const DONE = { 'grpc-status': '0' };

const TIMEOUT = /(\d{1,8})\s*([HMSmun])/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** What may stand in metadata; grpc-js takes what has anything else for absent. */
const READABLE = /^[ -~]*$/;
const NOTHING: readonly never[] = [];
const NO_HEADERS: IncomingHttpHeaders = {};
const NO_PIECES: readonly Buffer[] = [];
/** Made once, rather than for each call. */
export const doNothing = (): void => undefined;

function sendDone(this: ServerHttp2Stream): void {
  if (!this.destroyed && !this.closed) this.sendTrailers(DONE);
}

export class DirectCall implements UnaryCall<object> {
  /** Set before the handler is called. */
  request: object = DONE;
  readonly #stream: ServerHttp2Stream;
  #headers: IncomingHttpHeaders;
  readonly #method: DirectMethod;
  readonly #limits: DirectLimits;
  readonly #peer: string;
  /** On the wall clock; Infinity: none. */
  #deadline = Infinity;
  /** Ends the waiting for it. */
  #forgetDeadline: () => void = doNothing;
  #message: Buffer | null = null;
  /** The beginning of a message that comes in several pieces. */
  #pieces = NO_PIECES;
  #pieceBytes = 0;
  #isAnswered = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    method: DirectMethod,
    limits: DirectLimits,
    peer: string,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#method = method;
    this.#limits = limits;
    this.#peer = peer;
  }

  /** Reads the request, then has it carried out and answered. */
  begin(): void {
    const stream = this.#stream;
    const timeout = this.#headers['grpc-timeout'];
    if (timeout !== undefined && !this.#limitTime(String(timeout))) return;
    stream.on('data', (bytes: Buffer) => this.#onData(bytes));
    stream.on('end', () => this.#onEnd());
  }

  get metadata(): this {
    return this;
  }

  /** Of metadata, so that none need be made: the value of a key, if there is one. Not for keys of bytes. */
  get(key: string): readonly string[] {
    const value = this.#headers[key];
    return typeof value === 'string' && READABLE.test(value) ? [value] : NOTHING;
  }

  getPeer(): string {
    return this.#peer;
  }

  getDeadline(): number {
    return this.#deadline;
  }

  /** False: nobody can tell how long it may take, and the caller has been told so. */
  #limitTime(given: string): boolean {
    const [, count, unit = ''] = TIMEOUT.exec(given) ?? [];
    if (count === undefined) {
      this.#fail(status.INTERNAL, `Invalid grpc-timeout value "${given}"`);
      return false;
    }
    const timeoutMs = Math.min(Math.floor(Number(count) * (UNIT_MS[unit] ?? 0)), TIMER_MAX_MS);
    this.#deadline = Date.now() + timeoutMs;
    this.#forgetDeadline = latecomers.add(timeoutMs, () => {
      this.#fail(status.DEADLINE_EXCEEDED, 'Deadline exceeded');
    });
    this.#stream.once('close', () => this.#forgetDeadline());
    return true;
  }

  #onData(bytes: Buffer): void {
    if (this.#isAnswered) return;
    if (this.#pieceBytes === 0 && this.#message === null && bytes.length >= PREFIX_BYTES) {
      const size = bytes.readUInt32BE(1);
      if (bytes.length === PREFIX_BYTES + size && size <= this.#limits.receiveBytesMax) {
        this.#message = bytes.subarray(PREFIX_BYTES);
        return;
      }
    }
    this.#pieces = [...this.#pieces, bytes];
    this.#pieceBytes += bytes.length;
    this.#readPieces();
  }

  /** Takes the messages off the pieces as soon as they are whole. */
  #readPieces(): void {
    while (this.#pieceBytes >= PREFIX_BYTES && !this.#isAnswered) {
      const size = this.#prefix().readUInt32BE(1);
      const { receiveBytesMax } = this.#limits;
      if (size > receiveBytesMax) {
        const sizes = `${size} vs ${receiveBytesMax}`;
        this.#fail(status.RESOURCE_EXHAUSTED, `Received message larger than max (${sizes})`);
        return;
      }
      const end = PREFIX_BYTES + size;
      if (this.#pieceBytes < end) return;
      if (this.#message !== null) {
        const what = 'Received a second request message for server streaming method';
        this.#fail(status.UNIMPLEMENTED, `${what} ${this.#method.path}`);
        return;
      }
      const whole = this.#joined();
      this.#message = whole.subarray(PREFIX_BYTES, end);
      this.#pieces = [whole.subarray(end)];
      this.#pieceBytes -= end;
    }
  }

  /** The first piece, with at least a prefix in it. */
  #prefix(): Buffer {
    const [first] = this.#pieces;
    return first !== undefined && first.length >= PREFIX_BYTES ? first : this.#joined();
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1) return first;
    const whole = Buffer.concat(this.#pieces);
    this.#pieces = [whole];
    return whole;
  }

  /** The caller has said all. */
  #onEnd(): void {
    if (this.#isOver()) return;
    const { path, deserialize, handler } = this.#method;
    if (this.#message === null) {
      const what = 'Received no request message for server streaming method';
      this.#fail(status.UNIMPLEMENTED, `${what} ${path}`);
      return;
    }
    this.request = deserialize(this.#message);
    this.#message = null;
    handler(this, (failure, response) => {
      if (this.#isOver()) return;
      if (failure !== null) this.#failWith(failure);
      else if (response !== undefined) this.#succeed(response);
    });
  }

  /** Answered, or nobody is there to be answered. */
  #isOver(): boolean {
    return this.#isAnswered || this.#stream.destroyed || this.#stream.closed;
  }

  #succeed(response: object): void {
    let message: Buffer;
    try {
      message = this.#method.serialize(response);
    } catch {
      this.#fail(status.INTERNAL, 'Error serializing response');
      return;
    }
    if (message.length > this.#limits.sendBytesMax) {
      const sizes = `${PREFIX_BYTES + message.length} vs. ${this.#limits.sendBytesMax}`;
      this.#fail(status.RESOURCE_EXHAUSTED, `Sent message larger than max (${sizes})`);
      return;
    }
    this.#isAnswered = true;
    this.#forgetDeadline();
    this.#letGo();
    const stream = this.#stream;
    stream.respond(HEADERS, WITH_TRAILERS);
    stream.on('wantTrailers', sendDone);
    stream.end(framed(message));
  }

  /** The stream, which refers to this, outlives its end by far where collecting garbage is concerned. */
  #letGo(): void {
    this.request = DONE;
    this.#headers = NO_HEADERS;
  }

  #fail(code: status, details: string): void {
    this.#failWith({ code, details, metadata: null });
  }

  #failWith({
    code,
    details,
    metadata,
  }: Pick<StatusAnswer, 'code' | 'details'> & {
    readonly metadata: StatusAnswer['metadata'] | null;
  }): void {
    if (this.#isOver()) return;
    this.#isAnswered = true;
    this.#forgetDeadline();
    this.#pieces = NO_PIECES;
    this.#stream.respond(
      {
        ...HEADERS,
        'grpc-status': String(code),
        // By way of bytes, which turns into U+FFFD what is no text and would throw.
        'grpc-message': encodeURI(Buffer.from(details).toString()),
        ...metadata?.toHttp2Headers(),
      },
      WITHOUT_MESSAGE,
    );
    // What is still on its way is read and dropped, so that its bytes do not count against the connection.
    this.#stream.resume();
  }
}

function framed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}
