// Names, well-formed text, lengths in UTF-8, and the order of UTF-8 bytes, against Node's own encoder.
// Strings are drawn near the borders at which UTF-16 and UTF-8 disagree.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isValidName, isWellFormed, utf8Length } from '../../src/state-machine/text.js';
import { compareUtf8 } from '../../src/state-machine/utf8-order.js';

const text = fc.string({ unit: 'binary' });
/** Code points around the borders where UTF-16 and UTF-8 disagree. */
const borderText = fc.string({
  unit: fc.constantFrom(
    'a',
    '\u007f',
    '\u0080',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
  ),
});

describe('isValidName', () => {
  it.each([
    ['A', true],
    ['node-1.example_x', true],
    ['x'.repeat(63), true],
    ['x'.repeat(64), false],
    ['', false],
    ['a b', false],
    ['é', false],
    ['a\n', false],
  ])('says of %j: %s', (name, expected) => {
    expect(isValidName(name)).toBe(expected);
  });
});

describe('isWellFormed', () => {
  it('says of any string what a round trip through UTF-8 says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
        const value = String.fromCharCode(
          ...units.map((unit) => (unit % 3 === 0 ? 0xd800 + (unit % 0x800) : unit)),
        );
        expect(isWellFormed(value)).toBe(Buffer.from(value).toString() === value);
      }),
    );
  });
});

describe('utf8Length', () => {
  it('counts the bytes that an encoder writes', () => {
    fc.assert(
      fc.property(fc.oneof(text, borderText), (value) => {
        expect(utf8Length(value)).toBe(Buffer.byteLength(value));
      }),
    );
  });
});

describe('compareUtf8', () => {
  it('orders any two strings as their bytes are ordered', () => {
    fc.assert(
      fc.property(fc.oneof(text, borderText), fc.oneof(text, borderText), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 1000 },
    );
  });

  it('puts a code point beyond U+FFFF last, where JavaScript does not', () => {
    expect(['\u{1f600}', '\uffee'].sort(compareUtf8)).toEqual(['\uffee', '\u{1f600}']);
    expect(['\uffee', '\u{1f600}'].toSorted(byUnits)).toEqual(['\u{1f600}', '\uffee']);
  });
});

function byUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
