// Bytes written and read in order: whole numbers in as few bytes as they need, and runs of bytes behind their length. What is
// written stands in pieces that are filled one after the other and never move, so that writing copies nothing twice.

import { invariant } from '../raft/assert.js';

/** A record that cannot be read: damaged, cut off, or of another kind. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

const PIECE_BYTES = 64 * 1024;
/** The longest whole number. */
const NUMBER_BYTES = 8;
const FLOAT_BYTES = 8;
/** Whole numbers beyond this are written as floating point. */
const SIGNED_MAX = 2 ** 50;

export class ByteWriter {
  readonly #full: Uint8Array[] = [];
  #fullBytes = 0;
  #open: Uint8Array;
  #at = 0;

  /** `firstBytes`: of the first piece; a little for what is short. */
  constructor(firstBytes = PIECE_BYTES) {
    this.#open = new Uint8Array(firstBytes);
  }

  get length(): number {
    return this.#fullBytes + this.#at;
  }

  byte(value: number): void {
    this.#room(1);
    this.#open[this.#at] = value;
    this.#at += 1;
  }

  /** A safe whole number from 0 on. */
  uint(value: number): void {
    this.#room(NUMBER_BYTES);
    let rest = value;
    if (rest < 0x80) {
      // Most are; anything but a whole number is refused below.
      invariant(rest >= 0 && rest === (rest | 0), 'a count is whole and not negative');
      this.#open[this.#at] = rest;
      this.#at += 1;
      return;
    }
    invariant(Number.isSafeInteger(rest), 'a count is a safe whole number');
    while (rest >= 0x80) {
      this.#open[this.#at] = (rest % 0x80) | 0x80;
      this.#at += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#open[this.#at] = rest;
    this.#at += 1;
  }

  /** Any number, exactly. */
  number(value: number): void {
    if (Number.isInteger(value) && value < SIGNED_MAX && value > -SIGNED_MAX) {
      this.uint(value >= 0 ? value * 4 : -value * 4 - 2);
      return;
    }
    this.uint(1);
    this.#room(FLOAT_BYTES);
    const view = new DataView(this.#open.buffer, this.#open.byteOffset);
    view.setFloat64(this.#at, value);
    this.#at += FLOAT_BYTES;
  }

  /** 32 bits, unsigned. */
  word(value: number): void {
    this.#room(4);
    const open = this.#open;
    open[this.#at] = value & 0xff;
    open[this.#at + 1] = (value >>> 8) & 0xff;
    open[this.#at + 2] = (value >>> 16) & 0xff;
    open[this.#at + 3] = value >>> 24;
    this.#at += 4;
  }

  /** The bytes behind their length. */
  run(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** The bytes alone. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#open.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** All pieces so far; none changes any more, whatever is written later. */
  pieces(): Uint8Array[] {
    return [...this.#full, this.#open.slice(0, this.#at)];
  }

  /** All bytes so far, as one. */
  whole(): Uint8Array {
    return joined(this.pieces());
  }

  #room(count: number): void {
    if (this.#at + count <= this.#open.length) return;
    this.#full.push(this.#open.subarray(0, this.#at));
    this.#fullBytes += this.#at;
    this.#open = new Uint8Array(Math.max(PIECE_BYTES, count));
    this.#at = 0;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new UnreadableRecord('it ends in the middle of an item');
    this.#at += 1;
    return value;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
      if (value > Number.MAX_SAFE_INTEGER || scale > Number.MAX_SAFE_INTEGER) break;
    }
    if (Number.isSafeInteger(value)) return value;
    throw new UnreadableRecord('a number in it is too large');
  }

  /** A count of things of which each takes a byte or more. */
  count(): number {
    const count = this.uint();
    if (count > this.left) throw new UnreadableRecord('a count in it is larger than what follows');
    return count;
  }

  number(): number {
    const code = this.uint();
    if (code % 4 === 0) return code / 4;
    if (code % 4 === 2) return -(code + 2) / 4;
    const bytes = this.raw(FLOAT_BYTES);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
  }

  word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.raw(4);
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }

  run(): Uint8Array {
    return this.raw(this.uint());
  }

  raw(length: number): Uint8Array {
    if (length > this.left) throw new UnreadableRecord('it ends in the middle of an item');
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }
}

/** The pieces behind one another. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
