// Changing who belongs, on real processes, in the order of one story: a dead member is replaced, then the primary, then a
// member comes back at other addresses while its vote is needed; and a newcomer that nobody reaches is given up. Commands
// are run as an operator would run them. What an order can get wrong is test/service/replace.test.ts.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { LocalCluster } from '../../cli/demo/cluster.js';
import { Daemon } from '../../cli/demo/daemon.js';
import type { SessionView } from '../../cli/session-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { BIN, jsonAt, mustSucceed, run, runAt, startCleanDaemons } from '../support/cluster.js';

interface Told {
  readonly error: string;
  readonly code: string;
  readonly hint: string;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function names({ nodes }: ClusterView): string[] {
  return nodes.map(({ name }) => name);
}

function stateOf({ nodes }: ClusterView, name: string): string | null {
  return nodes.find((node) => node.name === name)?.state ?? null;
}

describe('three voters and two clean nodes', { timeout: 90_000 }, () => {
  let cluster: LocalCluster;
  const at = (name: string): Daemon => cluster.daemon(name);

  beforeAll(async () => {
    cluster = await startCleanDaemons(5);
    mustSucceed(await runAt(at('n1'), 'cluster-start'));
    for (const name of ['n2', 'n3']) {
      mustSucceed(await runAt(at('n1'), 'cluster-add', at(name).api));
    }
    mustSucceed(await runAt(at('n1'), 'session', 'put', 'alice', 'cart=1'));
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
  });

  test('tell what a replacement would do, and do nothing, with --dry-run', async () => {
    const args = ['cluster-replace-node', 'n3', at('n4').api, '--dry-run'];
    const told = mustSucceed(await runAt(at('n2'), ...args));
    expect(told).toMatch(/^n4 could replace n3; nothing was changed\.\n\n/);
    expect(told).toMatch(/\nvoters +n1 n2 n3 +n1 n2 n4\n/);
    expect(names(await jsonAt<ClusterView>(at('n1'), 'mon-cluster'))).toEqual(['n1', 'n2', 'n3']);
  });

  test('replace a member that is dead by a clean node, which has everything', async () => {
    await at('n3').stop('SIGKILL');
    const args = ['cluster-replace-node', 'n3', at('n4').api, '--reason', 'disk failed'];
    const { code, stdout, stderr } = await runAt(at('n2'), ...args);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^n4 replaced n3 in .*\.\n$/) as string,
      stderr: expect.stringMatching(
        /^n4: learner.*\n(n4: .*\n)*n4: in the place of n3\n$/,
      ) as string,
    });
    const view = await cluster.until(
      'n4 in its place',
      (seen) => stateOf(seen, 'n4') === 'STANDBY',
    );
    expect(names(view)).toEqual(['n1', 'n2', 'n4']);
    const alice = await jsonAt<SessionView>(at('n4'), 'session', 'get', 'alice', '--stale');
    expect(alice.attributes).toEqual({ cart: '1' });
    await at('n3').start();
    await cluster.until('n3 knows', (seen) => stateOf(seen, 'n3') === 'REMOVED');
  });

  test('replace the primary, which hands over first, with proof of stop', async () => {
    const { primary } = await jsonAt<ClusterView>(at('n4'), 'mon-cluster');
    const old = primary ?? '';
    // Asked is the very node that leaves.
    const args = ['cluster-replace-node', old, at('n5').api, '--json'];
    const told = await jsonAt<object>(at(old), ...args);
    expect(told).toMatchObject({ node: 'n5', replaced: old, dryRun: false });
    const view = await cluster.until(
      'another primary',
      (seen) => seen.primary !== null && stateOf(seen, 'n5') === 'STANDBY',
    );
    expect(names(view)).not.toContain(old);
    const events = mustSucceed(await runAt(at('n5'), 'events'));
    expect(events).toContain(`the reign of ${old}`);
    expect(events).toContain('its processes were stopped');
    expect(events).toContain('n5 replaces the leader');
    const alice = await jsonAt<SessionView>(at('n5'), 'session', 'get', 'alice');
    expect(alice.attributes).toEqual({ cart: '1' });
  });

  test('find a member that comes back at other addresses while its vote is needed', async () => {
    const view = await cluster.until(
      'three well members',
      ({ primary, nodes }) => primary !== null && nodes.every(({ lagEntries }) => lagEntries === 0),
    );
    const members = names(view);
    const [dead = '', moving = ''] = members.filter((name) => name !== view.primary);
    await at(dead).stop('SIGKILL');
    await at(moving).stop('SIGKILL');
    const [peer, api] = [await freePort(), await freePort()];
    const moved = new Daemon({
      ...at(moving).plan,
      address: `127.0.0.1:${peer}`,
      api: `127.0.0.1:${api}`,
      more: ['--priority', '60'],
    });
    try {
      await moved.start();
      const primary = at(view.primary ?? '');
      const seen = await cluster.until('the row is changed', ({ quorum, nodes }) => {
        const row = nodes.find(({ name }) => name === moving);
        return quorum && row?.address === `127.0.0.1:${peer}` && row.api === `127.0.0.1:${api}`;
      });
      expect(names(seen)).toEqual(members);
      mustSucceed(await runAt(primary, 'session', 'put', 'bob', 'cart=2'));
      const bob = await jsonAt<SessionView>(moved, 'session', 'get', 'bob');
      expect(bob.attributes).toEqual({ cart: '2' });
      // Requests that the leader forwards, or that are forwarded to it, find the API as well.
      mustSucceed(await runAt(primary, 'set-primary', moving));
    } finally {
      await moved.stop('SIGKILL');
      moved.client.close();
    }
  });
});

describe('a newcomer that the members cannot reach', { timeout: 90_000 }, () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    const nowhere = await freePort();
    cluster = await LocalCluster.plan({
      nodes: 2,
      electionTimeout: '150ms',
      bin: BIN,
      prefersUsualPorts: false,
      more: (name) => (name === 'n2' ? ['--advertise', `127.0.0.1:${nowhere}`] : []),
    });
    await cluster.startAll();
    mustSucceed(await runAt(cluster.daemon('n1'), 'cluster-start'));
  }, 60_000);
  afterAll(async () => {
    await cluster.close();
  });

  test('is given up after a while, learns of it, and whom it was to replace stays', async () => {
    const [n1, n2] = [cluster.daemon('n1'), cluster.daemon('n2')];
    const args = ['cluster-replace-node', 'n1', n2.api, '--node', n1.api, '--json'];
    const { code, stderr } = await run(args);
    expect(JSON.parse(stderr) as Told).toMatchObject({
      code: 'NEWCOMER_GIVEN_UP',
      error: 'n2 was removed again before it had its place; n1 is still a member',
    });
    expect(code).toBe(1);
    const view = await cluster.until('n2 knows', (seen) => stateOf(seen, 'n2') === 'REMOVED');
    expect(view.quorum).toBe(false);
    const members = names(await jsonAt<ClusterView>(n1, 'mon-cluster'));
    expect(members).toEqual(['n1']);
    const events = mustSucceed(await runAt(n1, 'events'));
    expect(events).toContain('n2 was removed: it did not catch up and was given up; n1 stays');
  });
});
