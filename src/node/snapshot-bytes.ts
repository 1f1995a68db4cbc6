// How a snapshot travels: its parts one after the other, each behind its length in four bytes, cut into chunks.
// Leaves: they know nothing of Raft and move no bytes themselves.

import { invariant } from '../raft/assert.js';

const LENGTH_BYTES = 4;

/** Puts parts behind their lengths (unsigned, big-endian) into one run of bytes. */
export function joinParts(parts: readonly Uint8Array[]): Uint8Array {
  const total = parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return bytes;
}

/** Takes the parts apart again; null if the lengths do not add up. */
export function splitParts(bytes: Uint8Array): Uint8Array[] | null {
  const parts: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (at + LENGTH_BYTES > bytes.length) return null;
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > bytes.length) return null;
    parts.push(bytes.slice(at + LENGTH_BYTES, end));
    at = end;
  }
  return parts;
}

/** Puts chunks that arrived in order into one run of bytes. */
export function joinChunks(chunks: readonly Uint8Array[], totalBytes: number): Uint8Array {
  const bytes = new Uint8Array(totalBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  invariant(at === totalBytes, 'the chunks add up to the whole snapshot');
  return bytes;
}
