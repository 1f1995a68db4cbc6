// `/v1/cluster`: the object that `mon-cluster --json` prints, by the same way to the leader, on nodes with a real API. With
// a quorum it is linearizable; without one, on a clean node and for callers who may not know, it says so.
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { meterNothing } from '../../src/metrics/meters.js';
import { QuorateClient } from '../../src/client/client.js';
import { clusterView } from '../../src/client/cluster-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { NodeLinks } from '../../src/client/node-links.js';
import { HttpServer } from '../../src/http/http-server.js';
import { HTTP_LIMITS } from '../../src/http/limits.js';
import { routesFor } from '../../src/http/routes.js';
import { viewCluster } from '../../src/service/cluster-view.js';
import { Routing } from '../../src/service/routing.js';
import { startWatches } from '../../src/service/watches.js';
import { eventually, IDLE, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';
import { SELF } from '../service/words.js';
import { ask, askJson } from './asking.js';
import { SILENT } from './world.js';

let cluster: TestCluster;
let closing: (() => unknown)[];

beforeEach(() => {
  cluster = new TestCluster();
  closing = [];
});

afterEach(async () => {
  await Promise.all(closing.map((close) => close()));
  await cluster.stop();
});

/** Gives a node an HTTP port. */
async function httpOf({ id, node, api }: TestNode, isAuthorised = true): Promise<number> {
  const { clock } = cluster;
  const links = new NodeLinks();
  const watches = startWatches(node, clock);
  const name = `n${id}`;
  const modules = {
    node,
    clock,
    log: SILENT,
    self: { ...SELF, name, api },
    authorise: () => isAuthorised,
    callerAt: null,
    usage: IDLE,
    isStopping: () => false,
    links,
    routing: new Routing(node, clock, links, Math.random),
    watches: watches.hub,
    meterOf: meterNothing,
    onFatal: () => {},
  };
  const listen = { host: '127.0.0.1', port: 0 };
  const server = new HttpServer({ listen, tls: null, names: [] }, modules);
  closing.push(
    () => server.stop(),
    () => links.close(),
    () => watches.stop(),
  );
  const port = await server.listen();
  server.serve(
    routesFor(
      {
        node,
        name,
        version: '0.1.0',
        isStopping: () => false,
        viewCluster: (peer, timeoutMs) => viewCluster(modules, peer, timeoutMs),
        figures: () => Promise.resolve({ type: 'text/plain', text: '' }),
      },
      HTTP_LIMITS,
    ),
  );
  return port;
}

/** Without what moves between two looks. */
function steady(view: ClusterView): ClusterView {
  const nodes = view.nodes.map((node) => {
    return { ...node, uptimeMs: 0, lastContactMs: null, version: null };
  });
  return { ...view, nodes };
}

describe('/v1/cluster', () => {
  test('is what mon-cluster --json prints, at the leader and through a standby', async () => {
    const nodes = await cluster.form(3);
    for (const node of nodes) {
      const port = await httpOf(node);
      const client = new QuorateClient({ address: node.api });
      closing.push(() => client.close());
      // Between two looks a busy machine may elect anew, and entries go on being applied.
      const looks: { readonly seen: ClusterView; readonly printed: ClusterView }[] = [];
      await expect
        .poll(
          async () => {
            const { status, ...view } = await askJson<ClusterView>(port, '/v1/cluster');
            const printed = clusterView(await client.status());
            looks.push({ seen: view, printed });
            const isSettled = view.primary !== null && view.failureTolerance === 1;
            return status === 200 && isSettled && isDeepStrictEqual(steady(view), steady(printed));
          },
          { timeout: 25_000 },
        )
        .toBe(true);
      const last = looks.at(-1);
      expect(Object.keys(last?.seen ?? {})).toEqual(Object.keys(last?.printed ?? { none: true }));
      expect(last?.seen.quorum).toBe(true);
      expect(last?.seen.primary).toMatch(/^n[123]$/);
    }
  });

  test('of a clean node is no cluster, and 200', async () => {
    const port = await httpOf(await cluster.add(1));
    const told = await askJson<ClusterView>(port, '/v1/cluster');
    expect(told).toMatchObject({ status: 200, cluster: null, quorum: false });
    expect(told.nodes).toMatchObject([{ name: 'n1', state: 'CLEAN' }]);
  });

  test('without a quorum is what the node knows, and 503', async () => {
    const [, second] = await cluster.form(3);
    if (second === undefined) throw new Error('there are three nodes');
    const port = await httpOf(second);
    cluster.cut(second.id);
    await eventually(() => second.node.status().leaderId === null);
    const told = await askJson<ClusterView>(port, '/v1/cluster');
    expect(told).toMatchObject({ status: 503, quorum: false, primary: null, cluster: 'quorate' });
    expect(told.nodes).toHaveLength(3);
  });

  test('is for those who may ask the API', async () => {
    const port = await httpOf(await cluster.add(1), false);
    const { status, text } = await ask(port, '/v1/cluster');
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await ask(port, '/livez')).status).toBe(200);
  });
});
