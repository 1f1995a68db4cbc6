// Where a node looks for its cluster, as it is written: a multicast group, or names and addresses of peers. Read and checked
// here; nothing is resolved or opened.

import { isIP, isIPv4 } from 'node:net';
import { AddressError, parseAddress } from '../address.js';
import type { Address } from '../address.js';

const PEER_PORT = 6000;
const DISCOVERY_PORT = 54327;

/** More would only be more to ask; a name may stand for any number of addresses. */
export const TARGETS_MAX = 64;

export type Target =
  | { readonly type: 'multicast'; readonly group: string; readonly port: number }
  /** A name is asked for all its addresses, again and again. */
  | { readonly type: 'peer'; readonly address: Address };

/** Reads `udp://GROUP[:54327]`, `tcp://HOST[:6000]` or `HOST[:6000]`. Throws `AddressError`. */
export function parseTarget(text: string): Target {
  const [, scheme = 'tcp', rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text) ?? [];
  if (scheme === 'tcp') return { type: 'peer', address: parseAddress(rest, PEER_PORT) };
  const expected = 'udp://GROUP:PORT, tcp://HOST:PORT or a name that resolves to every member';
  if (scheme !== 'udp') throw new AddressError(text, expected);
  const { host, port } = parseAddress(rest, DISCOVERY_PORT);
  if (isMulticast(host) && port > 0) return { type: 'multicast', group: host, port };
  throw new AddressError(text, 'a multicast group such as udp://224.2.2.44:54327');
}

function isMulticast(host: string): boolean {
  if (isIPv4(host)) {
    const first = Number(host.split('.')[0]);
    return first >= 224 && first <= 239;
  }
  return isIP(host) === 6 && /^ff/i.test(host);
}
