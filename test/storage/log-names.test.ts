// The names of write-ahead logs beside LevelDB itself: whenever a batch is written into a log that is new, the directory is
// synced before the batch counts; and it is not looked at after each batch, since how full the table is can be told to the byte. Real
// files in a temporary directory.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { expect, test } from 'vitest';

import { Random } from '../../src/raft/random.js';
import type { Database } from '../../src/storage/contents.js';
import type { Operation } from '../../src/storage/live-keys.js';
import { LogNames } from '../../src/storage/log-names.js';
import { TableGrowth } from '../../src/storage/table-growth.js';

/** The least that LevelDB takes, so that many logs are begun. */
const TABLE_BYTES_MAX = 64 * 1024;
const TIMES = process.env['QUORATE_TEST_LONG'] === '1' ? 20 : 1;

/** Largest value, and so many batches. */
const SIZES = { small: [300, 1500], middling: [1100, 600], large: [9000, 200] } as const;

test.each(Object.entries(SIZES))(
  'a log begun by batches of %s values is looked for, and few others are',
  async (_name, [valueBytesMax, count]) => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-names-'));
    const database: Database = new Level(directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'view',
      compression: false,
      writeBufferSize: TABLE_BYTES_MAX,
    });
    await database.open();
    const rounds = count * TIMES;
    let looks = 0;
    const names = new LogNames(directory, TABLE_BYTES_MAX, (at) => {
      looks += 1;
      return readdir(at);
    });
    const random = new Random(valueBytesMax);
    const newestOf = (): number => Math.max(...readdirSync(directory).filter(isLog).map(parse));
    const logs = new Set<number>([newestOf()]);
    let table = new TableGrowth();
    try {
      for (let round = 0; round < rounds; round += 1) {
        const operations = batchOf(random, round, valueBytesMax);
        const isFull = table.bytes > TABLE_BYTES_MAX;
        await database.batch(operations, { sync: false });
        expect(!logs.has(newestOf()), 'told to the byte').toBe(isFull);
        if (isFull) table = new TableGrowth();
        table.add(operations);
        const isDue = names.mayHaveBegun(operations);
        if (isDue) await names.makeDurable(operations);
        expect(isDue || !isFull).toBe(true);
        logs.add(newestOf());
      }
    } finally {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    }
    expect(logs.size).toBeGreaterThan(3);
    expect(looks).toBeLessThan(rounds / 4);
  },
);

/** Mostly one record and a short one beside it, as the storage writes; sometimes many, and deletions. */
function batchOf(random: Random, round: number, valueBytesMax: number): Operation[] {
  const count = random.between(0, 20) === 0 ? 12 : 1;
  const records = Array.from({ length: count }, (_, at): Operation => {
    const key = Buffer.alloc(9);
    key.writeUInt32BE(round, 1);
    key.writeUInt32BE(at, 5);
    return random.between(0, 10) === 0
      ? { type: 'del', key }
      : { type: 'put', key, value: new Uint8Array(random.between(1, valueBytesMax)) };
  });
  return [...records, { type: 'put', key: Buffer.alloc(1), value: new Uint8Array(28) }];
}

function isLog(name: string): boolean {
  return name.endsWith('.log');
}

function parse(name: string): number {
  return Number.parseInt(name, 10);
}
