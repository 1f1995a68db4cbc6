// One encoding of an entry for disk, wire and every peer: an envelope of its own, so that each entry carries its
// checksum from the leader's memory to every disk. An entry is encoded once: the bytes are remembered beside it and a
// decoded entry remembers the bytes that it came from, which also keeps fields that a newer version appended.

import { unreachable } from '../raft/assert.js';
import type { Entry, EntryPayload } from '../raft/types.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { rememberBytes, rememberedPlace } from './entry-bytes.js';
import type { EntryPlace } from './entry-bytes.js';
import { damaged, open, seal, unknownKind } from './envelope.js';
import type { FieldValue } from './envelope.js';
import { FieldReader } from './field-reader.js';
import { ENTRY_KIND } from './kinds.js';
import { configurationFields, readConfiguration, readSettings, settingsFields } from './shapes.js';
import { ENCODED } from './slab.js';

/** The entry's bytes; the same memory each time for the same entry. The caller must not change them. */
export function encodeEntry(entry: Entry): Uint8Array {
  const { memory, at, length } = placeOf(entry);
  return new Uint8Array(memory, at, length);
}

/** Where its bytes stand; it is encoded if it was not yet. */
function placeOf(entry: Entry): EntryPlace {
  const known = rememberedPlace(entry);
  if (known !== null) return known;
  const bytes = seal(ENTRY_KIND[entry.kind], entryFields(entry));
  rememberBytes(entry, bytes, 0, bytes.length);
  return { memory: bytes.buffer, at: bytes.byteOffset, length: bytes.length };
}

/**
 * Decodes one entry. Throws `CodecError`.
 * The bytes are copied first: the entry lives in the log for long, and must neither keep a socket's or database's buffer
 * alive nor change when that buffer is used again.
 */
export function decodeEntry(bytes: Uint8Array): Entry {
  return decodeOwned(ENCODED.copyOf(bytes), 0, bytes.length);
}

/** A run of encoded entries, one behind the other, as it stands in batch records and AppendEntries. */
export interface EntryRun {
  /** Length of each entry in bytes, in order. */
  readonly lengths: readonly number[];
  readonly bytesTotal: number;
}

/** A heartbeat's. */
const NO_RUN: EntryRun = { lengths: [], bytesTotal: 0 };

/** Measures the entries' run. */
export function measureRun(entries: readonly Entry[]): EntryRun {
  if (entries.length === 0) return NO_RUN;
  const lengths = entries.map((entry) => placeOf(entry).length);
  return { lengths, bytesTotal: lengths.reduce((sum, length) => sum + length, 0) };
}

/**
 * Writes the entries' bytes into `target` from `at` on; the caller has measured the room. What came together or was encoded together
 * stands side by side, and is copied at once.
 */
export function writeRun(entries: readonly Entry[], target: Uint8Array, at: number): void {
  let written = at;
  let next = 0;
  while (next < entries.length) {
    const { memory, at: from } = placeOf(entries[next] as Entry);
    let length = 0;
    for (; next < entries.length; next += 1) {
      const place = placeOf(entries[next] as Entry);
      if (place.memory !== memory || place.at !== from + length) break;
      length += place.length;
    }
    target.set(new Uint8Array(memory, from, length), written);
    written += length;
  }
}

/**
 * Decodes a run that must fill `bytes` exactly and be a piece of a log: indexes follow one another, terms and stamps
 * never fall. Throws `CodecError`.
 * The run is copied once and its entries share the copy: they are compacted at about the same time, and one
 * allocation for all is cheaper than one for each.
 */
export function readRun(what: string, lengths: readonly number[], bytes: Uint8Array): Entry[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== bytes.length)
    throw damaged(what, `expected ${total} bytes of entries, got ${bytes.length}`);
  if (lengths.length === 0) return [];
  const owned = new Uint8Array(bytes);
  const entries: Entry[] = [];
  let at = 0;
  for (const length of lengths) {
    const entry = decodeOwned(owned, at, length);
    const previous = entries.at(-1);
    if (previous !== undefined) checkFollows(what, previous, entry);
    entries.push(entry);
    at += length;
  }
  return entries;
}

function checkFollows(what: string, previous: Entry, entry: Entry): void {
  const isNext = entry.index === previous.index + 1;
  if (isNext && entry.term >= previous.term && entry.stampMs >= previous.stampMs) return;
  const shown = ({ term, index, stampMs }: Entry): string =>
    `${index} of term ${term} at ${stampMs} ms`;
  throw damaged(what, `expected an entry that follows ${shown(previous)}, got ${shown(entry)}`);
}

/** Decodes `length` bytes from `from` on, which nobody else uses, and remembers where they stand. */
function decodeOwned(bytes: Uint8Array, from: number, length: number): Entry {
  const { kind, fields } = open('entry', bytes, from, from + length);
  const reader = new FieldReader('entry', fields);
  const { term, index } = reader.entryId('id');
  const stampMs = reader.integer('stampMs');
  if (term === 0 || index === 0)
    throw reader.damaged(`expected term and index from 1 on, got ${term} and ${index}`);
  const entry: Entry =
    kind === ENTRY_KIND.command
      ? { term, index, stampMs, kind: 'command', data: reader.bytes('data') }
      : { term, index, stampMs, ...readPayload(kind, reader) };
  rememberBytes(entry, bytes, from, length);
  return entry;
}

/** Nearly all entries are commands: nothing is spread for them, here and where they are decoded. */
function entryFields(entry: Entry): FieldValue[] {
  const { term, index, stampMs } = entry;
  if (entry.kind === 'command') return [term, index, stampMs, entry.data];
  return [term, index, stampMs, ...payloadFields(entry)];
}

function payloadFields(payload: Exclude<EntryPayload, { kind: 'command' }>): FieldValue[] {
  switch (payload.kind) {
    case 'noop':
      return [];
    case 'configuration':
      return [configurationFields(payload.configuration), payload.cause];
    case 'settings':
      return [settingsFields(payload.settings)];
    case 'activation':
      return [payload.nodeId, payload.leaseMs, payload.cause, payload.isChosen, payload.gapMs];
    case 'proof':
      return [payload.epoch];
    case 'featureLevel':
      return [payload.level];
    default:
      return unreachable(payload);
  }
}

function readPayload(kind: number, reader: ValueReader): EntryPayload {
  switch (kind) {
    case ENTRY_KIND.noop:
      return { kind: 'noop' };
    case ENTRY_KIND.configuration:
      return {
        kind: 'configuration',
        configuration: reader.nested('configuration', readConfiguration),
        cause: reader.string('cause'),
      };
    case ENTRY_KIND.settings:
      return { kind: 'settings', settings: reader.nested('settings', readSettings) };
    case ENTRY_KIND.activation:
      return {
        kind: 'activation',
        nodeId: reader.nodeId('nodeId'),
        leaseMs: reader.integer('leaseMs'),
        cause: reader.string('cause'),
        isChosen: reader.boolean('isChosen'),
        gapMs: reader.nullable((field) => field.integer('gapMs')),
      };
    case ENTRY_KIND.proof:
      return { kind: 'proof', epoch: reader.index('epoch') };
    case ENTRY_KIND.featureLevel:
      return { kind: 'featureLevel', level: reader.integer('level') };
    default:
      throw unknownKind(
        'entry',
        `expected a kind of ${ENTRY_KIND.noop} to ${ENTRY_KIND.featureLevel}, got ${kind}`,
      );
  }
}
