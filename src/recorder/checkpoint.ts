// All of a core as bytes: what a segment of a record begins with. Equal cores have equal bytes, so that a replay that comes to
// the next checkpoint can be compared with it whole.

import type { SavedRaft } from '../raft/saved.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { readEntries, writeEntries } from './entries.js';
import { decodePlain, encodePlain } from './plain.js';

const FIRST_BYTES = 8 * 1024;

/** Encodes a core; of commands only the lengths. */
export function encodeCheckpoint(saved: SavedRaft): Uint8Array {
  const { log, ...rest } = saved;
  const out = new ByteWriter(FIRST_BYTES);
  out.run(encodePlain({ ...rest, compacted: log.compacted }));
  writeEntries(out, log.compacted, log.entries);
  return out.whole();
}

/** Decodes a core. Throws `UnreadableRecord`. */
export function decodeCheckpoint(bytes: Uint8Array): SavedRaft {
  const from = new ByteReader(bytes);
  type Plain = Omit<SavedRaft, 'log'> & Pick<SavedRaft['log'], 'compacted'>;
  const { compacted, ...rest } = decodePlain(from.run()) as Plain;
  return { ...rest, log: { compacted, entries: readEntries(from, compacted) } };
}
