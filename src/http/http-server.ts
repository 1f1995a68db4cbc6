// The HTTP port: listens, keeps every bound, checks each request and hands it to the table of routes. node:http and
// node:https do the protocol; with TLS the port speaks only https, without asking callers for a certificate, since load
// balancers have none. It knows no route.

import { lookup } from 'node:dns/promises';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';

import type { Address } from '../address.js';
import { ERRORS, QuorateError } from '../errors.js';
import type { LoggerPort } from '../node/ports.js';
import { InvariantViolation } from '../raft/assert.js';
import type { TlsIdentity } from '../tls/identity.js';
import { serverContextOf } from '../tls/material.js';
import { empty, json, rawBytes, refusal } from './answer.js';
import type { Answer, StreamedAnswer } from './answer.js';
import { Connections } from './connections.js';
import { refuseForeignHost } from './host-check.js';
import { HTTP_LIMITS } from './limits.js';
import type { HttpLimits } from './limits.js';
import { BadRequest, queryFrom } from './query.js';
import type { Route, Routes } from './routes.js';

export interface HttpServerOptions {
  /** Port 0: the system chooses. */
  readonly listen: Address;
  /** Null: plain HTTP. */
  readonly tls: TlsIdentity | null;
  /** Names that a Host header may have beside IP addresses, localhost and those in the certificate. */
  readonly names: readonly string[];
  readonly limits?: HttpLimits;
}

export interface HttpServerModules {
  readonly log: LoggerPort;
  /** A broken invariant reached a route; must end the process. */
  readonly onFatal: (error: unknown) => void;
}

