// The clock for deadlines of requests: how often it reads the clock behind it. What that clock itself does is the subject of
// clock.test.ts.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TurnClock } from '../../src/ops/turn-clock.js';

describe('a clock of turns', () => {
  it('is read once in a turn of the event loop, and anew in the next', async () => {
    let nowMs = 1000;
    let readings = 0;
    const clock = new TurnClock({
      nowMs() {
        readings += 1;
        return nowMs;
      },
    });
    expect(clock.nowMs()).toBe(1000);
    nowMs = 1007;
    expect(clock.nowMs()).toBe(1000);
    await Promise.resolve();
    expect(clock.nowMs()).toBe(1000);
    expect(readings).toBe(1);
    await nextTurn();
    expect(clock.nowMs()).toBe(1007);
    expect(readings).toBe(2);
  });
});
