// What peers say to each other, as bytes. A message is a sealed head with its fields and, for entries and chunks of a
// snapshot, a tail of raw bytes: entries pass through as they were encoded once. Whatever does not decode to a message
// of the right shape is a `CodecError`; whether a message makes sense in the protocol is the core's to judge.

import { invariant, unreachable } from '../raft/assert.js';
import type {
  AppendEntries,
  AppendEntriesResponse,
  AppendOutcome,
  InstallSnapshot,
  LeaderWord,
  Message,
} from '../raft/message.js';
import type { ValueReader } from '../state-machine/value-reader.js';
import { measureRun, readRun, writeRun } from './entry-codec.js';
import { damaged, seal, unknownKind } from './envelope.js';
import type { FieldValue } from './envelope.js';
import { FieldReader } from './field-reader.js';
import { joinHead, openHead } from './head-and-tail.js';
import { MESSAGE_KIND } from './kinds.js';
import { readSnapshotMeta, snapshotMetaFields } from './shapes.js';

/** No message is longer, nor is a longer one read: 512 KiB of entries or one large entry, and room to spare. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

const WHAT = 'message';
const OUTCOME = { matched: 1, conflict: 2, stale: 3 } as const;
const CHECKSUM_MAX = 0xffff_ffff;

/** The message's bytes, at most `MESSAGE_BYTES_MAX`. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = encode(message);
  invariant(bytes.length <= MESSAGE_BYTES_MAX, 'the core bounds what it puts into a message');
  return bytes;
}

/** The message that these bytes are; it shares no memory with them. Throws `CodecError`. */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    throw damaged(WHAT, `expected at most ${MESSAGE_BYTES_MAX} bytes, got ${bytes.length}`);
  }
  const { kind, fields, tail } = openHead(WHAT, bytes);
  const reader = new FieldReader(WHAT, fields);
  if (kind === MESSAGE_KIND.appendEntries) return readAppendEntries(reader, tail);
  if (kind === MESSAGE_KIND.installSnapshot) return readInstallSnapshot(reader, tail);
  if (tail.length > 0) throw damaged(WHAT, `expected nothing behind it, got ${tail.length} bytes`);
  return readPlain(kind, reader);
}

type WithTail = AppendEntries | InstallSnapshot;

function encode(message: Message): Uint8Array {
  if (message.type === 'appendEntries') return encodeAppendEntries(message);
  if (message.type === 'installSnapshot') return encodeInstallSnapshot(message);
  return joinHead(seal(MESSAGE_KIND[message.type], plainFields(message)), 0).bytes;
}

function plainFields(message: Exclude<Message, WithTail>): FieldValue[] {
  switch (message.type) {
    case 'requestVote': {
      const { term, preVote, transfer, last } = message;
      return [term, preVote, transfer, last.term, last.index];
    }
    case 'requestVoteResponse':
      return [message.term, message.preVote, message.granted];
    case 'appendEntriesResponse':
      return responseFields(message);
    case 'installSnapshotResponse': {
      const { term, round, last, nextOffset } = message;
      return [term, round, last.term, last.index, nextOffset];
    }
    case 'timeoutNow':
      return [message.term, message.cause, message.isChosen];
    case 'diskSetBack':
      return [message.term, message.acknowledged.term, message.acknowledged.index];
    case 'readIndexRequest':
      return [message.term, message.requestId];
    case 'readIndexResponse':
      return [message.term, message.requestId, message.readIndex];
    default:
      return unreachable(message);
  }
}

function readPlain(kind: number, reader: ValueReader): Exclude<Message, WithTail> {
  switch (kind) {
    case MESSAGE_KIND.requestVote:
      return {
        type: 'requestVote',
        term: reader.term('term'),
        preVote: reader.boolean('preVote'),
        transfer: reader.boolean('transfer'),
        last: reader.entryId('last'),
      };
    case MESSAGE_KIND.requestVoteResponse:
      return {
        type: 'requestVoteResponse',
        term: reader.term('term'),
        preVote: reader.boolean('preVote'),
        granted: reader.boolean('granted'),
      };
    case MESSAGE_KIND.appendEntriesResponse:
      return readAppendEntriesResponse(reader);
    case MESSAGE_KIND.installSnapshotResponse:
      return {
        type: 'installSnapshotResponse',
        term: reader.term('term'),
        round: reader.integer('round'),
        last: reader.entryId('last'),
        nextOffset: reader.nullable((field) => field.integer('nextOffset')),
      };
    case MESSAGE_KIND.timeoutNow:
      return {
        type: 'timeoutNow',
        term: reader.term('term'),
        cause: reader.string('cause'),
        isChosen: reader.boolean('isChosen'),
      };
    case MESSAGE_KIND.diskSetBack:
      return {
        type: 'diskSetBack',
        term: reader.term('term'),
        acknowledged: reader.entryId('acknowledged'),
      };
    case MESSAGE_KIND.readIndexRequest:
      return {
        type: 'readIndexRequest',
        term: reader.term('term'),
        requestId: reader.integer('requestId'),
      };
    case MESSAGE_KIND.readIndexResponse:
      return {
        type: 'readIndexResponse',
        term: reader.term('term'),
        requestId: reader.integer('requestId'),
        readIndex: reader.index('readIndex'),
      };
    default:
      throw unknownKind(WHAT, `expected the kind of a message, got ${kind}`);
  }
}

