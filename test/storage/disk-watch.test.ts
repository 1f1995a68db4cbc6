// What is said of a disk that does not answer: each thing it does has a time of its own, though one timer looks after all. The clock is
// vitest's, and the disk a promise.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DiskWatch } from '../../src/storage/disk-watch.js';

const OVERDUE_MS = 1000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a disk is asked for, to be ended by the test. */
function pending(): { promise: Promise<void>; resolve: () => void; reject: (why: Error) => void } {
  let resolve = (): void => {};
  let reject = (_why: Error): void => {};
  const promise = new Promise<void>((taken, refused) => {
    resolve = taken;
    reject = refused;
  });
  return { promise, resolve, reject };
}

/** A watch, and what it said and when. */
function watched(): { watch: DiskWatch; said: string[]; after: (ms: number) => Promise<void> } {
  const said: string[] = [];
  let nowMs = 0;
  const note = (_fields: object, sentence: string): void => {
    said.push(`${nowMs}: ${sentence.split(';')[0]}`);
  };
  const log = { debug: note, info: note, warn: note, error: note };
  const after = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1) {
      nowMs += 1;
      await vi.advanceTimersByTimeAsync(1);
    }
  };
  return { watch: new DiskWatch('/data', { log, overdueMs: OVERDUE_MS }), said, after };
}

test('a sync in time is not spoken of', async () => {
  const { watch, said, after } = watched();
  for (let at = 0; at < 5; at += 1) {
    const { promise, resolve } = pending();
    const over = watch.over(promise);
    await after(OVERDUE_MS - 1);
    resolve();
    await over;
  }
  await after(2 * OVERDUE_MS);
  expect(said).toEqual([]);
});

test('one that hangs is told once, and that it ended', async () => {
  const { watch, said, after } = watched();
  const { promise, resolve } = pending();
  const over = watch.over(promise);
  await after(3 * OVERDUE_MS);
  expect(said).toEqual([`${OVERDUE_MS}: the disk does not answer`]);
  resolve();
  await over;
  expect(said.slice(1)).toEqual([`${3 * OVERDUE_MS}: the disk answers again`]);
});

test('one that begins while another is looked after is told at its own time', async () => {
  const { watch, said, after } = watched();
  const first = pending();
  const second = pending();
  const firstOver = watch.over(first.promise);
  await after(400);
  const secondOver = watch.over(second.promise);
  await after(100);
  first.resolve();
  await firstOver;
  await after(OVERDUE_MS - 101);
  expect(said).toEqual([]);
  await after(1);
  expect(said).toEqual([`${400 + OVERDUE_MS}: the disk does not answer`]);
  second.reject(new Error('broken'));
  await expect(secondOver).rejects.toThrow('broken');
  expect(said).toHaveLength(1);
});
