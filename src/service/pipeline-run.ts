// One pipelined stream at a member: its operations are carried out as the calls that they stand for, many at once and in order, and answered in
// order. Writes under way together keep their order in the log, as reads do behind one barrier; a read waits until every write before it
// has ended, and a write for the reads. What is under way is bounded, also by how fast the caller reads: beyond it nothing more is taken.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Lane } from '../client/lane.js';
import type { Place } from '../client/lane.js';
import {
  answerIn,
  fieldFor,
  operationBytes,
  operationError,
  PIPELINE_LIMITS,
} from '../client/pipeline-kinds.js';
import type { PipelineAnswer, PipelineKind } from '../client/pipeline-kinds.js';
import { PipelineStream } from '../client/pipeline-stream.js';
import { QuorateError } from '../errors.js';
import { CALL_LIMITS, KEYS, metadataFor, usableMs } from './call-context.js';
import type { CallContext, Forward } from './call-context.js';
import { knownError } from './call-frame.js';
import { messagesOf } from './messages-in.js';
import type { ServiceModules } from './modules.js';
import { leaderData, memberById } from './status-map.js';
import { sent } from './streams.js';
import { invalid, tooLarge } from './validate.js';

/** An answer's message ends before it has more bytes than this, but has at least one answer. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** How the operations of one field are carried out. */
export interface PipelinedCall {
  readonly path: string;
  readonly isWrite: boolean;
  readonly run: (
    modules: ServiceModules,
    request: never,
    context: CallContext,
  ) => Promise<object> | object;
}

export interface PipelinedCalls {
  readonly kind: PipelineKind;
  readonly calls: Readonly<Record<string, PipelinedCall>>;
  /** One answer as a message of the stream; several of them one after the other are one message. */
  readonly serialize: (answer: PipelineAnswer) => Buffer;
}

/** An operation as it came: the request in the field that `operation` names. */
interface OperationMessage {
  readonly operation?: string;
  readonly timeoutMs: number;
}

/** A message of the stream with the bytes that it had. */
export interface SizedMessage {
  readonly request: { readonly operations: readonly OperationMessage[] };
  readonly bytes: number;
}

export type PipelineStreamCall = ServerDuplexStream<SizedMessage, Buffer>;

/** An operation that is not answered yet. */
interface Slot {
  readonly bytes: number;
  answer: PipelineAnswer | null;
}

export class PipelineRun {
  readonly #modules: ServiceModules;
  readonly #pipelined: PipelinedCalls;
  readonly #stream: PipelineStreamCall;
  readonly #context: CallContext;
  /** On the node's clock; Infinity: none. */
  readonly #deadlineMs: number;
  readonly #lane = new Lane();
  readonly #upstream: PipelineStream<{ readonly address: string }>;
  readonly #slots: Slot[] = [];
  /** Bytes of the operations in `#slots`. */
  #bytes = 0;
  #count = 0;
  readonly #running = { reads: 0, writes: 0 };
  /** Forwarded operations without an answer, and those of them that may not be repeated. */
  readonly #forwarded = { all: 0, uncovered: 0 };
  #waking: (() => void)[] = [];
  /** Told once when nothing more is taken. */
  #ended: () => void = () => undefined;
  /** Why nothing more is taken: the error that the stream ends with, or null if the caller has said all or gone away. */
  #end: { readonly error: QuorateError | null } | null = null;

