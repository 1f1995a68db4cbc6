// A snapshot that is cut into chunks against its own bytes: whatever is lost, repeated or damaged on the way, the receiver ends
// with exactly these, and never with others. Raft Fig. 13.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandCodec } from '../../src/codec/command-codec.js';
import { joinParts } from '../../src/node/snapshot-bytes.js';
import { SnapshotReceiver } from '../../src/node/snapshot-receiver.js';
import { AppliedLog, snapshotOf as partsOf } from '../support/log-words.js';
import { N, snapshotOf, T } from '../support/raft-words.js';

const SILENT = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
const PARTS = partsOf(AppliedLog.started().state, 1);
const BYTES = joinParts(PARTS);

const fate = fc.constantFrom('arrives', 'arrives', 'is lost', 'comes twice', 'is damaged');

describe('A snapshot in chunks', () => {
  it('arrives as it was, whatever happens to its chunks on the way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fate, { maxLength: 30 }),
        (chunkBytes, fates) => {
          const receiver = new SnapshotReceiver(commandCodec, SILENT);
          let offset: number | null = 0;
          let whole = snapshotOf(9, 1);
          const send = (at: number, isDamaged: boolean): void => {
            const data = BYTES.slice(at, at + chunkBytes);
            const checksum = commandCodec.checksum(data);
            if (isDamaged) data[0] = (data[0] ?? 0) ^ 1;
            const chunk = {
              type: 'installSnapshot' as const,
              term: T(1),
              round: 1,
              leaseMs: 0,
              clusterTimeMs: 0,
              meta: snapshotOf(9, 1),
              offset: at,
              data,
              checksum,
              totalBytes: BYTES.length,
            };
            const told = receiver.receive({ from: N(1), chunk }, 0);
            if (told?.type === 'snapshotChunkStored') offset = told.nextOffset;
            if (told?.type !== 'snapshotReceived') return;
            offset = null;
            whole = told.meta;
          };
          for (let at = 0; offset !== null; at += 1) {
            const what = fates[at] ?? 'arrives';
            const from: number = offset;
            if (what !== 'is lost') send(from, what === 'is damaged');
            if (what === 'comes twice' && offset !== null) send(from, false);
          }
          expect(receiver.take(whole)?.encoded).toEqual(PARTS);
        },
      ),
      { numRuns: 200, seed: 17 },
    );
  });
});
