// The thin client that the command line uses: one address, one method for each call of quorate.v1, plain promises.
// Every call ends by its deadline with an answer or with a QuorateError that says why; what was refused before it was
// appended is repeated within the deadline. It does not look for the leader itself (members forward), keeps no client
// session and does not batch.

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { QuorateError } from '../errors.js';
import type { AddRequest } from '../generated/quorate/v1/AddRequest.js';
import type { AddResponse__Output as AddResponse } from '../generated/quorate/v1/AddResponse.js';
import type { CheckEpochRequest } from '../generated/quorate/v1/CheckEpochRequest.js';
import type { CheckEpochResponse__Output as CheckEpochResponse } from '../generated/quorate/v1/CheckEpochResponse.js';
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
import type { SetPrimaryRequest } from '../generated/quorate/v1/SetPrimaryRequest.js';
import type { SetPrimaryResponse__Output as SetPrimaryResponse } from '../generated/quorate/v1/SetPrimaryResponse.js';
import type { StartRequest } from '../generated/quorate/v1/StartRequest.js';
import type { StartResponse__Output as StartResponse } from '../generated/quorate/v1/StartResponse.js';
import type { StatusRequest } from '../generated/quorate/v1/StatusRequest.js';
import type { StatusResponse__Output as StatusResponse } from '../generated/quorate/v1/StatusResponse.js';
import type { TouchSessionRequest } from '../generated/quorate/v1/TouchSessionRequest.js';
import type { TouchSessionResponse__Output as TouchSessionResponse } from '../generated/quorate/v1/TouchSessionResponse.js';
import type { TlsIdentity } from '../tls/identity.js';
import { NodeLinks } from './node-links.js';
import { CLUSTER, SESSIONS } from './protos.js';
import { pauseBeforeRetry } from './retry.js';

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

const TIMEOUT_DEFAULT_MS = 10_000;
/** For a connection from afar: some round trips of half a second, with TLS. */
const CONNECT_MS = 2000;

export class QuorateClient {
  readonly address: string;
  readonly timeoutMs: number;
  readonly #links: NodeLinks;

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
    return this.#call(SESSIONS.Put, request, 'write', options);
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
    return this.#call(SESSIONS.Touch, request, 'write', options);
  }

  deleteSession(
    request: DeleteSessionRequest,
    options: CallOptions = {},
  ): Promise<DeleteSessionResponse> {
    return this.#call(SESSIONS.Delete, request, 'write', options);
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
    const deadlineMs = performance.now() + (options.timeoutMs ?? this.timeoutMs);
    // One id for all attempts: they are one request to whoever reads the logs.
    const requestId = randomBytes(8).toString('hex');
    for (let attempt = 1; ; attempt++) {
      const metadata = new Metadata();
      metadata.set('x-request-id', requestId);
      try {
        return await this.#links.ask(this.address, method, request, {
          metadata,
          timeoutMs: Math.max(1, Math.ceil(deadlineMs - performance.now())),
          isWrite: kind === 'write',
        });
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        const remainingMs = deadlineMs - performance.now();
        const pauseMs = pauseBeforeRetry(error, attempt, remainingMs, Math.random());
        if (pauseMs === null || options.retry === false) throw withRequestId(error, requestId);
        options.onRetry?.(error);
        await pause(pauseMs);
      }
    }
  }
}

/** The hint of INTERNAL tells the reader to look for the request's id, so the sentence must name it. */
function withRequestId(error: QuorateError, requestId: string): QuorateError {
  if (error.code !== 'INTERNAL') return error;
  const { message, data, outcome, hint } = error;
  const sentence = `${message} (request ${requestId})`;
  return new QuorateError('INTERNAL', sentence, data, { outcome, hint, cause: error });
}