  constructor(
    modules: ServiceModules,
    pipelined: PipelinedCalls,
    stream: PipelineStreamCall,
    context: CallContext,
  ) {
    this.#modules = modules;
    this.#pipelined = pipelined;
    this.#stream = stream;
    this.#context = context;
    const { clock } = modules;
    this.#deadlineMs =
      clock.nowMs() + Number(stream.getDeadline()) - Date.now() - CALL_LIMITS.marginMs;
    this.#upstream = new PipelineStream(({ address }, timeoutMs) => {
      const metadata = metadataFor(context, modules.node.outline().nodeId, true);
      // Whoever does not lead any more says so, and what is under way goes to the next leader in order.
      metadata.set(KEYS.noForward, '1');
      return modules.links.pipeline(address, pipelined.kind, { metadata, timeoutMs });
    });
  }

  /** Carries everything out; fails with the error that the stream shall end with, once all that had begun is answered. */
  async run(): Promise<void> {
    this.#stream.once('cancelled', () => this.#endWith(null));
    const answering = this.#answerAll();
    try {
      await this.#takeAll();
      this.#endWith(null);
    } catch (error) {
      const { method } = this.#context;
      this.#endWith(knownError(this.#modules, method, this.#stream, error));
    }
    await answering;
    if (this.#stream.cancelled) this.#upstream.abandon(new Error('the caller has gone away'));
    else await this.#upstream.finish();
    const error = this.#end?.error ?? null;
    if (error !== null) throw error;
  }

  /** Takes nothing more, answers what has begun, and ends. */
  stop(): void {
    this.#endWith(new QuorateError('STOPPING', 'this node is stopping'));
  }

  #endWith(error: QuorateError | null): void {
    this.#end ??= { error };
    this.#ended();
    this.#wake();
  }

  #wake(): void {
    if (this.#waking.length === 0) return;
    for (const wake of this.#waking.splice(0)) wake();
  }

  /** Something ended, was answered, or the stream ends. */
  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#waking.push(resolve);
    });
  }

  async #takeAll(): Promise<void> {
    const messages = messagesOf<SizedMessage>(this.#stream);
    for (;;) {
      const next = messages.next();
      // Nobody may be waiting for it any more when the stream breaks.
      next.catch(() => {});
      const taken = await this.#unlessEnded(next);
      if (taken === null || taken.done === true) return;
      const { request, bytes } = taken.value;
      const { operations } = request;
      const { messageOperationsMax } = PIPELINE_LIMITS;
      if (operations.length > messageOperationsMax) {
        throw tooLarge('operations', operations.length, messageOperationsMax, 'operations');
      }
      for (const operation of operations) {
        // Nearly all may begin at once, and nothing is waited for then.
        if (!this.#mayBegin(operation) && !(await this.#hasTurn(operation))) return;
        void this.#carryOut(operation, Math.ceil(bytes / operations.length));
      }
    }
  }

  /** The value, or null once the stream ends. One caller at a time. */
  #unlessEnded<T>(value: Promise<T>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      this.#ended = () => resolve(null);
      value.then(resolve, reject);
      if (this.#end !== null) this.#ended();
    });
  }

  /** Waits until the operation may begin; false: the stream ends before it. */
  async #hasTurn(operation: OperationMessage): Promise<boolean> {
    while (this.#end === null) {
      await this.#changed();
      // What ended in the same turn and is to be tried again takes its place before this one.
      await nextTurn();
      if (this.#mayBegin(operation)) return true;
    }
    return false;
  }

  #mayBegin({ operation = '' }: OperationMessage): boolean {
    const isWrite = this.#pipelined.calls[operation]?.isWrite === true;
    const { reads, writes } = this.#running;
    return this.#end === null && (isWrite ? reads : writes) === 0 && this.#hasRoom();
  }

  #hasRoom(): boolean {
    const { outstandingOperationsMax, outstandingBytesMax } = PIPELINE_LIMITS;
    if (this.#slots.length === 0) return true;
    return this.#slots.length < outstandingOperationsMax && this.#bytes < outstandingBytesMax;
  }

  async #carryOut(operation: OperationMessage, bytes: number): Promise<void> {
    const slot: Slot = { bytes, answer: null };
    this.#slots.push(slot);
    this.#bytes += bytes;
    this.#count += 1;
    const field = operation.operation ?? '';
    const running = this.#pipelined.calls[field]?.isWrite === true ? 'writes' : 'reads';
    this.#running[running] += 1;
    const place = this.#lane.enter();
    try {
      slot.answer = { [field]: await this.#run(operation, field, place) };
    } catch (error) {
      slot.answer = this.#failure(error);
    } finally {
      place.leave();
    }
    this.#running[running] -= 1;
    this.#wake();
  }

  #run(operation: OperationMessage, field: string, place: Place): Promise<object> | object {
    const { calls } = this.#pipelined;
    const { authorise, clock } = this.#modules;
    const call = calls[field];
    if (call === undefined) {
      throw invalid('operations', `expected one of ${Object.keys(calls).join(', ')}`);
    }
    const { path: method } = call;
    const { identity, who, requestId } = this.#context;
    if (!authorise(identity, method)) {
      throw new QuorateError('PERMISSION_DENIED', `${who} may not use ${method}`);
    }
    const askedMs = operation.timeoutMs === 0 ? CALL_LIMITS.deadlineDefaultMs : operation.timeoutMs;
    const context = {
      ...this.#context,
      method,
      requestId: `${requestId}/${this.#count}`,
      deadlineMs: Math.min(clock.nowMs() + usableMs(askedMs), this.#deadlineMs),
      streamed: { place, forward: this.#forward },
    };
    const request = (operation as unknown as Record<string, never>)[field] as never;
    return call.run(this.#modules, request, context);
  }

  #failure(error: unknown): PipelineAnswer {
    const known = knownError(this.#modules, this.#context.method, this.#stream, error);
    // Who asked not to be forwarded goes to the leader with everything that follows.
    if (known.code === 'NOT_LEADER' && !this.#context.mayForward) this.#endWith(known);
    return { error: operationError(known, leaderData(this.#modules.node.outline())) as never };
  }

  /** Has the leader carry an operation out, on a stream of its own for this one. */
  readonly #forward: Forward = async (address, method, request, place, options) => {
    const { kind } = this.#pipelined;
    const { isWrite, isCovered, timeoutMs } = options;
    const field = fieldFor(kind, method);
    this.#forwarded.all += 1;
    if (isWrite && !isCovered) this.#forwarded.uncovered += 1;
    if (this.#forwarded.all === 1) void this.#followLeader();
    try {
      const item = () => ({
        bytes: operationBytes(kind, field, request, Math.ceil(timeoutMs)),
        isWrite,
        patienceMs: timeoutMs,
      });
      const answer = await this.#upstream.send(() => ({ address }), place, timeoutMs, item);
      return answerIn(answer, field, address) as never;
    } finally {
      this.#forwarded.all -= 1;
      if (isWrite && !isCovered) this.#forwarded.uncovered -= 1;
    }
  };

  /** Leaves a leader that was forwarded to as soon as another is heard of, if all can be repeated: it may never answer. */
  async #followLeader(): Promise<void> {
    const { node, routing } = this.#modules;
    while (this.#forwarded.all > 0) {
      await routing.pause();
      if (this.#forwarded.uncovered > 0) continue;
      const status = node.outline();
      const api = memberById(node.status(), status.leaderId)?.api ?? null;
      this.#upstream.abandonUnlessTo(api, new Error('it lost its office'));
    }
  }

  /** Answers in order, what is ready in one turn together, as fast as the caller reads. */
  async #answerAll(): Promise<void> {
    const { serialize } = this.#pipelined;
    for (;;) {
      while ((this.#slots[0]?.answer ?? null) === null) {
        if (this.#slots.length === 0 && this.#end !== null) return;
        if (this.#stream.cancelled) return;
        await this.#changed();
      }
      await nextTurn();
      const parts: Buffer[] = [];
      let bytes = 0;
      for (const { answer } of this.#slots) {
        if (answer === null) break;
        const part = serialize(answer);
        if (parts.length > 0 && bytes + part.length > ANSWER_BYTES_MAX) break;
        parts.push(part);
        bytes += part.length;
      }
      if (!(await sent(this.#stream, Buffer.concat(parts)))) return;
      for (const slot of this.#slots.splice(0, parts.length)) this.#bytes -= slot.bytes;
      this.#wake();
    }
  }
}
