// How writes of a deposed leader end: known to be lost as soon as that is certain, and never before. The core is a stand-in that appends
// what it is given where the test says.
import { expect, test } from 'vitest';
import type { WriteOutcome } from '../../src/node/api.js';
import { Proposals } from '../../src/node/proposals.js';
import type { Raft } from '../../src/raft/raft.js';
import type { Entry } from '../../src/raft/types.js';

/** Submits so many writes, which a leader of this term appends from this index on; answers how each ended, null: not yet. */
function appended(
  proposals: Proposals,
  term: number,
  firstIndex: number,
  count: number,
): (WriteOutcome['type'] | null)[] {
  const ends = Array.from({ length: count }, (): WriteOutcome['type'] | null => null);
  for (const at of ends.keys()) {
    const done = ({ type }: WriteOutcome): void => {
      expect(ends[at]).toBeNull();
      ends[at] = type;
    };
    proposals.add({ data: new Uint8Array(), level: 1, deadlineMs: 1000, done });
  }
  const raft = {
    isServing: true,
    state: {
      role: { type: 'leader', transfer: null },
      applied: { featureLevel: 1 },
      options: { limits: { uncommittedEntriesMax: 100 } },
    },
    step: () => ({ type: 'appended', first: { term, index: firstIndex } }),
  } as unknown as Raft;
  proposals.submit(raft, 0);
  return ends;
}

function apply(proposals: Proposals, term: number, index: number): void {
  proposals.applied({ term, index } as Entry, { type: 'none' });
}

test('a write ends as applied with the entry that it became', () => {
  const proposals = new Proposals();
  const ends = appended(proposals, 2, 5, 2);
  apply(proposals, 2, 5);
  expect(ends).toEqual(['applied', null]);
});

test('a committed entry of a later term ends all writes of earlier terms behind it, also where nothing stands yet', () => {
  const proposals = new Proposals();
  const ends = appended(proposals, 2, 5, 4);
  apply(proposals, 2, 5);
  apply(proposals, 3, 6);
  expect(ends).toEqual(['applied', 'overwritten', 'overwritten', 'overwritten']);
  expect(proposals.isEmpty).toBe(true);
});

test('writes of its own later term wait on', () => {
  const proposals = new Proposals();
  const early = appended(proposals, 2, 8, 2);
  const late = appended(proposals, 4, 12, 1);
  apply(proposals, 4, 7);
  expect({ early, late }).toEqual({ early: ['overwritten', 'overwritten'], late: [null] });
});

test('a place that is only taken again in this log may still be committed elsewhere', () => {
  const proposals = new Proposals();
  const ends = appended(proposals, 2, 6, 2);
  appended(proposals, 4, 7, 1);
  expect(ends).toEqual([null, 'indeterminate']);
});
