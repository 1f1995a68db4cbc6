// The feature level through the API, with a table in which writing to the store came with level 2. Who holds the level back
// is shown and named in the refusal, and what was refused works once the level has risen.
import { afterAll, describe, expect, test } from 'vitest';
import { CLUSTER, SESSIONS, STORE } from '../../src/client/protos.js';
import { FEATURES } from '../../src/state-machine/features.js';
import { eventually, TestCluster } from './harness.js';

const WRITE = { isWrite: true } as const;
const LATER = { version: '0.2.0', featureMin: 1, featureMax: 2 } as const;

describe('a cluster with one old member', () => {
  const commands = { ...FEATURES.commands, changeStore: 2 };
  const cluster = new TestCluster({ commands, fields: [] });

  afterAll(async () => {
    await cluster.stop();
  });

  test('refuses what came with the next level until that member is gone, and old newcomers then', async () => {
    const first = await cluster.add(1, LATER);
    await first.ask(CLUSTER.Start, {}, WRITE);
    // Alone it speaks everything at once.
    await eventually(() => first.node.status().featureLevel === 2);
    const old = await cluster.add(9);
    const refused = await old.refused(CLUSTER.Join, { addresses: [first.api] }, WRITE);
    expect(refused).toMatchObject({ code: 'UNSPOKEN_LEVEL', exitCode: 1 });
    expect(refused.message).toBe(
      'n9: version 0.1.0 speaks feature level 1, the cluster is at 2: install a later version, one that speaks 2',
    );
    await first.ask(STORE.Put, { key: 'a', value: Buffer.from('b') }, WRITE);
    const { events } = await first.ask(CLUSTER.Events, {});
    expect(events.map(({ kind }) => kind)).toContain('featureLevelRaised');
  });
});

describe('a cluster that began with old members', () => {
  const commands = { ...FEATURES.commands, changeStore: 2 };
  const cluster = new TestCluster({ commands, fields: [] });

  afterAll(async () => {
    await cluster.stop();
  });

  test('says who keeps the level from rising, and rises without them', async () => {
    const first = await cluster.add(1);
    await first.ask(CLUSTER.Start, {}, WRITE);
    for (const id of [2, 3]) {
      const node = await cluster.add(id, LATER);
      await node.ask(CLUSTER.Join, { addresses: [first.api] }, WRITE);
    }
    const second = cluster.nodes.get(2 as never);
    if (second === undefined) throw new Error('expected n2');
    await eventually(() => first.node.status().settledVoters.length === 3);

    const why = 'version 0.1.0 speaks no level above 1';
    const put = { key: 'a', value: Buffer.from('b') };
    const refused = await second.refused(STORE.Put, put, WRITE);
    expect(refused).toMatchObject({ code: 'FEATURE_LEVEL', outcome: 'refused', exitCode: 1 });
    expect(refused.message).toContain('it needs feature level 2, the cluster is at 1');
    expect(refused.message).toContain(`n1: ${why}`);
    expect(refused.hint).toContain('n1');
    await second.ask(SESSIONS.Put, { id: 's', attributes: {} }, WRITE);
    const status = await second.ask(CLUSTER.Status, {});
    expect(status.featureLevel).toBe(1);
    expect(status.heldBackBy).toContainEqual({ name: 'n1', why });

    await second.ask(CLUSTER.Remove, { name: 'n1', force: true }, { ...WRITE, timeoutMs: 9000 });
    await eventually(() => second.node.status().featureLevel === 2);
    await second.ask(STORE.Put, put, WRITE);
    const after = await second.ask(CLUSTER.Status, {});
    expect(after).toMatchObject({ featureLevel: 2, heldBackBy: [] });
  }, 30_000);
});
