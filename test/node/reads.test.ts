// Linearizable reads in the driver, with a real core: confirmed by a quorum, then served once the state machine is there.
// Thesis §6.4, steps 3 and 4 of the list.

import { describe, expect, it } from 'vitest';
import type { ReadOutcome } from '../../src/node/api.js';
import { Reads } from '../../src/node/reads.js';
import { Bench } from '../support/raft-bench.js';
import { I } from '../support/raft-words.js';

function reading(count = 1): { bench: Bench; reads: Reads; outcomes: ReadOutcome[] } {
  const bench = new Bench();
  bench.reign([2, 3]);
  const [reads, outcomes] = [new Reads(), [] as ReadOutcome[]];
  for (let added = 0; added < count; added += 1) {
    reads.add({ deadlineMs: bench.nowMs + 500, done: (outcome) => outcomes.push(outcome) });
  }
  reads.submit(bench.raft, bench.nowMs);
  return { bench, reads, outcomes };
}

describe('A linearizable read', () => {
  it('waits until the state machine has applied up to its index', () => {
    const { bench, reads, outcomes } = reading();
    bench.take();
    bench.match(2);
    reads.released(bench.take().reads);
    reads.serve(I(3));
    expect(outcomes, 'confirmed at 4').toEqual([]);
    reads.serve(I(4));
    expect(outcomes).toEqual([{ type: 'ready', readIndex: 4 }]);
  });

  it('shares the round of all that were taken in before', () => {
    const { bench, reads, outcomes } = reading(3);
    expect(bench.take().messages).toHaveLength(2);
    bench.match(2);
    reads.released(bench.take().reads);
    reads.serve(I(4));
    expect(outcomes).toHaveLength(3);
  });

  it('that no quorum confirms in time says so', () => {
    const { bench, reads, outcomes } = reading();
    reads.expire(bench.nowMs + 499);
    expect(outcomes).toEqual([]);
    reads.expire(bench.nowMs + 500);
    expect(outcomes).toEqual([{ type: 'noQuorum' }]);
  });

  it('runs out of time alone, whoever shares its barrier', () => {
    const { bench, reads, outcomes } = reading(2);
    const more: ReadOutcome[] = [];
    for (const deadlineMs of [bench.nowMs + 100, bench.nowMs + 900])
      reads.add({ deadlineMs, done: (outcome) => more.push(outcome) });
    reads.submit(bench.raft, bench.nowMs);
    reads.expire(bench.nowMs + 100);
    expect([outcomes, more]).toEqual([[], [{ type: 'noQuorum' }]]);
    for (let round = 0; round < 2; round += 1) {
      bench.take();
      bench.match(2);
      reads.released(bench.take().reads);
    }
    reads.serve(I(4));
    expect([outcomes.length, more.length, more[1]?.type]).toEqual([2, 2, 'ready']);
    expect(reads.isEmpty).toBe(true);
  });

  it('is given back when the leader steps down', () => {
    const { bench, reads, outcomes } = reading();
    bench.take();
    bench.tick(5000);
    reads.released(bench.take().reads);
    expect(outcomes).toMatchObject([{ type: 'refused', refusal: { reason: 'notLeader' } }]);
  });
});
