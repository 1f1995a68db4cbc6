// Carries one call out to its end: whom to ask, when to ask again, under which client session, until an answer, a final error,
// the deadline or the caller's own signal. What it follows is decided by pure code, retry.ts and whom-to-ask.ts; here are the
// clock, the dice and the connections. The command line's client asks one address with it, the library's all members.

import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { ClientRequest } from '../generated/quorate/v1/ClientRequest.js';
import type { TlsIdentity } from '../tls/identity.js';
import { cancelled, unlessAborted } from './abort.js';
import { ClientSession } from './client-session.js';
import type { Ticket } from './client-session.js';
import { NodeLinks } from './node-links.js';
import { checkTimeout } from './numbers.js';
import { Pipeline } from './pipeline.js';
import type { PipelineOptions } from './pipeline.js';
import type { PipelineKind } from './pipeline-kinds.js';
import type { OpenPipeline } from './pipeline-stream.js';
import { CLIENT_SESSIONS, CLUSTER } from './protos.js';
import { afterDoubt, attemptMs, isForgottenUnsent, pauseBeforeRetry } from './retry.js';
import { watch } from './watch.js';
import type { WatchOptions } from './watch.js';
import type { WatchUpdate } from './watch-cursor.js';
import {
  answered,
  anyTarget,
  failed,
  learned,
  nextTarget,
  whomToAsk,
  whyNobody,
} from './whom-to-ask.js';
import type { Target, WhomToAsk } from './whom-to-ask.js';

export interface CallOptions {
  /** For the whole call with its repetitions, instead of the client's. */
  readonly timeoutMs?: number;
  /** Ends the call at once, with CANCELLED; a write that was sent may still happen. */
  readonly signal?: AbortSignal;
  /** Default true: repeat what did not happen, or happens once however often it is sent, until the deadline. */
  readonly retry?: boolean;
  /** Told before each repetition. */
  readonly onRetry?: (error: QuorateError) => void;
}

export interface CallerOptions {
  /** API addresses, `HOST:PORT`; at least one. */
  readonly addresses: readonly string[];
  readonly timeoutMs: number;
  readonly tls: TlsIdentity | null;
  /** Learn of the other members and ask them too; false: ask nobody but the one address. */
  readonly isFollowing: boolean;
  /** Write under a client session where the request has a place for it. */
  readonly isCovering: boolean;
  /** The trace that a call belongs to, as W3C's `traceparent`; asked once for each call, where it is made. */
  readonly traceparent?: (() => string | null | undefined) | undefined;
}

/** A request that a client session can cover. */
interface Covered {
  readonly client?: ClientRequest | null;
}

/** One call with its repetitions. */
export interface About extends CallOptions {
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  readonly requestId: string;
  /** Null: it belongs to no trace that is known. */
  readonly traceparent: string | null;
}

/** What is known of a call after some attempts. */
interface Progress {
  attempt: number;
  doubt: QuorateError | null;
  ticket: Ticket | null;
  reopenings: number;
  /** What a member said of it, rather than that one could not be reached. */
  said: QuorateError | null;
  /** The last attempt was sent on by NOT_LEADER. */
  wasSentOn: boolean;
}

export type Kind = 'read' | 'change' | 'once';

/** Whom an attempt asks: chosen when it begins, and anew by an attempt that had to wait for its turn. */
export interface Aim {
  readonly target: Target;
  readonly anew: () => Target;
}

/** One attempt of a call at one member. */
export type Attempt = <Request, Response, RequestOut extends Request, ResponseOut>(
  method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
  request: Request,
  kind: Kind,
  aim: Aim,
  about: About,
  attempt: number,
) => Promise<ResponseOut>;

/** Which node is to send a stream, and when it counts as gone. */
export interface StreamFrom {
  /** API address; absent: of the node that the client was made for. */
  readonly address?: string;
  /** Without a message for so long the stream is given up, in milliseconds. */
  readonly silenceMaxMs: number;
}

/** How programs' calls are asked: each by itself, or on a stream. */
export interface Asker {
  /** Asks for what changes nothing: repeated whatever became of it. */
  read<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options?: CallOptions,
  ): Promise<ResponseOut>;
  /** Asks for a change under the client session: it happens once, however often it has to be sent. */
  once<Request extends Covered, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options?: CallOptions,
  ): Promise<ResponseOut>;
}

