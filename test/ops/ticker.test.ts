// The ticker: the grid of ticks by a table, and lateness on a clock that the test moves, with real timers.
// The schedule: that "soon" is later, and in order.

import { describe, expect, test } from 'vitest';

import { immediateSchedule } from '../../src/ops/schedule.js';
import { Ticker, nextDueMs } from '../../src/ops/ticker.js';

describe('nextDueMs', () => {
  test.each([
    ['a tick in time', 100, 20, 100, 120],
    ['a tick a little late', 100, 20, 119, 120],
    ['a tick late by one distance', 100, 20, 120, 140],
    ['a tick late by an hour', 100, 20, 3_600_105, 3_600_120],
    ['a tick too early', 100, 20, 90, 120],
  ])('keeps the grid after %s', (_name, dueMs, tickMs, nowMs, expected) => {
    expect(nextDueMs(dueMs, tickMs, nowMs)).toBe(expected);
  });
});

describe('Ticker', () => {
  test('coalesces missed ticks into one that carries the time, and stops from within', async () => {
    const clock = { ms: 0, nowMs: () => clock.ms };
    const lates: number[] = [];
    await new Promise<void>((resolve) => {
      const ticker = new Ticker(
        { tickMs: 5 },
        {
          clock,
          onTick(lateMs) {
            lates.push(lateMs);
            clock.ms += 5;
            if (lates.length === 3) {
              ticker.stop();
              resolve();
            }
          },
        },
      );
      clock.ms = 5005;
    });
    expect(lates).toEqual([5000, 0, 0]);
  });

  test('does not tick before its time on the given clock, however early a timer fires', async () => {
    const clock = { ms: 0, nowMs: () => (clock.ms += 1) };
    const lateMs = await new Promise<number>((resolve) => {
      const ticker = new Ticker(
        { tickMs: 4 },
        {
          clock,
          onTick(lateMs) {
            ticker.stop();
            resolve(lateMs);
          },
        },
      );
    });
    expect(lateMs).toBe(0);
    expect(clock.ms).toBeGreaterThanOrEqual(5);
  });
});

describe('immediateSchedule', () => {
  test('calls back later, in order, after what was already queued', async () => {
    const order: string[] = [];
    const done = new Promise<void>((resolve) => {
      immediateSchedule.soon(() => order.push('first'));
      immediateSchedule.soon(() => {
        order.push('second');
        resolve();
      });
    });
    queueMicrotask(() => order.push('microtask'));
    order.push('caller');
    await done;
    expect(order).toEqual(['caller', 'microtask', 'first', 'second']);
  });
});
