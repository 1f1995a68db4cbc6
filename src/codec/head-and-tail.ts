// A sealed head with a tail of raw bytes behind it, for what carries large things that have checksums of their own:
// batches of entries and messages. The head says how long each piece of the tail is; nothing is summed twice.

import { damaged, open, readUint32, writeUint32 } from './envelope.js';

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
  const tailAt = tailOf(what, bytes);
  return { head: bytes.subarray(LENGTH_BYTES, tailAt), tail: bytes.subarray(tailAt) };
}

/** Opens the head; the tail is a view, made only if there is one: making it takes longer than reading the head. */
export function openHead(
  what: string,
  bytes: Uint8Array,
): { readonly kind: number; readonly fields: readonly unknown[]; readonly tail: Uint8Array } {
  const tailAt = tailOf(what, bytes);
  const { kind, fields } = open(what, bytes, LENGTH_BYTES, tailAt);
  return { kind, fields, tail: tailAt === bytes.length ? NO_BYTES : bytes.subarray(tailAt) };
}

const NO_BYTES = new Uint8Array(0);

/** Where the head ends. */
function tailOf(what: string, bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(what, `expected at least ${LENGTH_BYTES} bytes, got ${bytes.length}`);
  }
  const tailAt = LENGTH_BYTES + readUint32(bytes, 0);
  if (tailAt > bytes.length) {
    throw damaged(what, `expected at least ${tailAt} bytes, got ${bytes.length}`);
  }
  return tailAt;
}
