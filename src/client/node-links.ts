// Connections to nodes' API, of the client library and of a node's own service: for forwards, for joining, for asking how
// they are. grpc-js gives up no connection attempt by itself, and closing a client while it connects leaks its socket. So
// an address is first probed within a bound, and a client that does not connect although the probe did is replaced. Every
// call has a deadline. Whether a failed call may have happened is said by its error.

import { Client, connectivityState } from '@grpc/grpc-js';
import type { ClientOptions, Metadata, ServiceError } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { parseAddress } from '../address.js';
import { QuorateError } from '../errors.js';
import { dialGrpc } from '../tls/grpc.js';
import type { TlsIdentity, TlsMaterial } from '../tls/identity.js';
import { probe } from '../tls/probe.js';
import type { TlsTrouble } from '../tls/trouble.js';
import { unlessAborted } from './abort.js';
import { PipelineCall } from './pipeline-call.js';
import type { PipelineWire } from './pipeline-call.js';
import type { PipelineKind } from './pipeline-kinds.js';
import { serverStream, SilentStream } from './server-stream.js';
import type { StreamOptions } from './server-stream.js';
import { ANSWER_BYTES_MAX, errorFromStatus, transportError } from './status-details.js';
import { inWords } from './trouble-words.js';

const LINK_LIMITS = {
  /**
   * For the probe, and again for the connection of the client. Members are near one another and others wait for a
   * forward; who asks from afar says more.
   */
  connectMs: 500,
  /** Clients kept; beyond it the one that was not used for longest is closed. */
  clientsMax: 64,
  /**
   * A peer behind a partition is noticed after twice this long while a call waits for it: half of a call's default time, so
   * that the other half is left to ask elsewhere. Shorter ones broke sound connections of machines with far more to do than
   * they can: a process that waits seconds for its turn answers no ping, and reads no answer before its timer has fired.
   */
  keepaliveMs: 2500,
} as const;

const CHANNEL_OPTIONS = {
  // A pool of its own: the shared one would share backoff with whoever else dials that address.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
  'grpc.enable_retries': 0,
} as const;

export interface AskOptions {
  readonly metadata: Metadata;
  /** From now, in milliseconds; includes connecting. */
  readonly timeoutMs: number;
  /** For the probe, and again for the connection; default: as the links were made. */
  readonly connectMs?: number;
  /** A request that changes something: without an answer it may have happened. */
  readonly isWrite: boolean;
  /** Ends the call; as if no answer had come. */
  readonly signal?: AbortSignal;
}

/** A client, and the set of certificates that it was made with: a later set asks for another client. */
interface Link {
  readonly client: Client;
  readonly tls: TlsMaterial | null;
}

export interface NodeLinksOptions {
  /** With it everything is asked over TLS; links that exist when it changes go on. Default: without TLS. */
  readonly tls?: TlsIdentity | null;
  /** For the probe, and again for the connection. */
  readonly connectMs?: number;
  /** Silence after which a connection is asked for a sign of life, and again until it is given up. */
  readonly keepaliveMs?: number;
  /** The node that asks on behalf of others, who would else take its troubles for their own. */
  readonly asker?: string;
}

export class NodeLinks {
  readonly #tls: TlsIdentity | null;
  readonly #asker: string | null;
  readonly #connectMs: number;
  readonly #channelOptions: ClientOptions;
  readonly #links = new Map<string, Link>();
  readonly #connecting = new Map<string, Promise<Client>>();
  readonly #running = new Set<{ cancel(): void }>();
  #isClosed = false;

