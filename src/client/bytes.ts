// Values as programs have them and as messages carry them. Text is UTF-8; bytes are taken as they are, without a copy.
// Pure.

import { invalidArgument } from './numbers.js';

/** What can be stored: text, which is kept as UTF-8, or bytes. */
export type Value = string | Uint8Array;

/** The bytes of a value; INVALID_ARGUMENT if plain JavaScript gives anything else. */
export function bytesOf(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (!ArrayBuffer.isView(value)) {
    throw invalidArgument('value', `expected text or a Uint8Array, got ${typeof value}`);
  }
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
