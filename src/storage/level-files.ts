// The files of a LevelDB database, looked at before it is opened: LevelDB opens a damaged one without an error and with
// records missing, and begins an empty one where CURRENT is gone. Whatever a crash cannot explain refuses the start.
// What only the contents can tell (tables) is checked after opening, in live-keys.ts.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { scanLog } from './level-log.js';
import { StorageError } from './storage-error.js';

/** Tag of VersionEdit that says from which write-ahead log on the tables are not up to date. */
const TAG_COMPARATOR = 1;
const TAG_LOG_NUMBER = 2;

/**
 * Checks CURRENT, MANIFEST and the write-ahead logs of the database in `directory`, if there is one.
 * Throws `StorageError` with code DAMAGED. Reading takes time in proportion to the logs, a few MiB.
 */
export function checkLevelFiles(directory: string): void {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const isDatabase = names.some((name) => /^MANIFEST-|\.(log|ldb|sst)$/.test(name));
  if (!isDatabase) return;
  const manifest = currentManifest(directory, names);
  const edits = readRecords(join(directory, manifest));
  const logNumber = edits.reduce<number | null>((found, edit) => logNumberOf(edit) ?? found, null);
  const logs = names.filter((name) => /^\d+\.log$/.test(name)).sort();
  const isMissing =
    logNumber !== null && !logs.some((name) => Number.parseInt(name, 10) >= logNumber);
  if (isMissing) {
    const file = join(directory, `${String(logNumber).padStart(6, '0')}.log`);
    throw new StorageError('DAMAGED', file, null, 'the write-ahead log is missing');
  }
  for (const name of logs) readRecords(join(directory, name));
}

function currentManifest(directory: string, names: readonly string[]): string {
  const file = join(directory, 'CURRENT');
  if (!names.includes('CURRENT')) {
    throw new StorageError('DAMAGED', file, null, 'this file of the database is missing');
  }
  const manifest = /^(MANIFEST-\d+)\n$/.exec(readFileSync(file, 'latin1'))?.[1];
  if (manifest === undefined || !names.includes(manifest)) {
    throw new StorageError('DAMAGED', file, 0, 'it does not name a file of the database');
  }
  return manifest;
}

function readRecords(file: string): readonly Uint8Array[] {
  const scan = scanLog(readFileSync(file));
  if (scan.type === 'sound') return scan.records;
  throw new StorageError('DAMAGED', file, scan.offset, scan.detail);
}

/** The log number that an edit of the MANIFEST sets; null: none, or it stands behind what is not read here. */
function logNumberOf(edit: Uint8Array): number | null {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < edit.length; shift += 7) {
      const byte = edit[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  // An edit begins with the comparator, if it has one, then the log number.
  let tag = varint();
  if (tag === TAG_COMPARATOR) {
    at += varint();
    tag = varint();
  }
  return tag === TAG_LOG_NUMBER ? varint() : null;
}
