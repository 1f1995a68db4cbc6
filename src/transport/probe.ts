// Asks whether an HTTP/2 server answers at an address, within a limit, and leaves nothing behind.
// grpc-js needs this done for it: it gives up no connection attempt by itself, and a client that is closed while it
// connects leaks its socket for as long as the peer stays silent. A plain TCP connection proves too little, because the
// kernel of a frozen process accepts it; so the probe waits for the server's settings, its first words.

import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectTcp } from 'node:net';

import { formatAddress } from '../address.js';
import type { Address } from '../address.js';

export type ProbeResult =
  /** `address` is the one that answered, a name resolved. */
  | { readonly type: 'answers'; readonly address: Address }
  | { readonly type: 'fails'; readonly detail: string };

/**
 * Probes once and calls back once, later, with everything closed by then.
 * The limit covers name resolution, connection and answer. The returned function gives up without a call back.
 */
export function probePeer(
  address: Address,
  limitMs: number,
  done: (result: ProbeResult) => void,
): () => void {
  let session: ClientHttp2Session | null = null;
  let isOver = false;
  const socket = connectTcp({ host: address.host, port: address.port });

  const end = (): boolean => {
    if (isOver) return false;
    isOver = true;
    clearTimeout(timer);
    session?.destroy();
    socket.destroy();
    return true;
  };
  const fail = (detail: string): void => {
    if (end()) done({ type: 'fails', detail });
  };
  const timer = setTimeout(() => fail(`no answer within ${limitMs} ms`), limitMs);

  // The listeners stay after the end: an error without one would end the process.
  socket.on('error', (error) => fail(error.message));
  socket.on('close', () => fail('the connection was closed before an answer'));
  socket.once('connect', () => {
    if (isOver) return;
    const host = socket.remoteAddress ?? address.host;
    session = connectHttp2(`http://${formatAddress(address)}`, { createConnection: () => socket });
    session.on('error', (error: Error) => fail(error.message));
    session.once('remoteSettings', () => {
      if (end()) done({ type: 'answers', address: { host, port: address.port } });
    });
  });
  return () => {
    end();
  };
}
