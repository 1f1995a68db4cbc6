// What people type, read strictly: durations, addresses, names, revisions, KEY=VALUE. Whatever does not fit is refused
// with what was expected and what was given, before anything is sent. Loads neither gRPC nor the daemon.

import { InvalidArgumentError } from 'commander';
import { formatAddress, parseAddress } from '../src/address.js';
import { count, cutTo } from './format.js';

/** Largest duration that is accepted: longer timers would overflow those of Node. */
const DURATION_MAX_MS = 7 * 24 * 60 * 60 * 1000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const NAME = /^[A-Za-z0-9._-]{1,63}$/;

/** Bounds that the service also checks; said here so that wrong usage is told as such. Source: design, defaults. */
export const SESSION_ARGUMENT_LIMITS = {
  idBytesMax: 512,
  ownerBytesMax: 512,
  keyBytesMax: 255,
  attributesMax: 256,
  bytesMax: 1024 * 1024,
  ttlMinMs: 2000,
  ttlMaxMs: 24 * 60 * 60 * 1000,
} as const;

const REASON_BYTES_MAX = 512;
/** Characters of an argument that are shown when it is wrong. */
const SHOWN_MAX = 40;

/** A duration in milliseconds: a whole number and a unit, such as `250ms`, `10s`, `5m` or `1h`. */
export function durationArgument(text: string): number {
  const match = /^(\d{1,12})(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(ms) && ms > 0 && ms <= DURATION_MAX_MS) return ms;
  throw wrong('a duration such as 250ms, 10s, 5m or 1h, up to 168h', text);
}

/** The life of a session. */
export function ttlArgument(text: string): number {
  const ms = durationArgument(text);
  const { ttlMinMs, ttlMaxMs } = SESSION_ARGUMENT_LIMITS;
  if (ms >= ttlMinMs && ms <= ttlMaxMs) return ms;
  throw wrong('a duration from 2s to 24h', text);
}

/** Name of a node or of a cluster. */
export function nameArgument(text: string): string {
  if (NAME.test(text)) return text;
  throw wrong('1 to 63 letters, digits, dots, underscores or hyphens', text);
}

/** A directory; an empty one, as from a variable that is not set, would be where the command happens to run. */
export function directoryArgument(text: string): string {
  if (text !== '') return text;
  throw wrong('a directory', text);
}

/** A file; an empty name is what a variable that is not set leaves. */
export function fileArgument(text: string): string {
  if (text !== '') return text;
  throw wrong('a file', text);
}

/** Port of the API when an address does not say. */
export const API_PORT = 6001;

/** An API address, `HOST[:6001]`, as `HOST:PORT`. */
export function apiAddressArgument(text: string): string {
  try {
    const address = parseAddress(text, API_PORT);
    if (address.port !== 0) return formatAddress(address);
  } catch (error) {
    throw complaint(messageOf(error));
  }
  throw wrong('a port from 1 to 65535', text);
}

/** Collects API addresses. */
export function apiAddressesArgument(text: string, previous: readonly string[] = []): string[] {
  return [...previous, apiAddressArgument(text)];
}

/** An address to listen on or to be reached at, with the port to take when it does not say. */
export function listenAddressArgument(defaultPort: number): (text: string) => string {
  return (text) => {
    try {
      return formatAddress(parseAddress(text, defaultPort));
    } catch (error) {
      throw complaint(messageOf(error));
    }
  };
}

/** Collects places to look for a cluster; the daemon reads them. The environment may give several, with commas. */
export function targetsArgument(text: string, previous: readonly string[] = []): string[] {
  const targets = text.split(',').map((part) => part.trim());
  if (targets.every((target) => target !== '')) return [...previous, ...targets];
  throw wrong('udp://GROUP:PORT, tcp://HOST:PORT or a name', text);
}

const HTTP_PORT = 8080;

/** Where the HTTP port listens; `none`: nowhere. */
export function httpAddressArgument(text: string): string {
  return text === 'none' ? text : listenAddressArgument(HTTP_PORT)(text);
}

/** A whole number from `min` to `max`. */
export function numberArgument(min: number, max: number): (text: string) => number {
  const range =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${min} or more`
      : `a whole number from ${min} to ${max}`;
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw wrong(range, text);
  };
}

/** A share, 0 to 1. */
export function shareArgument(text: string): number {
  const share = /^\d?\.?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (share >= 0 && share <= 1) return share;
  throw wrong('a share from 0 to 1, such as 0.01', text);
}

/** A revision; 0 stands for "does not exist" or "from the beginning". */
export const revisionArgument = numberArgument(0, Number.MAX_SAFE_INTEGER);

/** Text with a bound in bytes of UTF-8. */
export function textArgument(bytesMin: number, bytesMax: number): (text: string) => string {
  return (text) => {
    const bytes = Buffer.byteLength(text);
    if (text.includes('\ufffd')) throw wrong('valid UTF-8', text);
    if (bytes >= bytesMin && bytes <= bytesMax) return text;
    if (bytes === 0) throw wrong('some text', text);
    throw oversize(`${bytesMax} bytes`, count(bytes, 'byte'));
  };
}

export const sessionIdArgument = textArgument(1, SESSION_ARGUMENT_LIMITS.idBytesMax);
export const ownerArgument = textArgument(0, SESSION_ARGUMENT_LIMITS.ownerBytesMax);
export const reasonArgument = textArgument(0, REASON_BYTES_MAX);

/** One `KEY=VALUE`; the value begins after the first `=` and may be empty. Collects into `previous`. */
export function attributeArgument(
  text: string,
  previous: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(at, 0));
  const { keyBytesMax, attributesMax, bytesMax } = SESSION_ARGUMENT_LIMITS;
  if (at < 1) throw wrong('a key, = and a value', text);
  if (text.includes('\ufffd')) throw wrong('valid UTF-8', text);
  if (Buffer.byteLength(key) > keyBytesMax) {
    throw oversize(`${keyBytesMax} bytes for a key`, count(Buffer.byteLength(key), 'byte'));
  }
  if (previous.has(key)) throw complaint(`the key ${JSON.stringify(key)} is given twice`);
  const attributes = new Map(previous).set(key, text.slice(at + 1));
  if (attributes.size > attributesMax) {
    throw oversize(`${attributesMax} attributes`, 'more');
  }
  let bytes = 0;
  for (const [name, value] of attributes)
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  if (bytes > bytesMax) throw oversize(`${bytesMax / 1024 ** 2} MiB of attributes`, 'more');
  return attributes;
}

/**
 * Stands before what we say of an argument, in the sentence that commander makes of it: no argument can contain it, so
 * that errors.ts finds where commander's own words, and the whole argument, end.
 */
export const COMPLAINT_MARK = '\u0000';

/** Refuses an argument with our own sentence. */
export function complaint(text: string): InvalidArgumentError {
  return new InvalidArgumentError(`${COMPLAINT_MARK}${text}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was typed is shown in quotes, and not at length. */
function wrong(expected: string, got: string): InvalidArgumentError {
  return complaint(`expected ${expected}, got ${JSON.stringify(cutTo(got, SHOWN_MAX))}`);
}

function oversize(limit: string, measure: string): InvalidArgumentError {
  return complaint(`expected at most ${limit}, got ${measure}`);
}
