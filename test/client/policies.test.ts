// `client.policies` against real services on loopback: versions, conditions, history with who and why, roll-back, following across the
// death of a member. What every member runs is told apart where one is behind, unreachable or has another file.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import type { PolicyView, Quorate } from '../../src/client/index.js';
import { POLICIES } from '../../src/client/protos.js';
import type { PolicyFileView } from '../../src/service/modules.js';
import { eventually, eventuallyAnswers, TestCluster } from '../service/harness.js';
import type { TestNode } from '../service/harness.js';

const cluster = new TestCluster();
let nodes: TestNode[] = [];
const clients: Quorate[] = [];

function opened(of: readonly TestNode[] = nodes): Quorate {
  const client = connect({ addresses: of.map(({ api }) => api), timeoutMs: 30_000 });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  nodes = await cluster.form(3);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await cluster.stop();
});

const text = (view: PolicyView | null): string | null => view?.document.toString() ?? null;

describe('a policy', () => {
  test('has versions that are told with who made them and why, and go back', async () => {
    const { policies } = opened([nodes[1] as TestNode]);
    expect(await policies.get('routes')).toBeNull();
    expect(await policies.put('routes', 'a: 1\n', { reason: 'begin', ifVersion: 0 })).toEqual({
      version: 1,
      isNew: true,
    });
    expect(await policies.put('routes', 'a: 1\n')).toEqual({ version: 1, isNew: false });
    await policies.put('routes', 'a: 2\n', { ifVersion: 1 });
    await expect(policies.put('routes', 'a: 3\n', { ifVersion: 1 })).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      message: 'expected version 1, but version 2 of policy routes is in force',
      data: { actual: '2' },
    });
    expect(await policies.difference('routes', { from: 1 })).toBe(
      '--- routes version 1\n+++ routes version 2\n@@ -1,1 +1,1 @@\n-a: 1\n+a: 2\n',
    );
    expect(await policies.rollBack('routes', 1, { reason: 'worse' })).toMatchObject({ version: 3 });
    expect(text(await policies.get('routes'))).toBe('a: 1\n');
    expect(text(await policies.get('routes', { version: 2 }))).toBe('a: 2\n');
    const history = await policies.history('routes');
    expect(history.map(({ version, restoredFrom }) => [version, restoredFrom])).toEqual([
      [3, 1],
      [2, null],
      [1, null],
    ]);
    expect(history[0]).toMatchObject({ who: '127.0.0.1', reason: 'worse', size: 5 });
    expect(history[0]?.node).toMatch(/^n\d$/);
    expect(history[0]?.sha256).toBe(history[2]?.sha256);
    const names: string[] = [];
    for await (const { name } of policies.list()) names.push(name);
    expect(names).toEqual(['routes']);
  });

  test('that is deleted is gone from lists, and can be rolled back', async () => {
    const { policies } = opened();
    await policies.put('limits', 'x');
    expect(await policies.delete('limits', { ifVersion: 1 })).toBe(true);
    expect(await policies.delete('limits')).toBe(false);
    expect(await policies.get('limits')).toBeNull();
    expect((await policies.history('limits')).map(({ deleted }) => deleted)).toEqual([true, false]);
    await expect(policies.get('limits', { version: 2 })).rejects.toMatchObject({
      code: 'POLICY_VERSION_NOT_FOUND',
      message: 'version 2 of policy limits has no document: it is a deletion',
    });
    await expect(policies.rollBack('limits', 9)).rejects.toMatchObject({
      message: 'version 9 of policy limits has no document: remembered are 1 to 2',
    });
    await expect(policies.rollBack('none', 1)).rejects.toMatchObject({ code: 'POLICY_NOT_FOUND' });
    expect(await policies.rollBack('limits', 1)).toEqual({ version: 3, isNew: true });
    expect(await policies.history('none')).toEqual([]);
    const events = [];
    for await (const event of opened().cluster.events({ kinds: ['policyChanged'] })) {
      events.push(event.text);
    }
    expect(events.at(-1)).toMatch(
      /^policy limits has version 3, which is version 1 again: n\d asked by 127\.0\.0\.1$/,
    );
  });
});

test('every member says what it runs: one that is cut off, and one whose file is wrong, stand out', async () => {
  const [n1, n2, n3] = nodes as [TestNode, TestNode, TestNode];
  const { policies } = opened([n1]);
  const file: PolicyFileView = { state: 'failed', detail: 'no space left', rewritten: 2 };
  n2.policyFiles = { directory: '/etc/policies', look: () => file, troubles: () => [] };
  await policies.put('status', 'one');
  const statusOf = async () => {
    for await (const status of policies.status({ prefix: 'status' })) return status;
    return null;
  };
  const standings = (status: Awaited<ReturnType<typeof statusOf>>): string[] =>
    status?.nodes.map(({ node, standing }) => `${node} ${standing}`) ?? [];
  const expected = ['n1 agrees', 'n2 file-wrong', 'n3 agrees'];
  const status = await eventuallyAnswers(
    statusOf,
    (it) => standings(it).join() === expected.join(),
  );
  expect(status?.nodes[1]).toMatchObject({
    version: 1,
    sha256: status?.sha256,
    file: 'failed',
    detail: 'no space left',
    rewritten: 2,
  });
  expect(status?.nodes[0]).toMatchObject({ file: null, detail: null });
  n2.policyFiles = null;
  // It hears no peer, and its API answers: it runs the version before.
  cluster.cut(n3.node.status().nodeId);
  await policies.put('status', 'two');
  await eventuallyAnswers(statusOf, (it) => standings(it).includes('n3 behind'));
  const own = await n3.ask(POLICIES.NodeStatus, { names: ['status'] });
  expect(own.policies).toMatchObject([{ version: 1, file: 'POLICY_FILE_NONE' }]);
  cluster.heal();
  await eventuallyAnswers(statusOf, (it) => standings(it).includes('n3 agrees'));
});

test('following tells the version in force and every later one, through whatever members answer', async () => {
  const client = opened();
  const { policies } = client;
  const seen: (string | null)[] = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const view of opened().policies.follow('live', { signal: stop.signal })) {
      seen.push(text(view));
    }
  })();
  await eventually(() => seen.length === 1);
  await policies.put('live', 'one');
  await policies.put('live', 'two');
  await policies.delete('live');
  await eventually(() => seen.length === 4);
  await nodes[2]?.stop();
  for (let n = 3; n < 6; n += 1) await policies.put('live', `v${n}`);
  await eventually(() => seen.length === 7);
  stop.abort();
  await following.catch(() => {});
  expect(seen).toEqual([null, 'one', 'two', null, 'v3', 'v4', 'v5']);
});
