// The main job on real processes, in the order of one story: every test continues where the one before it ended.
// Operators' commands are run as they would run them; failures are real signals to real daemons.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon } from '../../cli/demo/daemon.js';
import type { SessionView } from '../../cli/session-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { jsonAt, mustSucceed, runAt, startCleanDaemons } from '../support/cluster.js';

interface Told {
  readonly error: string;
  readonly code: string;
  readonly hint: string;
}

describe('three daemons', () => {
  let cluster: LocalCluster;
  let n1: Daemon;
  let n2: Daemon;
  let n3: Daemon;

  beforeAll(async () => {
    cluster = await startCleanDaemons(3);
    [n1, n2, n3] = ['n1', 'n2', 'n3'].map((name) => cluster.daemon(name)) as [
      Daemon,
      Daemon,
      Daemon,
    ];
  });
  afterAll(async () => {
    await cluster.close();
  });

  async function primaryNow(): Promise<Daemon> {
    const { primary } = await cluster.settled();
    return cluster.daemon(primary ?? '');
  }

  function others(daemon: Daemon): Daemon[] {
    return cluster.daemons.filter((other) => other !== daemon);
  }

  async function expectSessions(daemon: Daemon): Promise<void> {
    const alice = await jsonAt<SessionView>(daemon, 'session', 'get', 'alice');
    expect(alice.attributes).toEqual({ cart: '3', theme: 'dark' });
    const { sessions } = await jsonAt<{ sessions: SessionView[] }>(daemon, 'session', 'list');
    expect(sessions.map(({ id }) => id)).toEqual(['alice', 'bob']);
  }

  test('are clean at first, and say so', async () => {
    const view = await jsonAt<ClusterView>(n1, 'mon-cluster');
    expect(view).toMatchObject({ cluster: null, clusterId: null, quorum: false, primary: null });
    expect(view.nodes).toHaveLength(1);
    expect(view.nodes[0]).toMatchObject({
      name: 'n1',
      state: 'CLEAN',
      role: null,
      address: n1.plan.address,
      api: n1.api,
    });
    const refused = await runAt(n2, 'session', 'put', 'alice', 'cart=3', '--json');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(refused.stderr)).toMatchObject({ code: 'CLEAN_NODE' });
  });

  test('form a cluster by cluster-start, cluster-join and cluster-add', async () => {
    const rehearsal = await runAt(n1, 'cluster-start', '--dry-run');
    expect(rehearsal.code).toBe(0);
    expect(await jsonAt<ClusterView>(n1, 'mon-cluster')).toMatchObject({ cluster: null });

    const started = await jsonAt<ClusterView>(n1, 'cluster-start', '--reason', 'a test');
    expect(started).toMatchObject({ cluster: 'quorate', node: 'n1' });
    // At the same time: one of them waits its turn.
    const [joined, added] = await Promise.all([
      runAt(n2, 'cluster-join', n3.api, n1.api),
      jsonAt<{ node: string; role: string }>(n1, 'cluster-add', n3.api),
    ]);
    expect(mustSucceed(joined)).toMatch(/^n2 joined as a voter in /);
    expect(joined.stderr).toMatch(/n2: voter\n$/);
    expect(added).toMatchObject({ node: 'n3', role: 'voter' });

    // Mostly n1, which founded it; a machine that starves it elects another.
    const view = await cluster.settled();
    const { primary } = view;
    expect(['n1', 'n2', 'n3']).toContain(primary);
    expect(view).toMatchObject({
      cluster: 'quorate',
      quorum: true,
      leader: primary,
      failureTolerance: 1,
    });
    expect(view.nodes.map(({ name, state, role }) => [name, state, role])).toEqual(
      ['n1', 'n2', 'n3'].map((name) =>
        name === primary ? [name, 'PRIMARY', 'leader'] : [name, 'STANDBY', 'follower'],
      ),
    );
    for (const node of view.nodes) {
      expect(node.lastContactMs).toBeLessThan(2000);
      expect(node.version).toMatch(/^\d+\.\d+\.\d+/);
      expect(node.uptimeMs).toBeGreaterThan(0);
    }
  });

  test('refuse to start or join a second time', async () => {
    const again = await runAt(n1, 'cluster-start', '--json');
    expect(again.code).toBe(1);
    expect((JSON.parse(again.stderr) as Told).code).toBe('ALREADY_MEMBER');
    const joining = await runAt(n2, 'cluster-join', n1.api, '--json');
    expect(joining.code).toBe(1);
  });

  test('keep sessions that any of them reads back', async () => {
    const put = [
      'session',
      'put',
      'alice',
      'cart=3',
      'theme=dark',
      '--owner',
      'web',
      '--ttl',
      '1h',
    ];
    const written = await jsonAt<SessionView>(n2, ...put);
    expect(Object.keys(written)).toEqual([
      'id',
      'owner',
      'node',
      'attributes',
      'ttlMs',
      'remainingMs',
      'revision',
    ]);
    expect(written).toMatchObject({ id: 'alice', owner: 'web', node: 'n2', ttlMs: 3_600_000 });
    await jsonAt(n3, 'session', 'put', 'bob', 'cart=1');
    for (const daemon of cluster.daemons) await expectSessions(daemon);

    const late = await runAt(
      n1,
      'session',
      'put',
      'alice',
      'cart=9',
      '--if-revision',
      '1',
      '--json',
    );
    expect(late.code).toBe(1);
    expect((JSON.parse(late.stderr) as Told).code).toBe('REVISION_MISMATCH');
    const missing = await runAt(n1, 'session', 'get', 'nobody');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
  });

  test('touch and delete sessions', async () => {
    await jsonAt(n1, 'session', 'put', 'carol', 'step=1', '--ttl', '1m');
    const touched = await jsonAt<SessionView>(n2, 'session', 'touch', 'carol');
    expect(touched.remainingMs).toBeGreaterThan(50_000);
    expect(await jsonAt(n3, 'session', 'delete', 'carol')).toEqual({ id: 'carol', existed: true });
    expect(await jsonAt(n3, 'session', 'delete', 'carol')).toEqual({ id: 'carol', existed: false });
  });

  test('get a new primary with a higher epoch when theirs is killed', async () => {
    const before = await cluster.settled();
    const victim = cluster.daemon(before.primary ?? '');
    expect(await victim.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const [survivor = n2] = others(victim);
    const written = await runAt(survivor, 'session', 'put', 'alice', 'cart=3');
    mustSucceed(written);
    const after = await cluster.until('a new primary', ({ primary, quorum, nodes }) => {
      const isSeenDown = nodes.some(({ name, state }) => name === victim.name && state === 'DOWN');
      return quorum && primary !== null && primary !== victim.name && isSeenDown;
    });
    expect(after.epoch).toBeGreaterThan(before.epoch);
    expect(after.failureTolerance).toBe(0);
    for (const daemon of others(victim)) await expectSessions(daemon);
  });

  test('take the old primary back as a standby', async () => {
    const [gone = n1] = cluster.daemons.filter(({ isRunning }) => !isRunning);
    await gone.start();
    const view = await cluster.settled();
    expect(view.primary).not.toBe(gone.name);
    const node = view.nodes.find(({ name }) => name === gone.name);
    expect(node).toMatchObject({ state: 'STANDBY', role: 'follower', lagEntries: 0 });
    await expectSessions(gone);
  });

  test('hand the primacy over when told to', async () => {
    const before = await cluster.settled();
    const [target = n1] = others(cluster.daemon(before.primary ?? ''));
    const rehearsal = await jsonAt<{ dryRun: boolean }>(
      n1,
      'set-primary',
      target.name,
      '--dry-run',
    );
    expect(rehearsal.dryRun).toBe(true);
    expect(await cluster.settled()).toMatchObject({ primary: before.primary, epoch: before.epoch });

    const reason = ['--reason', 'a test hands over'];
    const answer = await jsonAt<{ primary: string; epoch: number }>(
      n1,
      'SetPrimary',
      target.name,
      ...reason,
    );
    expect(answer.primary).toBe(target.name);
    expect(answer.epoch).toBeGreaterThan(before.epoch);
    expect(await cluster.settled()).toMatchObject({ primary: target.name, epoch: answer.epoch });
    const { events } = await jsonAt<{ events: { kind: string; text: string }[] }>(
      n1,
      'events',
      '--limit',
      '1000',
    );
    expect(events.some(({ text }) => text.includes('a test hands over'))).toBe(true);

    const unknown = await runAt(n1, 'set-primary', 'nobody', '--json');
    expect(unknown.code).toBe(1);
    expect((JSON.parse(unknown.stderr) as Told).code).toBe('UNKNOWN_NODE');
  });

  test('hand over without being told when the primary is stopped by SIGTERM, which ends with 0', async () => {
    const before = await cluster.settled();
    const old = cluster.daemon(before.primary ?? '');
    expect(await old.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    const after = await cluster.until(
      'a new primary',
      ({ primary, quorum }) => quorum && primary !== null && primary !== old.name,
    );
    expect(after.epoch).toBeGreaterThan(before.epoch);
    await old.start();
    await expectSessions(old);
  });

  test('remove a member that is up', async () => {
    const primary = await primaryNow();
    const [leaving = n3, staying = n2] = others(primary);
    expect(await jsonAt(staying, 'cluster-remove-node', leaving.name)).toMatchObject({
      node: leaving.name,
      removed: true,
    });
    const view = await cluster.until(
      'two members',
      ({ nodes, quorum }) => quorum && nodes.length === 2,
    );
    expect(view.nodes.map(({ name }) => name)).not.toContain(leaving.name);
    const again = await runAt(primary, 'cluster-remove-node', leaving.name, '--json');
    expect((JSON.parse(again.stderr) as Told).code).toBe('UNKNOWN_NODE');
    expect(again.code).toBe(1);

    await leaving.stop('SIGKILL');
    rmSync(join(leaving.plan.directory, 'data'), { recursive: true });
    await leaving.start();
    const added = await runAt(primary, 'cluster-add', leaving.api);
    mustSucceed(added);
    expect((await cluster.settled()).nodes).toHaveLength(3);
    await expectSessions(leaving);
  });

  test('keep everything when all of them are killed and start again', async () => {
    const before = await cluster.settled();
    await Promise.all(cluster.daemons.map((daemon) => daemon.stop('SIGKILL')));
    await cluster.startAll();
    const after = await cluster.settled();
    expect(after.clusterId).toBe(before.clusterId);
    expect(after.epoch).toBeGreaterThan(before.epoch);
    expect(after.nodes.map(({ name }) => name).sort()).toEqual(['n1', 'n2', 'n3']);
    for (const daemon of cluster.daemons) await expectSessions(daemon);
  });

  test('refuse, when two are gone, to write on the last one, and say why', async () => {
    const last = await primaryNow();
    await Promise.all(others(last).map((daemon) => daemon.stop('SIGKILL')));
    await noLeader(last);
    const put = ['session', 'put', 'mallory', 'cart=9', '--timeout', '5s'];
    const write = await runAt(last, ...put, '--json');
    expect(write).toMatchObject({ code: 3, stdout: '' });
    const told = JSON.parse(write.stderr) as Told;
    expect(told).toMatchObject({ code: 'NO_QUORUM', error: expect.stringMatching(/./) as string });
    expect(told.hint).toMatch(/majority/);
    const read = await runAt(last, 'session', 'get', 'alice', '--timeout', '1s');
    expect(read.code).toBe(3);

    const monitor = await runAt(last, 'mon-cluster', '--json', '--timeout', '2s');
    expect(monitor.code).toBe(3);
    const view = JSON.parse(monitor.stdout) as ClusterView;
    expect(view).toMatchObject({ cluster: 'quorate', quorum: false, primary: null });
    expect(view.nodes.filter(({ state }) => state === 'DOWN')).toHaveLength(2);

    const stale = await jsonAt<SessionView & { stalenessMs: number }>(
      last,
      'session',
      'get',
      'alice',
      '--stale',
    );
    expect(stale.attributes).toEqual({ cart: '3', theme: 'dark' });
    expect(stale.stalenessMs).toBeGreaterThan(0);
  });

  test('go on when the two return', async () => {
    const gone = cluster.daemons.filter(({ isRunning }) => !isRunning);
    await Promise.all(gone.map((daemon) => daemon.start()));
    await cluster.settled();
    await expectSessions(n1);
    const refused = await runAt(n2, 'session', 'get', 'mallory');
    expect(refused.code).toBe(1);
  });
});

/** A node that lost its quorum leads on for a moment; a write sent then would be left open rather than refused. */
async function noLeader({ client }: Daemon): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const { leader } = await client.nodeStatus();
    if (leader === undefined) return;
    if (performance.now() > deadlineMs)
      throw new Error('it still leads after 10 s without a quorum');
    await pause(10);
  }
}