const ALLOW = { Allow: 'GET, HEAD, OPTIONS' } as const;
const ALLOW_POST = { Allow: 'POST, OPTIONS' } as const;
const CLOSE = { Connection: 'close' } as const;
/** First byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16;

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #modules: HttpServerModules;
  readonly #limits: HttpLimits;
  readonly #connections: Connections;
  readonly #servers: Server[] = [];
  /** Null: not served yet. */
  #routes: Routes | null = null;
  #forgetIdentity: () => void = () => {};
  #stopping: Promise<boolean> | null = null;

  constructor(options: HttpServerOptions, modules: HttpServerModules) {
    this.#options = options;
    this.#modules = modules;
    this.#limits = options.limits ?? HTTP_LIMITS;
    this.#connections = new Connections(this.#limits.connectionsMax, this.#limits.pipelinedMax);
  }

  /**
   * Listens at every address of the host and answers the port; requests are refused until `serve`.
   * Rejects with what the system said if an address cannot be bound.
   */
  async listen(): Promise<number> {
    const { listen, tls } = this.#options;
    let { port } = listen;
    for (const { address } of await lookup(listen.host, { all: true })) {
      port = await this.#listenAt(address, port);
    }
    this.#forgetIdentity =
      tls?.onChange(() => {
        for (const server of this.#servers) {
          if (server instanceof HttpsServer) server.setSecureContext(serverContextOf(tls.current));
        }
      }) ?? this.#forgetIdentity;
    return port;
  }

  /** Begins to answer. */
  serve(routes: Routes): void {
    this.#routes = routes;
  }

  /** Takes no more connections, lets requests in progress end within the drain time, then cuts off. Answers whether all ended. */
  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<boolean> {
    this.#forgetIdentity();
    // Also drops connections that wait for a further request.
    const ends = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    let isCut = false;
    const timer = setTimeout(() => {
      isCut = true;
      this.#connections.destroy();
    }, this.#limits.drainMs);
    await Promise.all(ends);
    clearTimeout(timer);
    return !isCut;
  }

  #listenAt(host: string, port: number): Promise<number> {
    const server = this.#newServer();
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        const bound = server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  #newServer(): Server {
    const { tls } = this.#options;
    const limits = this.#limits;
    const options: ServerOptions = {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: limits.keepAliveMs,
      // Refused below, with a reason.
      requireHostHeader: false,
    };
    const server = tls === null ? createHttpServer(options) : this.#newHttpsServer(tls, options);
    server.maxRequestsPerSocket = limits.requestsPerConnectionMax;
    server.setTimeout(limits.idleMs);
    server.on('connection', (socket: Socket) => this.#connections.add(socket));
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      this.#connections.inTurn(request.socket, response, () => {
        void this.#respond(request, response);
      });
    };
    server.on('request', onRequest);
    // Nobody is told to go on and send a body.
    server.on('checkContinue', onRequest);
    server.on('checkExpectation', onRequest);
    server.on('connect', (_request, socket) => this.#sayFarewell(socket, METHOD_REFUSED));
    server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    return server;
  }

  /** Callers that do not speak TLS are told so; node:https would only close the connection. */
  #newHttpsServer(tls: TlsIdentity, options: ServerOptions): Server {
    const { handshakeMs } = this.#limits;
    const context = serverContextOf(tls.current);
    const server = createHttpsServer({ ...options, ...context, handshakeTimeout: handshakeMs });
    const beginTls = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const limit = setTimeout(() => socket.destroy(), handshakeMs);
      const dropped = (): void => {};
      socket.on('error', dropped).once('close', () => clearTimeout(limit));
      socket.once('data', (bytes: Buffer) => {
        clearTimeout(limit);
        socket.off('error', dropped);
        if (bytes[0] !== TLS_HANDSHAKE) {
          this.#sayFarewell(socket, TLS_EXPECTED);
          return;
        }
        socket.pause();
        socket.unshift(bytes);
        for (const begin of beginTls) begin.call(server, socket);
      });
    });
    return server;
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = this.#answerTo(request);
      send(request, response, answer instanceof Promise ? await answer : answer, this.#isStopping);
    } catch (error) {
      send(request, response, this.#answerFor(error, request), this.#isStopping);
    }
  }

  get #isStopping(): boolean {
    return this.#stopping !== null;
  }

  #answerTo(request: IncomingMessage): AnyAnswer | Promise<AnyAnswer> {
    const { url = '', method = '' } = request;
    const { httpVersion } = request;
    // Without a version it is HTTP/0.9, which has neither headers nor codes.
    if (httpVersion !== '1.1' && httpVersion !== '1.0') return VERSION_REFUSED;
    const foreign = refuseForeignHost(hostsOf(request), httpVersion === '1.0', this.#names());
    if (foreign !== null) return foreign;
    if (method === 'OPTIONS' && url === '*') return empty(204, ALLOW);
    if (!url.startsWith('/')) {
      return refusal(400, 'the request names no path', 'Ask for a path such as /primary.');
    }
    const [path, query] = splitOnce(url, '?');
    if (this.#routes === null) {
      return refusal(503, 'the daemon is starting', 'Wait a moment and ask again.');
    }
    const route = this.#routes.get(path);
    if (route === undefined) {
      const listed = [...this.#routes].filter(([, { isUnlisted }]) => isUnlisted !== true);
      const hint = `Ask for one of ${listed.map(([known]) => known).join(', ')}.`;
      return refusal(404, 'there is nothing at this path', hint);
    }
    return this.#answerOf(route, request, query);
  }

  #answerOf(route: Route, request: IncomingMessage, query: string): AnyAnswer | Promise<AnyAnswer> {
    const { method } = request;
    const { bodyBytesMax } = route;
    if (bodyBytesMax !== undefined) {
      if (method === 'OPTIONS') return empty(204, ALLOW_POST);
      if (method !== 'POST') return POST_EXPECTED;
      return bodyOf(request, bodyBytesMax).then((body) =>
        body === null
          ? refusal(413, 'the body is too large', `Send at most ${bodyBytesMax} bytes.`, CLOSE)
          : answerFrom(route, request, query, body),
      );
    }
    if (method === 'OPTIONS') return empty(204, ALLOW);
    if (method !== 'GET' && method !== 'HEAD') return METHOD_REFUSED;
    if (hasBody(request)) {
      return refusal(413, 'a body is not taken', 'Send none.', CLOSE);
    }
    return answerFrom(route, request, query, NO_BODY);
  }

  /** Names by which this server may be asked, those in the certificate included. */
  #names(): readonly string[] {
    const { names, tls } = this.#options;
    if (tls === null) return names;
    const inCertificate = tls.current.subjectAltName.matchAll(/DNS:([^,\s"]+)/g);
    return [...names, ...[...inCertificate].map(([, name = '']) => name)];
  }

  #answerFor(error: unknown, { method, url }: IncomingMessage): Answer {
    if (error instanceof BadRequest) return error.answer;
    if (error instanceof QuorateError) {
      const { message, hint, code } = error;
      return json(statusFor(error), { error: message, code, hint });
    }
    this.#modules.log.error({ method, url, err: error }, 'an HTTP request failed by a fault');
    if (error instanceof InvariantViolation) this.#modules.onFatal(error);
    return refusal(500, 'a fault of the daemon', 'Look at its log.');
  }

  #onClientError(error: Error, socket: Duplex): void {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isBusy = socket instanceof Socket && this.#connections.isBusy(socket);
    if (code === 'ECONNRESET' || isBusy) socket.destroy();
    else this.#sayFarewell(socket, CLIENT_ERRORS[code] ?? NO_HTTP);
  }

  /** Writes an answer to a connection that node:http has given up, and closes it. */
  #sayFarewell(socket: Duplex, answer: Answer): void {
    if (!socket.writable || socket.writableEnded) return;
    const limit = setTimeout(() => socket.destroy(), this.#limits.farewellMs);
    socket.once('close', () => clearTimeout(limit));
    socket.on('error', () => {});
    // Read and dropped: a connection that is closed with unread bytes is reset, and the answer would be lost.
    socket.resume();
    socket.end(rawBytes(answer));
  }
}

