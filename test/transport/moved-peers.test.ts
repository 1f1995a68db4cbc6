// Where a member is reached that restarted elsewhere than its row says, as a table of what was told and what follows; and
// that two real transports find each other that way before any row has changed. Whole daemons are moved in
// test/e2e/membership.test.ts.
import { afterEach, describe, expect, test } from 'vitest';

import { formatAddress, parseAddress } from '../../src/address.js';
import type { Hello } from '../../src/transport/handshake.js';
import { MovedPeers } from '../../src/transport/moved-peers.js';
import { N, install, member } from '../support/raft-words.js';
import { TestNode, closeAll, heartbeat, until, vote } from './bench.js';

let nodes: TestNode[] = [];

afterEach(async () => {
  await closeAll(nodes);
  nodes = [];
});

const ROWS = [member(1), member(2), member(3)];

function hello(node: number, fromAddress: string, incarnation = 1): Hello {
  return {
    clusterId: '0123456789abcdef0123456789abcdef',
    clusterName: 'quorate',
    electionTimeoutMs: 1000,
    from: { id: N(node), installId: install(node, incarnation) },
    incarnation: '0000000000000001',
    fromAddress,
    toNodeId: N(1),
    version: '0.1.0',
    featureMin: 1,
    featureMax: 1,
  };
}

describe('a member that greets', () => {
  const cases: { name: string; told: Hello; reached: string | null }[] = [
    { name: 'from elsewhere', told: hello(2, '10.9.9.9:6000'), reached: '10.9.9.9:6000' },
    { name: 'from where its row says', told: hello(2, '10.0.0.2:6000'), reached: null },
    {
      name: 'with another data directory',
      told: hello(2, '10.9.9.9:6000', 2),
      reached: null,
    },
    { name: 'with the address of another member', told: hello(2, '10.0.0.3:6000'), reached: null },
    { name: 'and is none', told: hello(9, '10.9.9.9:6000'), reached: null },
  ];

  test.each(cases)('$name', ({ told, reached }) => {
    const moved = new MovedPeers();
    moved.setRows(ROWS);
    moved.greeted(told, parseAddress(told.fromAddress, null));
    const address = moved.addressOf(told.from.id);
    expect(address === null ? null : formatAddress(address)).toBe(reached);
  });

  test('is reached where it said until its row is changed, to whatever it is', () => {
    const moved = new MovedPeers();
    moved.setRows(ROWS);
    moved.greeted(hello(2, '10.9.9.9:6000'), parseAddress('10.9.9.9:6000', null));
    moved.setRows([member(1), member(2, { priority: 90 }), member(3)]);
    expect(moved.addressOf(N(2))).toEqual({ host: '10.9.9.9', port: 6000 });
    moved.setRows([member(1), member(2, { address: '10.8.8.8:6000' }), member(3)]);
    expect(moved.addressOf(N(2))).toBe(null);
  });

  test('is reached by its row again when it comes back there', () => {
    const moved = new MovedPeers();
    moved.setRows(ROWS);
    moved.greeted(hello(2, '10.9.9.9:6000'), parseAddress('10.9.9.9:6000', null));
    const back = moved.greeted(hello(2, '10.0.0.2:6000'), parseAddress('10.0.0.2:6000', null));
    expect(back).toEqual({ host: '10.0.0.2', port: 6000 });
    expect(moved.addressOf(N(2))).toBe(null);
  });
});

test('A member that restarts at another port is answered there, though its row is the old one', async () => {
  const one = await TestNode.start(1, {});
  const two = await TestNode.start(2, {});
  nodes.push(one, two);
  one.meets(two);
  two.meets(one);
  await until('they reach each other', () => one.transport.isUp(N(2)) && two.transport.isUp(N(1)));
  await two.transport.close();
  const moved = await TestNode.start(2, {});
  nodes.push(moved);
  expect(moved.address.port).not.toBe(two.address.port);
  moved.meets(one);
  await until('it is answered', () => {
    moved.transport.send(N(1), vote(2));
    if (one.received.length > 0) one.transport.send(N(2), heartbeat(1));
    return moved.received.length > 0;
  });
});
