// What was given up and nobody takes over, for as long as an operator has to know of it: until it has stayed up for the time in which
// its failures count, or its reign is over. And how a monitoring system is told of it.

import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { givenUpGauge } from '../../src/metrics/given-up-gauge.js';
import { Stays } from '../../src/supervisor/stays.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const AUTH = { name: 'AUTH', epoch: 7, why: 'exit code 1', retryMs: 30_000 };
const names = (stays: Stays): string[] => stays.all.map(({ name }) => name);

test('is forgotten once it has stayed up, and not if it is given up again before', () => {
  const stays = new Stays();
  expect(stays.note(AUTH)).toBe(true);
  stays.started('AUTH', 60_000);
  stays.started('OTHER', 1000);
  vi.advanceTimersByTime(59_000);
  expect(stays.note({ ...AUTH, retryMs: 60_000 })).toBe(false);
  vi.advanceTimersByTime(100_000);
  expect(names(stays)).toEqual(['AUTH']);
  stays.started('AUTH', 60_000);
  vi.advanceTimersByTime(60_000);
  expect(names(stays)).toEqual([]);
  expect(stays.note(AUTH)).toBe(true);
});

test('says while it runs again that it does, and is forgotten when an operator stops it', () => {
  const stays = new Stays();
  stays.note(AUTH);
  expect(stays.all[0]?.line).toContain('AUTH runs nowhere: mend');
  stays.started('AUTH', 60_000);
  expect(stays.all[0]?.line).toContain('AUTH was given up and runs again');
  stays.note(AUTH);
  expect(stays.all[0]?.line).toContain('AUTH runs nowhere: mend');
  expect([stays.has('AUTH', 7), stays.has('AUTH', 8)]).toEqual([true, false]);
  stays.forget('AUTH');
  expect(stays.has('AUTH', 7)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('is forgotten with its reign, and with the daemon, with all timers', () => {
  const stays = new Stays();
  stays.note(AUTH);
  stays.note({ ...AUTH, name: 'WEB', epoch: 9 });
  stays.over(8);
  expect(names(stays)).toEqual(['WEB']);
  stays.started('WEB', 1000);
  stays.end();
  expect(names(stays)).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('is a figure of Prometheus, and no figure once it is forgotten', async () => {
  const registry = new Registry();
  const stays = new Stays();
  const refresh = givenUpGauge(registry, () => names(stays));
  stays.note(AUTH);
  refresh();
  expect(await registry.metrics()).toContain('quorate_process_given_up{process="AUTH"} 1');
  stays.over(7);
  refresh();
  expect(await registry.metrics()).not.toContain('process="AUTH"');
});
