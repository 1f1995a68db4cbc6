// What grpc-js is given in both cases, with TLS and without: the port of a server, the credentials and options of a
// client. With TLS the server listens through secure-listener.ts and gets sockets whose caller was checked; the client
// checks the host that the operator wrote, be it a name or an IP address.

import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { ChannelCredentials, ServerCredentials } from '@grpc/grpc-js';
import type { ChannelOptions, Server } from '@grpc/grpc-js';
import { formatAddress } from '../address.js';
import type { Address } from '../address.js';
import type { Caller } from './caller.js';
import type { TlsIdentity } from './identity.js';
import type { TlsMaterial } from './material.js';
import { SecureListener } from './secure-listener.js';
import type { RefusedCaller } from './secure-listener.js';

export interface GrpcPortOptions {
  readonly listen: Address;
  /** Null: without TLS. */
  readonly tls: TlsIdentity | null;
  /** Whether callers must show a node's certificate. */
  readonly isForNodes: boolean;
  readonly onRefused: (refused: RefusedCaller) => void;
}

export interface GrpcPort {
  readonly port: number;
  /** Who calls from `ADDRESS:PORT`; null: nobody, or no longer. Null without TLS. */
  readonly callerAt: ((peer: string) => Caller | null) | null;
  /** Takes no more connections; those that run are the server's to end. */
  readonly close: () => void;
  /**
   * Asks all connections to end, and cuts off those that are left after so long, in ms. For a server without channelz, before its own
   * shutdown, which would find none of them to cut off.
   */
  readonly drain: (graceMs: number) => void;
}

/** Makes a server listen. Rejects with what the system said if the address cannot be bound. */
export async function bindGrpc(server: Server, options: GrpcPortOptions): Promise<GrpcPort> {
  const { listen, tls, isForNodes, onRefused } = options;
  const insecure = ServerCredentials.createInsecure();
  if (tls === null) {
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(formatAddress(listen), insecure, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    const bound = formatAddress({ host: listen.host, port });
    const drain = (graceMs: number): void => server.drain(bound, graceMs);
    return { port, callerAt: null, close: () => {}, drain };
  }
  // "Insecure" for grpc-js alone: what it is given has been decrypted and checked.
  const injector = server.createConnectionInjector(insecure);
  const onSocket = (socket: TLSSocket): void => injector.injectConnection(socket);
  const listener = new SecureListener({ tls, isForNodes }, { onSocket, onRefused });
  try {
    const port = await listener.listen(listen);
    return {
      port,
      callerAt: (peer) => listener.callerAt(peer),
      close: () => listener.close(),
      drain: (graceMs) => injector.drain(graceMs),
    };
  } catch (error) {
    listener.close();
    throw error;
  }
}

export interface GrpcDial {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/**
 * How a client calls. `host` is the name that the server's certificate must have, whatever address is dialled.
 * `tls` null: without TLS.
 */
export function dialGrpc(tls: TlsMaterial | null, host: string): GrpcDial {
  if (tls === null) return { credentials: ChannelCredentials.createInsecure(), options: {} };
  const checkHost = (_name: string, certificate: PeerCertificate): Error | undefined =>
    checkServerIdentity(host, certificate);
  return {
    credentials: ChannelCredentials.createFromSecureContext(tls.context, {
      checkServerIdentity: checkHost,
    }),
    // An IP address is not a server name (RFC 6066 §3) and Node warns of it, but grpc-js always sends one.
    options: { 'grpc.ssl_target_name_override': isIP(host) === 0 ? host : NO_SERVER_NAME },
  };
}

/** Can never exist. Source: RFC 2606 §2. */
const NO_SERVER_NAME = 'ip-address.invalid';
