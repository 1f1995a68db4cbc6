// Entries of the log without their payloads: term, index, stamp, and of a command the length, which is all that the core looks
// at. Entries of the core's own kinds are kept whole. Indexes and stamps are told as distances, so most entries take few bytes.

import type { Entry, EntryId, LogIndex, Term } from '../raft/types.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { decodePlain, encodePlain, payloadOf } from './plain.js';

const COMMAND = 0;
const OWN = 1;

/** Writes entries that most likely follow `prev`. */
export function writeEntries(out: ByteWriter, prev: EntryId, entries: readonly Entry[]): void {
  out.uint(entries.length);
  let { term, index } = prev;
  let stampMs = 0;
  for (const entry of entries) {
    if (entry.kind === 'command') {
      out.byte(COMMAND);
      out.number(entry.index - index - 1);
      out.number(entry.term - term);
      out.number(entry.stampMs - stampMs);
      out.uint(entry.data.length);
    } else {
      out.byte(OWN);
      out.run(encodePlain(entry));
    }
    ({ term, index, stampMs } = entry);
  }
}

/** Reads what `writeEntries` wrote, with zeros for payloads. Throws `UnreadableRecord`. */
export function readEntries(from: ByteReader, prev: EntryId): Entry[] {
  const entries: Entry[] = [];
  let last: Pick<Entry, 'term' | 'index' | 'stampMs'> = { ...prev, stampMs: 0 };
  for (let left = from.count(); left > 0; left -= 1) {
    const entry: Entry =
      from.byte() === COMMAND
        ? {
            index: (last.index + 1 + from.number()) as LogIndex,
            term: (last.term + from.number()) as Term,
            stampMs: last.stampMs + from.number(),
            kind: 'command',
            data: payloadOf(from.uint()),
          }
        : (decodePlain(from.run()) as Entry);
    entries.push(entry);
    last = entry;
  }
  return entries;
}
