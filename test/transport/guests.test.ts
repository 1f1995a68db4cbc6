// Callers that are no members as far as the callee knows: a newcomer's first contact with its leader, seen from the
// newcomer. They are answered at the address that they name, a bounded number at a time.

import { afterEach, expect, test } from 'vitest';

import { N, sender } from '../support/raft-words.js';
import { TestNode, closeAll, heartbeat, until, vote } from './bench.js';

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
