// Reigns that wait for an operator, and nodes that must not be primary, over real gRPC with the real driver: manual fail-over, a
// pause that survives a fail-over and is told everywhere, a target that is refused in advance with the reason. Rules
// of the core alone are in test/raft/promotion.test.ts.
import { afterEach, beforeEach, expect, test } from 'vitest';

import { CLUSTER } from '../../src/client/protos.js';
import { clusterView } from '../../src/client/cluster-view.js';
import { eventually, eventuallyAnswers, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';

let cluster: TestCluster;
beforeEach(() => {
  cluster = new TestCluster();
});
afterEach(async () => {
  await cluster.stop();
});

const told = async (node: TestNode): Promise<string[]> => {
  const { events } = await node.ask(CLUSTER.Events, { limit: 1000 });
  return events.map(({ kind, text }) => `${kind}: ${text}`);
};

test('a pause survives a fail-over: facts are served, nobody is primary, until it is resumed', async () => {
  const nodes = await cluster.form(3);
  const [first] = nodes;
  if (first === undefined) throw new Error('no nodes');
  const pause = { paused: true, reason: 'new disks' };
  expect(await first.ask(CLUSTER.ChangeSettings, pause)).toMatchObject({ unchanged: false });
  expect(await first.ask(CLUSTER.ChangeSettings, pause)).toMatchObject({ unchanged: true });
  const before = clusterView(await first.ask(CLUSTER.Status, {}));
  expect(before).toMatchObject({ primary: expect.any(String) as string });
  expect(before.pausedBy).toMatch(/: new disks$/);

  const leader = nodes.find(({ node }) => node.status().role === 'leader') ?? first;
  cluster.cut(leader.node.status().nodeId);
  const rest = nodes.filter((node) => node !== leader);
  const [asked] = rest;
  if (asked === undefined) throw new Error('no other node');
  await eventually(() => rest.some(({ node }) => node.status().isAwaited));
  const led = await eventuallyAnswers(
    () => asked.ask(CLUSTER.Status, {}),
    ({ quorum }) => quorum,
  );
  const after = clusterView(led);
  expect(after).toMatchObject({ primary: null, epoch: before.epoch });
  expect(after.pausedBy).toBe(before.pausedBy);
  // Facts need a leader, and there is one.
  await asked.ask(CLUSTER.ChangeSettings, { paused: false, reason: 'done' });
  await eventually(() => rest.some(({ node }) => node.status().isPrimary));
  const lines = await told(asked);
  expect(lines).toContainEqual(
    expect.stringMatching(/^reignsPaused: automatic reigns were paused: .*: new disks$/),
  );
  expect(lines).toContainEqual(
    expect.stringMatching(/^reignsResumed: automatic reigns were resumed: .*: done$/),
  );
}, 90_000);

test('manual fail-over: who starts the cluster is primary, later only whom set-primary names', async () => {
  const node = await cluster.add(1, { isManual: true });
  await node.ask(CLUSTER.Start, {}, { isWrite: true });
  expect(node.node.status().isPrimary).toBe(true);
  expect(await node.ask(CLUSTER.Settings, {})).toMatchObject({ failover: 'manual' });
  expect(clusterView(await node.ask(CLUSTER.Status, {}))).toMatchObject({ failover: 'manual' });
  const wrong = await node.refused(CLUSTER.ChangeSettings, { failover: 'sometimes' });
  expect(wrong).toMatchObject({ code: 'INVALID_ARGUMENT' });
  await node.ask(CLUSTER.ChangeSettings, { failover: 'automatic', reason: 'trained' });
  expect(await node.ask(CLUSTER.Settings, {})).toMatchObject({ failover: 'automatic' });
  expect(await told(node)).toContainEqual(
    expect.stringMatching(
      /^settingChanged: failover was set to automatic, manual before: .*: trained$/,
    ),
  );
}, 60_000);

test('a node whose check fails is refused as a target with the reason, and hands over if it is primary', async () => {
  const nodes = await cluster.form(3);
  const find = (id: number): TestNode => {
    const found = nodes.find(({ node }) => node.status().nodeId === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  };
  find(3).node.setHealth('database: connection refused');
  const leader = nodes.find(({ node }) => node.status().role === 'leader') ?? find(1);
  await eventually(() => leader.node.status().peers.some(({ unfit }) => unfit !== null));
  const refused = await leader.refused(CLUSTER.SetPrimary, { name: 'n3' }, { isWrite: true });
  expect(refused).toMatchObject({ code: 'TARGET_UNFIT', outcome: 'refused' });
  expect(refused.message).toBe('n3 cannot become primary: database: connection refused');
  const { nodes: lines } = clusterView(await leader.ask(CLUSTER.Status, {}));
  expect(lines.find(({ name }) => name === 'n3')).toMatchObject({
    ineligible: 'database: connection refused',
  });

  leader.node.setHealth('disk: read-only');
  const next = find([1, 2].find((id) => id !== leader.node.status().nodeId) ?? 2);
  await eventually(() => next.node.status().isPrimary);
  const cause = `health-check on n${leader.node.status().nodeId}: disk: read-only`;
  expect(await told(next)).toContainEqual(expect.stringContaining(cause));
}, 90_000);
