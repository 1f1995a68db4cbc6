// The driver's parts of snapshots that decide: when one is due, how much of it is encoded in a turn, and which chunks of a
// leader's are taken. Raft §7, Fig. 13; Thesis §5.1. What they say to the core stands in test/paper.

import { describe, expect, it } from 'vitest';
import { commandCodec } from '../../src/codec/command-codec.js';
import { joinParts } from '../../src/node/snapshot-bytes.js';
import { SnapshotReceiver } from '../../src/node/snapshot-receiver.js';
import { SnapshotTaker } from '../../src/node/snapshot-taker.js';
import type { InstallSnapshot } from '../../src/raft/message.js';
import { Random } from '../../src/raft/random.js';
import { AppliedLog, snapshotOf as partsOf } from '../support/log-words.js';
import { id, N, snapshotOf, T } from '../support/raft-words.js';

const CHUNK_BYTES = 40;
const SILENT = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** The bytes of a real state, as they travel. */
const BYTES = joinParts(partsOf(AppliedLog.started().state));

function chunkAt(offset: number, parts: Partial<InstallSnapshot> = {}): InstallSnapshot {
  const data = BYTES.slice(offset, offset + CHUNK_BYTES);
  return {
    type: 'installSnapshot',
    term: T(1),
    round: 1,
    leaseMs: 750,
    clusterTimeMs: 0,
    meta: snapshotOf(9, 1),
    offset,
    data,
    checksum: commandCodec.checksum(data),
    totalBytes: BYTES.length,
    ...parts,
  };
}

function receiver(): (chunk: InstallSnapshot, from?: number) => unknown {
  const parts = new SnapshotReceiver(commandCodec, SILENT);
  return (chunk, from = 1) => parts.receive({ from: N(from), chunk }, 0);
}

const wants = (nextOffset: number, last = id(9, 1)): object => ({
  type: 'snapshotChunkStored',
  last,
  nextOffset,
});

describe('A snapshot that is received', () => {
  it('is whole after its last chunk, in order', () => {
    const receive = receiver();
    for (let offset = 0; offset + CHUNK_BYTES < BYTES.length; offset += CHUNK_BYTES) {
      expect(receive(chunkAt(offset))).toMatchObject(wants(offset + CHUNK_BYTES));
    }
    const rest = BYTES.length - (BYTES.length % CHUNK_BYTES || CHUNK_BYTES);
    expect(receive(chunkAt(rest))).toMatchObject({
      type: 'snapshotReceived',
      meta: { last: id(9, 1) },
    });
  });

  it('goes on where it stood after a chunk was lost, or came twice', () => {
    const receive = receiver();
    receive(chunkAt(0));
    expect(receive(chunkAt(2 * CHUNK_BYTES)), 'lost').toMatchObject(wants(CHUNK_BYTES));
    expect(receive(chunkAt(0)), 'twice').toMatchObject(wants(CHUNK_BYTES));
    expect(receive(chunkAt(CHUNK_BYTES))).toMatchObject(wants(2 * CHUNK_BYTES));
  });

  it('does not take a chunk whose checksum is another', () => {
    const receive = receiver();
    const data = BYTES.slice(0, CHUNK_BYTES);
    data[7] = (data[7] ?? 0) ^ 1;
    expect(receive(chunkAt(0, { data }))).toMatchObject(wants(0));
    expect(receive(chunkAt(0)), 'sent again').toMatchObject(wants(CHUNK_BYTES));
  });

  it('is installed by its own bytes, though an older one came whole after it in the same turn', () => {
    const parts = new SnapshotReceiver(commandCodec, SILENT);
    const whole = { data: BYTES, checksum: commandCodec.checksum(BYTES) };
    const [newer, older] = [snapshotOf(12, 1), snapshotOf(9, 1)];
    for (const meta of [newer, older]) {
      const chunk = chunkAt(0, { ...whole, meta });
      expect(parts.receive({ from: N(1), chunk }, 0)).toMatchObject({ meta });
    }
    expect(parts.take(newer)?.encoded).toEqual(partsOf(AppliedLog.started().state));
    expect(parts.take(newer), 'once').toBe(null);
  });

  it('begins again when it is another snapshot, or of another leader', () => {
    const receive = receiver();
    receive(chunkAt(0));
    const newer = { meta: snapshotOf(12, 1) };
    expect(receive(chunkAt(0, newer))).toMatchObject(wants(CHUNK_BYTES, id(12, 1)));
    expect(receive(chunkAt(CHUNK_BYTES, newer), 2)).toMatchObject(wants(0, id(12, 1)));
  });
});

describe('A snapshot that is taken', () => {
  const limits = {
    entriesMax: 1000,
    bytesMax: 1_000_000,
    partRowsMax: 1,
    partsPerTurn: 2,
    chunkBytes: 64,
  };

  function dueAfter(seed: number): number {
    const taker = new SnapshotTaker(limits, new Random(seed), commandCodec);
    let count = 0;
    while (!taker.isDue) {
      taker.applied(1);
      count += 1;
    }
    return count;
  }

  it('is due after a random share of the limit, so that not all nodes take one together', () => {
    const counts = Array.from({ length: 20 }, (_, seed) => dueAfter(seed + 1));
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...counts)).toBeLessThanOrEqual(1000);
    expect(new Set(counts).size).toBeGreaterThan(15);
  });

  it('is due after its share of the bytes too', () => {
    const taker = new SnapshotTaker(limits, new Random(1), commandCodec);
    taker.applied(limits.bytesMax / 2 - 1);
    expect(taker.isDue).toBe(false);
    taker.applied(limits.bytesMax / 2 + 1);
    expect(taker.isDue).toBe(true);
  });

  it('waits until an eighth to a quarter as many bytes were applied as the newest one has', () => {
    const stateBytes = 800_000;
    const waited = Array.from({ length: 20 }, (_, seed) => {
      const taker = new SnapshotTaker(limits, new Random(seed + 1), commandCodec);
      taker.noteState([new Uint8Array(stateBytes / 2), new Uint8Array(stateBytes / 2)]);
      for (let count = 0; count < limits.entriesMax; count += 1) taker.applied(10);
      let bytes = 10 * limits.entriesMax;
      for (; !taker.isDue; bytes += 1000) taker.applied(1000);
      return bytes;
    });
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(stateBytes / 8);
    expect(Math.max(...waited)).toBeLessThanOrEqual(stateBytes / 4 + 1000);
  });

  it('is encoded a few parts a turn', () => {
    const { state } = AppliedLog.started();
    const parts = [...state.freeze().parts(1)];
    expect(parts.length, 'more than one turn has').toBeGreaterThan(2);
    const taker = new SnapshotTaker(limits, new Random(1), commandCodec);
    let drawn = 0;
    taker.begin(snapshotOf(9, 1), {
      next: () => {
        const value = parts[drawn];
        if (value === undefined) return { done: true, value: undefined };
        drawn += 1;
        return { done: false, value };
      },
    });
    expect(taker.proceed()).toBe(null);
    expect(drawn).toBe(2);
    let taken = null;
    while (taken === null) taken = taker.proceed();
    expect(taken.parts).toEqual(parts.map((part) => commandCodec.encodePart(part)));
  });
});