type AnyAnswer = Answer | StreamedAnswer;

const NO_BODY = Buffer.alloc(0);

function answerFrom(
  route: Route,
  { socket, headers }: IncomingMessage,
  query: string,
  body: Buffer,
): AnyAnswer | Promise<AnyAnswer> {
  const { remoteAddress = '', remotePort = 0 } = socket;
  return route.answer({
    query: queryFrom(query, route.parameters),
    peer: `${remoteAddress}:${remotePort}`,
    headers,
    body,
    isTls: socket instanceof TLSSocket,
  });
}

/** Null: it is larger. Never resolves if the caller goes away, which ends the connection and all that waits for it. */
function bodyOf(request: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size > bytesMax) resolve(null);
      else parts.push(part);
    });
    request.once('end', () => resolve(Buffer.concat(parts)));
    request.once('error', () => {});
  });
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  answer: AnyAnswer,
  isLast: boolean,
): void {
  if ('begin' in answer) {
    response.writeHead(answer.status, answer.headers);
    if (method === 'HEAD' || response.destroyed) response.end();
    else answer.begin(response);
    return;
  }
  const { status, headers, body } = answer;
  const length = status === 204 ? {} : { 'Content-Length': String(body.length) };
  response.writeHead(status, { ...headers, ...length, ...(isLast ? CLOSE : {}) });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Every Host header; node:http itself keeps only the first. */
function hostsOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_value, at) => {
    return at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host';
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  return coding !== undefined || Number(length) !== 0;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** The answer's status for a refusal of the service. */
function statusFor({ code }: QuorateError): number {
  switch (ERRORS[code].grpc) {
    case 'INVALID_ARGUMENT':
      return 400;
    case 'PERMISSION_DENIED':
      return 403;
    case 'NOT_FOUND':
      return 404;
    case 'FAILED_PRECONDITION':
    case 'ALREADY_EXISTS':
      return 409;
    case 'INTERNAL':
      return 500;
    default:
      return 503;
  }
}

const METHOD_REFUSED = refusal(405, 'this method is not taken', 'Use GET or HEAD.', {
  ...ALLOW,
  ...CLOSE,
});

const POST_EXPECTED = refusal(405, 'this method is not taken', 'Use POST.', ALLOW_POST);

const VERSION_REFUSED = refusal(505, 'no such version of HTTP here', 'Speak HTTP/1.1.', CLOSE);

const TLS_EXPECTED = refusal(400, 'this port speaks TLS', 'Ask with https.');

const NO_HTTP = refusal(400, 'this is no HTTP request', 'Speak HTTP/1.1 to this port.');

/** By the codes of node:http. */
const CLIENT_ERRORS: Readonly<Record<string, Answer>> = {
  HPE_HEADER_OVERFLOW: refusal(431, 'the headers are too large', 'Send fewer and shorter ones.'),
  ERR_HTTP_REQUEST_TIMEOUT: refusal(408, 'the request took too long', 'Send it at once.'),
};
