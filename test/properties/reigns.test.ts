// The right to be primary, folded entry by entry, against a model that looks at the whole log. It tells which activation is the newest,
// whether anything has ended it, and the longest lease since the newest valid proof.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyToReign } from '../../src/raft/reign.js';
import type { Entry } from '../../src/raft/types.js';
import { REIGN_NONE } from '../../src/raft/types.js';
import { entry, I, N } from '../support/raft-words.js';

type Act =
  | { readonly type: 'activate'; readonly leaseMs: number; readonly termUp: number }
  | { readonly type: 'prove'; readonly back: number; readonly termUp: number }
  | { readonly type: 'write'; readonly termUp: number };

const termUp = fc.constantFrom(0, 0, 0, 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ type: fc.constant('activate' as const), leaseMs: fc.nat(1000), termUp }),
  fc.record({ type: fc.constant('prove' as const), back: fc.constantFrom(0, 0, 1, 2), termUp }),
  fc.record({ type: fc.constant('write' as const), termUp }),
);

function logOf(acts: readonly Act[]): Entry[] {
  const epochs: number[] = [];
  let term = 1;
  return acts.map((it, at) => {
    term += it.termUp;
    const index = at + 1;
    if (it.type === 'write') return entry(index, term);
    if (it.type === 'prove') {
      // Of the newest epoch, or of an earlier one, for which it is void.
      return entry(index, term, { kind: 'proof', epoch: I(epochs.at(-1 - it.back) ?? 0) });
    }
    epochs.push(index);
    const { leaseMs } = it;
    return entry(index, term, {
      kind: 'activation',
      nodeId: N(1 + (index % 3)),
      leaseMs,
      cause: 'x',
      isChosen: false,
      gapMs: null,
    });
  });
}

/** The same told from the whole log. */
function seen(log: readonly Entry[]): { epoch: number; isOver: boolean; unprovenLeaseMs: number } {
  const newest = log.findLast((it) => it.kind === 'activation');
  const isValid = (it: Entry, at: number): boolean =>
    it.kind === 'proof' &&
    it.epoch === (log.slice(0, at).findLast((other) => other.kind === 'activation')?.index ?? 0);
  const proof = log.findLastIndex(isValid);
  const leases = log
    .slice(proof + 1)
    .flatMap((it) => (it.kind === 'activation' ? [it.leaseMs] : []));
  const after = newest === undefined ? [] : log.slice(newest.index);
  const isOver =
    newest === undefined ||
    after.some((it) => it.term > newest.term || (it.kind === 'proof' && it.epoch === newest.index));
  return { epoch: newest?.index ?? 0, isOver, unprovenLeaseMs: Math.max(0, ...leases) };
}

describe('The reign that a log tells', () => {
  it('is what the whole log says, after every entry', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        const log = logOf(acts);
        let reign = REIGN_NONE;
        for (const [at, it] of log.entries()) {
          reign = applyToReign(reign, it);
          expect(reign).toMatchObject(seen(log.slice(0, at + 1)));
        }
      }),
      { numRuns: 400, seed: 16 },
    );
  });
});