  constructor(options: NodeLinksOptions = {}) {
    this.#tls = options.tls ?? null;
    this.#connectMs = options.connectMs ?? LINK_LIMITS.connectMs;
    this.#asker = options.asker ?? null;
    const keepaliveMs = options.keepaliveMs ?? LINK_LIMITS.keepaliveMs;
    this.#channelOptions = {
      ...CHANNEL_OPTIONS,
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': keepaliveMs,
    };
  }

  /**
   * Asks the node at an API address. Fails with the node's own refusal, with TLS_FAILED if the two ends do not accept each
   * other, with UNREACHABLE if the request never left or changes nothing, and with INDETERMINATE if it may have happened.
   */
  async ask<Request, Response, RequestOut extends Request, ResponseOut>(
    address: string,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: AskOptions,
  ): Promise<ResponseOut> {
    const deadline = Date.now() + options.timeoutMs;
    const { signal } = options;
    const client = await unlessAborted(this.#connected(address, options), signal);
    return new Promise((resolve, reject) => {
      const cancel = (): void => call.cancel();
      const call = client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        options.metadata,
        { deadline },
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          this.#running.delete(call);
          if (error === null && response !== undefined) resolve(response);
          else reject(this.#failed(address, client, error, options.isWrite));
        },
      );
      this.#running.add(call);
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /**
   * The messages of a stream that the node at an API address sends, read no faster than they are taken. Fails as `ask` does, and
   * as UNREACHABLE if the node falls silent; ends quietly when the signal ends it.
   */
  async *stream<Request, Response, RequestOut extends Request, ResponseOut>(
    address: string,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: StreamOptions,
  ): AsyncGenerator<ResponseOut, void> {
    const client = await this.#connected(address, { timeoutMs: this.#connectMs });
    try {
      yield* serverStream(client, method, request, options);
    } catch (error) {
      if (error instanceof SilentStream) throw unreachable(address, error.message);
      throw this.#failed(address, client, error as ServiceError, false);
    }
  }

  /** Opens a pipelined stream to the node at an API address; fails as `ask` does if the node cannot be reached. */
  async pipeline(
    address: string,
    { method }: PipelineKind,
    options: Pick<AskOptions, 'metadata' | 'timeoutMs' | 'connectMs'>,
  ): Promise<PipelineCall> {
    const client = await this.#connected(address, options);
    const call = client.makeBidiStreamRequest(
      method.path,
      (bytes: Buffer) => bytes,
      method.responseDeserialize,
      options.metadata,
      {},
    ) as unknown as PipelineWire['call'];
    this.#running.add(call);
    call.once('close', () => this.#running.delete(call));
    const failure: PipelineWire['failure'] = (error, mayHaveHappened) => {
      if (isServiceError(error)) return this.#failed(address, client, error, mayHaveHappened);
      const details = error instanceof Error ? error.message : String(error);
      return transportError(
        Object.assign(new Error(details), { code: 14, details, metadata: options.metadata }),
        address,
        mayHaveHappened,
      );
    };
    return new PipelineCall({ call, failure });
  }

  /** Closes all clients; calls that run fail. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#running) call.cancel();
    for (const { client } of this.#links.values()) client.close();
    this.#links.clear();
  }

  #failed(
    address: string,
    client: Client,
    error: ServiceError | null,
    isWrite: boolean,
  ): QuorateError {
    if (error === null) return new QuorateError('INTERNAL', `${address} answered nothing`);
    const refusal = errorFromStatus(error);
    if (refusal !== null) return refusal;
    // Nothing of ours in the answer: the connection is suspect, and the next call begins with a fresh one.
    if (isReady(client)) this.#forget(address, client);
    return transportError(error, address, isWrite);
  }

  async #connected(
    address: string,
    { timeoutMs, connectMs = this.#connectMs }: Pick<AskOptions, 'timeoutMs' | 'connectMs'>,
  ): Promise<Client> {
    const kept = this.#links.get(address);
    if (kept !== undefined && isReady(kept.client)) {
      this.#links.delete(address);
      this.#links.set(address, kept);
      return kept.client;
    }
    const running = this.#connecting.get(address);
    const limitMs = Math.min(timeoutMs, connectMs);
    // Another call began it, perhaps with more time than this one has.
    if (running !== undefined) return within(running, address, limitMs);
    const connecting = this.#connect(address, kept, limitMs).finally(() =>
      this.#connecting.delete(address),
    );
    this.#connecting.set(address, connecting);
    return connecting;
  }

  async #connect(address: string, kept: Link | undefined, limitMs: number): Promise<Client> {
    const tls = this.#tls?.current ?? null;
    await this.#checkAnswers(address, limitMs, tls);
    const isUsable = kept?.tls === tls && (await becomesReady(kept.client, limitMs));
    if (kept !== undefined && isUsable) return kept.client;
    if (kept !== undefined) this.#forget(address, kept.client);
    if (this.#isClosed) throw new QuorateError('STOPPING', 'this node is stopping');
    const dial = dialGrpc(tls, parseAddress(address, null).host);
    const client = new Client(address, dial.credentials, {
      ...this.#channelOptions,
      ...dial.options,
    });
    this.#keep(address, { client, tls });
    if (await becomesReady(client, limitMs)) return client;
    if (limitMs < LINK_LIMITS.connectMs) throw tooShort(address, limitMs);
    throw unreachable(address, 'it accepts connections but does not speak gRPC');
  }

  /** Resolves once a server that we believe answers there; fails as UNREACHABLE or TLS_FAILED. */
  #checkAnswers(address: string, limitMs: number, tls: TlsMaterial | null): Promise<void> {
    return new Promise((resolve, reject) => {
      probe({ address: parseAddress(address, null), limitMs, tls }, (result) => {
        switch (result.type) {
          case 'answers':
            resolve();
            return;
          case 'fails':
            reject(
              limitMs < LINK_LIMITS.connectMs && result.detail.startsWith('no answer within')
                ? tooShort(address, limitMs)
                : unreachable(address, result.detail),
            );
            return;
          case 'distrusts':
            reject(this.#distrusted(address, result.trouble));
        }
      });
    });
  }

  #distrusted(address: string, { reason, detail, hint }: TlsTrouble): QuorateError {
    const between = this.#asker === null ? `with ${address}` : `from ${this.#asker} to ${address}`;
    const message = `no secure connection ${between}: ${detail}`;
    return new QuorateError('TLS_FAILED', message, { address, why: reason }, { hint });
  }

  #keep(address: string, link: Link): void {
    this.#links.set(address, link);
    if (this.#links.size <= LINK_LIMITS.clientsMax) return;
    const oldest = this.#links.entries().next().value;
    if (oldest !== undefined) this.#forget(oldest[0], oldest[1].client);
  }

  #forget(address: string, client: Client): void {
    if (this.#links.get(address)?.client === client) this.#links.delete(address);
    client.close();
  }
}

/** The client, or the error of a host that did not answer in time. */
async function within(running: Promise<Client>, address: string, limitMs: number): Promise<Client> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(tooShort(address, limitMs));
    }, limitMs);
  });
  try {
    return await Promise.race([running, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error && 'details' in error;
}

function isReady(client: Client): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY;
}

function becomesReady(client: Client, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    client.waitForReady(Date.now() + limitMs, (error) => {
      resolve(error === undefined);
    });
  });
}

/** The caller's own deadline left hardly any time for a connection; nothing was sent. */
function tooShort(address: string, limitMs: number): QuorateError {
  const message = `${address} did not answer within ${limitMs} ms`;
  return new QuorateError('DEADLINE_EXCEEDED', message, { address }, { outcome: 'refused' });
}

function unreachable(address: string, why: string): QuorateError {
  return new QuorateError('UNREACHABLE', `${address} cannot be reached: ${inWords(why)}`, {
    address,
  });
}
