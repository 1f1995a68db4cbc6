// A sealed head with a tail of raw bytes behind it, for what carries large things that have checksums of their own:
// batches of entries and messages. The head says how long each piece of the tail is; nothing is summed twice.

import { damaged, readUint32, writeUint32 } from './envelope.js';

/** In front: length of the sealed head, unsigned, big-endian. */
const LENGTH_BYTES = 4;

/** Room for both, with the head written; the caller fills the tail from `tailAt` to the end. */
export function joinHead(
  head: Uint8Array,
  tailBytes: number,
): { readonly bytes: Uint8Array; readonly tailAt: number } {
  const tailAt = LENGTH_BYTES + head.length;
  const bytes = new Uint8Array(tailAt + tailBytes);
  writeUint32(bytes, 0, head.length);
  bytes.set(head, LENGTH_BYTES);
  return { bytes, tailAt };
}

/** Takes both apart, as views. The head is to be opened before the tail is believed. Throws `CodecError`. */
export function splitHead(
  what: string,
  bytes: Uint8Array,
): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(what, `expected at least ${LENGTH_BYTES} bytes, got ${bytes.length}`);
  }
  const tailAt = LENGTH_BYTES + readUint32(bytes, 0);
  if (tailAt > bytes.length) {
    throw damaged(what, `expected at least ${tailAt} bytes, got ${bytes.length}`);
  }
  return { head: bytes.subarray(LENGTH_BYTES, tailAt), tail: bytes.subarray(tailAt) };
}
