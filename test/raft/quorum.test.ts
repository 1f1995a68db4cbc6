// Majorities of one configuration and of both halves of a joint one, as tables.
// Then properties against brute force over all subsets.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allVoters, hasQuorum, isVoter, quorumSize, quorumValue } from '../../src/raft/quorum.js';
import { EMPTY_CONFIGURATION } from '../../src/raft/types.js';
import { configuration, N } from '../support/raft-words.js';

describe('quorumSize', () => {
  it.each([
    [0, 1],
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [6, 4],
    [7, 4],
  ])('of %i voters is %i', (voters, size) => {
    expect(quorumSize(voters)).toBe(size);
  });
});

describe('An empty configuration', () => {
  it('lets nobody win and constrains no value', () => {
    expect(hasQuorum(EMPTY_CONFIGURATION, () => true)).toBe(false);
    expect(quorumValue(EMPTY_CONFIGURATION, () => 9)).toBe(null);
    expect(allVoters(EMPTY_CONFIGURATION)).toEqual([]);
  });
});

describe('quorumValue', () => {
  it.each([
    { name: 'one voter', values: [7], value: 7 },
    { name: 'two: both are needed', values: [7, 3], value: 3 },
    { name: 'three: the middle one', values: [9, 1, 4], value: 4 },
    { name: 'four: the third from the top', values: [9, 1, 4, 6], value: 4 },
    { name: 'five: the third from the top', values: [9, 1, 4, 6, 5], value: 5 },
    { name: 'numbers, not text', values: [10, 9, 100], value: 10 },
  ])('of $name', ({ values, value }) => {
    const voters = values.map((_, at) => at + 1);
    expect(quorumValue(configuration(voters), (node) => values[node - 1] ?? 0)).toBe(value);
  });

  it('of a joint configuration is what both halves have', () => {
    const joint = configuration([1, 4, 5], { outgoing: [1, 2, 3] });
    const values = [0, 9, 9, 9, 2, 3];
    expect(quorumValue(joint, (node) => values[node] ?? 0)).toBe(3);
  });
});

describe('Voters', () => {
  it('are those of either half, each once, and no learners', () => {
    const joint = configuration([1, 4], { outgoing: [1, 2], learners: [3] });
    expect(allVoters(joint)).toEqual([1, 2, 4]);
    expect([1, 2, 3, 4].map((node) => isVoter(joint, N(node)))).toEqual([true, true, false, true]);
  });
});

const halves = fc.record({
  voters: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 7 }),
  outgoing: fc.option(
    fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 7 }),
  ),
});

function subsets(ids: readonly number[]): number[][] {
  return ids.reduce<number[][]>((all, it) => [...all, ...all.map((some) => [...some, it])], [[]]);
}

/** A majority as everybody would say it. */
const isMajority = (some: readonly number[], voters: readonly number[]): boolean =>
  voters.filter((it) => some.includes(it)).length * 2 > voters.length;

describe('Quorums, by brute force', () => {
  it('are the sets with a majority of each half', () => {
    fc.assert(
      fc.property(halves, ({ voters, outgoing }) => {
        const given = configuration(voters, { outgoing });
        for (const some of subsets(allVoters(given))) {
          const expected =
            isMajority(some, voters) && (outgoing === null || isMajority(some, outgoing));
          expect(hasQuorum(given, (node) => some.includes(node))).toBe(expected);
        }
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  it('intersect each other, and one of a half intersects every joint one (Raft §6)', () => {
    fc.assert(
      fc.property(halves, ({ voters, outgoing }) => {
        const given = configuration(voters, { outgoing });
        const all = subsets(allVoters(given));
        const joint = all.filter((some) => hasQuorum(given, (node) => some.includes(node)));
        const single = all.filter((some) => isMajority(some, voters));
        for (const a of joint)
          for (const b of single) expect(a.some((node) => b.includes(node))).toBe(true);
      }),
      { numRuns: 30, seed: 4 },
    );
  });

  it('have reached the highest value for which those who have it are one', () => {
    fc.assert(
      fc.property(
        halves,
        fc.array(fc.nat(9), { minLength: 9, maxLength: 9 }),
        ({ voters, outgoing }, values) => {
          const given = configuration(voters, { outgoing });
          const valueOf = (node: number): number => values[node] ?? 0;
          let best = 0;
          for (let value = 0; value <= 9; value += 1) {
            if (hasQuorum(given, (node) => valueOf(node) >= value)) best = value;
          }
          expect(quorumValue(given, valueOf)).toBe(best);
        },
      ),
      { numRuns: 300, seed: 5 },
    );
  });
});
