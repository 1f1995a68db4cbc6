// At which addresses a daemon listens and which it tells others. Nothing is resolved or bound here.
// Listened is not advertised, and nothing listens beyond loopback without encryption unless that was asked for.

import { AddressError, formatAddress, parseAddress } from '../address.js';
import type { Address } from '../address.js';
import { QuorateError } from '../errors.js';
import { localAddresses } from './local-addresses.js';

const PEER_PORT = 6000;
const API_PORT = 6001;
const HTTP_PORT = 8080;
/** Instead of an address: no HTTP port. */
const NONE = 'none';

export interface AddressOptions {
  /** HOST[:6000]. */
  readonly listen: string;
  /** HOST[:PORT], by default the port that was bound; null: as listened. */
  readonly advertise: string | null;
  /** HOST[:6001]. */
  readonly api: string;
  /** HOST[:8080], or `none`. */
  readonly http: string;
  /** There is encryption, or the operator does without it. */
  readonly mayLeaveLoopback: boolean;
}

export interface DaemonAddresses {
  readonly listen: Address;
  /** Port 0: the one that is bound. Null: as listened. */
  readonly advertise: Address | null;
  readonly api: Address;
  /** Null: none. */
  readonly http: Address | null;
}

/** Reads and checks the addresses. Refuses with WRONG_USAGE or INSECURE_ADDRESS, naming the option. */
export function daemonAddresses(options: AddressOptions): DaemonAddresses {
  const { mayLeaveLoopback } = options;
  const listen = listenAddress('--listen', options.listen, PEER_PORT, mayLeaveLoopback);
  const api = listenAddress('--api', options.api, API_PORT, mayLeaveLoopback);
  const http =
    options.http === NONE
      ? null
      : listenAddress('--http', options.http, HTTP_PORT, mayLeaveLoopback);
  checkDifferent('--api', api, '--listen', listen);
  checkDifferent('--http', http, '--listen', listen);
  checkDifferent('--http', http, '--api', api);
  if (options.advertise !== null) {
    const advertise = addressFrom('--advertise', options.advertise, 0);
    if (!isWildcard(advertise.host)) return { listen, advertise, api, http };
    throw usage('--advertise', `${options.advertise} is no address that others can reach`);
  }
  if (!isWildcard(listen.host)) return { listen, advertise: null, api, http };
  throw usage('--advertise', `say by which address others reach ${options.listen}`);
}

/** Says in our words why an address could not be bound, from what the system said. */
export function bindError(option: string, address: Address, cause: unknown): QuorateError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const target = formatAddress(address);
  const refusal = (code: 'ADDRESS_IN_USE' | 'ADDRESS_NOT_LOCAL' | 'LISTEN_FAILED', text: string) =>
    new QuorateError(
      code,
      `cannot listen at ${target}: ${text}`,
      { option, address: target },
      { cause },
    );
  if (why.includes('EADDRINUSE')) return refusal('ADDRESS_IN_USE', 'the port is in use');
  if (why.includes('EADDRNOTAVAIL')) {
    return refusal('ADDRESS_NOT_LOCAL', `no such address here; there are ${localAddresses()}`);
  }
  if (/ENOTFOUND|EAI_AGAIN|resolution/.test(why)) {
    return refusal('ADDRESS_NOT_LOCAL', `the host name ${address.host} is not known`);
  }
  if (/EACCES|EPERM/.test(why)) return refusal('LISTEN_FAILED', 'the system does not permit it');
  return refusal('LISTEN_FAILED', why);
}

/** What others are told, once the ports are bound: the API is told by the peers' host if it listens everywhere. */
export function advertised(
  addresses: DaemonAddresses,
  peerPort: number,
  apiPort: number,
): { readonly address: string; readonly api: string } {
  const { host, port } = reachedAt(addresses);
  return {
    address: formatAddress({ host, port: port === 0 ? peerPort : port }),
    api: tellable(addresses, addresses.api, apiPort),
  };
}

/** Where the HTTP port is, once it is bound; by the peers' host if it listens everywhere. */
export function advertisedHttp(addresses: DaemonAddresses, http: Address, port: number): string {
  return tellable(addresses, http, port);
}

/** Host names by which clients may ask this daemon. */
export function hostNames({ listen, advertise, api, http }: DaemonAddresses): string[] {
  return [listen, advertise, api, http].flatMap((address) => address?.host ?? []);
}

function reachedAt({ listen, advertise }: DaemonAddresses): Address {
  return advertise ?? { host: listen.host, port: 0 };
}

function tellable(addresses: DaemonAddresses, { host }: Address, port: number): string {
  return formatAddress({ host: isWildcard(host) ? reachedAt(addresses).host : host, port });
}

function checkDifferent(option: string, one: Address | null, other: string, two: Address): void {
  if (one === null || one.port === 0 || formatAddress(one) !== formatAddress(two)) return;
  throw usage(option, `${formatAddress(one)} is given for ${other} too; they need two ports`);
}

function listenAddress(
  option: string,
  text: string,
  defaultPort: number,
  mayLeaveLoopback: boolean,
): Address {
  const address = addressFrom(option, text, defaultPort);
  if (mayLeaveLoopback || isLoopback(address.host)) return address;
  const message = `${option}: ${text} is not loopback, and the traffic would not be encrypted`;
  throw new QuorateError('INSECURE_ADDRESS', message, { option });
}

function addressFrom(option: string, text: string, defaultPort: number): Address {
  try {
    return parseAddress(text, defaultPort);
  } catch (error) {
    if (error instanceof AddressError) throw usage(option, error.message);
    throw error;
  }
}

function usage(option: string, message: string): QuorateError {
  return new QuorateError('WRONG_USAGE', `${option}: ${message}`, { option });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host);
}
