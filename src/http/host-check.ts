// Whether a request was meant for this server, by its Host header. A page of a foreign site that makes its own name point
// to this machine (DNS rebinding) would otherwise have the browser of whoever can reach the port ask and read for it.
// Such a page is known by its name, so that addresses and the names of this very node are taken and no others.

import { isIP } from 'node:net';
import { AddressError, parseAddress } from '../address.js';
import { refusal } from './answer.js';
import type { Answer } from './answer.js';

const HTTP_PORT = 80;

/**
 * Null: meant for this server. `hosts` are the Host headers of the request as they came; `names` those of this server
 * besides IP addresses and localhost, in any case. The port is not looked at: it may have been forwarded.
 */
export function refuseForeignHost(
  hosts: readonly string[],
  isHttp10: boolean,
  names: readonly string[],
): Answer | null {
  const [host, ...others] = hosts;
  // Browsers always send one.
  if (host === undefined && isHttp10) return null;
  if (host === undefined || others.length > 0) {
    const what = host === undefined ? 'no Host header' : 'more than one Host header';
    return refusal(400, `the request has ${what}`, 'Send exactly one.');
  }
  const name = nameIn(host);
  if (name === null) {
    return refusal(400, 'the Host header is no HOST[:PORT]', 'Send the address that was asked.');
  }
  if (isIP(name) !== 0 || name === 'localhost') return null;
  if (names.some((own) => plain(own) === name)) return null;
  return refusal(
    421,
    `${name} is no name of this node`,
    'Ask by an IP address, by localhost, by the name of this node or by a host name that it was started with; a balancer or proxy in between can set the Host header to one of these.',
  );
}

function nameIn(host: string): string | null {
  try {
    return plain(parseAddress(host, HTTP_PORT).host);
  } catch (error) {
    if (error instanceof AddressError) return null;
    throw error;
  }
}

/** Names do not differ by case, nor by the dot of the root. */
function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
