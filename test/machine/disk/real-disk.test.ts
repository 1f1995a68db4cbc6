// Disks that the kernel itself makes fail: a file system of a few MiB that becomes full, under a daemon and before one
// starts, and a directory whose rights are taken away while the daemon runs. The daemon is a follower of a cluster that
// goes on; with room or rights again it resumes.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { LocalCluster } from '../../../cli/demo/cluster.js';
import type { Daemon } from '../../../cli/demo/daemon.js';
import { BIN, run } from '../../support/cluster.js';

const LIMIT_MS = 90_000;
const DISK_MIB = 24;
const VALUE_BYTES = 500_000;
/** More than LevelDB takes into one write-ahead log, so that a new one must be made. */
const VALUES_PER_LOG = 12;
/** Root obeys the rights of files once it may not override them. */
const OBEDIENT = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search,-fowner'];

let undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.toReversed()) await step();
  undo = [];
});

async function planned(prefix: readonly string[] = []): Promise<LocalCluster> {
  const cluster = await LocalCluster.plan({
    nodes: 3,
    electionTimeout: '500ms',
    bin: BIN,
    prefersUsualPorts: false,
    prefix: (name) => (name === 'n2' ? prefix : []),
  });
  undo.push(() => cluster.close());
  return cluster;
}

/** Gives a node that does not run yet a disk of its own. */
function mountDisk({ plan }: Daemon): string {
  const directory = join(plan.directory, 'data');
  mkdirSync(directory);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'quorate-test', directory]);
  undo.push(() => execFileSync('umount', ['--lazy', directory]));
  return directory;
}

/** Leaves this many bytes free on a disk; answers how to make room again. */
function fill(directory: string, freeBytes: number): () => void {
  const file = join(directory, 'something-else');
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
  return () => rmSync(file);
}

let written = 0;

async function write(through: Daemon, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    written += 1;
    const attributes = { value: Buffer.alloc(VALUE_BYTES, written) };
    await through.client.putSession({ id: `s${written}`, attributes });
    // Deleted again, or nothing would be left of a small disk.
    if (at > 0) await through.client.deleteSession({ id: `s${written}` });
  }
}

/** Resolves once the cluster says so of n2. */
async function shown(cluster: LocalCluster, state: string): Promise<void> {
  await cluster.until(`n2 ${state}`, ({ nodes }) =>
    nodes.some((node) => node.name === 'n2' && node.state === state),
  );
}

/** Restarts n2 and sees that it has what was written last. */
async function resumed(cluster: LocalCluster): Promise<void> {
  const victim = cluster.daemon('n2');
  expect(await victim.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await victim.start();
  await cluster.settled();
  await write(cluster.daemon('n1'), 1);
  const { session } = await victim.client.getSession({ id: `s${written}` });
  expect(session?.attributes['value']).toHaveLength(VALUE_BYTES);
}

test(
  'A disk that becomes full degrades its node alone, which resumes with room',
  { timeout: LIMIT_MS },
  async () => {
    const cluster = await planned();
    const directory = mountDisk(cluster.daemon('n2'));
    await cluster.startAll();
    await cluster.form();
    await write(cluster.daemon('n1'), 2);
    const makeRoom = fill(directory, 1_000_000);
    await write(cluster.daemon('n1'), 4);
    await shown(cluster, 'DEGRADED');
    await write(cluster.daemon('n3'), 2);
    makeRoom();
    await resumed(cluster);
  },
);

test(
  'A daemon does not start on a full disk, and says so in one line',
  { timeout: LIMIT_MS },
  async () => {
    const cluster = await planned();
    const victim = cluster.daemon('n2');
    const directory = mountDisk(victim);
    for (const isNew of [true, false]) {
      const makeRoom = fill(directory, 0);
      const end = await run([
        'start',
        '--name',
        'n2',
        '--data-dir',
        directory,
        '--listen',
        victim.plan.address,
        '--api',
        victim.api,
      ]);
      expect(end).toMatchObject({ code: 1, stdout: '' });
      const said = end.stderr.split('\n').filter((line) => line !== '');
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(directory);
      expect(said[0]).toMatch(/No space left on device|ENOSPC/);
      expect(said[0]).toMatch(/the room to write there/);
      makeRoom();
      if (!isNew) break;
      await victim.start();
      expect(await victim.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    }
    await victim.start();
  },
);

test(
  'A directory whose rights are lost degrades its node alone, which resumes with them',
  { timeout: LIMIT_MS },
  async () => {
    const cluster = await planned(OBEDIENT);
    await cluster.startAll();
    await cluster.form();
    const database = join(cluster.daemon('n2').plan.directory, 'data', 'db');
    chmodSync(database, 0o500);
    undo.push(() => chmodSync(database, 0o700));
    await write(cluster.daemon('n1'), VALUES_PER_LOG);
    await shown(cluster, 'DEGRADED');
    await write(cluster.daemon('n3'), 2);
    chmodSync(database, 0o700);
    await resumed(cluster);
  },
);
