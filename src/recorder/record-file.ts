// A record as a file: one life of one node after another, each a head, one or two segments, and an end, in frames with a length
// and a checksum. Files may be put behind one another. Whatever is damaged, cut off, or written by newer software is refused
// whole, with what to do: a replay of half a record would tell half a truth.

import { checksum } from '../codec/checksum.js';
import { QuorateError } from '../errors.js';
import { ByteReader, ByteWriter, joined, UnreadableRecord } from './bytes.js';
import { decodeCheckpoint } from './checkpoint.js';
import { itemsIn } from './items.js';
import type { Item } from './items.js';
import { decodePlain, encodePlain } from './plain.js';
import type { SavedRaft } from '../raft/saved.js';
import type { Segment } from './recorder.js';

/** How a record file begins. */
export const MAGIC = 'QUORATE-RECORD\n';
/** Version of the format; an older one is not read, since nothing was released with one. */
export const FORMAT = 1;
/** A file of seven nodes with two full segments each is far smaller. */
export const FILE_BYTES_MAX = 512 * 1024 * 1024;

const FRAME = { head: 1, checkpoint: 2, items: 3, end: 4 } as const;
const FRAME_HEAD_BYTES = 9;

/** Whose record it is, and how its node's time is told by other clocks. */
export interface RecordHead {
  /** Of the software that recorded it. */
  readonly version: string;
  /** The node's name in its cluster. */
  readonly node: string;
  readonly nodeId: number;
  readonly installId: string;
  readonly clusterName: string;
  readonly clusterId: string;
  /** Why it was written, one line for people. */
  readonly why: string;
  /** The same moment on the node's own clock and by wall clock, when it was written; the latter in ms since 1970. */
  readonly writtenAt: { readonly nowMs: number; readonly wallMs: number };
}

/** What was recorded of a node from one checkpoint on. */
export interface RecordedSegment {
  readonly checkpoint: Uint8Array;
  readonly items: Uint8Array;
}

/** One life of one node, as read from a file. */
export interface RecordedLife {
  readonly head: RecordHead;
  /** Each goes on where the one before it ends. */
  readonly segments: readonly RecordedSegment[];
}

/** The frames of one life, to be written behind one another. */
export function framesOf(head: RecordHead, segments: readonly Segment[]): Uint8Array[] {
  const intro = new ByteWriter(MAGIC.length + 1);
  intro.raw(new TextEncoder().encode(MAGIC));
  intro.byte(FORMAT);
  return [
    intro.whole(),
    ...frame(FRAME.head, encodePlain(head)),
    ...segments.flatMap(({ checkpoint, items }) => [
      ...frame(FRAME.checkpoint, checkpoint),
      ...items.flatMap((piece) => frame(FRAME.items, piece)),
    ]),
    ...frame(FRAME.end, new Uint8Array()),
  ];
}

/** Whether bytes begin as a record file does. */
export function isRecord(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** The lives in a file, in its order. Throws a `QuorateError` of code BAD_RECORD that names the file. */
export function livesIn(file: string, bytes: Uint8Array): RecordedLife[] {
  try {
    const from = new ByteReader(bytes);
    const lives: RecordedLife[] = [];
    do lives.push(lifeIn(from));
    while (!from.isAtEnd);
    return lives;
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    throw new QuorateError('BAD_RECORD', `${file}: ${error.message}`, { file });
  }
}

/** The core that a segment begins with. Throws `UnreadableRecord`. */
export function coreOf({ checkpoint }: RecordedSegment): SavedRaft {
  return decodeCheckpoint(checkpoint);
}

/** The items of a segment that begins at that time. Throws `UnreadableRecord`. */
export function itemsOf({ items }: RecordedSegment, beganAtMs: number): Generator<Item> {
  return itemsIn(new ByteReader(items), beganAtMs);
}

function frame(kind: number, body: Uint8Array): Uint8Array[] {
  const head = new ByteWriter(FRAME_HEAD_BYTES);
  head.byte(kind);
  head.word(body.length);
  head.word(checksum(body, kind));
  return [head.whole(), body];
}

function lifeIn(from: ByteReader): RecordedLife {
  if (from.left < MAGIC.length + 1 || !isRecord(from.raw(MAGIC.length))) {
    throw new UnreadableRecord('it is no record, or damaged where one begins');
  }
  const format = from.byte();
  if (format > FORMAT) {
    throw new UnreadableRecord(
      `it is of format ${format}, written by newer software; this one reads ${FORMAT}`,
    );
  }
  if (format !== FORMAT)
    throw new UnreadableRecord(`it is of format ${format}, which is not known`);
  const head = headIn(from);
  const segments: { checkpoint: Uint8Array; items: Uint8Array[] }[] = [];
  for (;;) {
    const { kind, body } = frameIn(from);
    if (kind === FRAME.end) break;
    const last = segments.at(-1);
    if (kind === FRAME.checkpoint) segments.push({ checkpoint: body, items: [] });
    else if (kind === FRAME.items && last !== undefined) last.items.push(body);
    else throw new UnreadableRecord('its parts stand in the wrong order');
  }
  if (segments.length === 0) throw new UnreadableRecord('there is nothing in it');
  const whole = segments.map(({ checkpoint, items }) => ({ checkpoint, items: joined(items) }));
  return { head, segments: whole };
}

function headIn(from: ByteReader): RecordHead {
  const { kind, body } = frameIn(from);
  if (kind !== FRAME.head) throw new UnreadableRecord('its parts stand in the wrong order');
  return decodePlain(body) as RecordHead;
}

function frameIn(from: ByteReader): { kind: number; body: Uint8Array } {
  if (from.left < FRAME_HEAD_BYTES) throw new UnreadableRecord('it is cut off: its end is missing');
  const kind = from.byte();
  const length = from.word();
  const sum = from.word();
  if (from.left < length) throw new UnreadableRecord('it is cut off: its end is missing');
  const body = from.raw(length);
  if (checksum(body, kind) !== sum)
    throw new UnreadableRecord('it is damaged: a checksum is wrong');
  return { kind, body };
}
