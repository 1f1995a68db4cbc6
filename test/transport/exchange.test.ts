// Transports that talk to one another over real sockets: what arrives, from whom, in which order, how large,
// and who is refused. Reconnecting and slow peers have files of their own.

import { afterEach, describe, expect, test } from 'vitest';

import { formatAddress } from '../../src/address.js';
import { MESSAGE_BYTES_MAX, encodeMessage } from '../../src/codec/message-codec.js';
import type { Message } from '../../src/raft/message.js';
import { admitByCluster } from '../../src/transport/grpc-transport.js';
import type { Hello } from '../../src/transport/grpc-transport.js';
import { N, install, member, sender } from '../support/raft-words.js';
import { CLUSTER, TestNode, bulky, closeAll, heartbeat, startMesh, until, vote } from './bench.js';

let nodes: TestNode[] = [];

afterEach(async () => {
  await closeAll(nodes);
  nodes = [];
});

async function startPair(): Promise<readonly [TestNode, TestNode]> {
  nodes = await startMesh(2);
  const [one, two] = nodes;
  if (one === undefined || two === undefined) throw new Error('two were started');
  return [one, two];
}

/** Bytes of the first entry; compared whole, because a comparison element by element takes seconds. */
function dataOf(message: Message | undefined): Buffer {
  const entry = message?.type === 'appendEntries' ? message.entries[0] : undefined;
  return entry?.kind === 'command' ? Buffer.from(entry.data) : Buffer.alloc(0);
}

describe('GrpcTransport', () => {
  test('carries messages both ways, in order, each with its sender', async () => {
    const [one, two] = await startPair();
    for (let round = 1; round <= 1000; round += 1) {
      one.transport.send(N(2), heartbeat(round));
      if (round % 100 === 0) await until('some arrived', () => two.received.length >= round);
    }
    two.transport.send(N(1), vote(7));
    await until('the vote arrived', () => one.received.length === 1);
    expect(two.rounds()).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
    expect(two.received[0]).toEqual({ from: sender(1), message: heartbeat(1) });
    expect(one.received[0]).toEqual({ from: sender(2), message: vote(7) });
  });

  test('lets three nodes reach one another and says once that each is up', async () => {
    nodes = await startMesh(3);
    for (const from of nodes) {
      for (const to of nodes) from.transport.send(N(to.id), heartbeat(from.id));
    }
    await until('all arrived', () => nodes.every(({ received }) => received.length === 2));
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node);
      expect(node.rounds().sort((a, b) => a - b)).toEqual(others.map(({ id }) => id));
      for (const other of others) {
        expect(node.log.count(`cluster member ${formatAddress(other.address)} is up`)).toBe(1);
      }
    }
  });

  test('carries the largest messages, many at a time', async () => {
    const [one, two] = await startPair();
    const large = bulky(1, MESSAGE_BYTES_MAX - 256);
    expect(encodeMessage(large).length).toBeGreaterThan(MESSAGE_BYTES_MAX - 256);
    one.transport.send(N(2), large);
    for (let round = 2; round <= 20; round += 1) one.transport.send(N(2), bulky(round, 512 * 1024));
    await until('all arrived', () => two.received.length === 20);
    expect(two.rounds()).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(dataOf(two.received[0]?.message).equals(dataOf(large))).toBe(true);
  });

  test('does not lose the first vote to a peer that it is still looking for', async () => {
    const two = await TestNode.start(2);
    const one = await TestNode.start(1);
    nodes = [one, two];
    one.meets(two);
    one.transport.send(N(2), vote(1));
    await until('the vote arrived', () => two.received.length === 1);
  });

  test('drops what is sent to strangers and to itself', async () => {
    const [one, two] = await startPair();
    one.transport.setPeers([one.member, two.member]);
    one.transport.send(N(9), heartbeat(1));
    one.transport.send(N(1), heartbeat(1));
    one.transport.send(N(2), heartbeat(1));
    await until('one arrived', () => two.received.length === 1);
    expect(one.received).toEqual([]);
  });

  test('follows changes of the peers: a new one, a new address, a removed one', async () => {
    const [one, two] = await startPair();
    const three = await TestNode.start(3);
    nodes.push(three);
    three.meets(one);
    one.meets(two, three);
    await until('three is seen', () => one.sees(three));
    const moved = await TestNode.start(2, { incarnation: 2 });
    nodes.push(moved);
    one.meets(moved, three);
    await until('two is seen at its new address', () => one.sees(moved));
    one.transport.send(N(2), heartbeat(1));
    await until('it arrived there', () => moved.received.length === 1);
    expect(two.received).toEqual([]);
    one.meets(moved);
    expect(one.sees(three)).toBe(false);
    expect(one.log.count(`cluster member ${formatAddress(three.address)} is down`)).toBe(0);
  });

  test('names a member whose address cannot be used, and serves the others', async () => {
    const [one, two] = await startPair();
    one.transport.setPeers([member(3, { address: '::1:6000' }), two.member]);
    expect(one.sees(two)).toBe(true);
    const line = one.log.lines.find(({ level }) => level === 'error');
    expect(line?.fields).toMatchObject({ peerId: 3 });
    expect(line?.fields['detail']).toContain('"::1:6000"');
  });

  test('rejects an address that is taken, naming it', async () => {
    const one = await TestNode.start(1);
    nodes = [one];
    const { port } = one.address;
    await expect(TestNode.start(2, { port })).rejects.toThrow(`127.0.0.1:${port}`);
  });
});

