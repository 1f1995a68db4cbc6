// Cluster.* over real gRPC with the real driver: from clean nodes to a cluster, status with and without a quorum,
// hand-over, removal, and every refusal with its code and its hint. Timers are short; nothing is simulated but disk
// and peer sockets.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLUSTER, SESSIONS } from '../../src/client/protos.js';
import type { NodeState } from '../../src/generated/quorate/v1/NodeState.js';
import type { StatusResponse__Output } from '../../src/generated/quorate/v1/StatusResponse.js';
import { ELECTION_TIMEOUT_MS, eventually, eventuallyAnswers, TestCluster } from './harness.js';
import type { TestNode } from './harness.js';
import { installId } from './words.js';

let cluster: TestCluster;

beforeEach(() => {
  cluster = new TestCluster();
});

afterEach(async () => {
  const faults = [...cluster.nodes.values()].flatMap(({ fatal }) => fatal);
  await cluster.stop();
  if (faults.length > 0) throw new Error(`faults: ${faults.map(String).join(', ')}`);
});

const WRITE = { isWrite: true } as const;

/** What this node says of all once it says that `name` is in `state`. */
function statusWith(
  node: TestNode | undefined,
  name: string,
  state: NodeState,
): Promise<StatusResponse__Output | undefined> {
  return eventuallyAnswers(
    async () => node?.ask(CLUSTER.Status, {}),
    (status) => status?.nodes.find((line) => line.name === name)?.state === state,
  );
}

function primaryOf(nodes: readonly TestNode[]): TestNode | undefined {
  return nodes.find(({ node }) => node.status().isPrimary);
}

