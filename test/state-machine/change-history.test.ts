// What the newest entries changed is kept in a smaller form where it only puts keys: whoever follows must not see a difference, and what
// is forgotten must depend on the same bytes. A model keeps every revision as it was given.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogIndex } from '../../src/raft/types.js';
import { ChangeHistory } from '../../src/state-machine/change-history.js';
import type { Revision } from '../../src/state-machine/change-history.js';
import { changeBytes } from '../../src/state-machine/changes.js';
import type { Change } from '../../src/state-machine/changes.js';

const LIMITS = { revisionsMax: 6, bytesMax: 3000 };

/** `age`: how many revisions before this one the value was written; 0: a put. */
const anyChange = fc.oneof(
  { weight: 4, arbitrary: fc.record({ key: fc.string({ maxLength: 8 }), age: fc.constant(0) }) },
  fc.record({ key: fc.string({ maxLength: 8 }), age: fc.constantFrom(1, null, 'session') }),
);

function changeAt(
  revision: number,
  { key, age }: { key: string; age: number | string | null },
): Change {
  if (age === 'session') return { fact: 'session', key, value: null, hasExpired: true };
  if (typeof age !== 'number') return { fact: 'store', key, value: null };
  const at = (revision - age) as LogIndex;
  const value = new Uint8Array(key.length * 40);
  return { fact: 'store', key, value: { key, value, createdRevision: at, revision: at } };
}

describe('the history of changes', () => {
  it('tells every revision as it was given, or that it is forgotten', () => {
    const anySteps = fc.array(
      fc.record({
        gap: fc.integer({ min: 1, max: 3 }),
        made: fc.array(anyChange, { minLength: 1, maxLength: 4 }),
      }),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(anySteps, (steps) => {
        const history = new ChangeHistory(LIMITS);
        const all: Revision[] = [];
        let kept = 0;
        let revision = 5;
        for (const { gap, made } of steps) {
          revision += gap;
          const changes = made.map((each) => changeAt(revision, each));
          history.add(revision as LogIndex, changes);
          all.push({ revision: revision as LogIndex, changes });
          kept += 1;
          const bytes = (): number =>
            all
              .slice(-kept)
              .flatMap((each) => each.changes)
              .reduce((sum, change) => sum + changeBytes(change), 0);
          while (kept > 1 && (kept > LIMITS.revisionsMax || bytes() > LIMITS.bytesMax)) kept -= 1;
          const knownAfter = all.at(-kept - 1)?.revision ?? 0;
          expect(history.knownAfter).toBe(knownAfter);
          expect(history.after(knownAfter as LogIndex, 100)).toEqual(all.slice(-kept));
          expect(history.after((revision - 1) as LogIndex, 100)).toEqual(all.slice(-1));
          expect(history.after((knownAfter - 1) as LogIndex, 9)).toBe(null);
        }
      }),
    );
  });
});
