// Checks of requests at the gateway: every field has a bound, and a value outside it is refused with its name.
// Pure. What depends on the cluster's state is checked by whoever knows that state.

import { QuorateError } from '../errors.js';
import type { ClientRequest__Output as ClientRequestMessage } from '../generated/quorate/v1/ClientRequest.js';
import type { PutSessionRequest__Output } from '../generated/quorate/v1/PutSessionRequest.js';
import type { LogIndex } from '../raft/types.js';
import type { ClientRequest } from '../state-machine/command.js';
import { SESSION_LIMITS } from '../state-machine/command.js';

export const REQUEST_LIMITS = {
  pageDefault: 100,
  pageMax: 1000,
  /** A page of a list ends before its sessions have more bytes than this, but has at least one. */
  pageBytesMax: 1024 * 1024,
  reasonBytesMax: 512,
  addressesMax: 32,
  addressBytesMax: 300,
} as const;

const CLIENT_SESSION = /^[0-9a-f]{32}$/;
const NAME = /^[A-Za-z0-9._-]{1,63}$/;
/** What the decoder makes of bytes that are not UTF-8, and halves of surrogate pairs. */
const BROKEN_TEXT = /\ufffd|\p{Surrogate}/u;

/** Refuses a value, naming its field. */
export function invalid(field: string, message: string): QuorateError {
  return new QuorateError('INVALID_ARGUMENT', `${field}: ${message}`, { field });
}

/** Refuses a size, naming its field and its limit. */
export function tooLarge(field: string, size: number, limit: number, unit: string): QuorateError {
  const message = `${field}: expected at most ${limit} ${unit}, got ${size}`;
  return new QuorateError('TOO_LARGE', message, { field, limit: `${limit} ${unit}` });
}

/**
 * Checks text by its bytes. The decoder turns invalid UTF-8 into U+FFFD, which cannot be told from a U+FFFD that was
 * sent: both are refused, so that two different ids never become one.
 */
export function checkText(field: string, value: string, bytesMin: number, bytesMax: number): void {
  if (BROKEN_TEXT.test(value)) throw invalid(field, 'expected valid UTF-8 without U+FFFD');
  const bytes = Buffer.byteLength(value);
  if (bytes < bytesMin) throw invalid(field, 'expected some text, got none');
  if (bytes > bytesMax) throw tooLarge(field, bytes, bytesMax, 'bytes');
}

/** Checks a whole number in [min, max]; 64-bit values beyond the safe integers arrive inexact and are refused. */
export function checkNumber(field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw invalid(field, `expected a whole number from ${min} to ${max}, got ${value}`);
}

/** Whether it can be the name of a node or of a cluster. */
export function isNodeName(name: string): boolean {
  return NAME.test(name);
}

/** Checks the name of a node. */
export function checkNodeName(field: string, name: string): void {
  if (isNodeName(name)) return;
  const got = JSON.stringify(name.slice(0, 80));
  throw invalid(
    field,
    `expected 1 to 63 letters, digits, dots, underscores or hyphens, got ${got}`,
  );
}

/** Checks what a person gave as a reason. */
export function checkReason(reason: string): void {
  checkText('reason', reason, 0, REQUEST_LIMITS.reasonBytesMax);
}

/** Entries of a page. */
interface PageLimits {
  readonly pageDefault: number;
  readonly pageMax: number;
}

/** The size of a page: 0 means the default. */
export function pageLimit(
  limit: number,
  { pageDefault, pageMax }: PageLimits = REQUEST_LIMITS,
): number {
  if (limit === 0) return pageDefault;
  checkNumber('limit', limit, 1, pageMax);
  return limit;
}

/** Checks an id of a session. */
export function checkSessionId(id: string): void {
  checkText('id', id, 1, SESSION_LIMITS.idBytesMax);
}

/** An optional revision; absent is null. */
export function revisionOrNull(field: string, value: number | undefined): LogIndex | null {
  if (value === undefined) return null;
  checkNumber(field, value, 0, Number.MAX_SAFE_INTEGER);
  return value as LogIndex;
}

/** Checks which request of a client session this is; null: it is not covered by one. */
export function clientRequestOf(request: ClientRequestMessage | null): ClientRequest | null {
  if (request === null) return null;
  const { session, sequence } = request;
  if (!CLIENT_SESSION.test(session)) {
    throw invalid('client.session', 'expected the 32 hexadecimal digits that Open answered');
  }
  checkNumber('client.sequence', sequence, 1, Number.MAX_SAFE_INTEGER - 1);
  checkNumber('client.acknowledged_below', request.acknowledgedBelow, 0, sequence);
  return { session, sequence, acknowledgedBelow: Math.max(1, request.acknowledgedBelow) };
}

/** Checks a whole PutSessionRequest. */
export function checkPutSession(request: PutSessionRequest__Output): void {
  const { ownerBytesMax, ttlMinMs, ttlMaxMs, attributesMax } = SESSION_LIMITS;
  checkSessionId(request.id);
  if (request.owner !== undefined) checkText('owner', request.owner, 0, ownerBytesMax);
  if (request.ttlMs !== undefined) checkNumber('ttl_ms', request.ttlMs, ttlMinMs, ttlMaxMs);
  const names = Object.keys(request.attributes);
  const { removedAttributes } = request;
  if (names.length > attributesMax) {
    throw tooLarge('attributes', names.length, attributesMax, 'attributes');
  }
  if (removedAttributes.length > attributesMax) {
    throw tooLarge('removed_attributes', removedAttributes.length, attributesMax, 'names');
  }
  let bytes = 0;
  for (const name of names) {
    checkText('attributes', name, 1, SESSION_LIMITS.attributeNameBytesMax);
    bytes += Buffer.byteLength(name) + (request.attributes[name]?.length ?? 0);
  }
  if (bytes > SESSION_LIMITS.attributesBytesMax) {
    throw tooLarge('attributes', bytes, SESSION_LIMITS.attributesBytesMax, 'bytes');
  }
  for (const name of removedAttributes) {
    checkText('removed_attributes', name, 1, SESSION_LIMITS.attributeNameBytesMax);
    if (!Object.hasOwn(request.attributes, name)) continue;
    throw invalid('removed_attributes', `${JSON.stringify(name)} is also to be set`);
  }
}
