// What entries promise beyond round trips: encoded once, own memory, known versions and kinds only.
// What is refused is said in a sentence, which is compared here because a human will act on it.

import { describe, expect, it } from 'vitest';
import { CodecError } from '../../src/codec/codec-error.js';
import { decodeEntry, encodeEntry } from '../../src/codec/entry-codec.js';
import { open, seal, writeUint32 } from '../../src/codec/envelope.js';
import type { FieldValue } from '../../src/codec/envelope.js';
import { checksum } from '../../src/codec/checksum.js';
import { decodeMessage, encodeMessage } from '../../src/codec/message-codec.js';
import {
  decodeBatchRecord,
  decodeHardState,
  encodeBatchRecord,
} from '../../src/codec/record-codec.js';
import type { Entry } from '../../src/raft/types.js';
import { index, term } from '../support/log-words.js';
import { bytes } from '../support/session-words.js';

const COMMAND = 2;

function entry(at: number, wish: Partial<Entry> = {}): Entry {
  const given = { term: term(1), index: index(at), stampMs: 0, kind: 'command', data: bytes('x') };
  return { ...given, ...wish } as Entry;
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof CodecError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'decoded';
}

describe('an entry', () => {
  it('is encoded once for disk, wire and every peer', () => {
    const given = entry(1);
    const encoded = encodeEntry(given);
    expect(encodeEntry(given).buffer).toBe(encoded.buffer);
    expect(encodeEntry(given).byteOffset).toBe(encoded.byteOffset);
    const [received] = decodeBatchRecord(encodeBatchRecord([given]));
    expect(encodeEntry(received as Entry).buffer).toBe(encodeEntry(received as Entry).buffer);
    expect(encodeEntry(received as Entry)).toEqual(encoded);
  });

  it('looks the same, to whoever looks, once its bytes are remembered', () => {
    const remembering = entry(3);
    encodeEntry(remembering);
    expect(Reflect.ownKeys(remembering)).toEqual(Reflect.ownKeys(entry(3)));
    const copy = { ...remembering, index: index(4) };
    expect(encodeEntry(copy), 'a copy is encoded anew').toEqual(encodeEntry(entry(4)));
  });

  it('remembers the bytes that it was decoded from, with fields that this version does not know', () => {
    const newer = seal(COMMAND, [1, 1, 0, bytes('x'), 'appended by a later version']);
    const decoded = decodeEntry(newer);
    expect(decoded).toEqual(entry(1));
    expect(encodeEntry(decoded)).toEqual(newer);
    expect(encodeEntry(decoded).buffer).toBe(encodeEntry(decoded).buffer);
  });

  it('stands in a run as by itself, whatever it was encoded or decoded with', () => {
    const sent = [1, 2, 3, 4, 5].map((at) => entry(at, { data: bytes('x'.repeat(at)) }));
    const received = decodeBatchRecord(encodeBatchRecord(sent.slice(0, 3)));
    const mixed = [...received.slice(0, 2), entry(3, { data: bytes('new') }), ...sent.slice(3)];
    // The same memory, with another between them.
    for (const each of [sent[3], entry(9)]) encodeEntry(each as Entry);
    const record = encodeBatchRecord(mixed);
    const tail = Buffer.concat(mixed.map(encodeEntry));
    expect(record.subarray(-tail.length)).toEqual(new Uint8Array(tail));
    expect(decodeBatchRecord(record)).toEqual(mixed);
  });

  it('has memory of its own when it is decoded out of a larger buffer that is used again', () => {
    const encoded = encodeEntry(entry(1));
    const pool = Buffer.alloc(encoded.length + 10);
    pool.set(encoded, 5);
    const decoded = decodeEntry(pool.subarray(5, 5 + encoded.length));
    pool.fill(0);
    expect(decoded).toEqual(entry(1));
    expect(encodeEntry(decoded)).toEqual(encoded);
  });

  it('shares memory with the entries of its message only, and not with the message', () => {
    const message = encodeMessage({
      type: 'appendEntries',
      term: term(1),
      round: 1,
      leaseMs: 1,
      clusterTimeMs: 1,
      prev: { term: term(1), index: index(4) },
      entries: [entry(5), entry(6)],
      commitIndex: index(4),
    });
    const decoded = decodeMessage(message);
    message.fill(0);
    expect(decoded).toMatchObject({ entries: [entry(5), entry(6)] });
  });
});

describe('decoding an entry', () => {
  const fields = [1, 1, 0, bytes('x')];
  const versionTwo = (): Uint8Array => {
    const sealed = seal(COMMAND, fields);
    sealed[0] = 2;
    writeUint32(sealed, sealed.length - 4, checksum(sealed.subarray(0, -4)));
    return sealed;
  };

  it.each<[string, FieldValue[], string]>([
    ['a negative term', [-1, 1, 0, bytes('')], 'id.term, got -1'],
    ['a fraction', [1, 1.5, 0, bytes('')], 'id.index, got 1.5'],
    ['a number beyond the safe ones', [1, 1, 2 ** 53, bytes('')], 'stampMs, got 9007199254740992'],
    ['a string for bytes', [1, 1, 0, 'x'], 'expected bytes as data, got string'],
    ['a missing field', [1, 1, 0], 'expected bytes as data, got undefined'],
    ['index 0', [1, 0, 0, bytes('')], 'expected term and index from 1 on, got 1 and 0'],
  ])('refuses %s as damaged', (_name, given, message) => {
    const code = codeOf(() => decodeEntry(seal(COMMAND, given)));
    expect(code).toContain('damaged: entry: ');
    expect(code).toContain(message);
  });

  it('says what it does not know', () => {
    expect(codeOf(() => decodeEntry(seal(99, fields)))).toBe(
      'unknownKind: entry: expected a kind of 1 to 7, got 99',
    );
    expect(codeOf(() => decodeEntry(versionTwo()))).toBe(
      'unknownVersion: entry: expected version 1, got 2',
    );
    expect(codeOf(() => decodeHardState(encodeEntry(entry(1))))).toBe(
      'unknownKind: hard state: expected kind 32, got 2',
    );
    expect(open('entry', encodeEntry(entry(1))).kind).toBe(COMMAND);
  });
});

describe('a batch record', () => {
  it.each<[string, Entry[]]>([
    ['nothing', []],
    ['a gap', [entry(1), entry(3)]],
  ])('is not written with %s', (_name, entries) => {
    expect(() => encodeBatchRecord(entries)).toThrow('a batch record holds');
  });

  it.each<[string, Entry[], string]>([
    ['terms that fall', [entry(1, { term: term(2) }), entry(2)], 'expected an entry that follows'],
    ['stamps that fall', [entry(1, { stampMs: 2 }), entry(2)], 'expected an entry that follows'],
  ])('is not read with %s', (_name, entries, message) => {
    expect(codeOf(() => decodeBatchRecord(encodeBatchRecord(entries)))).toContain(message);
  });
});