/** How often one call opens another client session because the cluster has forgotten the last. */
const REOPENINGS_MAX = 3;
/** For a connection from afar: some round trips of half a second, with TLS. */
const CONNECT_MS = 2000;
/** Between two looks at who belongs to the cluster, of a client that is used; and after a member failed. */
const LOOK = { everyMs: 30_000, afterFailureMs: 500, timeoutMs: 2000 } as const;

export class Caller implements Asker {
  readonly #options: CallerOptions;
  readonly #unary: Attempt = (method, request, kind, { target }, about, attempt) =>
    this.#ask(method, request, kind, target, about, attempt);
  readonly #links: NodeLinks;
  readonly #clientSession = new ClientSession();
  /** Given to every call that has no signal of its own. */
  readonly #closing = new AbortController();
  #whom: WhomToAsk;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#whom = whomToAsk(options.addresses);
    setMaxListeners(0, this.#closing.signal);
    this.#links = new NodeLinks({
      tls: options.tls,
      connectMs: CONNECT_MS,
      // Who can ask others need not give up a connection to a member that is only slow.
      ...(options.isFollowing ? { keepaliveMs: 5000 } : {}),
    });
  }

  /** API addresses of the members that may be asked. */
  get addresses(): readonly string[] {
    return this.#whom.addresses;
  }

  read<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions = {},
    by: Attempt = this.#unary,
  ): Promise<ResponseOut> {
    return this.#call(method, () => request, 'read', options, by);
  }

  /** Asks for a change that no client session covers: repeated only if it did not happen. */
  change<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions = {},
  ): Promise<ResponseOut> {
    return this.#call(method, () => request, 'change', options, this.#unary);
  }

  once<Request extends Covered, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions = {},
    by: Attempt = this.#unary,
  ): Promise<ResponseOut> {
    const covered = (client: ClientRequest | null): Request => ({ ...request, client });
    return this.#call(method, covered, this.#options.isCovering ? 'once' : 'change', options, by);
  }

  /** A pipelined stream, whose operations are carried out as calls are; it has one connection at a time. */
  pipeline(kind: PipelineKind, options: PipelineOptions): Pipeline {
    const open: OpenPipeline<Target> = ({ address, mayForward }, timeoutMs) =>
      this.#links.pipeline(address, kind, {
        metadata: this.#metadata(randomBytes(8).toString('hex'), mayForward),
        timeoutMs,
        connectMs: CONNECT_MS,
      });
    const { timeoutMs = this.#options.timeoutMs } = options;
    return new Pipeline(kind, this, open, { ...options, timeoutMs });
  }

  /** What changes, as it changes, until the consumer leaves; whoever went away is left for another member. */
  /** What one node sends on a stream, once; by default the one that this client was made for. */
  stream<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    { address, silenceMaxMs }: StreamFrom,
  ): AsyncGenerator<ResponseOut, void> {
    const about = { metadata: new Metadata(), signal: this.#closing.signal, silenceMaxMs };
    return this.#links.stream(address ?? this.addresses[0] ?? '', method, request, about);
  }

  watch(options: WatchOptions): AsyncGenerator<WatchUpdate, void> {
    let address = '';
    const next = (): string => {
      address = anyTarget(this.#whom, performance.now(), Math.random());
      this.#lookIfDue(LOOK.everyMs);
      return address;
    };
    const onBreak = (error: QuorateError): void => {
      if (this.#options.isFollowing) {
        this.#whom = failed(this.#whom, address, error, performance.now());
        this.#lookIfDue(LOOK.afterFailureMs);
      }
      options.onBreak?.(error);
    };
    const { signal } = this.#closing;
    const ends = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    return watch(this.#links, next, { ...options, onBreak, signal: ends });
  }

  /** Closes the connections; calls that run fail. */
  close(): void {
    this.#closing.abort();
    this.#links.close();
  }

  async #call<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: (client: ClientRequest | null) => Request,
    kind: Kind,
    options: CallOptions,
    by: Attempt,
  ): Promise<ResponseOut> {
    const about = this.#about(options);
    const so: Progress = newProgress();
    this.#lookIfDue(LOOK.everyMs);
    try {
      for (; ; so.attempt += 1) {
        const aim = this.#aim();
        try {
          if (kind === 'once') so.ticket ??= await this.#begin(aim.target, about);
          const sent = request(so.ticket?.identity() ?? null);
          const answer = await by(method, sent, kind, aim, about, so.attempt);
          this.#whom = answered(this.#whom, aim.target.address);
          return answer;
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
          await this.#afterFailure(error, aim.target, so, about);
        }
      }
    } finally {
      so.ticket?.end();
    }
  }

  #aim(): Aim {
    const aim = {
      target: nextTarget(this.#whom, performance.now()),
      anew: () => (aim.target = nextTarget(this.#whom, performance.now())),
    };
    return aim;
  }

  /** Waits before the next attempt, or throws what the error of this one means to the caller. */
  async #afterFailure(
    error: QuorateError,
    target: Target,
    so: Progress,
    about: About,
  ): Promise<void> {
    const { signal, deadlineMs } = about;
    const isInDoubt = so.doubt !== null || error.outcome === 'indeterminate';
    if (signal?.aborted === true) throw cancelled(signal, isInDoubt);
    if (this.#closing.signal.aborted) throw afterClosing(error, so);
    if (isForgottenUnsent(error, so.doubt !== null) && so.reopenings < REOPENINGS_MAX) {
      so.reopenings += 1;
      so.ticket?.forget();
      so.ticket?.end();
      so.ticket = null;
      return;
    }
    const nowMs = performance.now();
    if (this.#options.isFollowing) {
      this.#whom = failed(this.#whom, target.address, error, nowMs);
      if (error.code !== 'NOT_LEADER') this.#lookIfDue(LOOK.afterFailureMs);
    }
    if (error.code === 'INDETERMINATE') so.doubt ??= error;
    if (!isSilence(error)) so.said = error;
    const next = nextTarget(this.#whom, nowMs);
    const isSentOn = error.code === 'NOT_LEADER' && !so.wasSentOn;
    so.wasSentOn = error.code === 'NOT_LEADER';
    const pauseMs = pauseBeforeRetry(error, {
      attempt: so.attempt,
      remainingMs: deadlineMs - nowMs,
      random: Math.random(),
      isCovered: so.ticket !== null,
      isInDoubt: so.doubt !== null,
      hasOthers: this.#options.isFollowing,
      isNextFresh:
        next.isFresh && next.address !== target.address && !this.#isCircling(error, isSentOn),
    });
    if (pauseMs === null || about.retry === false) throw this.#final(error, so, about);
    about.onRetry?.(error);
    if (pauseMs === 0) return;
    try {
      await pause(pauseMs, undefined, { signal: signal ?? this.#closing.signal });
    } catch {
      throw signal === undefined ? afterClosing(error, so) : cancelled(signal, so.doubt !== null);
    }
  }

  /** Members that name one another as the leader are not asked in a circle without a pause. */
  #isCircling({ code }: QuorateError, isSentOn: boolean): boolean {
    return code === 'NOT_LEADER' && !isSentOn;
  }

  #final(error: QuorateError, { doubt, said }: Progress, { requestId }: About): QuorateError {
    if (doubt !== null) return withRequestId(afterDoubt(error, doubt), requestId);
    if (!isSilence(error)) return withRequestId(error, requestId);
    // What was answered says more than the silence of a last attempt, which may have had a few milliseconds.
    if (said !== null) return withRequestId(said, requestId);
    if (!this.#options.isFollowing) return withRequestId(error, requestId);
    const why = whyNobody(this.#whom);
    const message = `no member could be asked: ${why === '' ? error.message : why}`;
    return new QuorateError('UNREACHABLE', message, error.data, { cause: error });
  }

  /** A place in the client session. Whatever goes wrong, the write that waits for it was not sent. */
  async #begin(target: Target, about: About): Promise<Ticket> {
    // Others may wait for the same opening: one caller's signal must not end it.
    const { signal: _, ...shared } = about;
    const begun = this.#clientSession.begin(async () => {
      try {
        return await this.#ask(CLIENT_SESSIONS.Open, {}, 'read', target, shared, 1);
      } catch (error) {
        if (!(error instanceof QuorateError) || error.outcome !== 'indeterminate') throw error;
        const message = `the write was not sent, since no client session could be opened: ${error.message}`;
        throw new QuorateError('NO_QUORUM', message, error.data, { cause: error });
      }
    });
    return unlessAborted(begun, about.signal, (late) => {
      late.end();
    });
  }

  #about(options: CallOptions): About {
    if (options.signal?.aborted === true) throw cancelled(options.signal, false);
    if (options.timeoutMs !== undefined) checkTimeout(options.timeoutMs);
    const deadlineMs = performance.now() + (options.timeoutMs ?? this.#options.timeoutMs);
    // One id for all attempts: they are one request to whoever reads the logs.
    const requestId = randomBytes(8).toString('hex');
    return {
      ...options,
      deadlineMs,
      requestId,
      traceparent: this.#options.traceparent?.() ?? null,
    };
  }

  #ask<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    kind: Kind,
    { address, mayForward }: Target,
    { requestId, deadlineMs, signal, traceparent }: About,
    attempt: number,
  ): Promise<ResponseOut> {
    const metadata = this.#metadata(requestId, mayForward);
    if (traceparent !== null) metadata.set('traceparent', traceparent);
    const { isFollowing } = this.#options;
    const remainingMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
    const isRepeatable = isFollowing && kind !== 'change';
    return this.#links.ask(address, method, request, {
      metadata,
      timeoutMs: isRepeatable ? attemptMs(attempt, remainingMs) : remainingMs,
      isWrite: kind !== 'read',
      // A host that says nothing must not take the time of those that would answer.
      ...(isFollowing ? { connectMs: Math.min(CONNECT_MS, Math.ceil(remainingMs / 2)) } : {}),
      signal: signal ?? this.#closing.signal,
    });
  }

  #metadata(requestId: string, mayForward: boolean): Metadata {
    const metadata = new Metadata();
    metadata.set('x-request-id', requestId);
    if (this.#options.isFollowing && !mayForward) metadata.set('x-quorate-no-forward', '1');
    return metadata;
  }

  /** Learns who belongs to the cluster and who leads, beside the calls; what goes wrong with it changes nothing. */
  #lookIfDue(afterMs: number): void {
    const nowMs = performance.now();
    if (!this.#options.isFollowing || this.#looking !== null || nowMs - this.#lookedMs < afterMs) {
      return;
    }
    this.#lookedMs = nowMs;
    this.#looking = this.#look(nextTarget(this.#whom, nowMs).address)
      .catch((error: unknown) => {
        if (!(error instanceof QuorateError)) throw error;
      })
      .finally(() => {
        this.#looking = null;
      });
  }

  async #look(address: string): Promise<void> {
    const view = await this.#links.ask(
      address,
      CLUSTER.Status,
      { local: true },
      { metadata: new Metadata(), timeoutMs: LOOK.timeoutMs, isWrite: false },
    );
    const members = view.nodes.map(({ api }) => api).filter((api) => api !== '');
    const leader = view.nodes.find(({ name }) => name === view.leader)?.api ?? null;
    this.#whom = learned(this.#whom, members, leader);
  }
}

/** Nobody was reached who could say anything. */
function isSilence({ code, outcome }: QuorateError): boolean {
  return code === 'UNREACHABLE' || (code === 'DEADLINE_EXCEEDED' && outcome === 'refused');
}

function newProgress(): Progress {
  return { attempt: 1, doubt: null, ticket: null, reopenings: 0, said: null, wasSentOn: false };
}

function afterClosing(error: QuorateError, { doubt }: Progress): QuorateError {
  if (doubt !== null) return afterDoubt(error, doubt);
  if (error.outcome === 'indeterminate') return error;
  const cause = error;
  return new QuorateError('CANCELLED', 'the client was closed', {}, { outcome: 'refused', cause });
}

/** The hint of INTERNAL tells the reader to look for the request's id, so the sentence must name it. */
function withRequestId(error: QuorateError, requestId: string): QuorateError {
  if (error.code !== 'INTERNAL') return error;
  const { message, data, outcome, hint } = error;
  const sentence = `${message} (request ${requestId})`;
  return new QuorateError('INTERNAL', sentence, data, { outcome, hint, cause: error });
}
