// Nothing is acknowledged before it is synced on a majority: the power of a whole cluster is cut while clients write, again
// and again, and every acknowledged write is there. The same with a product that does not sync must be found out, or this
// would prove nothing; and where syncs hang or are slow, answers wait for them.
import { afterEach, expect, test } from 'vitest';

import { BIN } from '../../support/cluster.js';
import { plantInto } from '../torture/plants.js';
import { FaultyCluster } from './faulty-cluster.js';
import type { PowerCut } from './power-cut.js';

const ROUNDS = process.env['QUORATE_TEST_LONG'] === '1' ? 40 : 1;
const ROUND_LIMIT_MS = 60_000;
/** Between two cuts, drawn anew each time. */
const WRITES = { min: 30, max: 250 } as const;
const SLOW_MS = 150;
const HANG_MS = 1500;

/** What file systems may do, from the one that keeps least to the one that keeps most. */
const CUTS: readonly Omit<PowerCut, 'random'>[] = [
  { names: 'strict', unsynced: 'none' },
  { names: 'ordered', unsynced: 'some' },
  { names: 'strict', unsynced: 'some' },
  { names: 'ordered', unsynced: 'none' },
];

let faulty: FaultyCluster | null = null;
afterEach(async () => {
  await faulty?.close();
  faulty = null;
});

/** One round: writes, a power cut in the middle of them, and the cluster back. */
async function round(cluster: FaultyCluster, at: number): Promise<void> {
  const cut = CUTS[at % CUTS.length] ?? { names: 'strict', unsynced: 'none' };
  const stop = cluster.write();
  try {
    await cluster.acknowledgedMore(
      WRITES.min + Math.floor(Math.random() * (WRITES.max - WRITES.min)),
    );
    await cluster.cutPower({ ...cut, random: Math.random });
  } finally {
    await stop();
  }
  await cluster.startAll();
  await cluster.cluster.settled();
}

test(
  `Power cuts of the whole cluster lose nothing that was acknowledged, in ${ROUNDS} rounds`,
  { timeout: ROUNDS * ROUND_LIMIT_MS },
  async () => {
    faulty = await FaultyCluster.start();
    for (let at = 0; at < ROUNDS; at += 1) {
      await round(faulty, at);
      expect(await faulty.lost(), `round ${at}`).toEqual([]);
    }
    expect(faulty.acknowledged.size).toBeGreaterThanOrEqual(ROUNDS * WRITES.min);
  },
);

test(
  'A power cut finds out a product that does not sync',
  { timeout: 2 * ROUND_LIMIT_MS },
  async () => {
    const planted = plantInto(BIN, 'unsynced-writes');
    try {
      const cluster = await FaultyCluster.start(planted.bin);
      faulty = cluster;
      // What was written before is in tables after a start, and those are synced: so the nodes know who they are.
      await Promise.all(cluster.cluster.daemons.map((daemon) => daemon.stop('SIGTERM')));
      await cluster.startAll();
      // What was acknowledged is missing, or a node refuses to start.
      const found = await round(cluster, 0).then(
        () => cluster.lost(),
        (error: unknown) => [String(error)],
      );
      console.log(`a product that does not sync: ${found.length} complaints, such as ${found[0]}`);
      expect(found).not.toEqual([]);
    } finally {
      planted.remove();
    }
  },
);

test(
  'A write takes as long as the slowest sync that it needs, and waits for one that hangs',
  { timeout: ROUND_LIMIT_MS },
  async () => {
    const cluster = await FaultyCluster.start();
    faulty = cluster;
    const { leader, followers } = await cluster.roles();
    const disks = followers.map((daemon) => cluster.disk(daemon));
    for (const disk of disks) disk.set({ syncDelayMs: SLOW_MS });
    for (let count = 0; count < 3; count += 1) {
      const fromMs = performance.now();
      expect(await cluster.writeOne(leader)).toBe(true);
      expect(performance.now() - fromMs).toBeGreaterThanOrEqual(SLOW_MS);
    }
    for (const disk of disks) disk.set({ syncHangs: true });
    const waiting = cluster.writeOne(leader, HANG_MS);
    await Promise.all(disks.map((disk) => disk.hanging()));
    expect(await waiting).toBe(false);
    expect(await cluster.writeOne(followers[0], HANG_MS)).toBe(false);
    for (const disk of disks) disk.set();
    await cluster.cluster.settled();
    expect(await cluster.writeOne()).toBe(true);
  },
);
