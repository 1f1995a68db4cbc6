// The bands of the election timer against what the sentence says: a random wait between the minimum election timeout and
// twice that, half a timeout later for each priority above one's own, two at most, and two for a witness. Raft §5.2.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bench } from '../support/raft-bench.js';
import type { MemberExtras } from '../support/raft-words.js';

const NODES = [1, 2, 3, 4, 5];

const cluster = fc.record({
  priorities: fc.array(fc.constantFrom(0, 10, 50, 80, 100), { minLength: 5, maxLength: 5 }),
  witness: fc.option(fc.integer({ min: 1, max: 5 })),
  electionTimeoutMs: fc.integer({ min: 50, max: 5000 }),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

describe('The election timer', () => {
  it('is in the band that its rank among the others says', () => {
    fc.assert(
      fc.property(cluster, ({ priorities, witness, electionTimeoutMs, seed }) => {
        const priorityOf = (node: number): number => priorities[node - 1] ?? 50;
        const extras: MemberExtras = Object.fromEntries(
          NODES.map((node) => [node, { priority: priorityOf(node), witness: node === witness }]),
        );
        for (const node of NODES) {
          const bench = new Bench({
            node,
            voters: NODES,
            extras,
            electionTimeoutMs,
            randomSeed: seed,
          });
          const above = NODES.filter(
            (other) => other !== witness && priorityOf(other) > priorityOf(node),
          );
          const ranks = new Set(above.map(priorityOf)).size;
          const band = node === witness ? 2 : Math.min(ranks / 2, 2);
          const fromMs = Math.floor(band * electionTimeoutMs) + electionTimeoutMs;
          expect(bench.state.electionDeadlineMs).toBeGreaterThanOrEqual(fromMs);
          expect(bench.state.electionDeadlineMs).toBeLessThan(fromMs + electionTimeoutMs);
        }
      }),
      { numRuns: 200, seed: 14 },
    );
  });

  it('lets everybody campaign in four timeouts, so that no priority keeps a cluster without a leader', () => {
    fc.assert(
      fc.property(cluster, ({ priorities, witness, seed }) => {
        for (const node of NODES) {
          const extras: MemberExtras = Object.fromEntries(
            NODES.map((it) => [
              it,
              { priority: priorities[it - 1] ?? 50, witness: it === witness },
            ]),
          );
          const bench = new Bench({ node, voters: NODES, extras, randomSeed: seed });
          bench.nowMs = 4000;
          bench.step({ type: 'tick', lateMs: 0 });
          expect(bench.state.role.type).toBe('preCandidate');
        }
      }),
      { numRuns: 100, seed: 15 },
    );
  });
});
