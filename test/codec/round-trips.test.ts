// Everything that has an encoding survives it, and any damage to the bytes is found.
// Values are drawn of the right shape; fields of the wrong shape are hostile-messages.test.ts's subject.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../../src/codec/codec-error.js';
import { checksum } from '../../src/codec/checksum.js';
import {
  decodeCommand,
  decodePart,
  encodeCommand,
  encodePart,
} from '../../src/codec/command-codec.js';
import { decodeEntry, encodeEntry } from '../../src/codec/entry-codec.js';
import { decodeMessage, encodeMessage } from '../../src/codec/message-codec.js';
import {
  decodeBatchRecord,
  decodeHardState,
  decodeIdentity,
  decodeSnapshotMeta,
  encodeBatchRecord,
  encodeHardState,
  encodeIdentity,
  encodeSnapshotMeta,
} from '../../src/codec/record-codec.js';
import {
  anyEntries,
  anyHardState,
  anyIdentity,
  anyMessage,
  anyMeta,
  anyPart,
} from '../support/codec-words.js';
import { anyLockCommand } from '../support/lock-words.js';
import { anyPolicyCommand } from '../support/policy-words.js';
import { anyServiceCommand } from '../support/service-words.js';
import { anyCommand } from '../support/session-words.js';
import { anyChange } from '../support/store-words.js';

interface Codec {
  readonly name: string;
  /** Draws a value. */
  readonly any: fc.Arbitrary<unknown>;
  readonly encode: (value: never) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const anyEntry = anyEntries(1).map(([first]) => first);

const CODECS: readonly Codec[] = [
  { name: 'an entry', any: anyEntry, encode: encodeEntry, decode: decodeEntry },
  {
    name: 'a batch record',
    any: anyEntries(1),
    encode: encodeBatchRecord,
    decode: decodeBatchRecord,
  },
  { name: 'a hard state', any: anyHardState, encode: encodeHardState, decode: decodeHardState },
  { name: 'an identity', any: anyIdentity, encode: encodeIdentity, decode: decodeIdentity },
  { name: 'a snapshot meta', any: anyMeta, encode: encodeSnapshotMeta, decode: decodeSnapshotMeta },
  { name: 'a snapshot part', any: anyPart, encode: encodePart, decode: decodePart },
  { name: 'a message', any: anyMessage, encode: encodeMessage, decode: decodeMessage },
];

describe.each(CODECS)('$name', ({ any, encode, decode }) => {
  it('is the same after encoding and decoding, also out of the middle of a buffer', () => {
    fc.assert(
      fc.property(any, (value) => {
        const bytes = encode(value as never);
        expect(decode(bytes)).toEqual(value);
        expect(
          decode(Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(2)]).subarray(3, -2)),
        ).toEqual(value);
      }),
    );
  });

  it('has the same bytes each time', () => {
    fc.assert(
      fc.property(any, (value) => {
        const again = structuredClone(value);
        expect(encode(again as never)).toEqual(encode(value as never));
      }),
    );
  });

  it('is not decoded when cut short or lengthened', () => {
    fc.assert(
      fc.property(any, fc.nat(), (value, cut) => {
        const bytes = encode(value as never);
        expect(() => decode(bytes.subarray(0, cut % bytes.length))).toThrow(CodecError);
        expect(() => decode(Buffer.concat([bytes, Buffer.alloc(1 + (cut % 5))]))).toThrow(
          CodecError,
        );
      }),
    );
  });

  it('is not decoded from random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decode(bytes)).toThrow(CodecError);
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(CODECS)('damage to $name', ({ name, any, encode, decode }) => {
  it('is found wherever one bit is flipped, or by the checksum that a chunk carries', () => {
    fc.assert(
      fc.property(any, fc.nat({ max: 7 }), (value, bit) => {
        const bytes = encode(value as never);
        const chunk = name === 'a message' ? chunkBytes(value) : 0;
        for (let at = 0; at < bytes.length - chunk; at += 1) {
          const damaged = bytes.slice();
          damaged[at] = (bytes[at] ?? 0) ^ (1 << bit);
          expect(() => decode(damaged)).toThrow(CodecError);
        }
      }),
      { numRuns: 15 },
    );
  });
});

/** Bytes at the end that the message itself has a checksum for. */
function chunkBytes(value: unknown): number {
  const message = value as { type: string; data?: Uint8Array };
  return message.type === 'installSnapshot' ? (message.data?.length ?? 0) : 0;
}

const anyRequest = fc.oneof(
  anyCommand,
  anyChange,
  anyLockCommand,
  anyPolicyCommand,
  anyServiceCommand,
);

describe('a command', () => {
  it('is the same after encoding and decoding, and shares no memory with the bytes', () => {
    fc.assert(
      fc.property(anyRequest, (command) => {
        const bytes = encodeCommand(command);
        const decoded = decodeCommand(bytes);
        bytes.fill(0);
        expect(decoded).toEqual(command);
      }),
    );
  });

  it('that is not known stops the node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => decodeCommand(bytes)).toThrow('a committed command is not known');
      }),
    );
  });
});

describe('checksum', () => {
  it('is the CRC-32 of IEEE 802.3, unsigned', () => {
    expect(checksum(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(checksum(new Uint8Array(0))).toBe(0);
  });
});
