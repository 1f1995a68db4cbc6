// What happens when peers go, come back, fall silent or will not read: links recover fast, leak nothing, hold a bounded
// amount of memory, and nothing keeps `close` from ending. A tap stands between two nodes where the network misbehaves.

import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';

import { formatAddress } from '../../src/address.js';
import { helloTo } from '../../src/transport/handshake.js';
import type { InboundCall } from '../../src/transport/inbound.js';
import { linkTimersFor } from '../../src/transport/link-timers.js';
import { PeerService } from '../../src/transport/peer-service.js';
import { PeerStream } from '../../src/transport/peer-stream.js';
import { QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX, SendQueue } from '../../src/transport/send-queue.js';
import { probe } from '../../src/tls/probe.js';
import type { ProbeResult } from '../../src/tls/probe.js';
import { N, install, member } from '../support/raft-words.js';
import {
  CLUSTER,
  Tap,
  TestNode,
  bulky,
  closeAll,
  descriptorCount,
  heartbeat,
  startMesh,
  until,
  vote,
} from './bench.js';

let nodes: TestNode[] = [];
let taps: Tap[] = [];

afterEach(async () => {
  await closeAll(nodes);
  await Promise.all(taps.map((tap) => tap.close()));
  nodes = [];
  taps = [];
});

async function start(node: number, port = 0): Promise<TestNode> {
  const made = await TestNode.start(node, { port });
  nodes.push(made);
  return made;
}

async function startTap(target: TestNode | null): Promise<Tap> {
  const tap = await Tap.start(target?.address ?? null);
  taps.push(tap);
  return tap;
}

/** Node 1 that knows node 2 only through a tap. */
async function startTapped(): Promise<{ one: TestNode; two: TestNode; tap: Tap; address: string }> {
  const [one, two] = [await start(1), await start(2)];
  const tap = await startTap(two);
  const address = formatAddress(tap.address);
  two.advertised = tap.address;
  one.transport.setPeers([member(2, { address })]);
  await until('the link is up', () => one.sees(two));
  return { one, two, tap, address };
}

