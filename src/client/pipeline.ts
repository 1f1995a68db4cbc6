// Many operations under way at once, carried out in the order in which they were asked for, each with a promise of its own. They share one stream to
// one member, which follows the leader: when it breaks, what is not answered goes to another one in the same order, each write under
// its client session, so that it happens once. How one operation is repeated is caller.ts's; what is under way is bounded here.

import { setMaxListeners } from 'node:events';
import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { Asker, Attempt, CallOptions, Caller } from './caller.js';
import { Lane } from './lane.js';
import type { Place } from './lane.js';
import type { PipelineItem } from './pipeline-call.js';
import { answerIn, fieldFor, operationBytes, PIPELINE_LIMITS } from './pipeline-kinds.js';
import type { PipelineKind } from './pipeline-kinds.js';
import { PipelineStream } from './pipeline-stream.js';
import type { OpenPipeline } from './pipeline-stream.js';
import { attemptMs } from './retry.js';
import type { Target } from './whom-to-ask.js';

export interface PipelineOptions {
  /** Operations that are sent and not answered, 1 to 1024; default 512. More wait for room. */
  readonly operationsMax?: number;
  /** For each operation with its repetitions, from when it has room; default: the client's. All have the same, since they end in order. */
  readonly timeoutMs?: number;
  /** Ends all operations at once, with CANCELLED; writes that were sent may still happen. */
  readonly signal?: AbortSignal;
}

/** What a pipeline has beside its operations. */
export interface PipelineFlow {
  /** Operations that have not ended. */
  readonly outstanding: number;
  /** Resolves as soon as another operation could be sent at once: wait for it between operations, however many there are. */
  room(): Promise<void>;
  drain(): Promise<void>;
  /** Takes no more operations, and resolves once all have ended and the stream is closed. */
  close(): Promise<void>;
}

/** The operations that are asked for on a pipeline, together with its flow. */
export function withFlow<Operations extends object>(
  operations: Operations,
  pipeline: Pipeline,
): Operations & PipelineFlow {
  const flow: PipelineFlow = {
    get outstanding() {
      return pipeline.outstanding;
    },
    room: () => pipeline.room(),
    drain: () => pipeline.drain(),
    close: () => pipeline.close(),
  };
  const properties = Object.getOwnPropertyDescriptors(flow);
  return Object.defineProperties(operations, properties) as Operations & PipelineFlow;
}

const LIMITS = {
  operationsDefault: 512,
  /** Bytes of operations that are under way; a single one may have more. */
  bytesMax: PIPELINE_LIMITS.outstandingBytesMax,
  /** Operations that wait for room; whoever asks for more has not waited for `room`. */
  waitingMax: 65_536,
  /** How much later than the deadline an answer may come that the member gave in time. */
  graceMs: 250,
} as const;

export class Pipeline implements Asker, PipelineFlow {
  readonly #kind: PipelineKind;
  readonly #caller: Caller;
  readonly #stream: PipelineStream<Target>;
  readonly #operationsMax: number;
  readonly #timeoutMs: number;
  readonly #ending: AbortSignal | null;
  #stopListening: () => void = () => {};
  readonly #lane = new Lane();
  #isClosed = false;
  /** Operations under way, and their bytes. */
  #count = 0;
  #bytes = 0;
  /** Operations that wait for room, in order. */
  #waiting: { readonly bytes: number; readonly enter: (place: Place) => void }[] = [];
  #forRoom: (() => void)[] = [];
  #forSilence: (() => void)[] = [];

  /** Throws INVALID_ARGUMENT for a bound that is none. */
  constructor(
    kind: PipelineKind,
    caller: Caller,
    open: OpenPipeline<Target>,
    options: PipelineOptions & { readonly timeoutMs: number },
  ) {
    const { operationsMax = LIMITS.operationsDefault, timeoutMs, signal } = options;
    const { outstandingOperationsMax: max } = PIPELINE_LIMITS;
    if (!Number.isInteger(operationsMax) || operationsMax < 1 || operationsMax > max) {
      const message = `operationsMax: expected 1 to ${max}, got ${operationsMax}`;
      throw new QuorateError('INVALID_ARGUMENT', message, { field: 'operationsMax' });
    }
    this.#kind = kind;
    this.#caller = caller;
    this.#stream = new PipelineStream(open);
    this.#operationsMax = operationsMax;
    this.#timeoutMs = timeoutMs;
    this.#ending = signal === undefined ? null : this.#endedBy(signal);
  }

