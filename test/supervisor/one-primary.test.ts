// No two runs of a primary-only process overlap, on real daemons that are killed, stopped, told to hand over and robbed of their
// keepers. The processes write one file; an older epoch never writes after a newer one. Four rounds here; with partitions too,
// and as many as wanted, by `npm run reigns`.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealDaemons } from './real-daemons.js';
import { LOCAL_FAULTS, ReignRounds } from './reign-rounds.js';

const isLong = process.env['QUORATE_TEST_LONG'] === '1';
const ROUNDS = isLong ? 200 : 4;
const ELECTION_TIMEOUT_MS = 500;

const cluster = new RealDaemons(ELECTION_TIMEOUT_MS);
beforeAll(() => cluster.start(), 120_000);
afterAll(() => cluster.close());

test(
  'no two runs of a primary-only process overlap, whatever befalls the primary',
  async () => {
    const rounds = new ReignRounds(cluster, ELECTION_TIMEOUT_MS);
    for (let round = 0; round < ROUNDS; round += 1) {
      const fault = LOCAL_FAULTS[round % LOCAL_FAULTS.length] ?? 'hand-over';
      const { overlaps } = await rounds.round(fault);
      expect(overlaps, `round ${round}, ${fault}`).toEqual([]);
    }
    expect(cluster.marks().at(-1)?.epoch).toBeGreaterThan(1);
  },
  isLong ? 7_200_000 : 240_000,
);
