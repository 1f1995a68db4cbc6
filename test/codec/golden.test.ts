// Bytes of released versions stay readable, and the encoders still write exactly them. Each file of test/golden holds
// named values as hexadecimal digits. QUORATE_GOLDEN=write adds what is missing; what is there is never rewritten.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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
  COMMANDS,
  ENTRIES,
  HARD_STATES,
  IDENTITIES,
  MESSAGES,
  METAS,
  PARTS,
} from '../support/golden-values.js';

interface Golden {
  readonly file: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly encode: (value: never) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const GOLDEN: readonly Golden[] = [
  { file: 'entries', values: ENTRIES, encode: encodeEntry, decode: decodeEntry },
  {
    file: 'batch-records',
    values: { all: Object.values(ENTRIES) },
    encode: encodeBatchRecord,
    decode: decodeBatchRecord,
  },
  { file: 'hard-states', values: HARD_STATES, encode: encodeHardState, decode: decodeHardState },
  { file: 'identities', values: IDENTITIES, encode: encodeIdentity, decode: decodeIdentity },
  { file: 'snapshot-metas', values: METAS, encode: encodeSnapshotMeta, decode: decodeSnapshotMeta },
  { file: 'snapshot-parts', values: PARTS, encode: encodePart, decode: decodePart },
  { file: 'commands', values: COMMANDS, encode: encodeCommand, decode: decodeCommand },
  { file: 'messages', values: MESSAGES, encode: encodeMessage, decode: decodeMessage },
];

describe.each(GOLDEN)('golden $file', ({ file, values, encode, decode }) => {
  const path = new URL(`../golden/${file}.json`, import.meta.url);
  const kept = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as Record<
    string,
    string
  >;
  const written = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Buffer.from(encode(value as never)).toString('hex'),
    ]),
  );
  if (process.env['QUORATE_GOLDEN'] === 'write') {
    writeFileSync(path, `${JSON.stringify({ ...written, ...kept }, null, 2)}\n`);
    Object.assign(kept, { ...written, ...kept });
  }

  it('has one of everything', () => {
    expect(Object.keys(kept).toSorted(byText)).toEqual(Object.keys(values).toSorted(byText));
  });

  it.each(Object.entries(values))('%s is read and written as ever', (name, value) => {
    expect(decode(Buffer.from(kept[name] ?? '', 'hex'))).toEqual(value);
    expect(written[name]).toBe(kept[name]);
  });
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
