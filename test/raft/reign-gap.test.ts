// For how long nobody was primary, as whoever takes over writes it into its activation: after a crash, after a proof of stop, and
// where nobody has seen the reign before. The cores are bare, with a simulated clock each.

import { describe, expect, it } from 'vitest';

import { RaftCluster } from '../support/raft-cluster.js';

/** A reign of three nodes that has been heard of; default timers: heartbeat 100, election timeout 1000 to 2000, lease 750. */
function reigning(): { cluster: RaftCluster; first: number } {
  const cluster = new RaftCluster();
  const first = cluster.elect().id;
  cluster.runUntil(() => cluster.raft(first).isServing && cluster.isConverged);
  cluster.run(1000);
  return { cluster, first };
}

/** The gap that the newest activation tells, as the given node has it in its log. */
function toldBy(cluster: RaftCluster, node: number): number | null | undefined {
  const { log, applied } = cluster.raft(node).state;
  const entry = log.entryAt(applied.reign.epoch);
  return entry?.kind === 'activation' ? entry.gapMs : undefined;
}

describe('The gap of an unplanned fail-over', () => {
  it('lasts from the last heartbeat of the old primary until the new one may act', () => {
    const { cluster, first } = reigning();
    const diedMs = cluster.nowMs;
    cluster.crash(first);
    const reigns = (): boolean => {
      const { leader } = cluster;
      return (
        leader !== null &&
        leader.id !== first &&
        leader.raft.isPrimaryAt(cluster.clockMs(leader.id))
      );
    };
    expect(cluster.runUntil(reigns, 30_000)).toBe(true);
    const actedMs = cluster.nowMs;
    const gapMs = toldBy(cluster, cluster.leader?.id ?? 0) ?? Number.NaN;
    // A heartbeat may have been due, and looks are a tick apart.
    expect(gapMs).toBeGreaterThanOrEqual(actedMs - diedMs - 50);
    expect(gapMs).toBeLessThanOrEqual(actedMs - diedMs + 150);
  });

  it('is left to the log after a proof of stop, and is none before the first reign', () => {
    const { cluster, first } = reigning();
    expect(toldBy(cluster, first)).toBeNull();
    const other = [1, 2, 3].find((node) => node !== first) ?? 0;
    cluster.transfer(first, other);
    expect(cluster.runUntil(() => cluster.raft(other).ownEpoch !== null)).toBe(true);
    expect(toldBy(cluster, other)).toBeNull();
  });

  it('is unknown to whoever restarted meanwhile', () => {
    const { cluster } = reigning();
    for (const node of [1, 2, 3]) cluster.crash(node);
    for (const node of [1, 2, 3]) cluster.restart(node);
    expect(cluster.runUntil(() => (cluster.leader?.raft.ownEpoch ?? null) !== null, 30_000)).toBe(
      true,
    );
    expect(toldBy(cluster, cluster.leader?.id ?? 0)).toBeNull();
  });
});
