// A member that slept through its removal and finds the others by discovery only: it asks around, is told that it was removed, believes
// that of its own cluster, and is silent from then on. Two formations meet in this process, without sockets.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { parseAddress } from '../../src/address.js';
import { Formation } from '../../src/discovery/formation.js';
import { Forming } from '../../src/forming/forming.js';
import { FORMING_RECORD_NONE } from '../../src/forming/types.js';
import { N, install } from '../support/raft-words.js';

const CLUSTER = '0123456789abcdef0123456789abcdef';
const address = (at: number): string => `10.0.0.${at}:6000`;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function formation(at: number, clusterId: string) {
  const seen = { meetings: 0, removed: 0, isEnded: false };
  const others: Formation[] = [];
  const levels = { version: '0.1.0', featureMin: 1, featureMax: 1, witness: false, priority: 50 };
  const name = `n${at}`;
  const self = { id: N(at), installId: install(at), name, address: address(at), api: address(at) };
  const forming = new Forming({
    self: { ...self, ...levels },
    clusterName: 'quorate',
    electionTimeoutMs: 1000,
    plan: { type: 'join' },
    record: FORMING_RECORD_NONE,
    cluster: clusterId,
    isEnded: false,
    nowMs: 0,
    listenMs: 0,
  });
  const note = (): void => {};
  const one = new Formation(forming, {
    clock: { nowMs: () => performance.now() },
    log: { error: note, warn: note, info: note, debug: note },
    isPassive: false,
    meet: (_, message) => {
      seen.meetings += 1;
      const [other] = others;
      const failed = { type: 'failed', detail: 'nobody there' } as const;
      return Promise.resolve(other?.onMeeting(message) ?? failed);
    },
    contacts: () => [parseAddress(address(3 - at), null)],
    beacon: note,
    saveRecord: note,
    found: note,
    join: () => Promise.resolve(),
    membership: () => ({ clusterId, addresses: [], isLost: at === 2, isEnded: seen.isEnded }),
    fellows: { isFellow: () => false, isSought: () => false, met: note },
    wasRemoved: (id) => at === 1 && id === N(2),
    onRemoved: () => {
      seen.removed += 1;
      seen.isEnded = true;
    },
    onFatal: (error) => {
      throw error;
    },
  });
  return { one, seen, others };
}

test.each([
  ['of its cluster: it is told so once, and asks no more', CLUSTER, 1],
  ['of another cluster of that name: it is told nothing', 'f'.repeat(32), 0],
])('a removed member meets one %s', async (_, clusterId, told) => {
  const member = formation(1, clusterId);
  const removed = formation(2, CLUSTER);
  removed.others.push(member.one);
  removed.one.start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(removed.seen.removed).toBe(told);
  expect(removed.seen.meetings === 1).toBe(told === 1);
  removed.one.stop();
  expect(vi.getTimerCount()).toBe(0);
});
