// Dead members that the cluster removes by itself, over real gRPC with the real driver. The setting is changed through the
// log and told by every answer that tells of it; five nodes of which two die shrink to three, which events explain.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { CLUSTER } from '../../src/client/protos.js';
import type { NodeId } from '../../src/raft/types.js';
import { ELECTION_TIMEOUT_MS, eventuallyAnswers, TestCluster } from './harness.js';

/** The shortest that is allowed. */
const AFTER_MS = 10 * ELECTION_TIMEOUT_MS;

let cluster: TestCluster;
beforeEach(() => {
  cluster = new TestCluster();
});
afterEach(async () => {
  await cluster.stop();
});

test('five nodes of which two die shrink to three, once the setting allows it', async () => {
  const nodes = await cluster.form(5);
  const asked = nodes.find(({ node }) => node.status().role === 'leader');
  if (asked === undefined) throw new Error('nobody leads');
  const { autoRemoveAfterMs: before } = await asked.ask(CLUSTER.Settings, {});
  expect(before).toBeUndefined();

  const tooSoon = await asked.refused(CLUSTER.ChangeSettings, { autoRemoveAfterMs: AFTER_MS - 1 });
  expect(tooSoon).toMatchObject({ code: 'INVALID_ARGUMENT', outcome: 'refused' });
  expect(tooSoon.message).toContain(String(AFTER_MS));
  const wish = { autoRemoveAfterMs: AFTER_MS, reason: 'nobody on call' };
  const tried = await asked.ask(CLUSTER.ChangeSettings, { ...wish, dryRun: true });
  expect(tried).toMatchObject({ unchanged: false, forecast: { gapMs: 0 } });
  expect(asked.node.status().configuration.autoRemoveAfterMs).toBe(null);
  expect(await asked.ask(CLUSTER.ChangeSettings, wish)).toMatchObject({ unchanged: false });
  expect(await asked.ask(CLUSTER.ChangeSettings, wish)).toMatchObject({ unchanged: true });
  expect(await asked.ask(CLUSTER.Settings, {})).toMatchObject({ autoRemoveAfterMs: AFTER_MS });

  const leaderId = asked.node.status().nodeId;
  const ids = nodes.map(({ node }) => node.status().nodeId);
  const dead = ids.filter((id) => id !== leaderId).slice(0, 2);
  for (const id of dead) cluster.cut(id);
  // A leader that is elected meanwhile on a busy machine begins to count anew.
  const hasShrunk = () => asked.node.status().settledVoters.length === 3;
  await vi.waitUntil(hasShrunk, { timeout: 60_000, interval: 50 });
  const shrunk = await eventuallyAnswers(
    () => asked.ask(CLUSTER.Status, {}),
    ({ quorum, nodes: lines }) => quorum && lines.length === 3,
  );
  expect(shrunk).toMatchObject({ failureTolerance: 1, mustNotFail: [] });
  expect(shrunk.mayFail).toHaveLength(3);
  const { voters } = asked.node.status().configuration;
  expect(voters).toEqual(ids.filter((id: NodeId) => !dead.includes(id)));

  const { events } = await asked.ask(CLUSTER.Events, { limit: 1000 });
  const told = events.map(({ kind, text }) => `${kind}: ${text}`);
  expect(told).toContainEqual(
    expect.stringMatching(
      /^settingChanged: autoRemoveAfter was set to 6000 ms, off before: .*: nobody on call$/,
    ),
  );
  for (const id of dead) {
    expect(told).toContainEqual(
      `memberRemoved: n${id} was removed: not heard for 6s, so it was removed automatically; the cluster can lose 1 more`,
    );
  }
}, 90_000);
