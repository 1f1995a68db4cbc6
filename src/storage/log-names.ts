// The names of the write-ahead logs, made durable. LevelDB begins a new log whenever its table in memory is full and syncs
// what it writes there, but not the directory that the log's name stands in; where the file system does not do that by
// itself, a power cut would take the log and all that was acknowledged in it. So the directory is looked at after each
// write that may have begun one, away from the event loop, since a look may hang as long as the disk does.

import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';

import type { Operation } from './live-keys.js';
import { TableGrowth } from './table-growth.js';

const LOG_NAME = /^\d+\.log$/;

/** So much sooner than a log is expected it is looked for: two blocks of the table, though none was ever seen to be wrong. */
const MARGIN_BYTES = 8192;

export class LogNames {
  readonly #directory: string;
  readonly #tableBytesMax: number;
  readonly #namesIn: (directory: string) => Promise<readonly string[]>;
  /** The newest log whose name is known to be durable; numbers only grow. */
  #newest = 0;
  /** The table in memory, since it was begun. Null: nobody knows when that was. */
  #table: TableGrowth | null = null;

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
    // LevelDB asks before it writes a batch.
    const isDue = this.#table === null || this.#table.bytes + MARGIN_BYTES > this.#tableBytesMax;
    this.#table?.add(operations);
    return isDue;
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
    this.#table = new TableGrowth();
    this.#table.add(operations);
  }
}
