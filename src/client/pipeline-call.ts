// One pipelined stream to one member: operations go out, those of one turn of the event loop together and no faster than the connection
// takes them; answers come back in the same order. When the stream ends, every operation without an answer ends with an
// error that says whether it may have happened. Nothing here sends an operation twice.

import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { QuorateError } from '../errors.js';
import { errorOfOperation, PIPELINE_LIMITS } from './pipeline-kinds.js';
import type { PipelineAnswer } from './pipeline-kinds.js';

export interface PipelineItem {
  /** A request of the stream with this one operation, serialised: several of them one after the other are one request. */
  readonly bytes: Buffer;
  /** Without an answer it may have happened, once it was sent. */
  readonly isWrite: boolean;
  /** Milliseconds without any answer, while this one's is next, after which the member is given up. */
  readonly patienceMs: number;
  /**
   * Called before any promise of a failure is rejected, for all operations that fail together. `isAnswer`: the member said so of this
   * one; else the stream failed.
   */
  readonly onFailure: (error: QuorateError, isAnswer: boolean) => void;
}

interface Waiter extends PipelineItem {
  readonly resolve: (answer: PipelineAnswer) => void;
  readonly reject: (error: QuorateError) => void;
}

export interface PipelineWire {
  readonly call: ClientDuplexStream<Buffer, { readonly results: readonly PipelineAnswer[] }>;
  /** The error of a stream that ended with this; `mayHaveHappened`: the operation had left and would change something. */
  readonly failure: (error: unknown, mayHaveHappened: boolean) => QuorateError;
}

export class PipelineCall {
  readonly #wire: PipelineWire;
  /** Not sent yet. */
  #queue: Waiter[] = [];
  /** Sent and not answered, in order. */
  readonly #sent: Waiter[] = [];
  readonly #settled: (() => void)[] = [];
  #isFlushing = false;
  #isFull = false;
  #isEnding = false;
  #timer: NodeJS.Timeout | null = null;
  /** When the last answer came, or there was none to wait for. */
  #heardMs = 0;
  #end: unknown = null;

  constructor(wire: PipelineWire) {
    this.#wire = wire;
    const { call } = wire;
    call.on('data', ({ results }: { readonly results: readonly PipelineAnswer[] }) => {
      this.#answered(results);
    });
    call.on('error', (error) => this.#ended(error));
    call.on('end', () => {
      // The status, if it is an error, comes as one a moment later.
      setImmediate(() => this.#ended(new Error('the stream was ended by the other side')));
    });
    call.on('drain', () => {
      this.#isFull = false;
      this.#flushSoon();
    });
  }

  /** Takes operations. */
  get isOpen(): boolean {
    return this.#end === null && !this.#isEnding;
  }

  /** Sends an operation behind all that were sent before. Rejects with a QuorateError. */
  send(item: PipelineItem): Promise<PipelineAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) {
        const error = this.#wire.failure(this.#end, false);
        item.onFailure(error, false);
        reject(error);
        return;
      }
      this.#queue.push({ ...item, resolve, reject });
      this.#flushSoon();
    });
  }

  /** Takes no more operations, and ends once all are answered. */
  finish(): Promise<void> {
    this.#isEnding = true;
    const settled = this.settled();
    return settled.then(() => {
      if (this.#end === null) this.#wire.call.end();
    });
  }

  /** Resolves once no operation is without an end. */
  settled(): Promise<void> {
    if (this.#queue.length + this.#sent.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled.push(resolve);
    });
  }

  /** Ends the stream at once with `why`; operations without an answer fail. */
  abandon(why: unknown): void {
    this.#ended(why);
    this.#wire.call.cancel();
  }

  #flushSoon(): void {
    if (this.#isFlushing || this.#isFull || this.#queue.length === 0) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { messageOperationsMax, messageBytesMax } = PIPELINE_LIMITS;
    while (this.#queue.length > 0 && !this.#isFull && this.#end === null) {
      let count = 0;
      let bytes = 0;
      for (const { bytes: more } of this.#queue) {
        if (count === messageOperationsMax || (count > 0 && bytes + more.length > messageBytesMax))
          break;
        count += 1;
        bytes += more.length;
      }
      const taken = this.#queue.slice(0, count);
      if (this.#sent.length === 0) this.#heardMs = performance.now();
      this.#queue = this.#queue.slice(count);
      this.#sent.push(...taken);
      this.#isFull = !this.#wire.call.write(Buffer.concat(taken.map((one) => one.bytes)));
    }
    this.#watchFirst();
  }

  #answered(results: readonly PipelineAnswer[]): void {
    this.#heardMs = performance.now();
    for (const result of results) {
      const waiter = this.#sent.shift();
      if (waiter === undefined) {
        this.abandon(new Error('more answers came than operations were sent'));
        return;
      }
      if (result.error === undefined || result.error === null) {
        waiter.resolve(result);
      } else {
        const error = errorOfOperation(result.error);
        waiter.onFailure(error, true);
        waiter.reject(error);
      }
    }
    this.#watchFirst();
    this.#settle();
  }

  /** One timer for the operation whose answer is next. */
  #watchFirst(): void {
    const first = this.#sent[0];
    if (first === undefined || this.#timer !== null) return;
    const restMs = this.#heardMs + first.patienceMs - performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const [late] = this.#sent;
      if (late !== undefined && this.#heardMs + late.patienceMs <= performance.now()) {
        this.abandon(new Error(`no answer came within ${Math.round(late.patienceMs)} ms`));
      } else {
        this.#watchFirst();
      }
    }, Math.ceil(restMs));
  }

  #ended(why: unknown): void {
    if (this.#end !== null) return;
    this.#end = why ?? new Error('the stream was ended');
    if (this.#timer !== null) clearTimeout(this.#timer);
    const sent = this.#sent.splice(0);
    const unsent = this.#queue.splice(0);
    const failed = [...sent, ...unsent].map((waiter, at) => {
      const mayHaveHappened = at < sent.length && waiter.isWrite;
      return { waiter, error: this.#wire.failure(this.#end, mayHaveHappened) };
    });
    for (const { waiter, error } of failed) waiter.onFailure(error, false);
    for (const { waiter, error } of failed) waiter.reject(error);
    this.#settle();
  }

  #settle(): void {
    if (this.#queue.length + this.#sent.length > 0) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
