// A writer on a disk that forgets what was not synced is cut off at random moments, again and again in one directory:
// whatever it said was acknowledged is there, and the directory is never taken for damaged. What is forgotten besides is
// drawn anew each time. The writer is the one of test/storage/crash.test.ts, where the page cache forgets nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { openStorage } from '../../../src/storage/level-storage.js';
import { FaultyDisk } from './faulty-disk.js';
import { cutPower, filesBelow } from './power-cut.js';
import type { PowerCut } from './power-cut.js';

const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 60 : 4;
const WRITER = fileURLToPath(new URL('../../storage/crash-writer.ts', import.meta.url));
const MODELS: readonly Pick<PowerCut, 'names' | 'unsynced'>[] = [
  { names: 'ordered', unsynced: 'none' },
  { names: 'ordered', unsynced: 'some' },
  { names: 'strict', unsynced: 'none' },
  { names: 'strict', unsynced: 'some' },
];

/** Lets a writer work until some bytes of its answers have come, kills it, and tells the last index it acknowledged. */
async function write(disk: FaultyDisk, answerBytes: number): Promise<number> {
  disk.begin();
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, disk.root], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...disk.environment },
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

test.each(MODELS)(
  'A power cut loses nothing acknowledged: names $names, of the unsynced $unsynced is left',
  { timeout: 600_000 },
  async (model) => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-power-'));
    const root = join(directory, 'data');
    mkdirSync(root);
    const disk = new FaultyDisk(root, join(directory, 'disk'));
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = filesBelow(root);
        const acknowledged = await write(disk, 1 + Math.floor(Math.random() * 8000));
        const records = cutPower(disk, before, { ...model, random: Math.random });
        expect(records).toBeGreaterThan(acknowledged > 0 ? 2 : 0);
        const storage = await openStorage(root);
        const { entries, compacted, hardState } = storage.stored;
        const last = entries.at(-1)?.index ?? compacted.index;
        await storage.close();
        expect(last).toBeGreaterThanOrEqual(acknowledged);
        expect(hardState.term).toBe(last);
      }
    } finally {
      disk.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