describe('a clean node', () => {
  test('shows itself as one CLEAN node and no cluster', async () => {
    const node = await cluster.add(1);
    const status = await node.ask(CLUSTER.Status, {});
    expect(status.cluster).toBeUndefined();
    expect(status).toMatchObject({ quorum: false, term: 0, epoch: 0, failureTolerance: 0 });
    expect(status.nodes).toHaveLength(1);
    expect(status.nodes[0]).toMatchObject({
      name: 'n1',
      state: 'CLEAN',
      role: 'ROLE_UNSPECIFIED',
      api: node.api,
      version: '0.1.0',
    });
    expect(status.nodes[0]?.commitIndex).toBeUndefined();
    expect(status.nodes[0]?.uptimeMs).toBeGreaterThanOrEqual(0);
  });

  test('refuses what needs a cluster, and says how to get one', async () => {
    const node = await cluster.add(1);
    const refusals = await Promise.all([
      node.refused(SESSIONS.Get, { id: 's' }),
      node.refused(SESSIONS.Get, { id: 's', consistency: 'STALE' }),
      node.refused(SESSIONS.Put, { id: 's' }),
      node.refused(CLUSTER.Members, {}),
      node.refused(CLUSTER.Remove, { name: 'n2' }),
      node.refused(CLUSTER.SetPrimary, {}),
      node.refused(CLUSTER.CheckEpoch, { epoch: 1 }),
      node.refused(CLUSTER.Events, {}),
      node.refused(CLUSTER.Add, { address: '127.0.0.1:1' }),
    ]);
    for (const error of refusals) {
      expect(error).toMatchObject({ code: 'CLEAN_NODE', outcome: 'refused', grpcCode: 9 });
      expect(error.hint).toContain('cluster-start');
    }
  });

  test('starts a cluster once, and is its primary when that is answered', async () => {
    const node = await cluster.add(1);
    const dry = await node.ask(CLUSTER.Start, { dryRun: true });
    expect(dry).toMatchObject({ cluster: 'quorate', clusterId: '', node: 'n1' });
    expect(dry.forecast).toMatchObject({ before: { voters: [] }, after: { primary: 'n1' } });
    expect(node.node.status().condition).toBe('clean');

    const started = await node.ask(CLUSTER.Start, { reason: 'first' }, WRITE);
    expect(started).toMatchObject({ cluster: 'quorate', node: 'n1' });
    expect(started.clusterId).toMatch(/^[0-9a-f]{32}$/);
    const status = await node.ask(CLUSTER.Status, {});
    expect(status).toMatchObject({
      quorum: true,
      leader: 'n1',
      primary: 'n1',
      failureTolerance: 0,
    });
    expect(status.epoch).toBeGreaterThan(0);
    expect(status.nodes).toMatchObject([
      { name: 'n1', state: 'PRIMARY', role: 'LEADER', lagEntries: 0, lastContactMs: 0 },
    ]);

    const again = await node.refused(CLUSTER.Start, {}, WRITE);
    expect(again).toMatchObject({ code: 'ALREADY_MEMBER', grpcCode: 9, outcome: 'refused' });
    const join = await node.refused(CLUSTER.Join, { addresses: [node.api] }, WRITE);
    expect(join.code).toBe('NODE_NOT_EMPTY');
    expect(join.message).toContain('belongs to cluster');
    expect(join.hint).toContain('empty data directory');
  });

  test('says that nobody answers at the addresses that it was given', async () => {
    const node = await cluster.add(1);
    const error = await node.refused(CLUSTER.Join, { addresses: ['127.0.0.1:1'] }, WRITE);
    expect(error).toMatchObject({ code: 'UNREACHABLE', exitCode: 3 });
    expect(error.message).toBe('127.0.0.1:1 cannot be reached: nobody listens there');
    const none = await node.refused(CLUSTER.Join, { addresses: [] }, WRITE);
    expect(none).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'addresses' } });
    const wrong = await node.refused(CLUSTER.Join, { addresses: ['a:b:c'] }, WRITE);
    expect(wrong).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'addresses' } });
  });

  test('joins through the second address if the first is dead, and through a standby', async () => {
    const [, second] = await cluster.form(2);
    const third = await cluster.add(3);
    const addresses = ['127.0.0.1:1', second?.api ?? ''];
    const dry = await third.ask(CLUSTER.Join, { addresses, dryRun: true }, WRITE);
    expect(dry).toMatchObject({ cluster: 'quorate', node: 'n3' });
    expect(third.node.status().condition).toBe('clean');
    await third.ask(CLUSTER.Join, { addresses, reason: 'more' }, WRITE);
    await eventually(() => third.node.status().settledVoters.length === 3);
    const { events } = await third.ask(CLUSTER.Events, {});
    const joined = events.find(({ text }) => text.startsWith('n3 joined'));
    expect(joined?.text).toContain('n2 asked by 127.0.0.1: more');
  });

  test('is added by a member', async () => {
    const [first] = await cluster.form(1);
    const clean = await cluster.add(2);
    const added = await first?.ask(CLUSTER.Add, { address: clean.api }, WRITE);
    expect(added).toEqual({ node: 'n2', forecast: null });
    await eventually(() => clean.node.status().settledVoters.length === 2);
    const again = await first?.refused(CLUSTER.Add, { address: clean.api }, WRITE);
    expect(again?.code).toBe('ALREADY_MEMBER');
  });

  test('is not admitted under a name that is taken, nor to a cluster of another name', async () => {
    const [first] = await cluster.form(1);
    const namesake = await cluster.add(2, { name: 'n1' });
    const addresses = [first?.api ?? ''];
    const taken = await namesake.refused(CLUSTER.Join, { addresses }, WRITE);
    expect(taken).toMatchObject({ code: 'NAME_TAKEN', grpcCode: 6 });
    expect(taken.hint).toContain('cluster-remove-node n1');
    expect(taken.hint).toContain('--name');
    const stranger = await cluster.add(3, { clusterName: 'other' });
    const mismatch = await stranger.refused(CLUSTER.Join, { addresses }, WRITE);
    expect(mismatch).toMatchObject({ code: 'CLUSTER_NAME_MISMATCH', grpcCode: 9 });
    expect(mismatch.hint).toContain('--cluster quorate');
    expect(stranger.node.status().condition).toBe('clean');
  });
});

