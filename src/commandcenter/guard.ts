// What a request must show before it is believed: a login in its cookie, the origin of the page that sent it, a body that is one JSON
// object with known keys. Loopback is no login, and the page of another site is nobody, whatever cookies its visitors have.

import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { BadRequest } from '../http/query.js';
import type { RouteRequest } from '../http/routes.js';
import type { MemberAddress } from './feed.js';

/** The cookie of a request by its name; null: none, or more than one. */
export function cookieOf({ cookie }: IncomingHttpHeaders, name: string): string | null {
  const values = (cookie ?? '').split(';').flatMap((pair) => {
    const [key = '', ...value] = pair.trim().split('=');
    return key === name ? [value.join('=')] : [];
  });
  return values.length === 1 ? (values[0] ?? null) : null;
}

/** Refuses what was not sent by a page of this very server. Browsers send an Origin with every POST. */
export function checkOrigin({ headers, isTls }: RouteRequest): void {
  const { origin, host = '' } = headers;
  const own = `${isTls ? 'https' : 'http'}://${host.toLowerCase()}`;
  if (origin !== undefined && origin.toLowerCase() === own) return;
  throw new BadRequest(
    origin === undefined ? 'the request has no Origin header' : `${origin} is not this server`,
    'Act from the Command Center of this very node, at the address that the browser shows.',
    403,
  );
}

/** The body as an object with these keys and no others. */
export function jsonBody(
  { headers, body }: RouteRequest,
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    const hint = 'Send Content-Type: application/json.';
    throw new BadRequest('the body is not declared to be JSON', hint, 415);
  }
  const value = parsed(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadRequest('the body is no JSON object', `Send one with ${listed(keys)}.`);
  }
  for (const key of Object.keys(value)) {
    if (keys.includes(key)) continue;
    throw new BadRequest(`unknown key ${JSON.stringify(key)}`, `This takes ${listed(keys)}.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

function listed(keys: readonly string[]): string {
  return keys.length === 0 ? 'no keys' : keys.join(', ');
}

/** A text of a body; absent: `otherwise`. */
export function textIn(
  body: Readonly<Record<string, unknown>>,
  key: string,
  lengthMax: number,
  otherwise: string | null = null,
): string {
  const value = body[key] ?? otherwise;
  if (typeof value === 'string' && value.length <= lengthMax) return value;
  throw new BadRequest(`${key}: expected text`, `Give at most ${lengthMax} characters.`);
}

/**
 * Headers by which the page of another member may read the answer: only with the very origin of a member's HTTP port, or the same port
 * of this machine by another name of loopback.
 */
export function sharedWith(
  { headers: { origin } }: RouteRequest,
  members: readonly MemberAddress[],
): Readonly<Record<string, string>> {
  const vary = { Vary: 'Origin' };
  if (origin === undefined) return vary;
  const asked = canonical(origin);
  const isMember = members.some(
    (member) => member.origin !== null && canonical(member.origin) === asked,
  );
  return asked !== null && isMember ? { ...vary, 'Access-Control-Allow-Origin': origin } : vary;
}

/** An origin, all names of loopback being one; null: it is none. */
function canonical(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  const { protocol, hostname, port, origin: whole } = new URL(origin);
  if (whole !== origin.toLowerCase()) return null;
  const isLoopback =
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return isLoopback ? `${protocol}//loopback:${port}` : whole;
}
