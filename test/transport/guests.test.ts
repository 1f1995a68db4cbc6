// Callers that are no members as far as the callee knows: a newcomer's first contact with its leader, seen from the
// newcomer. They are answered at the address that they name, a bounded number at a time.

import { credentials } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';

import { formatAddress } from '../../src/address.js';
import { helloTo } from '../../src/transport/handshake.js';
import type { LocalNode } from '../../src/transport/handshake.js';
import { PeerService } from '../../src/transport/peer-service.js';
import { N, install, sender } from '../support/raft-words.js';
import { CLUSTER, TestNode, closeAll, heartbeat, until, vote } from './bench.js';

let nodes: TestNode[] = [];

afterEach(async () => {
  await closeAll(nodes);
  nodes = [];
});

async function start(node: number, port = 0): Promise<TestNode> {
  const started = await TestNode.start(node, { port });
  nodes.push(started);
  return started;
}

test('A node answers a caller that it does not know as a member', async () => {
  const leader = await start(1);
  const newcomer = await start(2);
  leader.meets(newcomer);
  await until('the heartbeat arrived', () => {
    leader.transport.send(N(2), heartbeat(1));
    return newcomer.received.length > 0;
  });
  await until('the answer arrived', () => {
    if (leader.received.length === 0) newcomer.transport.send(N(1), vote(2));
    return leader.received.length > 0;
  });
  expect(leader.received[0]).toEqual({ from: sender(2), message: vote(2) });
});

test('A node keeps links to at most eight callers that are no members, the newest ones', async () => {
  const callee = await start(1);
  const callers: TestNode[] = [];
  for (let node = 2; node <= 11; node += 1) {
    const caller = await start(node);
    caller.meets(callee);
    await until('the caller is heard', () => caller.transport.isUp(N(1)));
    callers.push(caller);
  }
  const answered = (): number[] => callers.filter((c) => c.received.length > 0).map((c) => c.id);
  await until('the newest eight are answered', () => {
    for (const { id } of callers) callee.transport.send(N(id), vote(1));
    return answered().length >= 8;
  });
  expect(answered()).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

test('Two nodes that are guests of each other greet each other once', async () => {
  const first = await start(1);
  const two = await start(2);
  first.meets(two);
  await until('two answers', () => first.greetings.length === 1);
  await first.transport.close();
  // Comes back and knows nobody, while node 2 still has its link.
  const one = await start(1, first.address.port);
  await until('each was greeted again', () => {
    return one.greetings.length >= 1 && two.greetings.length >= 2;
  });
  for (let term = 1; term <= 20; term += 1) {
    one.transport.send(N(2), vote(term));
    await until('it arrived', () => two.received.length === term);
    two.transport.send(N(1), vote(term));
    await until('it arrived', () => one.received.length === term);
  }
  expect([one.greetings.length, two.greetings.length]).toEqual([1, 2]);
});

test('A guest that becomes a member keeps its link', async () => {
  const one = await start(1);
  const two = await start(2);
  one.meets(two);
  await until('two answers', () => one.greetings.length === 1);
  two.meets(one);
  await until('it is up', () => two.sees(one));
  two.transport.send(N(1), vote(1));
  await until('it arrived', () => one.received.length === 1);
  expect(one.greetings).toHaveLength(1);
});

test('A guest that is gone is forgotten after a while, and answered again when it greets again', async () => {
  const callee = await TestNode.start(1, { guestDownMaxMs: 300 });
  const caller = await start(2);
  nodes.push(callee);
  caller.meets(callee);
  await until('two answers', () => callee.greetings.length === 1 && caller.greetings.length === 1);
  const { port } = caller.address;
  await caller.transport.close();
  const forgotten = 'a caller that is no member is gone and is forgotten';
  await until('it is forgotten', () => callee.log.count(forgotten) === 1);
  const again = await start(2, port);
  again.meets(callee);
  await until('it is answered', () => again.greetings.length === 1);
});

test('A guest that cannot be reached is kept while it has a stream to this node', async () => {
  const callee = await TestNode.start(1, { guestDownMaxMs: 50 });
  const away = await start(2);
  nodes.push(callee);
  const { address } = away;
  await away.transport.close();
  const client = new PeerService(formatAddress(callee.address), credentials.createInsecure());
  const call = client.exchange();
  call.on('error', () => {});
  const advertised = (): string => formatAddress(address);
  call.write({ hello: helloTo(local(2, advertised), CLUSTER, N(1)) });
  await until('it is heard', () => callee.greetings.length === 1);
  const heardAtMs = performance.now();
  await until('it is gone for long', () => performance.now() - heardAtMs > 500);
  const back = await start(2, address.port);
  await until('it is answered', () => back.greetings.length === 1);
  call.cancel();
  client.close();
});

function local(node: number, advertised: () => string): LocalNode {
  const incarnation = '00000000000000aa';
  const versions = { incarnation, version: '0.1.0', featureMin: 1, featureMax: 1 };
  return { nodeId: N(node), installId: install(node), ...versions, advertised };
}