function wordFields({ term, round, leaseMs, clusterTimeMs }: LeaderWord): FieldValue[] {
  return [term, round, leaseMs, clusterTimeMs];
}

function readWord(reader: ValueReader): LeaderWord {
  return {
    term: reader.term('term'),
    round: reader.integer('round'),
    leaseMs: reader.integer('leaseMs'),
    clusterTimeMs: reader.integer('clusterTimeMs'),
  };
}

function encodeAppendEntries(message: AppendEntries): Uint8Array {
  const { prev, entries, commitIndex } = message;
  const { lengths, bytesTotal } = measureRun(entries);
  const fields = [...wordFields(message), prev.term, prev.index, commitIndex, lengths];
  const { bytes, tailAt } = joinHead(seal(MESSAGE_KIND.appendEntries, fields), bytesTotal);
  writeRun(entries, bytes, tailAt);
  return bytes;
}

/** Checks besides the fields that the entries follow `prev` and are of no later term than the message. */
function readAppendEntries(reader: ValueReader, tail: Uint8Array): AppendEntries {
  const word = readWord(reader);
  const prev = reader.entryId('prev');
  const commitIndex = reader.index('commitIndex');
  const lengths = reader.list('lengths', (list) => list.integer('length'));
  const entries = readRun(WHAT, lengths, tail);
  const first = entries[0];
  if (first !== undefined && (first.index !== prev.index + 1 || first.term < prev.term)) {
    throw reader.damaged(`expected entries after ${prev.index}, got ${first.index}`);
  }
  const lastTerm = entries.at(-1)?.term ?? prev.term;
  if (lastTerm > word.term) {
    throw reader.damaged(`expected entries up to term ${word.term}, got ${lastTerm}`);
  }
  return { type: 'appendEntries', ...word, prev, entries, commitIndex };
}

function responseFields({ term, round, outcome, unfit }: AppendEntriesResponse): FieldValue[] {
  return [term, round, ...outcomeFields(outcome), unfit ?? null];
}

function outcomeFields(outcome: AppendOutcome): FieldValue[] {
  switch (outcome.type) {
    case 'matched':
      return [OUTCOME.matched, outcome.matchIndex];
    case 'conflict': {
      const { rejectedIndex, hint } = outcome;
      return [OUTCOME.conflict, rejectedIndex, hint.term, hint.index];
    }
    case 'stale':
      return [OUTCOME.stale];
    default:
      return unreachable(outcome);
  }
}

function readAppendEntriesResponse(reader: ValueReader): AppendEntriesResponse {
  const term = reader.term('term');
  const round = reader.integer('round');
  const outcome = readOutcome(reader);
  const unfit = reader.nullable((field) => field.string('unfit'));
  const said = unfit === null ? {} : { unfit };
  return { type: 'appendEntriesResponse', term, round, outcome, ...said };
}

function readOutcome(reader: ValueReader): AppendOutcome {
  const type = reader.integer('outcome');
  switch (type) {
    case OUTCOME.matched:
      return { type: 'matched', matchIndex: reader.index('matchIndex') };
    case OUTCOME.conflict:
      return {
        type: 'conflict',
        rejectedIndex: reader.index('rejectedIndex'),
        hint: reader.entryId('hint'),
      };
    case OUTCOME.stale:
      return { type: 'stale' };
    default:
      throw unknownKind(WHAT, `expected an outcome of 1 to ${OUTCOME.stale}, got ${type}`);
  }
}

function encodeInstallSnapshot(message: InstallSnapshot): Uint8Array {
  const { meta, offset, data, checksum, totalBytes } = message;
  const chunk = [snapshotMetaFields(meta), offset, data.length, checksum, totalBytes];
  const head = seal(MESSAGE_KIND.installSnapshot, [...wordFields(message), ...chunk]);
  const { bytes, tailAt } = joinHead(head, data.length);
  bytes.set(data, tailAt);
  return bytes;
}

/** Leaves the chunk's checksum to whoever puts the chunks together: it is part of the message. */
function readInstallSnapshot(reader: ValueReader, tail: Uint8Array): InstallSnapshot {
  const word = readWord(reader);
  const meta = reader.nested('meta', readSnapshotMeta);
  const offset = reader.integer('offset');
  const dataBytes = reader.integer('dataBytes');
  const checksum = reader.integer('checksum');
  const totalBytes = reader.integer('totalBytes');
  if (dataBytes !== tail.length) {
    throw reader.damaged(`expected ${dataBytes} bytes of data, got ${tail.length}`);
  }
  if (checksum > CHECKSUM_MAX) throw reader.damaged(`expected a 32-bit checksum, got ${checksum}`);
  const data = new Uint8Array(tail);
  return { type: 'installSnapshot', ...word, meta, offset, data, checksum, totalBytes };
}
