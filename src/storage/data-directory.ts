// The data directory around the database: made if missing, recognised by a marker file that also names the format, so
// that a database that has vanished is not mistaken for a new node, nor a later version's
// for ours. It never deletes anything.

import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { StorageError, whyOf } from './storage-error.js';

/** Version of the disk format. */
const FORMAT = 1;
const MARKER = /^quorate data directory, format (\d+)\n$/;

export interface DataDirectory {
  readonly databasePath: string;
  /** Writes the marker; call once the new database is durable. */
  seal(): void;
  readonly isNew: boolean;
}

/** Makes or recognises the directory. Throws `StorageError`: UNWRITABLE, NEWER_FORMAT, DAMAGED. */
export function openDataDirectory(directory: string): DataDirectory {
  const marker = join(directory, 'FORMAT');
  const databasePath = join(directory, 'db');
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StorageError('UNWRITABLE', directory, null, whyOf(cause), { cause });
  }
  const isNew = !existsSync(marker);
  if (!isNew) checkMarker(marker, databasePath);
  return {
    databasePath,
    isNew,
    seal: () =>
      writeFileSync(marker, `quorate data directory, format ${FORMAT}\n`, { flush: true }),
  };
}

function checkMarker(marker: string, databasePath: string): void {
  const format = MARKER.exec(readFileSync(marker, 'utf8'))?.[1];
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
