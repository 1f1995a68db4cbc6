// The seal: what proves at open that nothing synced is gone, changed, or come back. Every batch also writes how many keys
// there are and a sum over the checksums of all keys with their values; the sum changes with each put and delete, so it
// costs O(batch). Whatever part of an older or damaged state shows up beside a newer one does not fit the seal.

import { checksum } from '../codec/checksum.js';
import { keyOf, KEY_KIND } from './keys.js';

export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Buffer };

/** What the seal says. */
export interface Seal {
  /** Number of the batch that wrote it; counts from 1 in the life of the data directory. */
  readonly sequence: number;
  /** Keys, without the seal's own. */
  readonly count: number;
  /** Sum of their checksums modulo 2^48. */
  readonly sum: number;
}

const SUM_LIMIT = 2 ** 48;
const SEAL_BYTES = 28;

export class LiveKeys {
  readonly #checksums = new Map<string, number>();
  #sequence = 0;
  #sum = 0;

  get seal(): Seal {
    return { sequence: this.#sequence, count: this.#checksums.size, sum: this.#sum };
  }

  /** Goes on after the seal found at open; the keys found are noted by `note`. */
  continueAfter(sequence: number): void {
    this.#sequence = sequence;
  }

  /** Notes a key with its value, in the place of an earlier value. */
  note(key: Buffer, value: Uint8Array): void {
    this.#forget(key);
    const sum = checksum(value, checksum(key));
    this.#checksums.set(nameOf(key), sum);
    this.#sum = (this.#sum + spread(sum)) % SUM_LIMIT;
  }

  /** The same operations with the seal that they lead to; to be written as one atomic batch. */
  sealed(operations: readonly Operation[]): Operation[] {
    for (const operation of operations) {
      if (operation.type === 'put') this.note(operation.key, operation.value);
      else this.#forget(operation.key);
    }
    this.#sequence += 1;
    const value = encodeSeal(this.seal);
    return [...operations, { type: 'put', key: keyOf(KEY_KIND.seal), value }];
  }

  #forget(key: Buffer): void {
    const name = nameOf(key);
    const sum = this.#checksums.get(name);
    if (sum === undefined) return;
    this.#checksums.delete(name);
    this.#sum = (this.#sum - spread(sum) + SUM_LIMIT) % SUM_LIMIT;
  }
}

function nameOf(key: Buffer): string {
  return key.toString('latin1');
}

/** Spreads 32 bits over 48, so that errors in few checksums do not cancel out easily. */
function spread(sum: number): number {
  return (sum * 65_521) % SUM_LIMIT;
}

function encodeSeal({ sequence, count, sum }: Seal): Uint8Array {
  const bytes = Buffer.alloc(SEAL_BYTES);
  bytes.writeBigUInt64BE(BigInt(sequence), 0);
  bytes.writeBigUInt64BE(BigInt(count), 8);
  bytes.writeBigUInt64BE(BigInt(sum), 16);
  bytes.writeUInt32BE(checksum(bytes.subarray(0, 24)), 24);
  return bytes;
}

/** Null if the bytes are no seal. */
export function decodeSeal(value: Uint8Array): Seal | null {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length !== SEAL_BYTES) return null;
  if (bytes.readUInt32BE(24) !== checksum(bytes.subarray(0, 24))) return null;
  return {
    sequence: Number(bytes.readBigUInt64BE(0)),
    count: Number(bytes.readBigUInt64BE(8)),
    sum: Number(bytes.readBigUInt64BE(16)),
  };
}
