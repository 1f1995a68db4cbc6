// Messages whose checksums are right and whose fields are not: decoding ends in a CodecError or in a message of the right
// shape, never in anything else. A peer is no enemy, but it may run other software.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../src/codec/checksum.js';
import { CodecError } from '../../src/codec/codec-error.js';
import { open, seal } from '../../src/codec/envelope.js';
import type { FieldValue } from '../../src/codec/envelope.js';
import { joinHead, splitHead } from '../../src/codec/head-and-tail.js';
import { MESSAGE_KIND } from '../../src/codec/kinds.js';
import { decodeMessage, encodeMessage, MESSAGE_BYTES_MAX } from '../../src/codec/message-codec.js';
import type { Message } from '../../src/raft/message.js';
import { index, term } from '../support/log-words.js';
import { anyEntries, anyMessage } from '../support/codec-words.js';

const { value: anyField } = fc.letrec<{ value: FieldValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(-1, 0, 1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY),
    fc.string({ maxLength: 5 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
}));

function sealed(kind: number, fields: readonly FieldValue[], tail: Uint8Array): Uint8Array {
  const { bytes, tailAt } = joinHead(seal(kind, fields), tail.length);
  bytes.set(tail, tailAt);
  return bytes;
}

/** Decoded messages must encode and decode to themselves: a wrong shape would not. */
function outcomeOf(bytes: Uint8Array): { message: Message; again: Message } | null {
  try {
    const message = decodeMessage(bytes);
    return { message, again: decodeMessage(encodeMessage(message)) };
  } catch (error) {
    if (error instanceof CodecError) return null;
    throw error;
  }
}

function checkOutcome(bytes: Uint8Array): void {
  const outcome = outcomeOf(bytes);
  expect(outcome?.again).toEqual(outcome?.message);
}

describe('a message of the wrong shape', () => {
  it('is a CodecError, whatever its fields and its tail are', () => {
    const kinds = fc.constantFrom(...Object.values(MESSAGE_KIND), 0, 2, 35, 255);
    const fields = fc.array(anyField, { maxLength: 12 });
    fc.assert(
      fc.property(kinds, fields, fc.uint8Array({ maxLength: 9 }), (kind, given, tail) => {
        checkOutcome(sealed(kind, given, tail));
      }),
      { numRuns: 2000 },
    );
  });

  it('is a CodecError when one field of a good message was replaced or is missing', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.option(anyField), (message, at, replacement) => {
        const { head, tail } = splitHead('message', encodeMessage(message));
        const { kind, fields } = open('message', head);
        const changed = [...(fields as FieldValue[])];
        changed.splice(at % changed.length, 1, ...(replacement === null ? [] : [replacement]));
        checkOutcome(sealed(kind, changed, tail));
      }),
      { numRuns: 2000 },
    );
  });

  it('is a CodecError when its entries do not follow prev, or are of a later term', () => {
    fc.assert(
      fc.property(anyEntries(1), (entries) => {
        const [first, last] = [entries[0], entries.at(-1)];
        const message = {
          type: 'appendEntries' as const,
          term: last?.term ?? term(1),
          round: 1,
          leaseMs: 1,
          clusterTimeMs: 1,
          prev: { term: term(0), index: index((first?.index ?? 1) - 1) },
          entries,
          commitIndex: index(0),
        };
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
        const gap = { ...message, prev: { ...message.prev, index: index(message.prev.index + 1) } };
        expect(() => decodeMessage(encodeMessage(gap))).toThrow('expected entries after');
        const early = { ...message, term: term(message.term - 1) };
        expect(() => decodeMessage(encodeMessage(early))).toThrow(CodecError);
      }),
    );
  });
});

describe('a message that is too long', () => {
  it('is neither read nor written', () => {
    expect(() => decodeMessage(new Uint8Array(MESSAGE_BYTES_MAX + 1))).toThrow('expected at most');
    const cause = 'x'.repeat(MESSAGE_BYTES_MAX);
    expect(() =>
      encodeMessage({ type: 'timeoutNow', term: term(1), cause, isChosen: false }),
    ).toThrow('bounds');
  });
});

describe('packed fields that claim to be longer than they are', () => {
  it.each([
    ['an array of 4 thousand million', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['bytes without end', [0x91, 0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['a string without end', [0x91, 0xdb, 0xff, 0xff, 0xff, 0xff]],
    ['arrays in arrays', Array.from({ length: 50_000 }, () => 0x91)],
    ['a map', [0x81, 0x01, 0x02]],
    ['an extension', [0x91, 0xd4, 0x72, 0x40]],
    ['more than one value', [0x90, 0x90]],
  ])('are refused: %s', (_name, packed) => {
    const head = Buffer.from([1, MESSAGE_KIND.timeoutNow, ...packed, 0, 0, 0, 0]);
    head.writeUInt32BE(checksum(head.subarray(0, -4)), head.length - 4);
    expect(() => decodeMessage(joinHead(head, 0).bytes)).toThrow(CodecError);
  });
});
