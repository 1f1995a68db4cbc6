// The names of the write-ahead logs, made durable. LevelDB begins a new log whenever its table in memory is full and syncs
// what it writes there, but not the directory that the log's name stands in; where the file system does not do that by
// itself, a power cut would take the log and all that was acknowledged in it. So the directory is looked at after each
// write that may have begun one, away from the event loop, since a look may hang as long as the disk does.

import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';

import type { Operation } from './live-keys.js';

const LOG_NAME = /^\d+\.log$/;

/** LevelDB's table takes its memory in blocks of so many bytes, and notes each. */
const BLOCK_BYTES = 4096;
const NOTE_BYTES = 8;
/** A block is given up for one thing that does not fit, and that is no larger than a quarter of it. */
const WASTE = (BLOCK_BYTES + NOTE_BYTES) / (BLOCK_BYTES * 0.75);
/** Of an operation beside key and value: its number, two lengths, and what aligns the next thing. */
const FRAME_BYTES = 8 + 2 * 5 + 7;
/** Its place in the table: itself and two links. One more link has a chance of a quarter, so 1.33 is what many have. */
const PLACE_BYTES = 8 + 2 * 8;
/** The first block, and for more links than is likely. */
const TABLE_BYTES = 2 * BLOCK_BYTES;

export class LogNames {
  readonly #directory: string;
  readonly #tableBytesMax: number;
  readonly #namesIn: (directory: string) => Promise<readonly string[]>;
  /** The newest log whose name is known to be durable; numbers only grow. */
  #newest = 0;
  /** At most what the table in memory holds. Null: nobody knows when it was begun. */
  #tableBytes: number | null = null;

  /** `tableBytesMax`: what LevelDB was opened with; with a table that is no larger it begins no log. */
  constructor(
    directory: string,
    tableBytesMax: number,
    namesIn: (directory: string) => Promise<readonly string[]> = readdir,
  ) {
    this.#directory = directory;
    this.#tableBytesMax = tableBytesMax;
    this.#namesIn = namesIn;
  }

  /** Notes what was written as one batch; whether LevelDB may have begun a log for it, so that `makeDurable` is due. */
  mayHaveBegun(operations: readonly Operation[]): boolean {
    if (this.#tableBytes === null || this.#tableBytes > this.#tableBytesMax) {
      // If it has, nothing but this batch is in its table.
      this.#tableBytes = null;
      return true;
    }
    this.#tableBytes += growthBy(operations);
    return false;
  }

  /** Resolves once every log that exists now has a durable name; `operations` were written last. Rejects with what the file system says. */
  async makeDurable(operations: readonly Operation[]): Promise<void> {
    // Windows does not open directories.
    if (process.platform === 'win32') return;
    let newest = 0;
    for (const name of await this.#namesIn(this.#directory)) {
      if (LOG_NAME.test(name)) newest = Math.max(newest, Number.parseInt(name, 10));
    }
    if (newest <= this.#newest) return;
    const directory = await open(this.#directory, constants.O_RDONLY);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    this.#newest = newest;
    this.#tableBytes = TABLE_BYTES + growthBy(operations);
  }
}

/** At most what LevelDB's table in memory grows by, in bytes. Source: `MemTable::Add`, `Arena` and `SkipList` of LevelDB. */
function growthBy(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    const valueBytes = operation.type === 'put' ? operation.value.length : 0;
    const ownBytes = operation.key.length + valueBytes;
    const needed = ownBytes + FRAME_BYTES;
    // What is larger than a block has one of its own, of its size.
    bytes += ownBytes > BLOCK_BYTES ? needed + NOTE_BYTES : needed * WASTE;
    bytes += PLACE_BYTES * WASTE;
  }
  return bytes;
}
