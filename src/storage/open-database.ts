// Opens the LevelDB database of a data directory once its files have been checked, and says in our words why it cannot be
// opened. The check reads files before LevelDB's lock is held, so it may meet a daemon that is writing: what looks damaged
// counts only if nothing moved meanwhile.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { Level } from 'level';

import type { Database } from './contents.js';
import { checkLevelFiles } from './level-files.js';
import { StorageError, whyOf } from './storage-error.js';

/** A database that moves under this many checks is in use. */
const LOOKS_MAX = 5;
const LOOK_AGAIN_MS = 50;

/** Rejects with `StorageError`: DAMAGED, LOCKED or UNWRITABLE. */
export async function openDatabase(path: string): Promise<Database> {
  await checkUnlessInUse(path);
  const database: Database = new Level(path, {
    keyEncoding: 'buffer',
    valueEncoding: 'view',
    // The check of the tables reads their index.
    compression: false,
  });
  try {
    await database.open();
    return database;
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
