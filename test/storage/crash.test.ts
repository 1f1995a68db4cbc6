// A writer process is killed at random moments and its directory opened again: all that it said was acknowledged is there,
// and the directory is never taken for damaged. The next round writes on in the same directory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { openStorage, StorageError } from '../../src/storage/level-storage.js';

const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 60 : 3;
const WRITER = fileURLToPath(new URL('crash-writer.ts', import.meta.url));

/** Lets a writer work until some bytes of its answers have come, kills it, and tells the last index it acknowledged. */
async function crash(directory: string, answerBytes: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.length > answerBytes) child.kill('SIGKILL');
  });
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

test('A killed writer loses nothing that it acknowledged', { timeout: 300_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-crash-'));
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const acknowledged = await crash(directory, 1 + Math.floor(Math.random() * 4000));
      const storage = await openStorage(directory);
      const { entries, compacted, hardState } = storage.stored;
      const last = entries.at(-1)?.index ?? compacted.index;
      expect(last).toBeGreaterThanOrEqual(acknowledged);
      expect(hardState.term).toBe(last);
      await storage.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('A directory that another process writes to is LOCKED, never taken for damaged', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-locked-'));
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    child.stdout.resume();
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const error: unknown = await openStorage(directory).catch((thrown: unknown) => thrown);
      if (!(error instanceof StorageError)) throw new Error('expected a refusal');
      expect(`${error.code}: ${error.message}`).toMatch(/^LOCKED/);
    }
  } finally {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    await rm(directory, { recursive: true, force: true });
  }
});
