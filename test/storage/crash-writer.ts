// The victim of the crash test: persists one batch after the other into the directory given, with a snapshot now and then,
// and prints the index of each entry once it is acknowledged. It runs until it is killed.

import { writeSync } from 'node:fs';

import type { LogIndex, NodeId, Term } from '../../src/raft/types.js';
import { openStorage } from '../../src/storage/level-storage.js';
import type { LevelStorage } from '../../src/storage/level-storage.js';
import { command, metaAt, persist, requestOf } from '../contract/storage-contract.js';

const storage = await openStorage(process.argv[2] ?? '');
let next = (storage.stored.entries.at(-1)?.index ?? storage.stored.compacted.index) + 1;

async function snapshotAt(port: LevelStorage, index: number): Promise<void> {
  const parts = Array.from({ length: 6 }, () => new Uint8Array(300_000).fill(index));
  await new Promise<void>((resolve, reject) => {
    port.saveSnapshot(metaAt(index), parts, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  const compactTo = { term: 1 as Term, index: (index - 20) as LogIndex };
  await persist(port, requestOf({ compactTo }));
}

let saving: Promise<void> | null = null;
while (true) {
  const index = next;
  const hardState = { term: index as Term, votedFor: 1 as NodeId };
  await persist(storage, requestOf({ hardState, entries: [command(index, 1, 700)] }));
  writeSync(1, `${index}\n`);
  next += 1;
  if (index % 50 === 0 && saving === null) {
    saving = snapshotAt(storage, index).finally(() => {
      saving = null;
    });
  }
}
