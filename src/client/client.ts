// The thin client that the command line uses: one address, one method for each call of quorate.v1, plain promises.
// Every call ends by its deadline with an answer or with a QuorateError that says why; what was refused before it was
// appended is repeated within the deadline. Writes of facts go under a client session, opened with the first of them, so
// that one which may have happened is repeated too and happens once. It does not look for the leader itself (members
// forward), and does not batch.

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { AddRequest } from '../generated/quorate/v1/AddRequest.js';
import type { AddResponse__Output as AddResponse } from '../generated/quorate/v1/AddResponse.js';
import type { CheckEpochRequest } from '../generated/quorate/v1/CheckEpochRequest.js';
import type { CheckEpochResponse__Output as CheckEpochResponse } from '../generated/quorate/v1/CheckEpochResponse.js';
import type { ClientRequest } from '../generated/quorate/v1/ClientRequest.js';
import type { DeleteSessionRequest } from '../generated/quorate/v1/DeleteSessionRequest.js';
import type { DeleteSessionResponse__Output as DeleteSessionResponse } from '../generated/quorate/v1/DeleteSessionResponse.js';
import type { EventsRequest } from '../generated/quorate/v1/EventsRequest.js';
import type { EventsResponse__Output as EventsResponse } from '../generated/quorate/v1/EventsResponse.js';
import type { GetSessionRequest } from '../generated/quorate/v1/GetSessionRequest.js';
import type { GetSessionResponse__Output as GetSessionResponse } from '../generated/quorate/v1/GetSessionResponse.js';
import type { JoinRequest } from '../generated/quorate/v1/JoinRequest.js';
import type { JoinResponse__Output as JoinResponse } from '../generated/quorate/v1/JoinResponse.js';
import type { ListSessionsRequest } from '../generated/quorate/v1/ListSessionsRequest.js';
import type { ListSessionsResponse__Output as ListSessionsResponse } from '../generated/quorate/v1/ListSessionsResponse.js';
import type { NodeStatusResponse__Output as NodeStatusResponse } from '../generated/quorate/v1/NodeStatusResponse.js';
import type { PutSessionRequest } from '../generated/quorate/v1/PutSessionRequest.js';
import type { PutSessionResponse__Output as PutSessionResponse } from '../generated/quorate/v1/PutSessionResponse.js';
import type { RemoveRequest } from '../generated/quorate/v1/RemoveRequest.js';
import type { RemoveResponse__Output as RemoveResponse } from '../generated/quorate/v1/RemoveResponse.js';
import type { ReplaceRequest } from '../generated/quorate/v1/ReplaceRequest.js';
import type { ReplaceResponse__Output as ReplaceResponse } from '../generated/quorate/v1/ReplaceResponse.js';
import type { SetPrimaryRequest } from '../generated/quorate/v1/SetPrimaryRequest.js';
import type { SetPrimaryResponse__Output as SetPrimaryResponse } from '../generated/quorate/v1/SetPrimaryResponse.js';
import type { StartRequest } from '../generated/quorate/v1/StartRequest.js';
import type { StartResponse__Output as StartResponse } from '../generated/quorate/v1/StartResponse.js';
import type { StatusRequest } from '../generated/quorate/v1/StatusRequest.js';
import type { StatusResponse__Output as StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { TouchSessionRequest } from '../generated/quorate/v1/TouchSessionRequest.js';
import type { TouchSessionResponse__Output as TouchSessionResponse } from '../generated/quorate/v1/TouchSessionResponse.js';
import type { DeleteStoreRequest } from '../generated/quorate/v1/DeleteStoreRequest.js';
import type { DeleteStoreResponse__Output as DeleteStoreResponse } from '../generated/quorate/v1/DeleteStoreResponse.js';
import type { GetStoreRequest } from '../generated/quorate/v1/GetStoreRequest.js';
import type { GetStoreResponse__Output as GetStoreResponse } from '../generated/quorate/v1/GetStoreResponse.js';
import type { ListStoreRequest } from '../generated/quorate/v1/ListStoreRequest.js';
import type { ListStoreResponse__Output as ListStoreResponse } from '../generated/quorate/v1/ListStoreResponse.js';
import type { PutStoreRequest } from '../generated/quorate/v1/PutStoreRequest.js';
import type { PutStoreResponse__Output as PutStoreResponse } from '../generated/quorate/v1/PutStoreResponse.js';
import type { TransactRequest } from '../generated/quorate/v1/TransactRequest.js';
import type { TransactResponse__Output as TransactResponse } from '../generated/quorate/v1/TransactResponse.js';
import type { TlsIdentity } from '../tls/identity.js';
import { ClientSession } from './client-session.js';
import type { Ticket } from './client-session.js';
import { NodeLinks } from './node-links.js';
import { CLIENT_SESSIONS, CLUSTER, SESSIONS, STORE } from './protos.js';
import { watch } from './watch.js';
import type { WatchOptions } from './watch.js';
import type { WatchUpdate } from './watch-cursor.js';
import { afterDoubt, isForgottenUnsent, pauseBeforeRetry } from './retry.js';
import type { RetryCircumstances } from './retry.js';

export interface ClientOptions {
  /** API address, `HOST:PORT`. */
  readonly address: string;
  /** For a whole call with its repetitions; default 10 s. */
  readonly timeoutMs?: number;
  /** Default: without TLS. */
  readonly tls?: TlsIdentity | null;
}

export interface CallOptions {
  /** Instead of the client's. */
  readonly timeoutMs?: number;
  /** Default true: repeat what was refused before it was appended, until the deadline. */
  readonly retry?: boolean;
  /** Told before each repetition. */
  readonly onRetry?: (error: QuorateError) => void;
}

/** One call with its repetitions. */
interface About extends CallOptions {
  /** By `performance.now()`. */
  readonly deadlineMs: number;
  readonly requestId: string;
}

/** A request that a client session can cover. */
interface Covered {
  readonly client?: ClientRequest | null;
}

/** How often one call opens another client session because the cluster has forgotten the last. */
const REOPENINGS_MAX = 3;
const TIMEOUT_DEFAULT_MS = 10_000;
/** For a connection from afar: some round trips of half a second, with TLS. */
const CONNECT_MS = 2000;

export class QuorateClient {
  readonly address: string;
  readonly timeoutMs: number;
  readonly #links: NodeLinks;
  readonly #clientSession = new ClientSession();

  constructor(options: ClientOptions) {
    this.address = options.address;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_DEFAULT_MS;
    this.#links = new NodeLinks({ tls: options.tls ?? null, connectMs: CONNECT_MS });
  }

  /** The cluster as the leader knows it, or, without a quorum, as the node asked does. */
  status(request: StatusRequest = {}, options: CallOptions = {}): Promise<StatusResponse> {
    return this.#call(CLUSTER.Status, request, 'read', options);
  }

  /** The node asked, from its own knowledge. */
  nodeStatus(options: CallOptions = {}): Promise<NodeStatusResponse> {
    return this.#call(CLUSTER.NodeStatus, {}, 'read', options);
  }

  /** Makes the node asked the first member of a new cluster. */
  start(request: StartRequest, options: CallOptions = {}): Promise<StartResponse> {
    return this.#call(CLUSTER.Start, request, 'write', options);
  }

  /** Makes the node asked join; returns once it is admitted as a learner. */
  join(request: JoinRequest, options: CallOptions = {}): Promise<JoinResponse> {
    return this.#call(CLUSTER.Join, request, 'write', options);
  }

  /** Makes a clean node join the cluster of the node asked; returns once it is admitted as a learner. */
  add(request: AddRequest, options: CallOptions = {}): Promise<AddResponse> {
    return this.#call(CLUSTER.Add, request, 'write', options);
  }

  /** Lets a clean node take a member's place; returns once it is admitted as a learner. */
  replace(request: ReplaceRequest, options: CallOptions = {}): Promise<ReplaceResponse> {
    return this.#call(CLUSTER.Replace, request, 'write', options);
  }

  /** Removes a member. */
  remove(request: RemoveRequest, options: CallOptions = {}): Promise<RemoveResponse> {
    return this.#call(CLUSTER.Remove, request, 'write', options);
  }

  /** Hands the primacy over; returns once the target is primary. */
  setPrimary(request: SetPrimaryRequest, options: CallOptions = {}): Promise<SetPrimaryResponse> {
    return this.#call(CLUSTER.SetPrimary, request, 'write', options);
  }

  /** Whether an epoch is the running reign's. */
  checkEpoch(request: CheckEpochRequest, options: CallOptions = {}): Promise<CheckEpochResponse> {
    return this.#call(CLUSTER.CheckEpoch, request, 'read', options);
  }

  /** One page of what happened. */
  events(request: EventsRequest, options: CallOptions = {}): Promise<EventsResponse> {
    return this.#call(CLUSTER.Events, request, 'read', options);
  }

  /** Creates a session, or merges into it. */
  putSession(request: PutSessionRequest, options: CallOptions = {}): Promise<PutSessionResponse> {
    return this.#once(SESSIONS.Put, request, options);
  }

  getSession(request: GetSessionRequest, options: CallOptions = {}): Promise<GetSessionResponse> {
    return this.#call(SESSIONS.Get, request, 'read', options);
  }

  /** One page of sessions. */
  listSessions(
    request: ListSessionsRequest,
    options: CallOptions = {},
  ): Promise<ListSessionsResponse> {
    return this.#call(SESSIONS.List, request, 'read', options);
  }

  /** Starts the session's life again. */
  touchSession(
    request: TouchSessionRequest,
    options: CallOptions = {},
  ): Promise<TouchSessionResponse> {
    return this.#once(SESSIONS.Touch, request, options);
  }

  deleteSession(
    request: DeleteSessionRequest,
    options: CallOptions = {},
  ): Promise<DeleteSessionResponse> {
    return this.#once(SESSIONS.Delete, request, options);
  }

  /** Creates a key or replaces its value. */
  putStore(request: PutStoreRequest, options: CallOptions = {}): Promise<PutStoreResponse> {
    return this.#once(STORE.Put, request, options);
  }

  getStore(request: GetStoreRequest, options: CallOptions = {}): Promise<GetStoreResponse> {
    return this.#call(STORE.Get, request, 'read', options);
  }

  /** One page of keys. */
  listStore(request: ListStoreRequest, options: CallOptions = {}): Promise<ListStoreResponse> {
    return this.#call(STORE.List, request, 'read', options);
  }

  deleteStore(
    request: DeleteStoreRequest,
    options: CallOptions = {},
  ): Promise<DeleteStoreResponse> {
    return this.#once(STORE.Delete, request, options);
  }

  /** Compares, then changes and reads several keys at one revision. */
  transact(request: TransactRequest, options: CallOptions = {}): Promise<TransactResponse> {
    return this.#once(STORE.Transact, request, options);
  }

  /** What changes, as it changes, until the consumer leaves; a node that went away is asked again. */
  watch(options: WatchOptions = {}): AsyncGenerator<WatchUpdate, void> {
    return watch(this.#links, () => this.address, options);
  }

  /** Closes the connection; calls that run fail. */
  close(): void {
    this.#links.close();
  }

  async #call<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    kind: 'read' | 'write',
    options: CallOptions,
  ): Promise<ResponseOut> {
    const about = this.#about(options);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(method, request, kind, about);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        await pauseOrThrow(error, error, { attempt }, about);
      }
    }
  }

  /** Asks for a write under the client session: it happens once, however often it has to be sent. */
  async #once<Request extends Covered, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: CallOptions,
  ): Promise<ResponseOut> {
    const about = this.#about(options);
    let doubt: QuorateError | null = null;
    let ticket: Ticket | null = null;
    let reopenings = 0;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          ticket ??= await this.#clientSession.begin(() => this.#openSession(about));
          const covered = { ...request, client: ticket.identity() };
          return await this.#ask(method, covered, 'write', about);
        } catch (error) {
          if (!(error instanceof QuorateError)) throw error;
          if (isForgottenUnsent(error, doubt !== null) && reopenings < REOPENINGS_MAX) {
            reopenings += 1;
            ticket?.forget();
            ticket?.end();
            ticket = null;
            continue;
          }
          if (error.code === 'INDETERMINATE') doubt ??= error;
          const how = { attempt, isCovered: ticket !== null, isInDoubt: doubt !== null };
          const final: QuorateError = doubt === null ? error : afterDoubt(error, doubt);
          await pauseOrThrow(error, final, how, about);
        }
      }
    } finally {
      ticket?.end();
    }
  }

  /** Opens a client session. Whatever goes wrong, the write that waits for it was not sent. */
  async #openSession(about: About): Promise<{ session: string; window: number }> {
    try {
      return await this.#ask(CLIENT_SESSIONS.Open, {}, 'read', about);
    } catch (error) {
      if (!(error instanceof QuorateError) || error.outcome !== 'indeterminate') throw error;
      const message = `the write was not sent, since no client session could be opened: ${error.message}`;
      throw new QuorateError('NO_QUORUM', message, error.data, { cause: error });
    }
  }

  #about(options: CallOptions): About {
    const deadlineMs = performance.now() + (options.timeoutMs ?? this.timeoutMs);
    // One id for all attempts: they are one request to whoever reads the logs.
    return { ...options, deadlineMs, requestId: randomBytes(8).toString('hex') };
  }

  #ask<Request, Response, RequestOut extends Request, ResponseOut>(
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    kind: 'read' | 'write',
    { requestId, deadlineMs }: About,
  ): Promise<ResponseOut> {
    const metadata = new Metadata();
    metadata.set('x-request-id', requestId);
    return this.#links.ask(this.address, method, request, {
      metadata,
      timeoutMs: Math.max(1, Math.ceil(deadlineMs - performance.now())),
      isWrite: kind === 'write',
    });
  }
}

/** Waits before the next attempt, or throws `final`, what the error of this one means to the caller. */
async function pauseOrThrow(
  error: QuorateError,
  final: QuorateError,
  how: Omit<RetryCircumstances, 'remainingMs' | 'random'>,
  { retry, onRetry, deadlineMs, requestId }: About,
): Promise<void> {
  const remainingMs = deadlineMs - performance.now();
  const pauseMs = pauseBeforeRetry(error, { ...how, remainingMs, random: Math.random() });
  if (pauseMs === null || retry === false) throw withRequestId(final, requestId);
  onRetry?.(error);
  await pause(pauseMs);
}

/** The hint of INTERNAL tells the reader to look for the request's id, so the sentence must name it. */
function withRequestId(error: QuorateError, requestId: string): QuorateError {
  if (error.code !== 'INTERNAL') return error;
  const { message, data, outcome, hint } = error;
  const sentence = `${message} (request ${requestId})`;
  return new QuorateError('INTERNAL', sentence, data, { outcome, hint, cause: error });
}