describe('a member', () => {
  test('is admitted once, however often it asks', async () => {
    const [first, second] = await cluster.form(2);
    const { members } = (await first?.ask(CLUSTER.Members, {})) ?? { members: [] };
    const member = members.find(({ name }) => name === 'n2');
    const before = first?.node.status().lastLogIndex;
    const request = { member: member ?? {}, clusterName: 'quorate' };
    const answer = await first?.ask(CLUSTER.Admit, request);
    expect(answer).toMatchObject({ cluster: 'quorate', electionTimeoutMs: ELECTION_TIMEOUT_MS });
    expect(answer?.members.map(({ name, voter }) => [name, voter])).toEqual([
      ['n1', true],
      ['n2', true],
    ]);
    expect(first?.node.status().lastLogIndex).toBe(before);
    const copied = { ...member, installId: installId(99) };
    const error = await second?.refused(CLUSTER.Admit, { ...request, member: copied });
    expect(error?.code).toBe('NODE_ID_TAKEN');
  });

  test('shows all nodes, whichever is asked', async () => {
    const nodes = await cluster.form(3);
    for (const node of nodes) {
      const status = await statusWith(node, 'n3', 'STANDBY');
      expect(status).toMatchObject({
        cluster: 'quorate',
        quorum: true,
        leader: 'n1',
        primary: 'n1',
        failureTolerance: 1,
      });
      expect(status?.nodes.map(({ name, state, role }) => [name, state, role])).toEqual([
        ['n1', 'PRIMARY', 'LEADER'],
        ['n2', 'STANDBY', 'FOLLOWER'],
        ['n3', 'STANDBY', 'FOLLOWER'],
      ]);
      for (const line of status?.nodes ?? []) {
        expect(line.commitIndex).toBeGreaterThan(0);
        expect(line.lagEntries).toBeLessThan(10);
        expect(line.lastContactMs).toBeLessThan(ELECTION_TIMEOUT_MS);
      }
    }
  });

  test('that is dead is DOWN, with what is unknown absent', async () => {
    const [first, , third] = await cluster.form(3);
    await third?.stop();
    const status = await statusWith(first, 'n3', 'DOWN');
    expect(status).toMatchObject({ quorum: true, failureTolerance: 0 });
    const line = status?.nodes.find(({ name }) => name === 'n3');
    expect(line).toMatchObject({ state: 'DOWN', role: 'ROLE_UNSPECIFIED' });
    expect(line?.commitIndex).toBeUndefined();
    expect(line?.uptimeMs).toBeUndefined();
  });

  test('without a quorum says so, answers stale reads and refuses the rest', async () => {
    const [first, second, third] = await cluster.form(3);
    await first?.ask(SESSIONS.Put, { id: 's', attributes: { a: Buffer.from('1') } }, WRITE);
    await eventually(() => third?.node.state.session('s') !== null);
    await Promise.all([first?.stop(), second?.stop()]);
    await eventually(() => third?.node.status().leaderId === null);

    const status = await third?.ask(CLUSTER.Status, {});
    expect(status).toMatchObject({ cluster: 'quorate', quorum: false, failureTolerance: 0 });
    expect(status?.primary).toBeUndefined();
    expect(status?.epoch).toBeGreaterThan(0);
    expect(status?.nodes.map(({ name, state }) => [name, state])).toEqual([
      ['n1', 'DOWN'],
      ['n2', 'DOWN'],
      ['n3', 'STANDBY'],
    ]);

    const stale = await third?.ask(SESSIONS.Get, { id: 's', consistency: 'STALE' });
    expect(stale?.session?.attributes).toEqual({ a: Buffer.from('1') });
    expect(stale?.header?.stalenessMs).toBeGreaterThan(0);
    const read = await third?.refused(SESSIONS.Get, { id: 's' }, { timeoutMs: 500 });
    expect(read).toMatchObject({
      code: 'NO_QUORUM',
      grpcCode: 14,
      exitCode: 3,
      outcome: 'refused',
    });
    expect(read?.hint).toContain('majority');
    const write = await third?.refused(SESSIONS.Put, { id: 't' }, { timeoutMs: 500, ...WRITE });
    expect(write).toMatchObject({ code: 'NO_QUORUM', outcome: 'refused' });
  });

  test('whose disk failed is DEGRADED and still answers stale reads', async () => {
    const [first, second] = await cluster.form(3);
    if (second !== undefined) second.disk.isBroken = true;
    await first?.ask(SESSIONS.Put, { id: 's' }, WRITE);
    await eventually(() => second?.node.status().condition === 'degraded');
    const refused = await second?.refused(SESSIONS.Put, { id: 't' }, WRITE);
    expect(refused).toMatchObject({ code: 'DEGRADED', grpcCode: 14 });
    const listed = await second?.ask(SESSIONS.List, { consistency: 'STALE' });
    expect(listed?.header?.node).toBe('n2');
    const status = await statusWith(first, 'n2', 'DEGRADED');
    expect(status?.nodes.find(({ name }) => name === 'n2')?.state).toBe('DEGRADED');
  });
});

