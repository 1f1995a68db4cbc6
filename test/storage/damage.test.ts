// Damage to real database files: every byte of the write-ahead log's last records flipped, the log cut at every offset
// there, other files flipped at random or removed. Opening must show everything that was synced, or lack exactly the end
// that was cut off, or refuse as DAMAGED; it never shows less in silence. QUORATE_TEST_LONG tries every offset.

import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LogIndex, NodeId, Term } from '../../src/raft/types.js';
import { openStorage, StorageError } from '../../src/storage/level-storage.js';
import { command, metaAt, persist, requestOf } from '../contract/storage-contract.js';

const BATCHES = 12;
const isLong = process.env['QUORATE_TEST_LONG'] === '1';
const root = mkdtempSync(join(tmpdir(), 'quorate-damage-'));
/** The last entry of each state that a cut may fall back to; the newest last. */
const young = join(root, 'young');
const grown = join(root, 'grown');
/** All in tables, each of which ends with a sound state of its own. */
const settled = join(root, 'settled');

async function fill(directory: string, from: number): Promise<void> {
  const storage = await openStorage(directory);
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const first = from + batch * 2;
    const hardState = { term: first as Term, votedFor: 3 as NodeId };
    await persist(
      storage,
      requestOf({ hardState, entries: [command(first, 1, 40), command(first + 1, 1, 300)] }),
    );
  }
  await storage.close();
}

beforeAll(async () => {
  await fill(young, 1);
  await fill(grown, 1);
  const storage = await openStorage(grown);
  await new Promise<void>((resolve, reject) => {
    storage.saveSnapshot(
      metaAt(10),
      [new Uint8Array(5000).fill(7), new Uint8Array(300)],
      (error) => (error === null ? resolve() : reject(error)),
    );
  });
  const compactTo = { term: 1 as Term, index: 6 as LogIndex };
  await persist(storage, requestOf({ compactTo }));
  await storage.close();
  await fill(grown, 1 + BATCHES * 2);
  await fill(settled, 1);
  await fill(settled, 1 + BATCHES * 2);
  await (await openStorage(settled)).close();
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const filesOf = (directory: string, pattern: RegExp): string[] =>
  readdirSync(join(directory, 'db'))
    .filter((name) => pattern.test(name))
    .sort();

type Verdict = { type: 'opened'; last: number; term: number } | { type: 'refused'; error: unknown };

let trial = 0;
/** Copies a store, spoils the copy, and opens it. */
async function open(source: string, spoil: (database: string) => void): Promise<Verdict> {
  trial += 1;
  const copy = join(root, `trial-${trial}`);
  cpSync(source, copy, { recursive: true });
  spoil(join(copy, 'db'));
  try {
    const storage = await openStorage(copy);
    const last = storage.stored.entries.at(-1)?.index ?? 0;
    const { term } = storage.stored.hardState;
    if (storage.stored.snapshot !== null) {
      await new Promise<void>((resolve, reject) => {
        storage.readSnapshot((error) => (error === null ? resolve() : reject(error)));
      });
    }
    await storage.close();
    return { type: 'opened', last, term };
  } catch (error) {
    return { type: 'refused', error };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Where the records of a log begin and end; ours are short enough to stand in its first block. */
function recordsOf(bytes: Buffer): { header: number; end: number }[] {
  const records: { header: number; end: number }[] = [];
  let header = 0;
  while (header + 7 <= bytes.length) {
    const end = header + 7 + bytes.readUInt16LE(header + 4);
    records.push({ header, end });
    header = end;
  }
  return records;
}

function flip(file: string, offset: number, mask: number): void {
  const bytes = readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  writeFileSync(file, bytes);
}

/** Whether everything synced is there, or the start was refused as DAMAGED; anything else is told at length. */
function judge(verdict: Verdict, last: number): string {
  if (verdict.type === 'opened') {
    const isWhole = verdict.last === last && verdict.term === last - 1;
    return isWhole ? 'whole' : `opened with ${verdict.last} of ${last} entries`;
  }
  const { error } = verdict;
  const isRefusal = error instanceof StorageError && error.code === 'DAMAGED';
  return isRefusal ? 'refused' : `failed: ${String(error)}`;
}

describe.each([
  ['a young store', young, BATCHES * 2],
  ['a store with tables, a snapshot and a compacted log', grown, BATCHES * 4],
])('%s', (_name, source, last) => {
  const log = (database: string): string => {
    const name = filesOf(source, /\.log$/).at(-1);
    if (name === undefined) throw new Error('a store has a write-ahead log');
    return join(database, name);
  };
  const sizeOf = (): number => statSync(log(join(source, 'db'))).size;

  test('opens with everything when nothing was spoiled', async () => {
    expect(await open(source, () => {})).toEqual({ type: 'opened', last, term: last - 1 });
  });

  test(
    'cut anywhere in its last records, lacks exactly whole batches at the end',
    { timeout: 120_000 },
    async () => {
      const size = sizeOf();
      const ends = recordsOf(readFileSync(log(join(source, 'db')))).map(({ end }) => end);
      const step = isLong ? 1 : 23;
      for (let cut = size - 1; cut > Math.max(0, size - 1100); cut -= step) {
        const verdict = await open(source, (database) => truncateSync(log(database), cut));
        if (verdict.type === 'refused')
          throw new Error(`cut at ${cut} of ${size}`, { cause: verdict });
        const lost = 2 * ends.filter((end) => end > cut).length;
        expect(`${cut}: ${verdict.last} in term ${verdict.term}`).toBe(
          `${cut}: ${last - lost} in term ${last - lost - 1}`,
        );
      }
    },
  );

  test('with zeros from a sector in its last record on, lacks exactly that batch', async () => {
    const bytes = readFileSync(log(join(source, 'db')));
    const records = recordsOf(bytes);
    const sectorIn = (header: number): number => Math.ceil((header + 1) / 512) * 512;
    const at = records.findLastIndex(({ header, end }) => sectorIn(header) + 16 <= end);
    const { header, end } = records[at] ?? { header: 0, end: 0 };
    const cut = sectorIn(header);
    const lost = 2 * (records.length - at);
    for (const zeros of [end - cut, 4096]) {
      const verdict = await open(source, (database) => {
        writeFileSync(log(database), Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(zeros)]));
      });
      expect(verdict).toEqual({ type: 'opened', last: last - lost, term: last - lost - 1 });
    }
  });

  test('flipped anywhere in its last records, is refused', { timeout: 120_000 }, async () => {
    const size = sizeOf();
    const step = isLong ? 1 : 37;
    for (let at = size - 1; at > Math.max(0, size - 1100); at -= step) {
      const verdict = await open(source, (database) => flip(log(database), at, 1 << (at % 8)));
      expect(`at ${at} of ${size}: ${judge(verdict, last)}`).toBe(`at ${at} of ${size}: refused`);
    }
  });

  test('flipped in any byte of a header of the log, is refused', { timeout: 120_000 }, async () => {
    const bytes = readFileSync(log(join(source, 'db')));
    const headers = recordsOf(bytes).map(({ header }) => header);
    const chosen = isLong ? headers : [0, ...headers.slice(-2)];
    for (const at of chosen.flatMap((header) =>
      [0, 1, 2, 3, 4, 5, 6].map((byte) => header + byte),
    )) {
      const verdict = await open(source, (database) => flip(log(database), at, 0x10));
      expect(`at ${at}: ${judge(verdict, last)}`).toBe(`at ${at}: refused`);
    }
  });

  test('flipped at random in any file, is whole or refuses', { timeout: 300_000 }, async () => {
    const names = filesOf(source, /\.(log|ldb)$|MANIFEST|CURRENT/);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.integer({ min: 1, max: 255 }),
        async (name, place, mask) => {
          const verdict = await open(source, (database) => {
            const file = join(database, name);
            flip(file, Math.floor(place * statSync(file).size), mask);
          });
          expect(['whole', 'refused']).toContain(judge(verdict, last));
        },
      ),
      { numRuns: isLong ? 2000 : 60 },
    );
  });

  test('with any file removed, is whole or refuses', async () => {
    for (const name of filesOf(source, /\.(log|ldb)$|MANIFEST|CURRENT/)) {
      const verdict = await open(source, (database) => rmSync(join(database, name)));
      expect(`${name}: ${judge(verdict, last)}`).toBe(`${name}: refused`);
    }
  });
});

