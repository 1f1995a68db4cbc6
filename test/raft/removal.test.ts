// Dead voters that a leader removes of itself: the rule as a table and against a naive model, and what a leader makes of it
// on the bench. The rule is our own (src/raft/README.md); that any change goes through a joint configuration is Thesis §4.3.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { quorumSize } from '../../src/raft/quorum.js';
import { Silences, whomToRemove } from '../../src/raft/removal.js';
import type { Contact } from '../../src/raft/removal.js';
import { Bench } from '../support/raft-bench.js';
import { I, N, change, member } from '../support/raft-words.js';

const AFTER_MS = 60_000;

/** Voters 1, 2, 3, … by how long each was silent. */
function voters(...silentMs: number[]): Contact[] {
  return silentMs.map((it, at) => ({ id: N(at + 1), silentMs: it, isKept: false }));
}

describe('Whom a leader removes', () => {
  it.each([
    ['nobody of five while one is dead: four can lose one as well', [0, 0, 0, 0, 99], []],
    [
      'two of five that are dead: three can lose one, where five could not',
      [0, 0, 0, 99, 99],
      [4, 5],
    ],
    ['one of four: three can lose one', [0, 0, 0, 99], [4]],
    ['nobody of three: two could lose none either', [0, 0, 99], []],
    ['nobody of two', [0, 99], []],
    ['nobody where nobody is dead', [0, 0, 0, 0, 0], []],
    ['nobody where no majority is heard', [0, 0, 99, 99, 99], []],
    ['of seven with three dead the two that give the most', [0, 0, 0, 0, 97, 99, 98], [6, 7]],
    ['one of six', [0, 0, 0, 0, 0, 99], [6]],
    ['only who was silent for long enough', [0, 0, 0, 99, 59], []],
  ] as const)('is %s', (_what, seconds, removed) => {
    const seen = voters(...seconds.map((it) => it * 1000));
    expect(whomToRemove(seen, AFTER_MS)).toEqual(removed);
  });

  it('is nobody whose place a newcomer is about to take', () => {
    const seen = voters(0, 0, 0, 99_000, 99_000).map((it) => ({ ...it, isKept: it.id === 4 }));
    expect(whomToRemove(seen, AFTER_MS)).toEqual([]);
  });

  it('is a minority, all of them dead, after which one more can be lost than before', () => {
    const contact = fc.record({
      silentMs: fc.constantFrom(0, 0, 0, 1, 59_999, 60_000, 70_000, 90_000),
      isKept: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(contact, { minLength: 1, maxLength: 9 }), (drawn) => {
        const seen = drawn.map((it, at) => ({ ...it, id: N(at + 1) }));
        const removed = new Set<number>(whomToRemove(seen, AFTER_MS));
        const heard = seen.filter(({ silentMs }) => silentMs === 0).length;
        const spare = (left: number): number => heard - quorumSize(left);
        const best = Math.max(...subsets(seen).map((gone) => spare(seen.length - gone)));
        // Whoever is removed makes the most of it; nobody is where nothing is won, or no majority is heard.
        const isWorth = spare(seen.length) >= 0 && best > spare(seen.length);
        expect(removed.size > 0).toBe(isWorth);
        fc.pre(isWorth);
        expect(2 * removed.size).toBeLessThan(seen.length);
        expect(heard).toBeGreaterThanOrEqual(quorumSize(seen.length));
        const gone = seen.filter(({ id }) => removed.has(id));
        expect(gone.every(({ silentMs, isKept }) => silentMs >= AFTER_MS && !isKept)).toBe(true);
        expect(spare(seen.length - removed.size)).toBe(best);
        expect(seen.length - removed.size).toBeGreaterThanOrEqual(3);
        expect(
          subsets(seen).filter((gone) => gone < removed.size && spare(seen.length - gone) === best),
        ).toEqual([]);
      }),
      { numRuns: 200, seed: 8 },
    );
  });
});

