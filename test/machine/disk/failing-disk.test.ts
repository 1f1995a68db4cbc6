// A disk that fails under a daemon: full, broken or hanging, on a follower and on the leader, while clients write. Every
// time the cluster goes on, the node says in one line which directory it is about and what to do, and once the fault is
// lifted everything acknowledged is there. One cluster lives through all of it.
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Daemon } from '../../../cli/demo/daemon.js';
import type { ClusterView } from '../../../src/client/cluster-view.js';
import { jsonAt, mustSucceed, runAt } from '../../support/cluster.js';
import { EIO, ENOSPC } from './faulty-disk.js';
import type { Faults } from './faulty-disk.js';
import { ELECTION_TIMEOUT_MS, FaultyCluster } from './faulty-cluster.js';

const LIMIT_MS = 90_000;
/** A daemon that is told to end does so within this, whatever its disk does. */
const STOP_MAX_MS = 14_000;

interface Row {
  readonly what: string;
  readonly role: 'follower' | 'leader';
  readonly fault: Faults;
}

const BROKEN: readonly Row[] = [
  { what: 'that is full', role: 'follower', fault: { writeError: ENOSPC } },
  { what: 'whose syncs fail', role: 'leader', fault: { syncError: EIO } },
];
/** They take the same ways through the code. */
const MORE: readonly Row[] = [
  { what: 'whose syncs fail', role: 'follower', fault: { syncError: EIO } },
  { what: 'that is full', role: 'leader', fault: { writeError: ENOSPC } },
  { what: 'whose writes fail', role: 'follower', fault: { writeError: EIO } },
  { what: 'whose writes fail', role: 'leader', fault: { writeError: EIO } },
];
const isLong = process.env['QUORATE_TEST_LONG'] === '1';

describe('A cluster', () => {
  let faulty: FaultyCluster;
  beforeAll(async () => {
    faulty = await FaultyCluster.start();
  });
  afterAll(async () => {
    await faulty.close();
  });

  async function victimOf(role: Row['role']): Promise<Daemon> {
    const { leader, followers } = await faulty.roles();
    return role === 'leader' ? leader : followers[0];
  }

  /** Resolves once another node is primary, and tells how long that took in election timeouts. */
  async function replaced(victim: Daemon, fromMs: number): Promise<number> {
    await faulty.cluster.until(
      'another primary',
      ({ primary }) => primary !== null && primary !== victim.name,
    );
    return (performance.now() - fromMs) / ELECTION_TIMEOUT_MS;
  }

  /** What the others say of the cluster. */
  function viewWithout(victim: Daemon): Promise<ClusterView> {
    const other = faulty.cluster.daemons.find((daemon) => daemon !== victim) ?? victim;
    return jsonAt<ClusterView>(other, 'mon-cluster');
  }

  /** What the cluster must do while one of its disks is out of order. */
  async function goesOnWithout(victim: Daemon, role: Row['role'], fromMs: number): Promise<void> {
    if (role === 'leader') {
      const timeouts = await replaced(victim, fromMs);
      console.log(`another primary after ${timeouts.toFixed(1)} election timeouts`);
    }
    await faulty.shown(victim, 'DEGRADED');
    await faulty.acknowledgedMore(30);
    const other = faulty.cluster.daemons.find((daemon) => daemon !== victim) ?? victim;
    const shown = mustSucceed(await runAt(other, 'mon-cluster'));
    expect(shown).toMatch(new RegExp(`^${victim.name} +DEGRADED`, 'm'));
    expect(shown).toContain('can lose no voter');
  }

  test.each(isLong ? [...BROKEN, ...MORE] : BROKEN)(
    'goes on without the disk of a $role $what, which resumes when it is well',
    { timeout: LIMIT_MS },
    async ({ role, fault }) => {
      const victim = await victimOf(role);
      const saidBefore = faulty.complaints(victim).length;
      const stop = faulty.write();
      try {
        await faulty.acknowledgedMore(10);
        const fromMs = performance.now();
        faulty.disk(victim).set(fault);
        await goesOnWithout(victim, role, fromMs);
      } finally {
        await stop();
      }
      const said = faulty.complaints(victim).slice(saidBefore);
      expect(said).toHaveLength(1);
      expect(said[0]?.error?.message).toContain(`${faulty.disk(victim).root}/db: the disk did not`);
      expect(said[0]?.error?.message).toMatch(/make room there, or repair .* restart this daemon/);

      faulty.disk(victim).set();
      expect(await victim.stop('SIGTERM')).toEqual({ code: 0, signal: null });
      await faulty.start(victim);
      await faulty.cluster.settled();
      expect(await faulty.lost()).toEqual([]);
    },
  );

  test.each(['follower', 'leader'] as const)(
    'goes on without the disk of a %s whose syncs hang, which comes back by itself',
    { timeout: LIMIT_MS },
    async (role) => {
      const victim = await victimOf(role);
      const disk = faulty.disk(victim);
      const saidBefore = faulty.complaints(victim).length;
      const stop = faulty.write();
      try {
        await faulty.acknowledgedMore(10);
        const fromMs = performance.now();
        disk.set({ syncHangs: true });
        await goesOnWithout(victim, role, fromMs);
        // It does not campaign: whoever leads now goes on leading.
        const { leader, term } = await viewWithout(victim);
        await faulty.acknowledgedMore(100);
        expect(await viewWithout(victim)).toMatchObject({ leader, term });
      } finally {
        disk.set();
        await stop();
      }
      await faulty.cluster.settled();
      const said = faulty.complaints(victim).slice(saidBefore);
      expect(said).toMatchObject([{ directory: `${disk.root}/db` }]);
      expect(said[0]?.hint).toContain('look at the disk');
      expect(await faulty.lost()).toEqual([]);
    },
  );

  test('lets a daemon end that waits for its disk', { timeout: LIMIT_MS }, async () => {
    const victim = await victimOf('follower');
    const disk = faulty.disk(victim);
    const stop = faulty.write();
    try {
      disk.set({ syncHangs: true });
      await disk.hanging();
      const fromMs = performance.now();
      const exit = await victim.stop('SIGTERM');
      // By its own hand, since Node would wait for the thread that waits for the disk.
      expect(exit).toEqual({ code: null, signal: 'SIGKILL' });
      expect(performance.now() - fromMs).toBeLessThan(STOP_MAX_MS);
      expect(readFileSync(victim.logPath, 'utf8')).toMatch(/quorate: .*did not stop within/);
    } finally {
      disk.set();
      await stop();
    }
    await faulty.start(victim);
    await faulty.cluster.settled();
    expect(await faulty.lost()).toEqual([]);
  });
});
