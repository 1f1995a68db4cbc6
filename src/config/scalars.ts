// The words of a configuration file: durations, sizes, numbers, names, addresses. Each reader takes text and answers its value
// or throws `Wrong` with what was expected; whoever reads a file adds the place and what stands there.

import { AddressError, parseAddress } from '../address.js';
import type { Address } from '../address.js';

/** Text that does not fit; the message says what was expected, as it stands after "expected". */
export class Wrong extends Error {
  override readonly name = 'Wrong';
  /** The message says it all: nothing of what stands there belongs beside it. */
  readonly isWhole: boolean;

  constructor(message: string, { isWhole = false } = {}) {
    super(message);
    this.isWhole = isWhole;
  }
}

/** Longest duration: longer timers would overflow those of Node. */
const DURATION_MAX_MS = 7 * 24 * 60 * 60 * 1000;
const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
};
const NAME = /^[A-Za-z0-9._-]{1,63}$/;

/** A duration in milliseconds from `minMs` on: a whole number and a unit. */
export function duration(minMs = 1, maxMs = DURATION_MAX_MS): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,12})(ms|s|m|h)$/.exec(text);
    const ms = Number(match?.[1]) * (DURATION_UNITS[match?.[2] ?? ''] ?? Number.NaN);
    if (Number.isSafeInteger(ms) && ms >= minMs && ms <= maxMs) return ms;
    const range = `from ${shownDuration(minMs)} to ${shownDuration(maxMs)}`;
    throw new Wrong(`a duration such as 250ms, 10s, 5m or 1h, ${range}`);
  };
}

/** Milliseconds in the largest unit that says them exactly. */
function shownDuration(ms: number): string {
  if (ms > 0 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms > 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** A size in bytes from `minBytes` on: a whole number and a unit. */
export function size(minBytes: number): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,9}) ?([KMG]i?B|B)$/.exec(text);
    const bytes = Number(match?.[1]) * (SIZE_UNITS[match?.[2] ?? ''] ?? Number.NaN);
    if (Number.isSafeInteger(bytes) && bytes >= minBytes) return bytes;
    throw new Wrong(`a size such as 64KiB, 128MiB or 2GiB, ${shownSize(minBytes)} or more`);
  };
}

function shownSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB']) {
    const factor = SIZE_UNITS[unit] ?? 1;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,15}$/.test(text) && number >= min && number <= max) return number;
    throw new Wrong(`a whole number from ${min} to ${max}`);
  };
}

/** `true` or `false`; other words that YAML once took for them are refused. */
export function truth(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new Wrong('true or false');
}

/** A name of a node, cluster, process, group or item. */
export function properName(text: string): string {
  if (NAME.test(text)) return text;
  throw new Wrong('1 to 63 letters, digits, dots, underscores or hyphens');
}

/** Some text without control characters. */
export function someText(bytesMax: number): (text: string) => string {
  return (text) => {
    // oxlint-disable-next-line no-control-regex
    const isPlain = text !== '' && !/[\u0000-\u0008\u000a-\u001f\u007f\ufffd]/.test(text);
    if (isPlain && Buffer.byteLength(text) <= bytesMax) return text;
    throw new Wrong(`some text of at most ${bytesMax} bytes, without control characters`);
  };
}

/** `HOST[:PORT]`. */
function address(defaultPort: number): (text: string) => Address {
  return (text) => {
    try {
      return parseAddress(text, defaultPort);
    } catch (error) {
      if (error instanceof AddressError) throw new Wrong(expectedOf(error));
      throw error;
    }
  };
}

/** `HOST:PORT` with a port that others can be told. */
export function reachable(defaultPort: number): (text: string) => Address {
  return (text) => {
    const found = address(defaultPort)(text);
    if (found.port === 0) throw new Wrong('a port from 1 to 65535');
    return found;
  };
}

/** `SCHEME://HOST[:PORT]`. */
export function schemed(scheme: string, defaultPort: number): (text: string) => Address {
  return (text) => {
    const start = `${scheme}://`;
    if (!text.startsWith(start)) throw new Wrong(`${start}HOST:PORT`);
    return reachable(defaultPort)(text.slice(start.length));
  };
}

/** What an address error expected, without what it got: that is shown as it stands in the file. */
function expectedOf({ message }: AddressError): string {
  return message.replace(/^expected /, '').replace(/, got ".*$/s, '');
}