describe('a store that is all in tables', () => {
  const last = BATCHES * 4;

  test('opens with everything when nothing was spoiled', async () => {
    expect(await open(settled, () => {})).toEqual({ type: 'opened', last, term: last - 1 });
  });

  // A bit in the count of an index makes a table look empty to LevelDB, one in a key ends the process.
  test(
    'flipped anywhere near the end of a table, is whole or refuses',
    { timeout: 300_000 },
    async () => {
      for (const name of filesOf(settled, /\.ldb$/)) {
        const { size } = statSync(join(settled, 'db', name));
        const from = isLong ? 0 : size - 160;
        for (let at = from; at < size; at += isLong ? 1 : 3) {
          const verdict = await open(settled, (database) => flip(join(database, name), at, 1));
          expect(['whole', 'refused'], `${name} at ${at}`).toContain(judge(verdict, last));
        }
      }
    },
  );

  test('with its MANIFEST cut inside its last edit or before it, is whole or refuses', async () => {
    const name = filesOf(settled, /MANIFEST/)[0] ?? '';
    const { size } = statSync(join(settled, 'db', name));
    for (let cut = size - 1; cut >= 0; cut -= isLong ? 1 : 11) {
      const verdict = await open(settled, (database) => truncateSync(join(database, name), cut));
      expect(['whole', 'refused'], `cut at ${cut}`).toContain(judge(verdict, last));
    }
  });
});
