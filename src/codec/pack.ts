// The fields of an envelope as msgpack, for what nearly all of them are: small whole numbers, short plain texts, truth values
// and lists of these. That is written and read here without anything being made on the way, since messages and entries are
// most of what a node does; everything else is left to msgpackr, which makes the very same bytes.

import { Packr } from 'msgpackr';

/** A value that a field can carry. Numbers are whole; what is absent is null. */
export type FieldValue = number | string | boolean | null | Uint8Array | readonly FieldValue[];

/** Records off: a record would be a structure that the reader must have seen before. */
const packr = new Packr({ useRecords: false });

/** Longest text, in bytes, that is written or read here. */
const TEXT_MAX = 0xff;
/** Longest run of bytes, in bytes, and longest list. */
const LENGTH_MAX = 0xffff;
/** A list that is read has room for so many from the start: more is not believed before it is there. */
const LIST_ROOM_MAX = 256;

/** Bytes to write into; what is in it is of no use once something else is packed. */
let room = new Uint8Array(1024);
let at = 0;

/** Packs the fields `headBytes` into an array that is used again; answers it, and where they end. */
export function packFields(
  headBytes: number,
  fields: readonly FieldValue[],
): { readonly room: Uint8Array; readonly end: number } {
  at = headBytes;
  if (!write(fields)) {
    const packed = packr.pack(fields);
    reserve(headBytes + packed.length);
    room.set(packed, headBytes);
    at = headBytes + packed.length;
  }
  return { room, end: at };
}

/** Makes `room` at least so long and a little longer, so that there is always room for a checksum behind. */
function reserve(length: number): void {
  if (length + 16 <= room.length) return;
  const longer = new Uint8Array(2 * length + 16);
  longer.set(room);
  room = longer;
}

/** False: this is not for us, and what was written is to be forgotten. */
function write(value: FieldValue): boolean {
  reserve(at);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value === 'string') return writeText(value);
  if (value === null) room[at] = 0xc0;
  else if (value === false) room[at] = 0xc2;
  else if (value === true) room[at] = 0xc3;
  else return value instanceof Uint8Array ? writeBytes(value) : writeList(value);
  at += 1;
  return true;
}

function writeNumber(value: number): boolean {
  if (value >>> 0 !== value) return false;
  if (value < 0x80) {
    room[at] = value;
    at += 1;
  } else if (value < 0x100) {
    room[at] = 0xcc;
    room[at + 1] = value;
    at += 2;
  } else if (value < 0x10000) {
    room[at] = 0xcd;
    room[at + 1] = value >>> 8;
    room[at + 2] = value;
    at += 3;
  } else {
    room[at] = 0xce;
    room[at + 1] = value >>> 24;
    room[at + 2] = value >>> 16;
    room[at + 3] = value >>> 8;
    room[at + 4] = value;
    at += 5;
  }
  return true;
}

function writeText(value: string): boolean {
  const { length } = value;
  if (length > TEXT_MAX) return false;
  reserve(at + length + 2);
  if (length < 0x20) {
    room[at] = 0xa0 | length;
    at += 1;
  } else {
    room[at] = 0xd9;
    room[at + 1] = length;
    at += 2;
  }
  for (let i = 0; i < length; i += 1) {
    const unit = value.charCodeAt(i);
    if (unit >= 0x80) return false;
    room[at + i] = unit;
  }
  at += length;
  return true;
}

function writeBytes(value: Uint8Array): boolean {
  const { length } = value;
  if (length > LENGTH_MAX) return false;
  reserve(at + length + 3);
  if (length <= 0xff) {
    room[at] = 0xc4;
    room[at + 1] = length;
    at += 2;
    for (let i = 0; i < length; i += 1) room[at + i] = value[i] as number;
  } else {
    writeLength(0xc5, length);
    room.set(value, at);
  }
  at += length;
  return true;
}

function writeList(values: readonly FieldValue[]): boolean {
  const { length } = values;
  if (length > LENGTH_MAX) return false;
  if (length <= 0x0f) {
    room[at] = 0x90 | length;
    at += 1;
  } else {
    writeLength(0xdc, length);
  }
  for (let i = 0; i < length; i += 1) {
    if (!write(values[i] as FieldValue)) return false;
  }
  return true;
}

/** There is room for it. */
function writeLength(tag: number, length: number): void {
  room[at] = tag;
  room[at + 1] = length >>> 8;
  room[at + 2] = length;
  at += 3;
}

/** What is read from, up to `end`; `at` is where. */
let source: Uint8Array = room;
let end = 0;

/** Not for us, or damaged: msgpackr reads it or says so. */
const OTHERS = Symbol('others');

/** What these bytes were packed from; bytes among it are views on them. Throws whatever msgpackr does. */
export function unpackFields(bytes: Uint8Array, from: number, to: number): unknown {
  source = bytes;
  at = from;
  end = to;
  const value = read();
  source = room;
  if (value !== OTHERS && at === to) return value;
  // A plain view: of a Buffer the library would make Buffers, and equal facts would differ in kind.
  return packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from));
}

function read(): unknown {
  if (at >= end) return OTHERS;
  const tag = source[at] as number;
  at += 1;
  if (tag < 0x80) return tag;
  if (tag >= 0xa0 && tag < 0xc0) return readText(tag & 0x1f);
  if (tag >= 0x90 && tag < 0xa0) return readList(tag & 0x0f);
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
      return readBytes(1);
    case 0xc5:
      return readBytes(2);
    case 0xcc:
      return readNumber(1);
    case 0xcd:
      return readNumber(2);
    case 0xce:
      return readNumber(4);
    case 0xd9:
      return at < end ? readText(readNumber(1) as number) : OTHERS;
    case 0xdc:
      return at + 2 <= end ? readList(readNumber(2) as number) : OTHERS;
    default:
      return OTHERS;
  }
}

function readNumber(size: number): unknown {
  if (at + size > end) return OTHERS;
  let value = source[at] as number;
  // The highest byte may make it more than 31 bits.
  for (let i = 1; i < size; i += 1) value = value * 256 + (source[at + i] as number);
  at += size;
  return value;
}

/** Room for the units of a text, by its length: used again and again. */
const unitsOf: (number[] | undefined)[] = Array.from({ length: TEXT_MAX + 1 });

/** `length` is at most `TEXT_MAX`. */
function readText(length: number): unknown {
  if (length === 0) return '';
  if (at + length > end) return OTHERS;
  const units = (unitsOf[length] ??= Array.from({ length }, () => 0));
  for (let i = 0; i < length; i += 1) {
    const unit = source[at + i] as number;
    if (unit >= 0x80) return OTHERS;
    units[i] = unit;
  }
  at += length;
  return String.fromCharCode.apply(null, units);
}

function readBytes(lengthBytes: number): unknown {
  const length = readNumber(lengthBytes);
  if (typeof length !== 'number' || at + length > end) return OTHERS;
  const view = new Uint8Array(source.buffer, source.byteOffset + at, length);
  at += length;
  return view;
}

function readList(length: number): unknown {
  // Not a list of numbers only, not even of one that has such: whole numbers would be read from it as fractions are, and
  // would make everything larger and slower that they become part of.
  // oxlint-disable-next-line unicorn/no-new-array -- as above
  const values = new Array<unknown>(Math.min(length, LIST_ROOM_MAX)).fill(null);
  for (let i = 0; i < length; i += 1) {
    const value = read();
    if (value === OTHERS) return OTHERS;
    values[i] = value;
  }
  return values;
}