describe('a data directory that runs twice', () => {
  const refused = 'a peer refuses this node';

  test('is refused where it came later, and told so for good once the earlier one goes on speaking', async () => {
    const [one, two] = await startPair();
    const speaking = setInterval(() => two.transport.send(N(1), vote(1)), 20);
    const twin = await TestNode.start(2);
    nodes.push(twin);
    twin.meets(one);
    await until('it is told', () => twin.refusals.includes('RUNS_TWICE'));
    clearInterval(speaking);
    expect(twin.refusals[0]).toBe('STILL_HEARD');
    expect(two.log.count(refused)).toBe(0);
    expect(one.sees(two)).toBe(true);
  });

  test('is taken for a restart when the earlier one has fallen silent', async () => {
    const [one, two] = await startPair();
    const startedMs = performance.now();
    await until(
      'it is silent',
      () => performance.now() - startedMs > 2 * CLUSTER.electionTimeoutMs,
    );
    const twin = await TestNode.start(2);
    nodes.push(twin);
    twin.meets(one);
    await until('it took the place', () => two.log.count(refused) === 1);
    expect(twin.refusals).not.toContain('RUNS_TWICE');
  });
});

describe('the handshake', () => {
  const local = {
    nodeId: N(1),
    installId: install(1),
    incarnation: '00000000000000aa',
    version: '1',
    featureMin: 2,
    featureMax: 3,
    advertised: () => '127.0.0.1:6000',
  };
  const hello: Hello = {
    ...CLUSTER,
    from: sender(2),
    incarnation: '00000000000000bb',
    fromAddress: '127.0.0.1:6010',
    toNodeId: N(1),
    featureMin: 3,
    featureMax: 4,
    version: '1',
  };

  test.each([
    ['a caller that fits', {}, 'accepted'],
    ['another cluster', { clusterId: 'f'.repeat(32) }, 'WRONG_CLUSTER'],
    ['a call for another node', { toNodeId: N(3) }, 'WRONG_NODE'],
    ['other timers', { electionTimeoutMs: 401 }, 'TIMERS_DIFFER'],
    ['a node that was removed', {}, 'REMOVED', (): boolean => true],
    ['newer features only', { featureMin: 4, featureMax: 5 }, 'FEATURES_DIFFER'],
    ['older features only', { featureMin: 1, featureMax: 1 }, 'FEATURES_DIFFER'],
    // This node may be behind, so who has unlearned its level is not refused for that.
    ['features above the level here', { featureMin: 3, featureMax: 4 }, 'accepted', undefined, 2],
    [
      'features that end below it',
      { featureMin: 1, featureMax: 2 },
      'LEVEL_UNSPOKEN',
      undefined,
      3,
    ],
  ])('judges %s', (_name, extra, expected, wasRemoved = (): boolean => false, level = 1) => {
    const admission = admitByCluster(local, CLUSTER, { ...hello, ...extra }, wasRemoved, level);
    expect(admission.type === 'refused' ? admission.reason : admission.type).toBe(expected);
  });

  test('refuses everybody while the node belongs to no cluster', () => {
    expect(admitByCluster(local, null, hello)).toMatchObject({ reason: 'NOT_A_MEMBER' });
  });

  test('tells a caller whose software is too old what to install', () => {
    const old = { ...hello, featureMin: 1, featureMax: 2, version: '0.1.0' };
    const detail =
      'version 0.1.0 speaks feature level 1 to 2, the cluster is at 3: install a later version, one that speaks 3';
    expect(admitByCluster(local, CLUSTER, old, undefined, 3)).toMatchObject({ detail });
  });

  test('refuses another cluster on both sides, and each logs it once', async () => {
    const other = { ...CLUSTER, clusterId: 'f'.repeat(32), clusterName: 'other' };
    const one = await TestNode.start(1);
    const two = await TestNode.start(2, { cluster: other });
    nodes = [one, two];
    one.meets(two);
    two.meets(one);
    await until('several attempts', () => one.greetings.length >= 3 && two.greetings.length >= 3);
    one.transport.send(N(2), vote(1));
    for (const node of nodes) {
      expect(node.received).toEqual([]);
      expect(node.log.count('a peer refuses this node')).toBe(1);
      expect(node.log.count('a caller was refused')).toBe(1);
      expect(node.log.lines).toHaveLength(2);
    }
  });

  test('lets a clean node in as soon as it knows the cluster', async () => {
    const one = await TestNode.start(1);
    const clean = await TestNode.start(2, { cluster: null });
    nodes = [one, clean];
    one.meets(clean);
    clean.meets(one);
    await until('a refusal', () => one.log.count('a peer refuses this node') === 1);
    expect(one.greetings).toEqual([]);
    clean.cluster = CLUSTER;
    const elapsedMs = await until('both are up', () => one.sees(clean) && clean.sees(one));
    expect(elapsedMs).toBeLessThan(1000);
  });
});
