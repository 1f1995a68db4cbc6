// The fields of an envelope are packed to the very bytes that msgpackr makes of them, and read as it reads them, whatever they are
// and however they are damaged. Both are compared with the library itself, on made-up fields.

import { Packr } from 'msgpackr';
import { describe, expect, test } from 'vitest';

import { packFields, unpackFields } from '../../src/codec/pack.js';
import type { FieldValue } from '../../src/codec/pack.js';
import { Random } from '../../src/raft/random.js';

const packr = new Packr({ useRecords: false });
const random = new Random(7);
const draw = (below: number): number => random.between(0, below);
const EDGES = [
  0,
  31,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
];
const LENGTHS = [0, 1, 15, 16, 31, 32, 100, 255, 256, 300];
const LIST_LENGTHS = [0, 1, 2, 7, 15, 16, 17, 40];

function field(depth: number): FieldValue {
  const length = LENGTHS[draw(LENGTHS.length)] ?? 0;
  switch (draw(depth > 2 ? 6 : 8)) {
    case 0:
      return EDGES[draw(EDGES.length)] ?? 0;
    case 1:
      return draw(300);
    case 2:
      return draw(2) === 0;
    case 3:
      return null;
    case 4:
      return (draw(4) === 0 ? 'é日' : 'ab') + 'x'.repeat(length);
    case 5:
      return Uint8Array.from({ length }, () => draw(256));
    default:
      return list(depth + 1);
  }
}

/** Long ones at the bottom only, since what is in them may be lists too. */
function list(depth: number): FieldValue[] {
  const length = depth > 2 ? LIST_LENGTHS[draw(LIST_LENGTHS.length)] : draw(20);
  return Array.from({ length: length ?? 0 }, () => field(depth));
}

function fields(): FieldValue[] {
  return Array.from({ length: draw(8) }, () => field(1));
}

function packed(values: readonly FieldValue[]): Uint8Array {
  const { room, end } = packFields(2, values);
  return room.slice(2, end);
}

/** What it is read as; null: it cannot be. */
function readBy(read: () => unknown): { readonly value: unknown } | null {
  try {
    return { value: read() };
  } catch {
    return null;
  }
}

describe('packed fields', () => {
  test('are the bytes that msgpackr makes', () => {
    for (let round = 0; round < 1000; round += 1) {
      const values = fields();
      expect(Buffer.compare(packed(values), packr.pack(values))).toBe(0);
    }
  });

  test.each([255, 256, 65_535, 65_536])('are so with %d bytes, numbers or letters', (length) => {
    const numbers = Array.from({ length }, (_, at) => at % 300);
    for (const value of [Uint8Array.from(numbers), numbers, 'x'.repeat(length)]) {
      const bytes = packed([value, 7]);
      expect(Buffer.compare(bytes, packr.pack([value, 7]))).toBe(0);
      const read = unpackFields(bytes, 0, bytes.length) as [ArrayLike<unknown>, number];
      expect([read[0].length, read[0][length - 1], read[1]]).toEqual([
        length,
        value[length - 1],
        7,
      ]);
    }
  });

  test('are read where they stand in longer bytes', () => {
    for (let round = 0; round < 100; round += 1) {
      const values = fields();
      const bytes = packed(values);
      const longer = new Uint8Array(bytes.length + 8).fill(0xc0);
      longer.set(bytes, 5);
      expect(unpackFields(longer, 5, 5 + bytes.length)).toEqual(values);
    }
  });

  test('are read as msgpackr reads them when they are cut off or changed', () => {
    for (let round = 0; round < 500; round += 1) {
      const whole = packed(fields());
      const bytes = whole.slice(0, draw(whole.length + 1));
      if (bytes.length > 0) bytes[draw(bytes.length)] = draw(256);
      const own = readBy(() => unpackFields(bytes, 0, bytes.length));
      expect(own).toEqual(readBy(() => packr.unpack(new Uint8Array(bytes)) as unknown));
    }
  });
});
