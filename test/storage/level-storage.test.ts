// LevelStorage under the contract, and what is its own: the lock, later formats, directories that cannot be used, and
// writes that fail. Real files in temporary directories.

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { openStorage, StorageError } from '../../src/storage/level-storage.js';
import { command, persist, requestOf, storageContract } from '../contract/storage-contract.js';

const directories: string[] = [];

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-storage-'));
  directories.push(directory);
  return directory;
}

afterEach(async () => {
  for (const directory of directories.splice(0)) {
    await rm(directory, { recursive: true, force: true });
  }
});

async function refusal(directory: string): Promise<StorageError> {
  const error: unknown = await openStorage(directory).then(
    async (storage) => {
      await storage.close();
      return null;
    },
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StorageError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

storageContract('level on disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-contract-'));
  return {
    open: async () => {
      const storage = await openStorage(directory);
      return { port: storage, stored: storage.stored, close: () => storage.close() };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
});

test('A directory that is open already is refused as LOCKED', async () => {
  const directory = await newDirectory();
  const storage = await openStorage(directory);
  const error = await refusal(directory);
  expect(error.code).toBe('LOCKED');
  expect(error.hint).toContain('stop the daemon');
  await storage.close();
});

test('A directory of a later format is refused as NEWER_FORMAT and left alone', async () => {
  const directory = await newDirectory();
  await (await openStorage(directory)).close();
  await writeFile(join(directory, 'FORMAT'), 'quorate data directory, format 99\n');
  expect((await refusal(directory)).code).toBe('NEWER_FORMAT');
  expect(await readFile(join(directory, 'FORMAT'), 'utf8')).toContain('99');
});

test('A path that is no directory is refused as UNWRITABLE', async () => {
  const directory = await newDirectory();
  await writeFile(join(directory, 'file'), '');
  expect((await refusal(join(directory, 'file'))).code).toBe('UNWRITABLE');
});

test('A marked directory without its database is refused as DAMAGED, not taken for a new node', async () => {
  const directory = await newDirectory();
  await (await openStorage(directory)).close();
  await rm(join(directory, 'db'), { recursive: true });
  expect((await refusal(directory)).code).toBe('DAMAGED');
});

test('A directory whose making was cut short by a crash is made anew', async () => {
  const directory = join(await newDirectory(), 'a', 'b');
  await mkdir(join(directory, 'db'), { recursive: true });
  await writeFile(join(directory, 'db', 'MANIFEST-000001'), '');
  await writeFile(join(directory, 'FORMAT.new'), 'quor');
  const storage = await openStorage(directory);
  expect(storage.stored.entries).toEqual([]);
  await storage.close();
  await (await openStorage(directory)).close();
});

test('A new directory is for its owner only', async () => {
  const directory = join(await newDirectory(), 'a', 'b');
  await (await openStorage(directory)).close();
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

test('After a failed write every later one fails too, and the error says what happened', async () => {
  const directory = await newDirectory();
  const storage = await openStorage(directory);
  await persist(storage, requestOf({ entries: [command(1)] }));
  await storage.close();
  await expect(persist(storage, requestOf({ entries: [command(2)] }))).rejects.toThrow(
    /the disk did not take a write/,
  );
  await expect(persist(storage, requestOf({ entries: [command(2)] }))).rejects.toThrow(
    /the disk did not take a write/,
  );
});