describe('a link', () => {
  test('is up again within a second after its peer restarts on the same port', async () => {
    nodes = await startMesh(2);
    const [one, two] = nodes as [TestNode, TestNode];
    const { port } = two.address;
    const address = `${formatAddress(two.address)}`;
    const told = (what: string): number => one.log.count(`cluster member ${address} is ${what}`);
    // On a busy machine the very first greeting may have come too late.
    const before = { down: told('down'), up: told('up') };
    await two.transport.close();
    await until('the peer is down', () => !one.sees(two));
    const again = await start(2, port);
    again.meets(one);
    const elapsedMs = await until('both are up', () => one.sees(again) && again.sees(one));
    expect(elapsedMs).toBeLessThan(1000);
    one.transport.send(N(2), heartbeat(5));
    await until('a message arrived', () => again.received.length === 1);
    expect(told('down') - before.down).toBe(1);
    expect(told('up') - before.up).toBe(1);
  });

  test('gives up a peer that falls silent within about an election timeout, and finds it again', async () => {
    const { one, two, tap, address } = await startTapped();
    tap.silence('swallows');
    const downMs = await until('it is down', () => !one.sees(two));
    expect(downMs).toBeLessThan(CLUSTER.electionTimeoutMs * 1.5);
    expect(one.log.count(`cluster member ${address} is down`)).toBe(1);
    tap.heal();
    await until('it is up', () => one.sees(two));
    one.transport.send(N(2), heartbeat(1));
    await until('a message arrived', () => two.received.length === 1);
  });

  test('leaves no connection behind when its peer falls silent, round after round', async () => {
    const { one, two, tap } = await startTapped();
    for (let round = 0; round < 5; round += 1) {
      tap.silence('swallows');
      one.transport.send(N(2), bulky(round, 300_000));
      await until('it is down', () => !one.sees(two));
      tap.heal();
      await until('it is up', () => one.sees(two));
    }
    // One connection through the tap has two ends in it.
    await until('only the newest connection is left', () => tap.openCount === 2);
  });

  test('says once that a peer is down which never was up', async () => {
    const one = await start(1);
    const gone = await start(2);
    const { member: peer } = gone;
    await gone.transport.close();
    one.transport.setPeers([peer]);
    const { log } = one;
    await until('it is down', () => log.count(`cluster member ${peer.address} is down`) === 1);
    one.transport.setPeers([]);
    expect(log.lines).toHaveLength(1);
  });

  test('holds a bounded amount for a peer that does not read, then gives it up', async () => {
    const { one, two, tap } = await startTapped();
    const startedAt = process.memoryUsage().arrayBuffers;
    tap.silence('stops');
    let bytesMax = 0;
    let countMax = 0;
    for (let round = 1; one.sees(two) && round <= 100_000; round += 1) {
      one.transport.send(N(2), bulky(round, 256 * 1024));
      const { count, bytes } = one.transport.queued(N(2));
      bytesMax = Math.max(bytesMax, bytes);
      countMax = Math.max(countMax, count);
      // More than fits in one turn first: on a slow machine the peer is given up before little by little fills the queue.
      const isFirstTurn = round * 256 * 1024 <= QUEUE_BYTES_MAX + 1024 * 1024;
      if (!isFirstTurn && round % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(one.sees(two)).toBe(false);
    expect(bytesMax).toBeGreaterThan(QUEUE_BYTES_MAX / 2);
    expect(bytesMax).toBeLessThanOrEqual(QUEUE_BYTES_MAX);
    expect(countMax).toBeLessThanOrEqual(QUEUE_MESSAGES_MAX);
    expect(one.log.count('messages to a slow peer are dropped')).toBe(1);
    expect(process.memoryUsage().arrayBuffers - startedAt).toBeLessThan(4 * QUEUE_BYTES_MAX);
    expect(one.transport.queued(N(2)).bytes).toBe(0);
  });

  test('gives up a peer that is alive but takes nothing from the stream', async () => {
    const server = new Server();
    let streamCount = 0;
    server.addService(PeerService.service, {
      // Answers the greeting, then reads no more; pings are answered below it.
      Exchange(call: InboundCall) {
        streamCount += 1;
        call.once('data', () => {
          call.write({ accepted: true });
          call.pause();
        });
      },
    });
    const port = await new Promise<number>((resolve) => {
      const insecure = ServerCredentials.createInsecure();
      server.bindAsync('127.0.0.1:0', insecure, (_error, port) => resolve(port));
    });
    const one = await start(1);
    one.transport.setPeers([member(2, { address: `127.0.0.1:${port}` })]);
    await until('it is up', () => one.transport.isUp(N(2)));
    for (let round = 1; round <= 60; round += 1) one.transport.send(N(2), bulky(round, 200_000));
    await until('a new stream is tried', () => streamCount === 2);
    const { stallMs } = linkTimersFor(CLUSTER.electionTimeoutMs);
    const down = one.log.lines.find(({ sentence }) => sentence.endsWith('is down'));
    expect(down?.fields).toEqual({ peerId: 2, cause: `the peer took nothing for ${stallMs} ms` });
    server.forceShutdown();
  });

  test('sends a vote before the megabytes that wait', async () => {
    nodes = await startMesh(2);
    const [one, two] = nodes as [TestNode, TestNode];
    for (let round = 1; round <= 20; round += 1) one.transport.send(N(2), bulky(round, 512 * 1024));
    one.transport.send(N(2), vote(1));
    await until('all arrived', () => two.received.length === 21);
    const place = two.received.findIndex(({ message }) => message.type === 'requestVote');
    expect(place).toBeLessThanOrEqual(2);
  });
});

describe('a peer that accepts connections and never speaks', () => {
  test('is probed a hundred times without a descriptor left', async () => {
    const tap = await startTap(null);
    const before = descriptorCount();
    for (let round = 0; round < 100; round += 1) {
      const result = await new Promise<ProbeResult>((resolve) => {
        probe({ address: tap.address, limitMs: 3, tls: null }, resolve);
      });
      expect(result).toEqual({ type: 'fails', detail: 'no answer within 3 ms' });
    }
    expect(tap.acceptedCount).toBeGreaterThan(50);
    await until('all are closed', () => descriptorCount() <= before);
  });

  test('never gets further than a probe', async () => {
    const tap = await startTap(null);
    const one = await start(1);
    const before = descriptorCount();
    one.transport.setPeers([member(2, { address: formatAddress(tap.address) })]);
    await until('several attempts', () => tap.acceptedCount >= 4);
    await one.transport.close();
    await until('all are closed', () => tap.openCount === 0 && descriptorCount() <= before);
  });

  test('that froze after its probe costs one descriptor until it thaws or dies', async () => {
    const tap = await startTap(null);
    const timers = { ...linkTimersFor(100), handshakeMs: 30 };
    const self = {
      nodeId: N(1),
      installId: install(1),
      version: '1',
      incarnation: '00000000000000aa',
      featureMin: 1,
      featureMax: 1,
      advertised: () => '',
    };
    const hello = helloTo(self, CLUSTER, N(2));
    const end = await new Promise((resolve) => {
      new PeerStream(
        { target: tap.address, host: tap.address.host, tls: null, hello, timers },
        { queue: new SendQueue(), onOpen: () => resolve('open'), onEnd: resolve },
      ).pump();
    });
    expect(end).toEqual({ type: 'failed', detail: 'no answer to the greeting within 30 ms' });
    await until('the tap sees the connection', () => tap.openCount === 1);
    const before = descriptorCount();
    await tap.close();
    taps = [];
    await until('the descriptor is back', () => descriptorCount() <= before - 2);
  });
});

describe('a probe', () => {
  test('finds a node that listens, and closes what it opened', async () => {
    const one = await start(1);
    const before = descriptorCount();
    const result = await new Promise((resolve) => {
      const address = { host: 'localhost', port: one.address.port };
      probe({ address, limitMs: 1000, tls: null }, resolve);
    });
    expect(result).toEqual({ type: 'answers', address: one.address });
    await until('all are closed', () => descriptorCount() <= before);
  });

  test('can be given up without a call back', async () => {
    const tap = await startTap(null);
    const results: ProbeResult[] = [];
    const cancel = probe({ address: tap.address, limitMs: 5, tls: null }, (result) =>
      results.push(result),
    );
    cancel();
    await new Promise<void>((resolve) => {
      probe({ address: tap.address, limitMs: 20, tls: null }, () => resolve());
    });
    expect(results).toEqual([]);
  });
});

describe('close', () => {
  test('sends what waits', async () => {
    nodes = await startMesh(2);
    const [one, two] = nodes as [TestNode, TestNode];
    for (let round = 1; round <= 50; round += 1) one.transport.send(N(2), bulky(round, 10_000));
    await one.transport.close();
    await until('all arrived', () => two.received.length === 50);
  });

  test.each(['swallows', 'stops'] as const)(
    'ends in time when a connection %s everything',
    async (flow) => {
      const { one, two } = await startTapped();
      two.transport.setPeers([
        member(1, { address: formatAddress((await startTap(one)).address) }),
      ]);
      await until('the other link is up', () => two.sees(one));
      for (const each of taps) each.silence(flow);
      for (let round = 1; round <= 50; round += 1) one.transport.send(N(2), bulky(round, 200_000));
      const startMs = performance.now();
      await one.transport.close();
      expect(performance.now() - startMs).toBeLessThan(1500);
    },
  );

  test('ends at once for a node that knows nobody, twice too', async () => {
    const one = await start(1);
    await one.transport.close();
    await one.transport.close();
    one.transport.send(N(2), heartbeat(1));
    one.transport.setPeers([member(2)]);
    expect(one.log.lines).toEqual([]);
  });
});
