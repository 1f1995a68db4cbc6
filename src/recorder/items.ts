// The items of a record, in the order in which they happened: each input of the core, each time that what is to be done was
// taken from it, with its digest, and a broken invariant. What happens by the thousand has a short form; all else is plain data.

import { UnreadableRecord } from './bytes.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { readEntries, writeEntries } from './entries.js';
import { decodePlain, encodePlain, payloadOf } from './plain.js';
import type { Input } from '../raft/input.js';
import type { AppendEntries, AppendEntriesResponse, Sender } from '../raft/message.js';
import type { EntryId, LogIndex, Term } from '../raft/types.js';

/** One item of a record. */
export type Item =
  | { readonly type: 'input'; readonly input: Input }
  /** What was to be done was taken; `digest` is of what the core became by it (digest.ts). */
  | { readonly type: 'taken'; readonly digest: number }
  /** The core broke an invariant of its own, in the input before this item or while giving out what is to be done. */
  | { readonly type: 'violated'; readonly message: string };

const CODE = {
  tick: 1,
  appendEntries: 2,
  matched: 3,
  propose: 4,
  readIndex: 5,
  persisted: 6,
  other: 7,
  sender: 8,
  taken: 9,
  violated: 10,
} as const;

/** Writes the items of one segment, each relative to those before it. */
export class ItemWriter {
  readonly #out: ByteWriter;
  readonly #senders: Sender[] = [];
  #nowMs: number;

  constructor(out: ByteWriter, nowMs: number) {
    this.#out = out;
    this.#nowMs = nowMs;
  }

  input(input: Input): void {
    switch (input.type) {
      case 'tick':
        this.#begin(CODE.tick, input.nowMs);
        this.#out.number(input.lateMs);
        return;
      case 'message':
        this.#message(input);
        return;
      case 'propose':
        this.#begin(CODE.propose, input.nowMs);
        this.#out.uint(input.commands.length);
        for (const { length } of input.commands) this.#out.uint(length);
        return;
      case 'readIndex':
        this.#begin(CODE.readIndex, input.nowMs);
        this.#out.uint(input.readId);
        return;
      case 'persisted':
        this.#begin(CODE.persisted, input.nowMs);
        this.#out.uint(input.persistId);
        return;
      default:
        this.#other(input);
    }
  }

  taken(digest: number): void {
    this.#out.byte(CODE.taken);
    this.#out.word(digest);
  }

  violated(message: string): void {
    this.#out.byte(CODE.violated);
    this.#out.run(encodePlain(message));
  }

  #message(input: Extract<Input, { type: 'message' }>): void {
    const { message, from, nowMs } = input;
    const out = this.#out;
    if (message.type === 'appendEntries') {
      const sender = this.#senderOf(from);
      this.#begin(CODE.appendEntries, nowMs);
      out.uint(sender);
      out.uint(message.term);
      out.uint(message.round);
      out.number(message.leaseMs);
      out.number(message.clusterTimeMs);
      out.uint(message.prev.term);
      out.uint(message.prev.index);
      out.uint(message.commitIndex);
      writeEntries(out, message.prev, message.entries);
      return;
    }
    const isShort =
      message.type === 'appendEntriesResponse' &&
      message.outcome.type === 'matched' &&
      message.unfit === undefined;
    if (!isShort) {
      this.#other(input);
      return;
    }
    const sender = this.#senderOf(from);
    this.#begin(CODE.matched, nowMs);
    out.uint(sender);
    out.uint(message.term);
    out.uint(message.round);
    out.uint(message.outcome.matchIndex);
  }

  #other({ nowMs, ...rest }: Input): void {
    this.#begin(CODE.other, nowMs);
    this.#out.run(encodePlain(rest));
  }

  #begin(code: number, nowMs: number): void {
    this.#out.byte(code);
    this.#out.number(nowMs - this.#nowMs);
    this.#nowMs = nowMs;
  }

  /** Its place in the list of senders, which it enters when it is first heard. */
  #senderOf(from: Sender): number {
    for (let place = 0; place < this.#senders.length; place += 1) {
      const known = this.#senders[place];
      if (known?.id === from.id && known.installId === from.installId) return place;
    }
    this.#out.byte(CODE.sender);
    this.#out.run(encodePlain(from));
    return this.#senders.push(from) - 1;
  }
}

/** Reads the items of one segment, in order. Throws `UnreadableRecord`. */
export function* itemsIn(from: ByteReader, beganAtMs: number): Generator<Item, void, undefined> {
  const senders: Sender[] = [];
  let nowMs = beganAtMs;
  while (!from.isAtEnd) {
    const code = from.byte();
    if (code === CODE.sender) {
      senders.push(decodePlain(from.run()) as Sender);
    } else if (code === CODE.taken) {
      yield { type: 'taken', digest: from.word() };
    } else if (code === CODE.violated) {
      yield { type: 'violated', message: String(decodePlain(from.run())) };
    } else {
      nowMs += from.number();
      yield { type: 'input', input: inputIn(from, code, nowMs, senders) };
    }
  }
}

function inputIn(from: ByteReader, code: number, nowMs: number, senders: readonly Sender[]): Input {
  switch (code) {
    case CODE.tick:
      return { type: 'tick', nowMs, lateMs: from.number() };
    case CODE.appendEntries:
      return { type: 'message', nowMs, from: senderIn(from, senders), message: appendIn(from) };
    case CODE.matched:
      return { type: 'message', nowMs, from: senderIn(from, senders), message: matchedIn(from) };
    case CODE.propose: {
      const commands = Array.from({ length: from.count() }, () => payloadOf(from.uint()));
      return { type: 'propose', nowMs, commands };
    }
    case CODE.readIndex:
      return { type: 'readIndex', nowMs, readId: from.uint() };
    case CODE.persisted:
      return { type: 'persisted', nowMs, persistId: from.uint() };
    case CODE.other:
      return { ...(decodePlain(from.run()) as Input), nowMs };
    default:
      throw new UnreadableRecord(`an item in it is of kind ${code}, which is not known`);
  }
}

function senderIn(from: ByteReader, senders: readonly Sender[]): Sender {
  const sender = senders[from.uint()];
  if (sender === undefined) throw new UnreadableRecord('a message in it names no sender');
  return sender;
}

function appendIn(from: ByteReader): AppendEntries {
  const term = from.uint() as Term;
  const round = from.uint();
  const leaseMs = from.number();
  const clusterTimeMs = from.number();
  const prev: EntryId = { term: from.uint() as Term, index: from.uint() as LogIndex };
  const commitIndex = from.uint() as LogIndex;
  const entries = readEntries(from, prev);
  return { type: 'appendEntries', term, round, leaseMs, clusterTimeMs, prev, commitIndex, entries };
}

function matchedIn(from: ByteReader): AppendEntriesResponse {
  const term = from.uint() as Term;
  const round = from.uint();
  const outcome = { type: 'matched', matchIndex: from.uint() as LogIndex } as const;
  return { type: 'appendEntriesResponse', term, round, outcome };
}
