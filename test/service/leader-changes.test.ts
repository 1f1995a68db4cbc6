// Requests that wait for a leader who serves them: how often each asks, that none is late when somebody else leads, and that they
// leave no timer behind. Time, node and links are simulated; the routing is the real one.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { NodeLinks } from '../../src/client/node-links.js';
import { CLUSTER } from '../../src/client/protos.js';
import { QuorateError } from '../../src/errors.js';
import type { NodeApi, NodeOutline } from '../../src/node/api.js';
import type { NodeId, Term } from '../../src/raft/types.js';
import { backOffMs } from '../../src/service/leader-changes.js';
import { Routing } from '../../src/service/routing.js';
import { leaderStatus } from './words.js';

const REQUESTS = 200;
const DEADLINE_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([
  { attempt: 1, random: 0, ms: 10 },
  { attempt: 1, random: 0.999, ms: 20 },
  { attempt: 4, random: 0, ms: 80 },
  { attempt: 6, random: 0.999, ms: 500 },
  { attempt: 1000, random: 0, ms: 250 },
])('after attempt $attempt, at $random, $ms ms are waited', ({ attempt, random, ms }) => {
  expect(backOffMs(attempt, 1000, random)).toBe(ms);
});

/** A follower of n2, then of others, and what it asked of whom at which time; whoever is asked answers as `answers` says. */
function follower(answers: (address: string) => Promise<object>) {
  const seen: { outline: NodeOutline } = {
    outline: { ...leaderStatus(), role: 'follower', leaderId: 2 as NodeId },
  };
  const asked: { readonly address: string; readonly atMs: number }[] = [];
  const ask = (address: string): Promise<object> => {
    asked.push({ address, atMs: Date.now() });
    return answers(address);
  };
  let drawn = 0;
  const random = (): number => {
    drawn += 1;
    return (drawn * 0.618) % 1;
  };
  const node = { outline: () => seen.outline } as unknown as NodeApi;
  const clock = { nowMs: () => Date.now() };
  const routing = new Routing(node, clock, { ask } as unknown as NodeLinks, random);
  return { seen, asked, routing };
}

function refused(): Promise<object> {
  return Promise.reject(new QuorateError('NOT_LEADER', 'it does not lead'));
}

function requests(routing: Routing, isCovered: boolean): Promise<unknown>[] {
  const context = { deadlineMs: DEADLINE_MS, forwards: 0, mayForward: true, streamed: null };
  const known = { viaNodeId: null, requestId: 'r', who: 'w', identity: null, method: '/m' };
  const route = { isWrite: true, isCovered, request: {}, here: refused };
  return Array.from({ length: REQUESTS }, () =>
    routing.toLeader({ ...context, ...known }, CLUSTER.Status, route),
  );
}

test.each([false, true])(
  'many that a leader refuses ask it ever more rarely, and another at once; covered: %s',
  async (isCovered) => {
    const { seen, asked, routing } = follower((address) =>
      address.endsWith(':7003') ? Promise.resolve({ is: 'served' }) : refused(),
    );
    const served = Promise.all(requests(routing, isCovered));
    await vi.advanceTimersByTimeAsync(5000);
    // Every 20 ms they would have asked 250 times each.
    expect(asked.length / REQUESTS).toBeGreaterThan(8);
    expect(asked.length / REQUESTS).toBeLessThan(25);
    // Nor do they all ask at the same moments.
    const lately = asked.filter(({ atMs }) => atMs > 4000).map(({ atMs }) => atMs);
    expect(new Set(lately).size).toBeGreaterThan(20);
    asked.length = 0;
    seen.outline = { ...seen.outline, leaderId: 3 as NodeId, term: 3 as Term };
    await vi.advanceTimersByTimeAsync(20);
    expect(asked.map(({ address }) => address)).toEqual(Array(REQUESTS).fill('127.0.0.1:7003'));
    expect(await served).toHaveLength(REQUESTS);
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(0);
  },
);

test('what is covered and unanswered is asked of the next leader, as soon as there is one', async () => {
  const { seen, asked, routing } = follower((address) =>
    address.endsWith(':7003') ? Promise.resolve({}) : new Promise(() => undefined),
  );
  const served = Promise.all(requests(routing, true));
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toHaveLength(REQUESTS);
  seen.outline = { ...seen.outline, leaderId: 3 as NodeId, term: 3 as Term };
  await vi.advanceTimersByTimeAsync(60);
  expect(await served).toHaveLength(REQUESTS);
  await vi.advanceTimersByTimeAsync(100);
  expect(vi.getTimerCount()).toBe(0);
});

test('without a leader nobody is asked, and all end at their deadline saying so', async () => {
  const { seen, asked, routing } = follower(refused);
  seen.outline = { ...seen.outline, leaderId: null };
  const ends = Promise.all(
    requests(routing, false).map((one) => one.catch((error: QuorateError) => error.code)),
  );
  await vi.advanceTimersByTimeAsync(DEADLINE_MS + 100);
  expect(new Set(await ends)).toEqual(new Set(['NO_QUORUM']));
  expect(asked).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
