// The files of a LevelDB database, looked at before it is opened: LevelDB opens a damaged one without an error and with
// records missing, begins an empty one where CURRENT is gone, and ends the process over some damaged tables. Whatever a
// crash cannot explain refuses the start. Whether the contents are all there is checked after opening, in contents.ts.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { scanLog } from './level-log.js';
import { readManifest } from './level-manifest.js';
import type { LevelState } from './level-manifest.js';
import { damageOfTable } from './level-table.js';
import { StorageError, whyOf } from './storage-error.js';

/** What only a database that has been opened once has; a creation that a crash cut short leaves MANIFEST-000001 only. */
const SIGNS_OF_LIFE = /^MANIFEST-(?!000001$)|\.(log|ldb|sst)$/;

/**
 * Checks CURRENT, MANIFEST, the write-ahead logs and the tables of the database in `directory`, if there is one.
 * Throws `StorageError`: DAMAGED, or UNWRITABLE where a file cannot be read. Reads everything once.
 */
export function checkLevelFiles(directory: string): void {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  if (!names.includes('CURRENT') && !names.some((name) => SIGNS_OF_LIFE.test(name))) return;
  const { logNumber, tables } = readState(directory, names);
  const logs = names.filter((name) => /^\d+\.log$/.test(name)).sort();
  // LevelDB makes a log durable before it names it; younger logs may lie beside it.
  if (logNumber !== null && !logs.some((name) => Number.parseInt(name, 10) === logNumber)) {
    const file = join(directory, fileName(logNumber, 'log'));
    throw new StorageError('DAMAGED', file, null, 'the write-ahead log is missing');
  }
  for (const name of logs) readRecords(join(directory, name));
  for (const { number, bytes } of tables) {
    const name = fileName(number, 'ldb');
    checkTable(join(directory, name), bytes);
  }
}

function readState(directory: string, names: readonly string[]): LevelState {
  const current = join(directory, 'CURRENT');
  const manifest = /^(MANIFEST-\d+)\n$/.exec(readOrRefuse(current).toString('latin1'))?.[1];
  if (manifest === undefined || !names.includes(manifest)) {
    throw new StorageError('DAMAGED', current, 0, 'it does not name a file of the database');
  }
  const file = join(directory, manifest);
  const edits = readRecords(file);
  try {
    return readManifest(edits);
  } catch (cause) {
    throw new StorageError('DAMAGED', file, null, whyOf(cause), { cause });
  }
}

function checkTable(file: string, expectedBytes: number): void {
  const bytes = readOrRefuse(file);
  if (bytes.length !== expectedBytes) {
    const detail = `expected a table of ${expectedBytes} bytes, found ${bytes.length}`;
    throw new StorageError('DAMAGED', file, null, detail);
  }
  const damage = damageOfTable(bytes);
  if (damage !== null) throw new StorageError('DAMAGED', file, damage.offset, damage.detail);
}

function readRecords(file: string): readonly Uint8Array[] {
  const scan = scanLog(readOrRefuse(file));
  if (scan.type === 'sound') return scan.records;
  throw new StorageError('DAMAGED', file, scan.offset, scan.detail);
}

function readOrRefuse(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isMissing) throw new StorageError('UNWRITABLE', file, null, whyOf(cause), { cause });
    throw new StorageError('DAMAGED', file, null, 'this file of the database is missing');
  }
}

function fileName(number: number, extension: string): string {
  return `${String(number).padStart(6, '0')}.${extension}`;
}
