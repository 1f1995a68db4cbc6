// Connections of this node's service to other nodes' API: for forwards, for joining, for asking how they are.
// grpc-js gives up no connection attempt by itself, and closing a client while it connects leaks its socket. So an
// address is first probed within a bound, and a client that does not connect although the probe did is replaced. Every call has a deadline. Whether a failed call may have happened is said by its error.

import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { Client, connectivityState, credentials } from '@grpc/grpc-js';
import type { Metadata, ServiceError } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { parseAddress } from '../address.js';
import { QuorateError } from '../errors.js';
import { errorFromStatus, transportError } from './status-details.js';

const LINK_LIMITS = {
  /** For the probe, and again for the connection of the client. */
  connectMs: 500,
  /** Clients kept; beyond it the one that was not used for longest is closed. */
  clientsMax: 64,
  receiveBytesMax: 8 * 1024 * 1024,
} as const;

const CHANNEL_OPTIONS = {
  // A pool of its own: the shared one would share backoff with whoever else dials that address.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A peer behind a partition is noticed while a call waits for it.
  'grpc.keepalive_time_ms': 1000,
  'grpc.keepalive_timeout_ms': 1000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.max_receive_message_length': LINK_LIMITS.receiveBytesMax,
  'grpc.enable_retries': 0,
} as const;

export interface AskOptions {
  readonly metadata: Metadata;
  /** From now, in milliseconds; includes connecting. */
  readonly timeoutMs: number;
  /** A request that changes something: without an answer it may have happened. */
  readonly isWrite: boolean;
}

export class NodeLinks {
  readonly #clients = new Map<string, Client>();
  readonly #connecting = new Map<string, Promise<Client>>();
  #isClosed = false;

  /**
   * Asks the node at an API address. Fails with the node's own refusal, with UNREACHABLE if the request never left or
   * changes nothing, and with INDETERMINATE if it may have happened.
   */
  async ask<Request, Response, RequestOut extends Request, ResponseOut>(
    address: string,
    method: MethodDefinition<Request, Response, RequestOut, ResponseOut>,
    request: Request,
    options: AskOptions,
  ): Promise<ResponseOut> {
    const deadline = Date.now() + options.timeoutMs;
    const client = await this.#connected(address, options.timeoutMs);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        options.metadata,
        { deadline },
        (error, response) => {
          if (error === null && response !== undefined) resolve(response);
          else reject(this.#failed(address, client, error, options.isWrite));
        },
      );
    });
  }

  /** Closes all clients; calls that run fail. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
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

  async #connected(address: string, timeoutMs: number): Promise<Client> {
    const kept = this.#clients.get(address);
    if (kept !== undefined && isReady(kept)) {
      this.#clients.delete(address);
      this.#clients.set(address, kept);
      return kept;
    }
    const running = this.#connecting.get(address);
    if (running !== undefined) return running;
    const limitMs = Math.min(timeoutMs, LINK_LIMITS.connectMs);
    const connecting = this.#connect(address, kept, limitMs).finally(() =>
      this.#connecting.delete(address),
    );
    this.#connecting.set(address, connecting);
    return connecting;
  }

  async #connect(address: string, kept: Client | undefined, limitMs: number): Promise<Client> {
    await probe(address, limitMs);
    if (kept !== undefined && (await becomesReady(kept, limitMs))) return kept;
    if (kept !== undefined) this.#forget(address, kept);
    if (this.#isClosed) throw new QuorateError('STOPPING', 'this node is stopping');
    const client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
    this.#keep(address, client);
    if (await becomesReady(client, limitMs)) return client;
    throw unreachable(address, 'it accepts connections but does not speak gRPC');
  }

  #keep(address: string, client: Client): void {
    this.#clients.set(address, client);
    if (this.#clients.size <= LINK_LIMITS.clientsMax) return;
    const oldest = this.#clients.entries().next().value;
    if (oldest !== undefined) this.#forget(...oldest);
  }

  #forget(address: string, client: Client): void {
    if (this.#clients.get(address) === client) this.#clients.delete(address);
    client.close();
  }
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

/**
 * Resolves once an HTTP/2 server there sent its settings; fails as UNREACHABLE. A TCP connection alone would prove too
 * little: the kernel of a frozen process accepts it.
 */
function probe(address: string, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const { host, port } = parseAddress(address, null);
    const socket = connectTcp({ host, port });
    const timer = setTimeout(() => {
      end(`no answer within ${limitMs} ms`);
    }, limitMs);
    const end = (why: string | null): void => {
      clearTimeout(timer);
      session?.destroy();
      socket.destroy();
      if (why === null) resolve();
      else reject(unreachable(address, why));
    };
    let session: ClientHttp2Session | null = null;
    // The listeners stay after the end: an error without one would end the process.
    socket.on('error', (error) => {
      end(error.message);
    });
    socket.on('close', () => {
      end('the connection was closed');
    });
    socket.once('connect', () => {
      session = connectHttp2(`http://${address}`, { createConnection: () => socket });
      session.on('error', (error: Error) => {
        end(error.message);
      });
      session.once('remoteSettings', () => {
        end(null);
      });
    });
  });
}

function unreachable(address: string, why: string): QuorateError {
  return new QuorateError('UNREACHABLE', `${address} cannot be reached: ${why}`, { address });
}