describe('a change of members', () => {
  test('removes a standby, asked through it', async () => {
    const [first, , third] = await cluster.form(3);
    const reason = 'maintenance';
    const dry = await third?.ask(CLUSTER.Remove, { name: 'n3', reason, dryRun: true }, WRITE);
    expect(dry).toMatchObject({
      node: 'n3',
      forecast: {
        before: { quorum: 2, failureTolerance: 1 },
        after: { voters: ['n1', 'n2'], quorum: 2, failureTolerance: 0 },
      },
    });
    expect(first?.node.status().configuration.members).toHaveLength(3);
    const metadata = { 'x-request-id': 'ticket-7' };
    await third?.ask(CLUSTER.Remove, { name: 'n3', reason }, { ...WRITE, metadata });
    const kinds = ['memberRemoved'];
    const { events } = (await first?.ask(CLUSTER.Events, { kinds })) ?? { events: [] };
    expect(events).toHaveLength(1);
    const [removed] = events;
    expect(removed?.requestId).toBe('ticket-7');
    const unknown = await first?.refused(CLUSTER.Events, { kinds: ['memberLost'] });
    expect(unknown).toMatchObject({ code: 'INVALID_ARGUMENT', data: { field: 'kinds' } });
    expect(removed?.text).toBe('n3 was removed: n3 asked by 127.0.0.1: maintenance');
    const again = await first?.refused(CLUSTER.Remove, { name: 'n3' }, WRITE);
    expect(again).toMatchObject({ code: 'UNKNOWN_NODE', grpcCode: 5 });
    expect(again?.hint).toContain('mon-cluster');
  });

  test('removes the leader, which hands over first', async () => {
    const nodes = await cluster.form(3);
    const answer = await nodes[0]?.ask(CLUSTER.Remove, { name: 'n1' }, WRITE);
    expect(answer).toMatchObject({ node: 'n1' });
    const rest = nodes.slice(1);
    await eventually(() => primaryOf(rest) !== undefined);
    const status = await rest[0]?.ask(CLUSTER.Status, {});
    expect(status?.nodes.map(({ name }) => name)).toEqual(['n2', 'n3']);
    await eventually(() => nodes[0]?.node.status().condition === 'removed');
    const error = await nodes[0]?.refused(SESSIONS.Put, { id: 's' }, WRITE);
    expect(error?.code).toBe('REMOVED');
    const join = await nodes[0]?.refused(CLUSTER.Join, { addresses: [rest[0]?.api ?? ''] }, WRITE);
    expect(join?.code).toBe('REMOVED');
  });

  test('is refused for the last voter and where the quorum would be lost', async () => {
    const [first] = await cluster.form(1);
    const last = await first?.refused(CLUSTER.Remove, { name: 'n1', force: true }, WRITE);
    expect(last).toMatchObject({ code: 'WOULD_LOSE_QUORUM', grpcCode: 9 });
    expect(last?.message).toContain('last voter');
  });

  test('is refused where the voters in contact would be too few, even by force', async () => {
    const [first, , third] = await cluster.form(3);
    await third?.stop();
    await statusWith(first, 'n3', 'DOWN');
    const lost = await first?.refused(CLUSTER.Remove, { name: 'n2', force: true }, WRITE);
    expect(lost).toMatchObject({ code: 'WOULD_LOSE_QUORUM' });
    expect(lost?.message).toContain('only 1 of 2');
    await first?.ask(CLUSTER.Remove, { name: 'n3' }, WRITE);
  });
});

