// An answer of the HTTP port as a value: status, headers, bytes. Bodies are one JSON object; what is refused says why
// and what to do, with the keys that the command line's errors have. An answer that goes on for long is a stream instead.

import { STATUS_CODES } from 'node:http';
import type { Writable } from 'node:stream';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer whose body is written over time; the connection ends with it. */
export interface StreamedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Called once, when the headers are on their way; not for HEAD. Whoever writes ends it, also when the server stops. */
  readonly begin: (out: Writable) => void;
}

/** Of every answer: nobody keeps it, guesses its type, or shows it inside another site. */
const HEADERS_ALWAYS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** One JSON object on one line. It is written here, so that an answer whose truth is checked last is sent at once. */
export function json(status: number, value: object, headers: Answer['headers'] = {}): Answer {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  const type = { 'Content-Type': 'application/json; charset=utf-8' };
  return { status, headers: { ...HEADERS_ALWAYS, ...type, ...headers }, body };
}

/** Text of a media type. */
export function text(status: number, type: string, body: string): Answer {
  return { status, headers: { ...HEADERS_ALWAYS, 'Content-Type': type }, body: Buffer.from(body) };
}

/** Says why not, and what to do next. */
export function refusal(
  status: number,
  error: string,
  hint: string,
  headers: Answer['headers'] = {},
): Answer {
  return json(status, { error, hint }, headers);
}

/** Bytes of a media type. */
export function bytes(
  status: number,
  type: string,
  body: Buffer,
  headers: Answer['headers'] = {},
): Answer {
  return { status, headers: { ...HEADERS_ALWAYS, 'Content-Type': type, ...headers }, body };
}

/** An answer whose body is written over time. */
export function streamed(
  type: string,
  headers: Answer['headers'],
  begin: StreamedAnswer['begin'],
): StreamedAnswer {
  const all = { ...HEADERS_ALWAYS, 'Content-Type': type, ...headers, Connection: 'close' };
  return { status: 200, headers: all, begin };
}

/** Without a body. */
export function empty(status: number, headers: Answer['headers']): Answer {
  return { status, headers: { ...HEADERS_ALWAYS, ...headers }, body: Buffer.alloc(0) };
}

/** The answer as bytes of HTTP/1.1, for a connection that is closed after it. */
export function rawBytes({ status, headers, body }: Answer): Buffer {
  const lines = Object.entries({
    ...headers,
    'Content-Length': String(body.length),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
