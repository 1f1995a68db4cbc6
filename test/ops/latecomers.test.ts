// Calls that share one timer each end at their own moment, whatever order they came in. The clock is vitest's.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Latecomers } from '../../src/ops/latecomers.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Notes at which millisecond each was late. */
function noted(): { add: (name: string, afterMs: number) => () => void; late: string[] } {
  const latecomers = new Latecomers();
  const late: string[] = [];
  const fromMs = performance.now();
  return {
    late,
    add: (name, afterMs) =>
      latecomers.add(afterMs, () => late.push(`${name} ${Math.round(performance.now() - fromMs)}`)),
  };
}

test('who is not answered is late at its own moment, the later one added first', () => {
  const { add, late } = noted();
  add('long', 1000);
  add('short', 100);
  add('middle', 400);
  vi.advanceTimersByTime(2000);
  expect(late).toEqual(['short 100', 'middle 400', 'long 1000']);
  add('again', 50);
  vi.advanceTimersByTime(100);
  expect(late).toHaveLength(4);
});

test('who was answered is not, and keeps nobody else from it', () => {
  const { add, late } = noted();
  const answered = add('answered', 100);
  add('late', 300);
  answered();
  answered();
  vi.advanceTimersByTime(1000);
  expect(late).toEqual(['late 300']);
  expect(vi.getTimerCount()).toBe(0);
});

test('many that are late one after another end together, a little later at most', () => {
  const { add, late } = noted();
  for (let at = 0; at < 50; at += 1) add('one', 100 + at / 10);
  vi.advanceTimersByTime(100 + 5 + 5);
  expect(late).toHaveLength(50);
  expect(new Set(late).size).toBeLessThanOrEqual(3);
});

test('one that is answered because another is late is not late itself', () => {
  const latecomers = new Latecomers();
  const late: string[] = [];
  let answered = (): void => {};
  latecomers.add(10, () => {
    late.push('first');
    answered();
  });
  answered = latecomers.add(10, () => late.push('second'));
  vi.advanceTimersByTime(100);
  expect(late).toEqual(['first']);
});