describe('set-primary', () => {
  test('hands over to the node asked, and nothing is lost', async () => {
    const nodes = await cluster.form(3);
    const before = nodes[0]?.node.status().epoch ?? 0;
    const dry = await nodes[1]?.ask(CLUSTER.SetPrimary, { dryRun: true }, WRITE);
    expect(dry?.primary).toBe('n2');
    expect(dry?.forecast?.after?.primary).toBe('n2');
    expect(nodes[0]?.node.status().isPrimary).toBe(true);
    const done = await nodes[1]?.ask(CLUSTER.SetPrimary, { reason: 'patch' }, WRITE);
    expect(done?.primary).toBe('n2');
    expect(done?.epoch).toBeGreaterThan(before);
    expect(nodes[1]?.node.status().isPrimary).toBe(true);
    expect(nodes[0]?.node.status().isPrimary).toBe(false);
    const epoch = done?.epoch ?? 0;
    const check = await nodes[2]?.ask(CLUSTER.CheckEpoch, { epoch });
    expect(check).toMatchObject({ current: true, epoch, primary: 'n2' });
    const old = await nodes[2]?.ask(CLUSTER.CheckEpoch, { epoch: before });
    expect(old).toMatchObject({ current: false, epoch });

    const again = await nodes[0]?.ask(CLUSTER.SetPrimary, { name: 'n2' }, WRITE);
    expect(again).toMatchObject({ primary: 'n2', epoch });
  });

  test('refuses who is unknown, a learner, or DOWN', async () => {
    const [first, , third] = await cluster.form(3);
    const unknown = await first?.refused(CLUSTER.SetPrimary, { name: 'n9' }, WRITE);
    expect(unknown?.code).toBe('UNKNOWN_NODE');
    const learner = await cluster.add(4);
    await learner.ask(CLUSTER.Join, { addresses: [first?.api ?? ''], learner: true }, WRITE);
    const unfit = await first?.refused(CLUSTER.SetPrimary, { name: 'n4' }, WRITE);
    expect(unfit).toMatchObject({ code: 'TARGET_UNFIT', grpcCode: 9 });
    expect(unfit?.message).toContain('learner');
    expect(unfit?.hint).toContain('STANDBY');
    await third?.stop();
    await statusWith(first, 'n3', 'DOWN');
    const down = await first?.refused(CLUSTER.SetPrimary, { name: 'n3' }, WRITE);
    expect(down?.message).toContain('DOWN');
  });
});

describe('a call', () => {
  test('that asks not to be forwarded is told who leads', async () => {
    const [first, second] = await cluster.form(2);
    const metadata = { 'x-quorate-no-forward': '1' };
    const error = await second?.refused(SESSIONS.Put, { id: 's' }, { metadata, ...WRITE });
    expect(error).toMatchObject({ code: 'NOT_LEADER', grpcCode: 9, outcome: 'refused' });
    expect(error?.data).toMatchObject({ leader: first?.api, leader_name: 'n1' });
    expect(error?.hint).toContain(first?.api);
  });

  test('without the right to it is refused', async () => {
    const node = await cluster.add(1);
    node.isAuthorised = false;
    const error = await node.refused(CLUSTER.Status, {});
    expect(error).toMatchObject({ code: 'PERMISSION_DENIED', grpcCode: 7 });
  });

  test('with metadata out of bounds is refused', async () => {
    const node = await cluster.add(1);
    const long = await node.refused(
      CLUSTER.Status,
      {},
      { metadata: { 'x-request-id': 'r'.repeat(129) } },
    );
    expect(long).toMatchObject({ code: 'TOO_LARGE', data: { field: 'x-request-id' } });
    const odd = await node.refused(
      CLUSTER.Status,
      {},
      { metadata: { 'x-quorate-forwarded': '-1' } },
    );
    expect(odd.code).toBe('INVALID_ARGUMENT');
  });
});
