// No two runs of a primary-only process overlap, on real daemons that are killed, stopped, told to hand over and robbed of their
// keepers. The processes write one file; an older epoch never writes after a newer one. By default four rounds;
// QUORATE_TEST_LONG=1 makes it 200 with every fault, and prints the gaps.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { QuorateError } from '../../src/errors.js';
import { RealDaemons } from './real-daemons.js';
import type { Mark, RealDaemon } from './real-daemons.js';

/** The first four by default. */
const FAULTS = [
  'stop daemon',
  'hand-over',
  'kill both',
  'kill keeper',
  'kill daemon',
  'end daemon',
] as const;
type Fault = (typeof FAULTS)[number];

const isLong = process.env['QUORATE_TEST_LONG'] === '1';
const ROUNDS = isLong ? 200 : 4;
const ELECTION_TIMEOUT_MS = 500;

const cluster = new RealDaemons(ELECTION_TIMEOUT_MS);
beforeAll(() => cluster.start(), 120_000);
afterAll(() => cluster.close());

/** Brings a fault upon the primary and answers how to mend it once another reigns. */
async function bring(fault: Fault, primary: RealDaemon): Promise<() => Promise<void>> {
  const restart = () => cluster.restart(primary);
  switch (fault) {
    case 'kill daemon':
      cluster.kill(primary);
      return restart;
    case 'kill both':
      process.kill(cluster.keeperOf(primary), 'SIGKILL');
      cluster.kill(primary);
      return restart;
    case 'end daemon':
      primary.child.kill('SIGTERM');
      return restart;
    case 'stop daemon':
      primary.child.kill('SIGSTOP');
      return () => {
        primary.child.kill('SIGCONT');
        return Promise.resolve();
      };
    case 'kill keeper':
      // The reign goes on with another keeper; what follows is a hand-over, so that there is a next reign.
      process.kill(cluster.keeperOf(primary), 'SIGKILL');
      return bring('hand-over', primary);
    case 'hand-over': {
      const other = cluster.daemons.find((daemon) => daemon !== primary);
      // Nobody can prove a stop while there is no keeper: the hand-over is abandoned then, and asked for again.
      for (let isAbandoned = true; isAbandoned;) {
        isAbandoned = false;
        await cluster
          .at(primary, (client) => client.setPrimary({ name: other?.name ?? '' }))
          .catch((error: unknown) => {
            isAbandoned = error instanceof QuorateError && error.code === 'HANDOVER_ABANDONED';
            if (!isAbandoned) throw error;
          });
      }
      return () => Promise.resolve();
    }
  }
}

/** Where an older epoch marks after a newer one did. */
function overlaps(marks: readonly Mark[]): string[] {
  let newest = 0;
  return marks.flatMap(({ epoch, node, at }) => {
    if (epoch < newest) return [`epoch ${epoch} on ${node} at ${at}, after epoch ${newest}`];
    newest = epoch;
    return [];
  });
}

/** Seconds between the last mark of an epoch and the first of the next. */
function gapBefore(marks: readonly Mark[], epoch: number): number {
  const first = marks.findIndex((mark) => mark.epoch === epoch);
  return (marks[first]?.at ?? 0) - (marks[first - 1]?.at ?? 0);
}

test(
  'no two runs of a primary-only process overlap, whatever befalls the primary',
  async () => {
    const gaps = new Map<Fault, number[]>();
    let reign = await cluster.reign(0);
    for (let round = 0; round < ROUNDS; round += 1) {
      const fault = FAULTS[round % FAULTS.length] ?? 'hand-over';
      const mend = await bring(fault, reign.daemon);
      const next = await cluster.reign(reign.epoch);
      await mend();
      await cluster.whole();
      const marks = cluster.marks();
      gaps.set(fault, [...(gaps.get(fault) ?? []), gapBefore(marks, next.epoch)]);
      expect(overlaps(marks), `round ${round}, ${fault}`).toEqual([]);
      reign = await cluster.reign(next.epoch - 1);
    }
    expect(cluster.marks().at(-1)?.epoch).toBeGreaterThan(1);
    if (!isLong) return;
    for (const [fault, all] of gaps) {
      const sorted = all.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
      console.log(
        `${fault}: ${all.length} times, gap median ${median} s, longest ${sorted.at(-1)} s`,
      );
    }
  },
  isLong ? 7_200_000 : 240_000,
);
