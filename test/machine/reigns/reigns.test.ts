// No two runs of a primary-only process overlap while the primary is cut off, hears nobody, or is heard by nobody: real daemons in
// network namespaces. A round of two partitions in every run of the machine tests, each of them under QUORATE_TEST_LONG=1; as
// many as wanted by `npm run reigns`.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealDaemons } from '../../supervisor/real-daemons.js';
import { NETWORK_FAULTS, ReignRounds } from '../../supervisor/reign-rounds.js';
import type { Fault } from '../../supervisor/reign-rounds.js';
import { Mesh } from './mesh.js';

const ELECTION_TIMEOUT_MS = 500;
const FAULTS: readonly Fault[] =
  process.env['QUORATE_TEST_LONG'] === '1' ? NETWORK_FAULTS : ['cut off', 'deaf'];

let mesh: Mesh;
let cluster: RealDaemons;

beforeAll(async () => {
  mesh = new Mesh(3);
  cluster = new RealDaemons(ELECTION_TIMEOUT_MS, mesh.places);
  await cluster.start();
});

afterAll(() => {
  cluster?.close();
  mesh?.close();
});

test.each(FAULTS)('a primary that is %s ends what it runs before another begins', async (fault) => {
  const round = await new ReignRounds(cluster, ELECTION_TIMEOUT_MS, mesh).round(fault);
  expect(round.overlaps).toEqual([]);
});