  read<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions = {},
  ): Promise<ResponseOut> {
    return this.#placed(method.requestSerialize(request).length, (by) =>
      this.#caller.read(method, request, this.#with(options), by),
    );
  }

  once<Request extends object, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions = {},
  ): Promise<ResponseOut> {
    return this.#placed(method.requestSerialize(request).length, (by) =>
      this.#caller.once(method, request, this.#with(options), by),
    );
  }

  get outstanding(): number {
    return this.#count + this.#waiting.length;
  }

  room(): Promise<void> {
    if (this.#hasRoom(0) && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#forRoom.push(resolve);
    });
  }

  drain(): Promise<void> {
    if (this.outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#forSilence.push(resolve);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.drain();
    await this.#stream.finish();
    this.#stopListening();
  }

  async #placed<T>(bytes: number, carry: (by: Attempt) => Promise<T>): Promise<T> {
    this.#checkTakes(bytes);
    const place = await this.#entered(bytes);
    try {
      return await carry(this.#attemptAt(place));
    } finally {
      place.leave();
      this.#count -= 1;
      this.#bytes -= bytes;
      this.#admit();
    }
  }

  #checkTakes(bytes: number): void {
    if (this.#isClosed) {
      throw new QuorateError('CANCELLED', 'the pipeline was closed', {}, { outcome: 'refused' });
    }
    if (this.#waiting.length >= LIMITS.waitingMax) {
      const message = `${LIMITS.waitingMax} operations wait for room in the pipeline`;
      const hint = 'Wait for `room()` before asking for more.';
      throw new QuorateError('OVERLOADED', message, {}, { hint });
    }
    const { messageBytesMax } = PIPELINE_LIMITS;
    // What the operation needs around its request is far less.
    if (bytes <= messageBytesMax) return;
    const data = { field: 'the request', limit: '1.5 MiB' };
    throw new QuorateError('TOO_LARGE', `an operation has ${bytes} bytes`, data);
  }

  #hasRoom(bytes: number): boolean {
    if (this.#count === 0) return true;
    return this.#count < this.#operationsMax && this.#bytes + bytes <= LIMITS.bytesMax;
  }

  /** A place in the order, taken in the very turn in which there is room: whoever is asked for later comes behind. */
  #entered(bytes: number): Place | Promise<Place> {
    if (this.#waiting.length === 0 && this.#hasRoom(bytes)) return this.#enter(bytes);
    return new Promise((enter) => {
      this.#waiting.push({ bytes, enter });
    });
  }

  #enter(bytes: number): Place {
    this.#count += 1;
    this.#bytes += bytes;
    return this.#lane.enter();
  }

  /** Lets in who waits, in order, as far as there is room. */
  #admit(): void {
    let next = 0;
    for (const { bytes, enter } of this.#waiting) {
      if (!this.#hasRoom(bytes)) break;
      enter(this.#enter(bytes));
      next += 1;
    }
    if (next > 0) this.#waiting = this.#waiting.slice(next);
    if (this.#waiting.length > 0) return;
    if (this.#hasRoom(0)) for (const resolve of this.#forRoom.splice(0)) resolve();
    if (this.#count === 0) for (const resolve of this.#forSilence.splice(0)) resolve();
  }

  #with(options: CallOptions): CallOptions {
    if (options.timeoutMs !== undefined) {
      const message = 'timeoutMs: expected none, since the operations of a pipeline share one';
      throw new QuorateError('INVALID_ARGUMENT', message, { field: 'timeoutMs' });
    }
    const signals = [this.#ending, options.signal ?? null].filter((signal) => signal !== null);
    const signal = signals.length === 2 ? AbortSignal.any(signals) : signals[0];
    const timeoutMs = this.#timeoutMs;
    return { ...options, timeoutMs, ...(signal === undefined ? {} : { signal }) };
  }

  /** A signal of our own, at which as many may listen as operations are under way. */
  #endedBy(signal: AbortSignal): AbortSignal {
    const ending = new AbortController();
    setMaxListeners(0, ending.signal);
    const end = (): void => {
      this.#isClosed = true;
      ending.abort(signal.reason);
      this.#stream.abandon(signal.reason);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    // A signal may live as long as the process.
    this.#stopListening = () => signal.removeEventListener('abort', end);
    return ending.signal;
  }

  /** One attempt of the operation at this place: it is sent when nothing before it waits to be. */
  #attemptAt(place: Place): Attempt {
    return async (method, request, kind, aim, { deadlineMs, signal }, attempt) => {
      const field = fieldFor(this.#kind, method.path);
      const restMs = (): number => Math.ceil(deadlineMs - performance.now());
      const item = (): Omit<PipelineItem, 'onFailure'> => {
        const remainingMs = restMs();
        if (remainingMs <= 0) throw tooLate();
        return {
          bytes: operationBytes(this.#kind, field, request, remainingMs),
          isWrite: kind !== 'read',
          patienceMs: attemptMs(attempt, remainingMs) + LIMITS.graceMs,
        };
      };
      const timeoutMs = Math.max(1, restMs());
      const answer = await this.#stream.send(aim.anew, place, timeoutMs, item, signal);
      return answerIn(answer, field, aim.target.address) as never;
    };
  }
}

/** The time was over before the operation could be sent. */
function tooLate(): QuorateError {
  const message = 'the operation could not be sent in time';
  return new QuorateError('DEADLINE_EXCEEDED', message, {}, { outcome: 'refused' });
}
