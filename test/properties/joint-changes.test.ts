// Changes of the configuration against a naive model: who votes and who learns, as two sets that a change turns into two
// others in one step. Raft §6, Thesis §4.3.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench } from '../support/raft-bench.js';
import { change } from '../support/raft-words.js';

interface Model {
  readonly voters: ReadonlySet<number>;
  readonly learners: ReadonlySet<number>;
}

interface Wish {
  readonly add: readonly number[];
  readonly promote: readonly number[];
  readonly demote: readonly number[];
  readonly remove: readonly number[];
}

/** Of nodes 2 to 7; node 1 leads and stays. */
const some = fc.uniqueArray(fc.integer({ min: 2, max: 7 }), { maxLength: 3 });
const wish: fc.Arbitrary<Wish> = fc.record({
  add: some,
  promote: some,
  demote: some,
  remove: some,
});

/** Null: the wish makes no sense. */
function changed({ voters, learners }: Model, it: Wish): Model | null {
  const named = [...it.add, ...it.promote, ...it.demote, ...it.remove];
  const isMember = (id: number): boolean => voters.has(id) || learners.has(id);
  const isSound =
    named.length > 0 &&
    new Set(named).size === named.length &&
    !it.add.some(isMember) &&
    it.promote.every((id) => learners.has(id)) &&
    it.demote.every((id) => voters.has(id)) &&
    it.remove.every(isMember);
  if (!isSound) return null;
  const stays = (id: number): boolean => !it.remove.includes(id);
  return {
    voters: new Set(
      [...voters].filter((id) => !it.demote.includes(id) && stays(id)).concat(it.promote),
    ),
    learners: new Set(
      [...learners].filter((id) => !it.promote.includes(id) && stays(id)).concat(it.add, it.demote),
    ),
  };
}

const sorted = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);

function modelOf(bench: Bench): { voters: number[]; learners: number[] } {
  const { members, voters } = bench.raft.configuration;
  const learners = members.filter(({ id }) => !voters.includes(id)).map(({ id }) => id);
  return { voters: sorted(voters), learners: sorted(learners) };
}

/** Everybody that is replicated to answers until nothing is left to do. */
function finish(bench: Bench): void {
  for (let again = 0; again < 5; again += 1) {
    bench.settle();
    for (const peer of bench.leader.progress.keys()) bench.match(peer);
  }
}

describe('Changes of the configuration, against two sets', () => {
  it('end where the model ends, by way of both halves, or are refused and change nothing', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(wish, { minLength: 1, maxLength: 12 }), (wishes) => {
        const bench = new Bench();
        bench.reign([2, 3]);
        let model: Model = { voters: new Set([1, 2, 3]), learners: new Set() };
        for (const it of wishes) {
          const next = changed(model, it);
          const before = sorted(model.voters);
          const answer = bench.change(change(it));
          accepted += next === null ? 0 : 1;
          model = next ?? model;
          const wanted = sorted(model.voters);
          expect(answer).toMatchObject(
            next === null
              ? { type: 'refused', refusal: { reason: 'invalidChange' } }
              : { type: 'appended', count: 1 },
          );
          const { voters, outgoing } = bench.raft.configuration;
          expect(sorted(voters), 'in force at once').toEqual(wanted);
          expect(outgoing, 'joint if the voters change').toEqual(
            before.join() === wanted.join() ? null : before,
          );
          finish(bench);
          expect(bench.raft.configuration).toMatchObject({ outgoing: null, leaving: [] });
          expect(modelOf(bench)).toEqual({
            voters: sorted(model.voters),
            learners: sorted(model.learners),
          });
        }
      }),
      { numRuns: 150, seed: 11 },
    );
    expect(accepted, 'the wishes make sense often enough').toBeGreaterThan(5);
  });
});
