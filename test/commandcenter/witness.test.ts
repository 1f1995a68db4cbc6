// The page of a witness: it knows who belongs to the cluster and who leads. It holds no state, and says so rather than show empty tables as
// if there were nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLUSTER } from '../../src/client/protos.js';
import { FACT_SOURCES } from '../../src/commandcenter/facts.js';
import { eventually, TestCluster } from '../service/harness.js';
import { Center } from './world.js';

let cluster: TestCluster;
let center: Center;

beforeAll(async () => {
  cluster = new TestCluster();
  const [first] = await cluster.form(1);
  const witness = await cluster.add(2, { witness: true });
  await witness.ask(CLUSTER.Join, { addresses: [first?.api ?? ''] }, { isWrite: true });
  await eventually(() => first?.node.status().settledVoters.length === 2);
  center = await Center.open(cluster, witness);
});

afterAll(async () => {
  await center.stop();
  await cluster.stop();
});

describe('the page of a witness', () => {
  test('is served, and its feed shows the cluster and says what this node is', async () => {
    expect((await center.get('')).status).toBe(200);
    const feed = center.feed();
    await eventually(() => feed.told.some(({ name }) => name === 'cluster'));
    const hello = feed.told.find(({ name }) => name === 'hello')?.data;
    expect(hello).toMatchObject({ node: 'n2', isWitness: true, cluster: 'quorate' });
    const view = feed.told.find(({ name }) => name === 'cluster')?.data['view'];
    const nodes = (view as { nodes: { name: string; state: string }[] }).nodes;
    expect(nodes.map(({ name, state }) => [name, state])).toEqual([
      ['n1', 'PRIMARY'],
      ['n2', 'WITNESS'],
    ]);
    feed.close();
  });

  test('refuses tables of what it does not hold, and the reigns, saying why', async () => {
    const kinds = Object.keys(FACT_SOURCES).filter((kind) => kind !== 'processes');
    for (const path of [...kinds.map((kind) => `/facts/${kind}`), '/reigns']) {
      const { status, text } = await center.get(path);
      expect([path, status, text]).toEqual([path, 409, expect.stringContaining('witness')]);
    }
    // What runs on the machine is no part of the state.
    expect((await center.get('/facts/processes')).status).toBe(200);
  });

  test('takes a login, whose actions go to the leader', async () => {
    const cookie = await center.cookie();
    const pause = { reason: 'a test', dryRun: true };
    const { status, text } = await center.post('/actions/pause', pause, cookie);
    expect([status, text]).toEqual([200, expect.stringContaining('forecast')]);
  });
});
