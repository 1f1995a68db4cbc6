// What failures a cluster can take next, as a table of clusters that people have. A property compares it with a model that
// tries every failure, also while the voters change.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

import type { Configuration, NodeId } from '../../src/raft/types.js';
import { EMPTY_CONFIGURATION } from '../../src/raft/types.js';
import { adviceFor, failuresLeft } from '../../src/service/failures.js';
import { member } from '../support/raft-words.js';

/** Members by name: those that begin with `w` are witnesses. */
function cluster(voters: string, outgoing: string | null = null): Configuration {
  const split = (text: string): string[] => text.split(' ').filter((name) => name !== '');
  const names = [...new Set([...split(voters), ...split(outgoing ?? '')])];
  const idOf = (name: string): NodeId => (names.indexOf(name) + 1) as NodeId;
  return {
    ...EMPTY_CONFIGURATION,
    members: names.map((name, at) =>
      member(at + 1, { name, witness: name.startsWith('w'), autoPromote: false }),
    ),
    voters: split(voters).map(idOf),
    outgoing: outgoing === null ? null : split(outgoing).map(idOf),
  };
}

const upExcept =
  ({ members }: Configuration, down: string) =>
  (id: NodeId): boolean =>
    !down.split(' ').includes(members.find((it) => it.id === id)?.name ?? '');

describe('what may fail next', () => {
  it.each([
    ['one node', 'n1', null, '', '', 'n1'],
    ['two nodes', 'n1 n2', null, '', '', 'n1 n2'],
    ['two nodes and a witness', 'n1 n2 w', null, '', 'n1 n2 w', ''],
    ['the same without the witness', 'n1 n2 w', null, 'w', '', 'n1 n2'],
    ['the same without a node', 'n1 n2 w', null, 'n2', '', 'n1 w'],
    ['three nodes', 'n1 n2 n3', null, '', 'n1 n2 n3', ''],
    ['three nodes, one of them down', 'n1 n2 n3', null, 'n3', '', 'n1 n2'],
    ['three nodes, two of them down', 'n1 n2 n3', null, 'n2 n3', '', ''],
    ['one node and two witnesses', 'n1 w1 w2', null, '', 'w1 w2', 'n1'],
    ['a quorum of witnesses', 'n1 w1 w2', null, 'n1', '', ''],
    ['five nodes, one of them down', 'n1 n2 n3 n4 n5', null, 'n5', 'n1 n2 n3 n4', ''],
    ['the change from two nodes to three', 'n1 n2 n3', 'n1 n2', '', 'n3', 'n1 n2'],
    ['a replacement of a dead node', 'n1 n2 n4', 'n1 n2 n3', 'n3', 'n4', 'n1 n2'],
  ] as const)('of %s', (_what, voters, outgoing, down, may, mustNot) => {
    const configuration = cluster(voters, outgoing);
    const { mayFail, mustNotFail } = failuresLeft(configuration, upExcept(configuration, down));
    expect([mayFail.join(' '), mustNotFail.join(' ')]).toEqual([may, mustNot]);
  });

  test('is who can be taken away and leave a majority of each half and a node with the state', () => {
    const NAMES = ['n1', 'n2', 'n3', 'w1', 'w2', 'n4'];
    const some = fc.subarray(NAMES, { minLength: 1 });
    fc.assert(
      fc.property(some, fc.option(some), fc.subarray(NAMES), (voters, outgoing, down) => {
        const configuration = cluster(voters.join(' '), outgoing?.join(' ') ?? null);
        const halves = [voters, ...(outgoing === null ? [] : [outgoing])];
        const serves = (gone: readonly string[]): boolean => {
          const left = (half: readonly string[]) => half.filter((name) => !gone.includes(name));
          const hasFull = left(halves.flat()).some((name) => name.startsWith('n'));
          return hasFull && halves.every((half) => 2 * left(half).length > half.length);
        };
        const up = [...new Set(halves.flat())].filter((name) => !down.includes(name));
        const expected = serves(down)
          ? {
              mayFail: up.filter((name) => serves([...down, name])).sort(inOrder),
              mustNotFail: up.filter((name) => !serves([...down, name])).sort(inOrder),
            }
          : { mayFail: [], mustNotFail: [] };
        const found = failuresLeft(configuration, upExcept(configuration, down.join(' ')));
        expect(found).toEqual(expected);
      }),
      { numRuns: 300, seed: 8 },
    );
  });
});

const inOrder = (a: string, b: string): number => (a < b ? -1 : 1);

describe('advice', () => {
  it.each([
    [
      'two nodes a witness',
      'n1 n2',
      null,
      [/witness on a third machine.*lets either of them fail/],
    ],
    [
      'four voters one more',
      'n1 n2 n3 n4',
      null,
      [/^4 voters can lose no more than 3 could: .* lose 2$/],
    ],
    ['one node with witnesses another', 'n1 w1 w2', null, [/add a full member/]],
    ['three nodes nothing', 'n1 n2 n3', null, []],
    ['two nodes and a witness nothing', 'n1 n2 w', null, []],
    ['one node nothing', 'n1', null, []],
    ['nobody whose voters change anything', 'n1 n2', 'n1 n2 n3', []],
  ] as const)('gives %s', (_what, voters, outgoing, patterns) => {
    const advice = adviceFor(cluster(voters, outgoing));
    expect(advice).toHaveLength(patterns.length);
    for (const [at, pattern] of patterns.entries()) expect(advice[at]).toMatch(pattern);
  });
});
