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

async function start(node: number): Promise<TestNode> {
  const started = await TestNode.start(node);
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
