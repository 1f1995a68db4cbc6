// Hosts that an operator may name by mistake, or that break while they answer: silent ones, ones that speak something
// else, ones that stop or hang up in mid-answer. Each listens on the loopback; none keeps to the protocol that a
// client of ours expects, and all of them end with `close`.

import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const GRPC = { ':status': 200, 'content-type': 'application/grpc' } as const;

export interface BadHostKind {
  readonly make: () => Server;
  /** It takes requests, so that a write sent to it may have happened. */
  readonly takesRequests: boolean;
}

/** How a host behaves once somebody connected. */
export const BAD_HOSTS: Readonly<Record<string, BadHostKind>> = {
  'accepts and says nothing': deaf(() => {}),
  'closes at once': deaf((socket) => socket.destroy()),
  'resets after the first words': deaf((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  }),
  'speaks SSH': deaf((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')),
  'sends noise': deaf((socket) => socket.write(Buffer.alloc(8192, 0xff))),
  'speaks HTTP/1': {
    make: () => createHttpServer((_request, response) => response.end('hello')),
    takesRequests: false,
  },
  'is a web server without the page': {
    ...http2((stream) => {
      stream.respond({ ':status': 404 });
      stream.end();
    }),
    takesRequests: false,
  },
  'is a web server with a page for everything': http2((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'text/html' });
    stream.end('<html>hello</html>');
  }),
  'takes the request and never answers': http2(() => {}),
  'begins an answer and stops': http2(beginAnswer),
  'begins an answer and hangs up': http2((stream) => {
    beginAnswer(stream);
    setTimeout(() => stream.session?.destroy(), 30);
  }),
  'answers something else': http2((stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.from([0, 0, 0, 0, 5, 255, 255, 255, 255, 255]));
  }),
  'announces an endless answer': http2((stream) => {
    stream.respond(GRPC);
    stream.write(Buffer.from([0, 0x7f, 255, 255, 255, 1]));
  }),
};

/** A listening host. */
export class BadHost {
  readonly address: string;
  /** Resolves when a request has come, of a host that takes any. */
  readonly asked: Promise<void>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#server = server;
    this.asked = new Promise((resolve) => server.once('stream', () => resolve()));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
    });
  }

  static async start(behaviour: string): Promise<BadHost> {
    const server = BAD_HOSTS[behaviour]?.make();
    if (server === undefined) throw new Error(`no host ${behaviour}`);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new BadHost(server);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

function beginAnswer(stream: ServerHttp2Stream): void {
  stream.respond(GRPC);
  stream.write(Buffer.from([0, 0, 0, 0, 200, 1, 2, 3]));
}

function deaf(onSocket: (socket: Socket) => void): BadHostKind {
  return { make: () => createServer(onSocket), takesRequests: false };
}

function http2(onStream: (stream: ServerHttp2Stream) => void): BadHostKind {
  const make = (): Server => {
    const server = createHttp2Server();
    server.on('sessionError', () => {});
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      onStream(stream);
    });
    return server;
  };
  return { make, takesRequests: true };
}
