// Plain data of the core as bytes and back: JSON with its keys in order, so that equal data has equal bytes. What JSON lacks is
// added: maps, numbers without end, and bytes, of which only the length is kept, since the core never looks into them.

import { UnreadableRecord } from './bytes.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** As many zeros as a payload had bytes stand for it; nothing that the core handles is longer. */
const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
let zeros = new Uint8Array(64 * 1024);

/** Bytes in the place of a payload of that length. They are shared, and never written. */
export function payloadOf(length: number): Uint8Array {
  if (length > PAYLOAD_BYTES_MAX) throw new UnreadableRecord('a payload in it is too long');
  if (length > zeros.length) zeros = new Uint8Array(length);
  return zeros.subarray(0, length);
}

/** Encodes plain data. */
export function encodePlain(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(tagged(value)));
}

/** Decodes what `encodePlain` wrote. Throws `UnreadableRecord`. */
export function decodePlain(bytes: Uint8Array): unknown {
  try {
    return untagged(JSON.parse(decoder.decode(bytes)));
  } catch (error) {
    if (error instanceof UnreadableRecord) throw error;
    throw new UnreadableRecord('text in it cannot be read');
  }
}

function tagged(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(tagged);
  if (value instanceof Uint8Array) return { $bytes: value.length };
  if (value instanceof Map) {
    const pairs: [unknown, unknown][] = [...value];
    return { $map: pairs.map(([key, inner]) => [key, tagged(inner)]) };
  }
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, tagged(inner)]),
  );
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(untagged);
  const { $number, $bytes, $map } = value as { $number?: string; $bytes?: number; $map?: unknown };
  if ($number !== undefined) return Number($number);
  if ($bytes !== undefined) return payloadOf(Number($bytes));
  if (Array.isArray($map)) {
    return new Map($map.map((pair: unknown[]): [unknown, unknown] => [pair[0], untagged(pair[1])]));
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untagged(inner)]));
}
