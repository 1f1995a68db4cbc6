// Chunks of a leader's snapshot as a follower takes them in: in order, each only if its bytes are sound. What is not is asked for
// again from where the sound ones end.

import { expect, test } from 'vitest';

import { commandCodec } from '../../src/codec/command-codec.js';
import { SnapshotReceiver } from '../../src/node/snapshot-receiver.js';
import type { InstallSnapshot } from '../../src/raft/message.js';
import type { NodeId, Term } from '../../src/raft/types.js';
import { metaAt } from '../contract/storage-contract.js';

const LEADER = 1 as NodeId;
const BYTES = Uint8Array.from({ length: 20 }, (_, at) => at);
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function chunk(from: number, to: number): InstallSnapshot {
  const data = BYTES.subarray(from, to);
  return {
    type: 'installSnapshot',
    term: 1 as Term,
    round: 1,
    leaseMs: 1,
    clusterTimeMs: 1,
    meta: metaAt(9),
    offset: from,
    data,
    checksum: commandCodec.checksum(data),
    totalBytes: BYTES.length,
  };
}

function wanted(receiver: SnapshotReceiver, arrived: InstallSnapshot): number | null {
  const input = receiver.receive({ from: LEADER, chunk: arrived }, 0);
  return input?.type === 'snapshotChunkStored' ? input.nextOffset : null;
}

test('A chunk that does not match its checksum is asked for again', () => {
  const receiver = new SnapshotReceiver(commandCodec, SILENT);
  expect(wanted(receiver, chunk(0, 8))).toBe(8);
  const sound = chunk(8, 16);
  expect(wanted(receiver, { ...sound, data: sound.data.map((byte) => byte ^ 1) })).toBe(8);
  expect(wanted(receiver, sound)).toBe(16);
});

test('A chunk that leaves a gap, comes twice or reaches beyond the end is not taken', () => {
  const receiver = new SnapshotReceiver(commandCodec, SILENT);
  expect(wanted(receiver, chunk(8, 16))).toBe(0);
  expect(wanted(receiver, chunk(0, 8))).toBe(8);
  expect(wanted(receiver, chunk(0, 8))).toBe(8);
  expect(wanted(receiver, { ...chunk(8, 16), totalBytes: 12 })).toBe(8);
});
