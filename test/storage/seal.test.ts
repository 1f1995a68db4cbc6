// The seal over the contents: what is missing, changed or added although every file and every record is sound is refused.
// The database is changed by LevelDB itself, so that only the seal can notice.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Level } from 'level';
import { expect, test } from 'vitest';

import { KEY_KIND, keyOf } from '../../src/storage/keys.js';
import { openStorage } from '../../src/storage/level-storage.js';
import { command, persist, requestOf } from '../contract/storage-contract.js';

type Raw = Level<Buffer, Uint8Array>;

const CHANGES: readonly (readonly [string, (raw: Raw) => Promise<void>])[] = [
  ['without its last entry', (raw) => raw.del(keyOf(KEY_KIND.logRecord, 3))],
  [
    'with an entry that stands where another stood',
    async (raw) => {
      const older = await raw.get(keyOf(KEY_KIND.logRecord, 3));
      if (older === undefined) throw new Error('expected a record');
      await raw.put(keyOf(KEY_KIND.logRecord, 4), older);
    },
  ],
  ['without its hard state', (raw) => raw.del(keyOf(KEY_KIND.hardState))],
];

test.each(CHANGES)('A store %s is refused as DAMAGED', async (_, change) => {
  const directory = await mkdtemp(join(tmpdir(), 'quorate-seal-'));
  try {
    const storage = await openStorage(directory);
    const hardState = { term: command(1).term, votedFor: null };
    await persist(storage, requestOf({ hardState, entries: [command(1), command(2)] }));
    await persist(storage, requestOf({ entries: [command(3)] }));
    await storage.close();
    const raw: Raw = new Level(join(directory, 'db'), {
      keyEncoding: 'buffer',
      valueEncoding: 'view',
      compression: false,
    });
    await change(raw);
    await raw.close();
    await expect(openStorage(directory)).rejects.toMatchObject({ code: 'DAMAGED' });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
