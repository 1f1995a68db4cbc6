// Records that a daemon leaves behind in its data directory, a bounded number of files. A file appears whole or not at all;
// it is not forced to the disk, since that would cost the disk of the node more than the record is worth.

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

const ENDING = '.qrec';
const UNFINISHED = '.part';
/** Files that are kept, the newest. Each is at most two segments and their checkpoints long. */
const FILES_MAX = 4;

export class RecordFolder {
  readonly #path: string;

  /** It is made when the first file is written. */
  constructor(dataDir: string) {
    this.#path = join(dataDir, 'records');
  }

  /** Writes a file, and removes the oldest beyond what is kept; answers its path. Rejects with what the system said. */
  async write(name: string, pieces: readonly Uint8Array[]): Promise<string> {
    const file = this.#file(name);
    await mkdir(this.#path, { recursive: true });
    const handle = await open(file + UNFINISHED, 'w', 0o600);
    try {
      for (const piece of pieces) await handle.writeFile(piece);
    } finally {
      await handle.close();
    }
    await rename(file + UNFINISHED, file);
    for (const old of tooMany(await readdir(this.#path))) await rm(join(this.#path, old));
    return file;
  }

  /** The same while nothing else can happen: for a process that is about to end. Throws what the system said. */
  writeNow(name: string, pieces: readonly Uint8Array[]): string {
    const file = this.#file(name);
    mkdirSync(this.#path, { recursive: true });
    writeFileSync(file + UNFINISHED, pieces[0] ?? '', { mode: 0o600 });
    for (const piece of pieces.slice(1)) writeFileSync(file + UNFINISHED, piece, { flag: 'a' });
    renameSync(file + UNFINISHED, file);
    for (const old of tooMany(readdirSync(this.#path))) rmSync(join(this.#path, old));
    return file;
  }

  #file(name: string): string {
    return join(this.#path, name + ENDING);
  }
}

/** Their names begin with the time, so that the oldest come first; whatever was not finished is of a life that is over. */
function tooMany(names: readonly string[]): string[] {
  const whole = names.filter((name) => name.endsWith(ENDING)).sort();
  const unfinished = names.filter((name) => name.endsWith(ENDING + UNFINISHED));
  return [...unfinished, ...whole.slice(0, Math.max(0, whole.length - FILES_MAX))];
}
