// The names of the write-ahead logs, made durable. LevelDB begins a new log whenever its table in memory is full and syncs
// what it writes there, but not the directory that the log's name stands in; where the file system does not do that by
// itself, a power cut would take the log and all that was acknowledged in it. So the directory is looked at after each
// write, away from the event loop, since a look may hang as long as the disk does.

import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';

const LOG_NAME = /^\d+\.log$/;

export class LogNames {
  readonly #directory: string;
  /** The newest log whose name is known to be durable; numbers only grow. */
  #newest = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Resolves once every log that exists now has a durable name. Rejects with what the file system says. */
  async makeDurable(): Promise<void> {
    // Windows does not open directories.
    if (process.platform === 'win32') return;
    let newest = 0;
    for (const name of await readdir(this.#directory)) {
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
  }
}
