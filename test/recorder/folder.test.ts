// What a daemon leaves behind is bounded: the newest files stay, whole ones only. Both ways of writing do the same.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { RecordFolder } from '../../src/recorder/record-folder.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-records-'));
const folder = new RecordFolder(directory);
const pieces = [new Uint8Array([1, 2]), new Uint8Array([3])];

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ['beside other work', (name: string) => folder.write(name, pieces)],
  ['at once', (name: string) => folder.writeNow(name, pieces)],
])('files written %s are whole, and only the newest four stay', async (_how, write) => {
  for (const day of [1, 2, 3]) await write(`2026-01-0${day}`);
  writeFileSync(join(directory, 'records', '2025-12-31.qrec.part'), 'cut off');
  for (const day of [4, 5, 6]) {
    const file = await write(`2026-01-0${day}`);
    expect([...readFileSync(file)]).toEqual([1, 2, 3]);
  }
  const kept = [3, 4, 5, 6].map((day) => `2026-01-0${day}.qrec`);
  expect(readdirSync(join(directory, 'records')).toSorted()).toEqual(kept);
});
