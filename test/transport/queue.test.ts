// The leaves of the transport: the queue of one peer with its bounds, and the arithmetic of a link's timers.
// No sockets here.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { backoffMs, linkTimersFor } from '../../src/transport/link-timers.js';
import {
  QUEUE_BYTES_MAX,
  QUEUE_MESSAGES_MAX,
  QUEUE_UNCONNECTED_MAX,
  SendQueue,
  laneOf,
} from '../../src/transport/send-queue.js';
import type { Lane } from '../../src/transport/send-queue.js';
import { heartbeat, vote } from './bench.js';

const MIB = 1024 * 1024;

function bytes(first: number, length = 1): Uint8Array {
  return Uint8Array.of(first, ...Array.from({ length: length - 1 }, () => 0));
}

function drain(queue: SendQueue): number[] {
  const firsts: number[] = [];
  for (let next = queue.shift(); next !== null; next = queue.shift()) firsts.push(next[0] ?? -1);
  return firsts;
}

describe('SendQueue', () => {
  test('lets the first lane overtake and keeps the order within each', () => {
    const queue = new SendQueue();
    queue.push('ordered', bytes(1));
    queue.push('first', bytes(2));
    queue.push('ordered', bytes(3));
    queue.push('first', bytes(4));
    expect(drain(queue)).toEqual([2, 4, 1, 3]);
    expect(queue).toMatchObject({ count: 0, bytes: 0 });
  });

  test('puts what a leader says in the ordered lane, votes before it', () => {
    expect(laneOf(heartbeat(1))).toBe('ordered');
    expect(laneOf(vote(1))).toBe('first');
  });

  test('takes one message whatever its size, at the price of all others', () => {
    const queue = new SendQueue();
    queue.push('first', bytes(1));
    queue.push('ordered', bytes(2));
    expect(queue.push('ordered', new Uint8Array(QUEUE_BYTES_MAX + 1))).toBe(2);
    expect(queue.count).toBe(1);
  });

  test('drops the oldest of the ordered lane first, then the oldest of the other', () => {
    const queue = new SendQueue();
    for (const first of [1, 2]) queue.push('ordered', new Uint8Array(5 * MIB).fill(first, 0, 1));
    queue.push('first', new Uint8Array(5 * MIB).fill(3, 0, 1));
    expect(queue.push('first', new Uint8Array(5 * MIB).fill(4, 0, 1))).toBe(1);
    expect(queue.push('first', new Uint8Array(11 * MIB).fill(5, 0, 1))).toBe(2);
    expect(drain(queue)).toEqual([4, 5]);
  });

  test('keeps only the newest of the first lane without a connection', () => {
    const queue = new SendQueue();
    for (let first = 0; first < 20; first += 1) {
      queue.push('first', bytes(first));
      queue.push('ordered', bytes(100 + first));
    }
    queue.keepUnconnected();
    expect(queue).toMatchObject({ count: QUEUE_UNCONNECTED_MAX, bytes: QUEUE_UNCONNECTED_MAX });
    expect(drain(queue)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test('stays within its bounds, keeps the newest, and gives back exactly what it did not drop', () => {
    const lane = fc.constantFrom<Lane>('first', 'ordered');
    const size = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 * MIB }));
    const pushes = fc.array(fc.tuple(lane, size), { maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(pushes, (pushes) => {
        const queue = new SendQueue();
        let droppedCount = 0;
        for (const [lane, size] of pushes) {
          const message = { length: size } as Uint8Array;
          droppedCount += queue.push(lane, message);
          expect(queue.count).toBeLessThanOrEqual(QUEUE_MESSAGES_MAX);
          expect(queue.bytes).toBeLessThanOrEqual(QUEUE_BYTES_MAX);
        }
        let left = 0;
        for (let next = queue.shift(); next !== null; next = queue.shift()) left += 1;
        expect(left + droppedCount).toBe(pushes.length);
        expect(queue.bytes).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe('link timers', () => {
  test.each([50, 300, 1000, 5000, 50_000])(
    'detect a silent peer in time at %d ms',
    (electionMs) => {
      const timers = linkTimersFor(electionMs);
      const detectedMs = timers.keepaliveTimeMs + timers.keepaliveTimeoutMs;
      expect(detectedMs).toBeLessThanOrEqual(Math.max(200, electionMs));
      expect(timers.backoffMaxMs).toBeLessThanOrEqual(1000);
      expect(timers.probeMs).toBeGreaterThanOrEqual(100);
      for (const value of Object.values(timers)) expect(Number.isSafeInteger(value)).toBe(true);
    },
  );

  test('leave a second for finding a peer whose path healed just after an attempt began', () => {
    const { probeMs, backoffMaxMs } = linkTimersFor(1000);
    expect(probeMs + backoffMaxMs).toBe(750);
  });

  test.each([
    ['the first failure, luckiest draw', 1, 0, 25],
    ['the first failure, unluckiest draw', 1, 0.999, 50],
    ['the second', 2, 0, 50],
    ['the third', 3, 0, 100],
    ['very many', 1000, 0, 125],
    ['very many, unluckiest draw', 1000, 0.999, 250],
  ])('wait after %s', (_name, failedCount, draw, expected) => {
    expect(backoffMs(linkTimersFor(1000), failedCount, draw)).toBe(expected);
  });
});