/** How many could be removed at all: every number of dead ones that is a minority. */
function subsets(seen: readonly Contact[]): number[] {
  const dead = seen.filter(({ silentMs, isKept }) => silentMs >= AFTER_MS && !isKept).length;
  const counts = Array.from({ length: dead + 1 }, (_, count) => count);
  return counts.filter((count) => count === 0 || 2 * count < seen.length);
}

describe('For how long a voter was not heard', () => {
  it('counts from the first look that missed it until it is heard again, and anew after a look came late', () => {
    const silences = new Silences();
    const look = (isHeard: boolean, nowMs: number): number | undefined =>
      silences.look(new Map([[N(2), isHeard]]), nowMs, 1000).get(N(2));
    expect(look(false, 100)).toBe(1);
    expect(look(false, 1100)).toBe(1000);
    expect(look(true, 1200)).toBe(0);
    expect(look(false, 1300)).toBe(1);
    expect(look(false, 2300)).toBe(1000);
    expect(look(false, 9000)).toBe(1);
    expect(look(false, 9400)).toBe(400);
  });
});

/** Node 1 leads five voters, and 2 and 3 answer while time passes; the setting is on. */
function leadingFive(parts: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench({ voters: [1, 2, 3, 4, 5], ...parts });
  bench.reign([2, 3]);
  expect(bench.change(change({ autoRemove: AFTER_MS }))).toMatchObject({ type: 'appended' });
  pass(bench, 300, [2, 3, 4, 5]);
  return bench;
}

function pass(bench: Bench, forMs: number, answering: readonly number[], stepMs = 100): void {
  for (let passed = 0; passed < forMs; passed += stepMs) {
    bench.tick(stepMs);
    bench.settle();
    for (const peer of answering) {
      if (bench.state.role.type === 'leader') bench.match(peer);
    }
    bench.settle();
  }
}

describe('A leader of five', () => {
  it('removes two dead ones together, says why, and ends with three', () => {
    const bench = leadingFive();
    pass(bench, AFTER_MS, [2, 3]);
    expect(bench.raft.configuration.voters).toHaveLength(5);
    const before = bench.state.log.lastIndex;
    pass(bench, 2000, [2, 3]);
    expect(bench.raft.configuration).toMatchObject({
      voters: [1, 2, 3],
      outgoing: null,
      autoRemoveAfterMs: AFTER_MS,
    });
    const joint = bench.state.log.entryAt(I(before + 1));
    expect(joint).toMatchObject({
      kind: 'configuration',
      configuration: { outgoing: [1, 2, 3, 4, 5], voters: [1, 2, 3], leaving: [4, 5] },
      cause: 'not heard for 1m, so it was removed automatically; the cluster can lose 1 more',
    });
    pass(bench, 2 * AFTER_MS, [2]);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
  });

  it('removes nobody while the setting is off, and nobody who comes back in time', () => {
    const off = leadingFive();
    off.change(change({ autoRemove: null }));
    pass(off, 2 * AFTER_MS, [2, 3]);
    expect(off.raft.configuration.voters).toHaveLength(5);
    const back = leadingFive();
    pass(back, AFTER_MS - 1000, [2, 3]);
    pass(back, 200, [2, 3, 4]);
    pass(back, AFTER_MS - 1000, [2, 3]);
    expect(back.raft.configuration.voters).toHaveLength(5);
  });

  it('leaves to a replacement that is under way whom it replaces', () => {
    const bench = leadingFive({ limits: { newcomerPatience: 1000 } });
    const newcomer = member(6, { autoPromote: true, replaces: N(5) });
    bench.change(change({ add: [newcomer] }));
    pass(bench, 2 * AFTER_MS, [2, 3]);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuses a setting that would take a restart for a death, and one that is so already', () => {
    const bench = leadingFive();
    for (const [wish, detail] of [
      [9999, 'members may be removed after 10000 ms without a word of them, not after 9999 ms'],
      [AFTER_MS, 'it changes nothing'],
    ] as const) {
      expect(bench.change(change({ autoRemove: wish }))).toEqual({
        type: 'refused',
        refusal: { reason: 'invalidChange', detail },
      });
    }
  });
});
