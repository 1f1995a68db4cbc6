// Serves the unary methods of a grpc-js server on the streams of its own HTTP/2 server, past grpc-js, which costs more by
// call than all the rest of a read. Connections stay with grpc-js: TLS, limits, keep-alive, idle time, drain and shutdown are
// its, and so is every stream that is not a plain unary call of ours. The price: two of its inner methods are known here,
// checked when the server is made, and its version is pinned.

import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { DirectCall, doNothing } from './direct-call.js';
import type { DirectLimits, DirectMethod } from './direct-call.js';
import { keepStreamsInTable } from './stream-table.js';

/** What grpc-js does with a stream, in a server without channelz. */
type OnStream = (
  interceptors: readonly unknown[],
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => void;

interface Internals {
  _streamHandler: OnStream;
  /** Counts the stream, so that its connection does not end as idle. */
  readonly onStreamOpened: (stream: ServerHttp2Stream) => void;
}

export class DirectCalls {
  readonly #limits: DirectLimits;
  readonly #methods = new Map<string, DirectMethod>();
  /** Asking a socket each time costs more than all else that is done before the handler. */
  readonly #peers = new WeakMap<Http2Session, string>();

  /** `server` has no channelz, and listens nowhere yet. */
  constructor(server: Server, limits: DirectLimits) {
    this.#limits = limits;
    const internals = server as unknown as Internals;
    const { _streamHandler: byLibrary, onStreamOpened } = internals;
    if (typeof byLibrary !== 'function' || typeof onStreamOpened !== 'function') {
      throw new TypeError('expected the server of @grpc/grpc-js 1.14.7; install what is pinned');
    }
    internals._streamHandler = (interceptors, stream, headers) => {
      const method = this.#methodFor(headers);
      if (method === null) {
        byLibrary.call(server, interceptors, stream, headers);
        return;
      }
      // A broken stream also closes, which is what counts.
      stream.on('error', doNothing);
      onStreamOpened.call(server, stream);
      new DirectCall(stream, headers, method, this.#limits, this.#peerOf(stream)).begin();
    };
  }

  /** Serves the unary methods of a service. */
  add(definition: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    for (const [name, method] of Object.entries(definition)) {
      if (method.requestStream || method.responseStream) continue;
      this.#methods.set(method.path, {
        path: method.path,
        deserialize: method.requestDeserialize as DirectMethod['deserialize'],
        serialize: method.responseSerialize,
        handler: implementation[name] as unknown as DirectMethod['handler'],
      });
    }
  }

  /** Null: it is for grpc-js. */
  #methodFor(headers: IncomingHttpHeaders): DirectMethod | null {
    const encoding = headers['grpc-encoding'];
    if (encoding !== undefined && encoding !== 'identity') return null;
    if (headers['content-type']?.startsWith('application/grpc') !== true) return null;
    return this.#methods.get(headers[':path'] ?? '') ?? null;
  }

  #peerOf({ session }: ServerHttp2Stream): string {
    if (session === undefined) return 'unknown';
    const known = this.#peers.get(session);
    if (known !== undefined) return known;
    keepStreamsInTable(session);
    const { remoteAddress, remotePort } = session.socket;
    if (remoteAddress === undefined) return 'unknown';
    const peer = `${remoteAddress}:${remotePort}`;
    this.#peers.set(session, peer);
    return peer;
  }
}
