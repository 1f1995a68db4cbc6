// The simulated disk keeps what every storage must keep, and at a crash loses exactly what was not synced. It loses whole batches
// from the first lost one on, never anything before it.

import { describe, expect, test } from 'vitest';

import { Disk } from '../../simulations/disk.js';
import { EventQueue } from '../../simulations/queue.js';
import type { InstallId, LogIndex, NodeId, Term } from '../../src/raft/types.js';
import { command, metaAt, requestOf, storageContract } from '../contract/storage-contract.js';

const IDENTITY = {
  nodeId: 1 as NodeId,
  installId: '0123456789abcdef' as InstallId,
  cluster: null,
  ended: null,
};

/** A disk whose syncs take 100 us each, and a queue in which they happen. */
function slowDisk() {
  const queue = new EventQueue();
  let nowUs = 0;
  const disk = new Disk(IDENTITY, {
    syncUs: () => 100,
    nowUs: () => nowUs,
    later: (delayUs, run) => queue.plan(nowUs + delayUs, run),
  });
  const runUntil = (untilUs: number): void => {
    while ((queue.nextAtUs ?? Number.POSITIVE_INFINITY) <= untilUs) {
      const event = queue.take();
      nowUs = event?.atUs ?? nowUs;
      event?.run();
    }
    nowUs = untilUs;
  };
  const done: string[] = [];
  const put = (index: number): void =>
    disk.persist(requestOf({ entries: [command(index)] }), () => done.push(`entry ${index}`));
  return { disk, runUntil, done, put };
}

/** Runs each callback as soon as the event loop gets a turn. */
storageContract('the simulated disk', async () => {
  const disk = new Disk(IDENTITY, {
    syncUs: () => 0,
    nowUs: () => 0,
    later: (_, run) => void setImmediate(run),
  });
  return {
    open: async () => ({ port: disk, stored: disk.open(), close: async () => undefined }),
    remove: async () => undefined,
  };
});

describe('the simulated disk', () => {
  test('makes batches durable in order, each after its time', () => {
    const { disk, runUntil, done, put } = slowDisk();
    put(1);
    put(2);
    runUntil(99);
    expect([done, disk.lastIndex, disk.pendingBatches]).toEqual([[], 0, 2]);
    runUntil(100);
    expect([done, disk.lastIndex]).toEqual([['entry 1'], 1]);
    runUntil(200);
    expect([done, disk.lastIndex]).toEqual([['entry 1', 'entry 2'], 2]);
  });

  test.each([0, 1, 2, 5])(
    'keeps what was synced and %i of the waiting batches at a crash',
    (kept) => {
      const { disk, runUntil, done, put } = slowDisk();
      for (let index = 1; index <= 5; index += 1) put(index);
      runUntil(200);
      disk.crash(kept);
      expect(disk.open().entries.map(({ index }) => index)).toEqual(
        [1, 2, 3, 4, 5].slice(0, 2 + Math.min(kept, 3)),
      );
      runUntil(10_000);
      expect(done).toEqual(['entry 1', 'entry 2']);
      expect(disk.lastIndex).toBe(2 + Math.min(kept, 3));
    },
  );

  test('never lets a snapshot overtake the entries that it covers', () => {
    const { disk, runUntil, put } = slowDisk();
    put(1);
    disk.saveSnapshot(metaAt(1), [], () => undefined);
    runUntil(100);
    disk.crash(0);
    expect(disk.open().snapshot).toBe(null);
    expect(disk.lastIndex).toBe(1);
  });

  test('tells which entries are durable, by index and term', () => {
    const { disk, runUntil } = slowDisk();
    disk.persist(requestOf({ entries: [command(1, 1), command(2, 3)] }), () => undefined);
    runUntil(100);
    expect([disk.termAt(1), disk.termAt(2), disk.termAt(3)]).toEqual([1, 3, null]);
    expect(disk.covers({ index: 2, term: 3 })).toBe(true);
    expect(disk.covers({ index: 2, term: 2 })).toBe(false);
    disk.persist(requestOf({ truncateFrom: 2 as LogIndex }), () => undefined);
    runUntil(200);
    expect(disk.covers({ index: 2, term: 3 })).toBe(false);
  });

  test('shows term and vote only once they are durable', () => {
    const { disk, runUntil } = slowDisk();
    const hardState = { term: 4 as Term, votedFor: 2 as NodeId };
    disk.persist(requestOf({ hardState }), () => undefined);
    expect(disk.hardState.term).toBe(0);
    runUntil(100);
    expect(disk.hardState).toEqual(hardState);
  });

  test('hangs for as long as it is told, and gets on in order', () => {
    const { disk, runUntil, done, put } = slowDisk();
    disk.hang(5000);
    put(1);
    put(2);
    runUntil(5099);
    expect(done).toEqual([]);
    runUntil(5200);
    expect(done).toEqual(['entry 1', 'entry 2']);
  });

  test('gets on with nothing while its machine sleeps', () => {
    const { disk, runUntil, done, put } = slowDisk();
    put(1);
    disk.freeze();
    put(2);
    runUntil(1000);
    expect([done, disk.lastIndex]).toEqual([[], 0]);
    disk.thaw();
    runUntil(1001);
    expect(done).toEqual(['entry 1', 'entry 2']);
  });

  test.each([0, 1, 2])('says when it fails, and may hold %i of the batches that failed', (kept) => {
    const { disk, runUntil } = slowDisk();
    const told: string[] = [];
    disk.fail('full');
    for (const index of [1, 2]) {
      disk.persist(requestOf({ entries: [command(index)] }), (error) =>
        told.push(error?.message ?? 'done'),
      );
    }
    runUntil(1000);
    expect(told).toEqual(['no space left on device', 'no space left on device']);
    expect(disk.lastIndex).toBe(0);
    disk.crash(kept);
    expect([disk.lastIndex, disk.isFailing]).toEqual([kept, false]);
  });

  test('loses what it had synced when it is set back, but neither term nor vote nor what a snapshot holds', () => {
    const { disk, runUntil, put } = slowDisk();
    const hardState = { term: 4 as Term, votedFor: 2 as NodeId };
    disk.persist(requestOf({ hardState }), () => undefined);
    for (let index = 1; index <= 5; index += 1) put(index);
    disk.saveSnapshot(metaAt(2), [], () => undefined);
    runUntil(1000);
    expect(disk.losable.map(({ index }) => index)).toEqual([3, 4, 5]);
    disk.crash(0);
    disk.setBack(2);
    expect([disk.lastIndex, disk.hardState, disk.wasSetBack, disk.isSetBack]).toEqual([
      3,
      hardState,
      true,
      true,
    ]);
    put(4);
    put(5);
    runUntil(2000);
    expect([disk.wasSetBack, disk.isSetBack]).toEqual([true, false]);
  });
});
