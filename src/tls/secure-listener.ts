// The listening side of a port that speaks TLS: accepts connections, checks who calls, and hands on only those sockets
// whose certificate the CA signed. Who is refused is told why in HTTP/2's own words, also a caller without TLS, and the
// owner of the port is told once for each caller and reason. It listens itself, because grpc-js would tell neither.

import { lookup } from 'node:dns/promises';
import { createServer as createTcpServer } from 'node:net';
import type { Server as TcpServer, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import type { Address } from '../address.js';
import { callerOf } from './caller.js';
import type { Caller } from './caller.js';
import { farewell } from './http2-frames.js';
import type { TlsIdentity } from './identity.js';
import { serverContextOf } from './material.js';
import { callerTrouble, writeRefusal } from './trouble.js';
import type { TlsReason } from './trouble.js';

export interface SecureListenerOptions {
  readonly tls: TlsIdentity;
  /** Whether callers must show a node's certificate. */
  readonly isForNodes: boolean;
}

/** A caller that was refused; for the log. */
export interface RefusedCaller {
  /** Its IP address. */
  readonly caller: string;
  readonly reason: TlsReason;
  readonly detail: string;
}

export interface SecureListenerModules {
  /** Takes over a socket whose certificate is valid. */
  readonly onSocket: (socket: TLSSocket) => void;
  /** Told once for each caller and reason, until that caller gets in. */
  readonly onRefused: (refused: RefusedCaller) => void;
}

/** For a caller to say its first word, and again for its handshake. */
const HANDSHAKE_LIMIT_MS = 5_000;
/** For a refused caller to take the reason. */
const FAREWELL_LIMIT_MS = 1_000;
/** Callers remembered so that each is told of once; all are forgotten together when there are more. */
const COMPLAINTS_MAX = 256;
/** First byte of a TLS handshake. */
const TLS_HANDSHAKE = 0x16;

export class SecureListener {
  readonly #options: SecureListenerOptions;
  readonly #modules: SecureListenerModules;
  readonly #tlsServer: TlsServer;
  readonly #listeners: TcpServer[] = [];
  /** Accepted, and not handed on; by the caller's address and port. */
  readonly #waiting = new Map<string, Socket>();
  /** Who is at the other end of the sockets that were handed on; by the same key. */
  readonly #callers = new Map<string, Caller>();
  readonly #complaints = new Map<string, TlsReason>();
  readonly #forgetIdentity: () => void;
  #isClosed = false;

  constructor(options: SecureListenerOptions, modules: SecureListenerModules) {
    this.#options = options;
    this.#modules = modules;
    const { tls } = options;
    this.#tlsServer = createTlsServer({
      ...serverContextOf(tls.current),
      requestCert: true,
      // Checked below, so that the caller can be told what is wrong.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
    });
    this.#tlsServer.on('secureConnection', (socket) => this.#onSecure(socket));
    this.#tlsServer.on('tlsClientError', (error, socket) => this.#onFailure(error, socket));
    this.#forgetIdentity = tls.onChange((material) =>
      this.#tlsServer.setSecureContext(serverContextOf(material)),
    );
  }

  /** Listens at every address of the host; answers the port. Rejects with what the system said. */
  async listen({ host, port }: Address): Promise<number> {
    let bound = port;
    for (const { address } of await lookup(host, { all: true })) {
      bound = await this.#listenAt(address, bound);
    }
    return bound;
  }

  /** Who calls from `ADDRESS:PORT`; null: nobody, or no longer. Looked up, because reading a certificate is slow. */
  callerAt(peer: string): Caller | null {
    return this.#callers.get(peer) ?? null;
  }

  /** Takes no more connections and drops those that were not handed on. */
  close(): void {
    this.#isClosed = true;
    this.#forgetIdentity();
    for (const listener of this.#listeners) listener.close();
    for (const socket of this.#waiting.values()) socket.destroy();
  }

  #listenAt(host: string, port: number): Promise<number> {
    const listener = createTcpServer((socket) => this.#onConnection(socket));
    this.#listeners.push(listener);
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ host, port }, () => {
        listener.off('error', reject);
        const bound = listener.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  #onConnection(socket: Socket): void {
    const key = keyOf(socket);
    this.#waiting.set(key, socket);
    const limit = setTimeout(() => socket.destroy(), HANDSHAKE_LIMIT_MS);
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(limit);
      if (this.#waiting.get(key) === socket) this.#waiting.delete(key);
    });
    socket.once('data', (bytes: Buffer) => {
      clearTimeout(limit);
      if (bytes[0] === TLS_HANDSHAKE) {
        socket.pause();
        socket.unshift(bytes);
        this.#tlsServer.emit('connection', socket);
      } else {
        this.#refuse(socket, 'TLS_EXPECTED', 'the caller speaks no TLS');
      }
    });
  }

  #onSecure(socket: TLSSocket): void {
    socket.on('error', () => {});
    const certificate = socket.getPeerCertificate();
    const caller = socket.authorized ? callerOf(certificate) : null;
    const isWelcome = caller !== null && (caller.isNode || !this.#options.isForNodes);
    if (!isWelcome || socket.alpnProtocol !== 'h2') {
      // Typed as an Error; it is the code.
      const code = socket.authorized ? null : String(socket.authorizationError);
      const { reason, detail } = callerTrouble(code, certificate);
      this.#refuse(socket, reason, detail);
      return;
    }
    const key = keyOf(socket);
    // Behind address translation two callers may have one address and port, if this host has several addresses.
    if (this.#isClosed || this.#callers.has(key)) {
      socket.destroy();
      return;
    }
    this.#waiting.delete(key);
    this.#complaints.delete(socket.remoteAddress ?? '');
    this.#callers.set(key, caller);
    socket.once('close', () => this.#callers.delete(key));
    this.#modules.onSocket(socket);
  }

  #onFailure(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const { code = '', message } = error;
    // Who merely goes away, such as a load balancer that looks whether the port is open, is not worth a word.
    if (code.startsWith('ERR_SSL_')) {
      const { reason: own } = error as { reason?: unknown };
      const detail = `TLS failed: ${typeof own === 'string' ? own : message}`;
      this.#complain(socket.remoteAddress ?? '', 'HANDSHAKE', detail);
    }
    socket.destroy();
  }

  #refuse(socket: Socket, reason: TlsReason, detail: string): void {
    this.#complain(socket.remoteAddress ?? '', reason, detail);
    const limit = setTimeout(() => socket.destroy(), FAREWELL_LIMIT_MS);
    socket.once('close', () => clearTimeout(limit));
    // Read and dropped: a socket that is closed with unread bytes resets the connection, and the farewell would be lost.
    socket.resume();
    socket.end(farewell(writeRefusal(reason, detail)));
  }

  #complain(caller: string, reason: TlsReason, detail: string): void {
    if (this.#complaints.get(caller) === reason) return;
    if (this.#complaints.size >= COMPLAINTS_MAX) this.#complaints.clear();
    this.#complaints.set(caller, reason);
    this.#modules.onRefused({ caller, reason, detail });
  }
}

/** As grpc-js names the other end of a call. */
function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
