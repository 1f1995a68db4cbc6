// The data directory around the database: made if missing, recognised by a marker file that also names the format, so
// that a database that has vanished is not mistaken for a new node, nor a later version's for
// ours. It never deletes anything.

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { StorageError, whyOf } from './storage-error.js';

/** Version of the disk format. */
const FORMAT = 1;
const MARKER = /^quorate data directory, format (\d+)\n$/;

export interface DataDirectory {
  readonly databasePath: string;
  /** Makes the new database's directories durable, then writes the marker; call once its contents are. May throw. */
  seal(): void;
  readonly isNew: boolean;
}

/** Makes or recognises the directory. Throws `StorageError`: UNWRITABLE, NEWER_FORMAT, DAMAGED. */
export function openDataDirectory(path: string): DataDirectory {
  const directory = resolve(path);
  const marker = join(directory, 'FORMAT');
  const databasePath = join(directory, 'db');
  let firstMade: string | undefined;
  try {
    firstMade = makeDirectories(directory);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StorageError('UNWRITABLE', directory, null, whyOf(cause), { cause });
  }
  const isNew = !existsSync(marker);
  if (!isNew) checkMarker(marker, databasePath);
  const seal = (): void => {
    syncDirectory(databasePath);
    writeFileSync(`${marker}.new`, `quorate data directory, format ${FORMAT}\n`, { flush: true });
    renameSync(`${marker}.new`, marker);
    const top = firstMade === undefined ? directory : dirname(firstMade);
    for (let made = directory; ; made = dirname(made)) {
      syncDirectory(made);
      if (made === top || made === dirname(made)) return;
    }
  };
  return { databasePath, isNew, seal };
}

/**
 * Makes a directory and those above it that are missing; answers the topmost that was made. One by one, because
 * `mkdir` with `recursive` never returns where a parent exists and yet refuses with ENOENT, as `/proc` does.
 */
function makeDirectories(directory: string): string | undefined {
  const missing: string[] = [];
  for (let at = directory; !existsSync(at) && at !== dirname(at); at = dirname(at))
    missing.push(at);
  for (const path of missing.toReversed()) mkdirSync(path, { mode: 0o700 });
  if (missing.length === 0 && !statSync(directory).isDirectory()) {
    throw new Error('it is not a directory');
  }
  return missing.at(-1);
}

/** Makes the names in a directory durable; a file's own sync does not promise that everywhere. */
function syncDirectory(directory: string): void {
  // Windows does not open directories.
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function checkMarker(marker: string, databasePath: string): void {
  const format = MARKER.exec(readMarker(marker))?.[1];
  if (format === undefined) {
    throw new StorageError('DAMAGED', marker, 0, 'expected the line that names the format');
  }
  if (Number(format) > FORMAT) {
    const detail = `written in format ${format}, this version knows up to ${FORMAT}`;
    throw new StorageError('NEWER_FORMAT', marker, null, detail);
  }
  if (!existsSync(join(databasePath, 'CURRENT'))) {
    throw new StorageError(
      'DAMAGED',
      databasePath,
      null,
      'the database or its CURRENT file is missing',
    );
  }
}

function readMarker(marker: string): string {
  try {
    return readFileSync(marker, 'utf8');
  } catch (cause) {
    throw new StorageError('UNWRITABLE', marker, null, whyOf(cause), { cause });
  }
}
