// Opens the LevelDB database of a data directory once its files have been checked, and says in our words why it cannot be
// opened. The check reads files before LevelDB's lock is held, so it may meet a daemon that is writing: what looks damaged
// counts only if nothing moved meanwhile.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { Level } from 'level';

import type { Database } from './contents.js';
import { checkLevelFiles } from './level-files.js';
import { StorageError, whyOf } from './storage-error.js';

/** What Level is on Node, which its types, made for browsers too, leave out. */
const LevelOnDisk = Level as typeof Level & { destroy(location: string): Promise<void> };

/** When LevelDB's table in memory is larger, in bytes, it begins a new write-ahead log. */
export const TABLE_BYTES_MAX = 4 * 1024 * 1024;

/** A database that moves under this many checks is in use. */
const LOOKS_MAX = 5;
const LOOK_AGAIN_MS = 50;

/**
 * Opens the database, or makes it. `isNew`: nobody was ever told that it exists; what a crash left of its making goes.
 * Rejects with `StorageError`: DAMAGED, LOCKED or UNWRITABLE.
 */
export async function openDatabase(path: string, isNew: boolean): Promise<Database> {
  if (isNew && isUnfinished(path)) await destroy(path);
  await checkUnlessInUse(path);
  const database: Database = new Level(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'view',
    // The check of the tables reads their index.
    compression: false,
    writeBufferSize: TABLE_BYTES_MAX,
  });
  try {
    await database.open();
    return database;
  } catch (cause) {
    throw openingError(path, cause);
  }
}

/**
 * Whether a crash cut the making of this database short: LevelDB does not sync the first MANIFEST, which CURRENT names only
 * until the database was opened once.
 */
function isUnfinished(path: string): boolean {
  const current = join(path, 'CURRENT');
  return existsSync(current) && readFileSync(current, 'latin1') === 'MANIFEST-000001\n';
}

/** Fails where another process holds LevelDB's lock, and may be making it now. */
async function destroy(path: string): Promise<void> {
  try {
    await LevelOnDisk.destroy(path);
  } catch (cause) {
    throw openingError(path, cause);
  }
}

async function checkUnlessInUse(path: string): Promise<void> {
  for (let look = 1; ; look += 1) {
    const before = appearanceOf(path);
    try {
      checkLevelFiles(path);
      return;
    } catch (error) {
      // The files of a database are sound at every moment; damage that comes of reading them one after the other while
      // somebody writes goes with a change.
      if (appearanceOf(path) === before) throw error;
      if (look === LOOKS_MAX) {
        throw new StorageError('LOCKED', path, null, 'another process writes to it', {
          cause: error,
        });
      }
      await setTimeout(LOOK_AGAIN_MS);
    }
  }
}

/** Names, sizes and times of the files. */
function appearanceOf(path: string): string {
  if (!existsSync(path)) return '';
  const lines = readdirSync(path).map((name) => {
    const stats = statSync(join(path, name), { throwIfNoEntry: false });
    return `${name} ${stats?.size} ${stats?.mtimeMs}`;
  });
  return lines.join('\n');
}

function openingError(path: string, cause: unknown): StorageError {
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? inner.code : null;
  if (code === 'LEVEL_LOCKED') {
    return new StorageError('LOCKED', path, null, 'another process has it open', { cause });
  }
  const why = whyOf(inner ?? cause);
  // The files were whole a moment ago, so what the system refuses is no damage.
  const isRefused = code === 'LEVEL_IO_ERROR' && !/no such file/i.test(why);
  return new StorageError(isRefused ? 'UNWRITABLE' : 'DAMAGED', path, null, why, { cause });
}
