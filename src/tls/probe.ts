// Asks whether an HTTP/2 server that we may believe answers at an address, within a limit, and leaves nothing behind.
// grpc-js needs this done for it: it gives up no connection attempt by itself, a client that is closed while it connects
// leaks its socket for as long as the other end stays silent, and of TLS it tells less than we want to say. A plain TCP
// connection proves too little, because the kernel of a frozen process accepts it; so the probe waits until the server has
// acknowledged its settings.

import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Address } from '../address.js';
import { CLIENT_GREETING, readGreeting } from './http2-frames.js';
import type { TlsMaterial } from './material.js';
import {
  closedAfterHandshake,
  handshakeTrouble,
  readRefusal,
  serverTrouble,
  tlsExpected,
} from './trouble.js';
import type { TlsTrouble } from './trouble.js';

export type ProbeResult =
  /** `address` is the one that answered, a name resolved. */
  | { readonly type: 'answers'; readonly address: Address }
  | { readonly type: 'fails'; readonly detail: string }
  /** Somebody is there, and time alone does not mend it. */
  | { readonly type: 'distrusts'; readonly trouble: TlsTrouble };

export interface ProbeOptions {
  /** Its host is the name that the server's certificate must have. */
  readonly address: Address;
  /** Covers name resolution, connection, TLS and answer. */
  readonly limitMs: number;
  /** Null: without TLS. */
  readonly tls: TlsMaterial | null;
}

/** A server that says more than this before it acknowledges is none of ours. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Probes once and calls back once, later, with everything closed by then. The returned function gives up silently. */
export function probe(options: ProbeOptions, done: (result: ProbeResult) => void): () => void {
  const attempt = new Attempt(options, done);
  return () => {
    attempt.end();
  };
}

class Attempt {
  readonly #options: ProbeOptions;
  readonly #done: (result: ProbeResult) => void;
  readonly #tcp: Socket;
  readonly #timer: NodeJS.Timeout;
  #tls: TLSSocket | null = null;
  #said: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(options: ProbeOptions, done: (result: ProbeResult) => void) {
    this.#options = options;
    this.#done = done;
    const { address, limitMs } = options;
    this.#timer = setTimeout(() => this.#fail(`no answer within ${limitMs} ms`), limitMs);
    this.#tcp = connectTcp({ host: address.host, port: address.port });
    // The listeners stay after the end: an error without one would end the process.
    this.#tcp.on('error', (error) => this.#fail(messageOf(error)));
    this.#tcp.on('close', () => this.#onClose());
    this.#tcp.once('connect', () => this.#onConnect());
  }

  /** Closes everything; answers whether it was still open. */
  end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#tls?.destroy();
    this.#tcp.destroy();
    return true;
  }

  #finish(result: ProbeResult): void {
    if (this.end()) this.#done(result);
  }

  #fail(detail: string): void {
    this.#finish({ type: 'fails', detail });
  }

  #distrust(trouble: TlsTrouble): void {
    this.#finish({ type: 'distrusts', trouble });
  }

  #onConnect(): void {
    if (this.#isOver) return;
    const { tls, address } = this.#options;
    if (tls === null) {
      this.#greet(this.#tcp);
      return;
    }
    const { host } = address;
    const socket = connectTls({
      socket: this.#tcp,
      secureContext: tls.context,
      ALPNProtocols: ['h2'],
      // Checked below, where the certificate can still be looked at. Nothing is sent before.
      rejectUnauthorized: false,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(host, certificate),
      // An IP address is not a server name (RFC 6066 §3).
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    this.#tls = socket;
    socket.on('error', (error: Error) => this.#onTlsError(error));
    socket.on('close', () => this.#onClose());
    socket.once('secureConnect', () => this.#onSecure(socket));
  }

  #onSecure(socket: TLSSocket): void {
    if (this.#isOver) return;
    if (!socket.authorized) {
      // Typed as an Error; it is the code.
      const code = String(socket.authorizationError);
      const { host } = this.#options.address;
      this.#distrust(serverTrouble(code, socket.getPeerCertificate(), host));
    } else if (socket.alpnProtocol === 'h2') {
      this.#greet(socket);
    } else {
      this.#fail('it does not speak gRPC');
    }
  }

  #onTlsError(error: NodeJS.ErrnoException): void {
    const code = error.code ?? '';
    if (code.startsWith('ERR_SSL_')) this.#distrust(handshakeTrouble(error));
    else if (this.#tls?.authorized === true) this.#onClose();
    else this.#fail(messageOf(error));
  }

  #onClose(): void {
    // Who sees a certificate and closes without a word dislikes it, or ends at this moment.
    if (this.#tls?.authorized === true) this.#distrust(closedAfterHandshake());
    else this.#fail('the connection was closed before an answer');
  }

  #greet(socket: Socket): void {
    socket.on('data', (bytes) => this.#onData(bytes));
    socket.write(CLIENT_GREETING);
  }

  #onData(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#said = Buffer.concat([this.#said, bytes]);
    const greeting = readGreeting(this.#said);
    switch (greeting.type) {
      case 'greeted': {
        const host = this.#tcp.remoteAddress ?? this.#options.address.host;
        this.#finish({ type: 'answers', address: { host, port: this.#options.address.port } });
        return;
      }
      case 'goaway':
        this.#onGoaway(greeting.text);
        return;
      case 'foreign':
        if (this.#options.tls === null && isTlsAlert(this.#said)) this.#distrust(tlsExpected());
        else this.#fail('it does not speak gRPC');
        return;
      case 'incomplete':
        if (this.#said.length > ANSWER_BYTES_MAX) this.#fail('it does not speak gRPC');
    }
  }

  #onGoaway(text: string): void {
    const trouble = readRefusal(text);
    if (trouble === null) this.#fail('it refuses connections at this moment');
    else this.#distrust(trouble);
  }
}

/** A TLS record of type alert: the server takes our greeting for a broken handshake. */
function isTlsAlert(bytes: Buffer): boolean {
  return bytes[0] === 0x15 && bytes[1] === 0x03;
}

function messageOf(error: Error): string {
  return error.message === '' ? ((error as NodeJS.ErrnoException).code ?? 'failed') : error.message;
}
