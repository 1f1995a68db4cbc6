// The clock: its arithmetic by tables and against a simulated machine that suspends, then the real one.
// The simulated machine knows the true time; the clock sees it only through a fine clock that stops during suspend
// and a coarse one that steps.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { BOOT_TIME_ZERO, advanceBootTime, isSuspendSeen } from '../../src/ops/boot-time.js';
import type { BootTime, Reading } from '../../src/ops/boot-time.js';
import { SystemClock, UptimeFile } from '../../src/ops/clock.js';
import type { ClockSource } from '../../src/ops/clock.js';

const STEP_MS = 10;

interface Machine {
  readonly awakeMs: number;
  readonly suspendedMs: number;
}

function trueMs({ awakeMs, suspendedMs }: Machine): number {
  return awakeMs + suspendedMs;
}

function read(machine: Machine): Reading {
  const coarseMs = Math.floor(trueMs(machine) / STEP_MS) * STEP_MS;
  return { coarseMs, fineMs: machine.awakeMs };
}

/** What SystemClock does at the start: the reading just after a step. */
function calibrated(): { machine: Machine; time: BootTime } {
  const machine = { awakeMs: 1000, suspendedMs: 0 };
  return { machine, time: advanceBootTime(BOOT_TIME_ZERO, read(machine)) };
}

const moves = fc.array(
  fc.record({
    awakeMs: fc.double({ min: 0, max: 50, noNaN: true }),
    suspendedMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 100_000 })),
  }),
  { maxLength: 60 },
);

describe('boot time', () => {
  test.each([
    ['a first reading at a step', 0, 0, 1000, 400, 1000],
    ['the fine clock between two steps', 600, 1000, 1000, 407.5, 1007],
    ['a coarse clock that steps with it', 600, 1007, 1010, 410.2, 1010],
    ['a suspend of five seconds', 600, 1010, 6010, 410.4, 6010],
    ['a coarse clock that fell', 600, 1010, 20, 411.9, 1011],
    ['a fine clock that fell', 600, 1010, 1000, 390, 1010],
    ['no coarse clock', 600, 1010, null, 412, 1012],
  ])('takes %s', (_name, offsetMs, nowMs, coarseMs, fineMs, expectedMs) => {
    expect(advanceBootTime({ offsetMs, nowMs }, { coarseMs, fineMs }).nowMs).toBe(expectedMs);
  });

  test('never falls, never runs ahead of true time, and lags at most one coarse step', () => {
    fc.assert(
      fc.property(moves, (moves) => {
        let { machine, time } = calibrated();
        for (const move of moves) {
          machine = {
            awakeMs: machine.awakeMs + move.awakeMs,
            suspendedMs: machine.suspendedMs + move.suspendedMs,
          };
          const next = advanceBootTime(time, read(machine));
          expect(next.nowMs).toBeGreaterThanOrEqual(time.nowMs);
          expect(next.nowMs).toBeLessThanOrEqual(trueMs(machine) + 1e-6);
          expect(next.nowMs).toBeGreaterThan(trueMs(machine) - STEP_MS - 1);
          time = next;
        }
      }),
    );
  });

  test('does not follow the steps of the coarse clock while nothing is suspended', () => {
    const awake = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(awake, (moves) => {
        let { machine, time } = calibrated();
        for (const awakeMs of moves) {
          machine = { ...machine, awakeMs: machine.awakeMs + awakeMs };
          expect(isSuspendSeen(time, read(machine))).toBe(false);
          time = advanceBootTime(time, read(machine));
          expect(time.nowMs).toBeGreaterThan(trueMs(machine) - 1.001);
        }
      }),
    );
  });

  test('sees a suspend of five seconds in the first reading after it', () => {
    const { machine, time } = calibrated();
    const reading = read({ awakeMs: machine.awakeMs + 3, suspendedMs: 5000 });
    expect(isSuspendSeen(time, reading)).toBe(true);
    expect(advanceBootTime(time, reading).nowMs - time.nowMs).toBeGreaterThanOrEqual(
      5000 - STEP_MS,
    );
  });
});

/** A machine on which every reading takes two microseconds. */
function simulatedSource(machine: { awakeMs: number; suspendedMs: number }): ClockSource {
  return {
    read() {
      machine.awakeMs += 0.002;
      return read(machine);
    },
  };
}

describe('SystemClock on a simulated machine', () => {
  test('is exact to the millisecond, also in the first reading after each suspend', () => {
    const suspends = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 20, max: 9000 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(suspends, fc.nat({ max: 9999 }), (suspends, startedAtMs) => {
        const machine = { awakeMs: 100 + startedAtMs / 1000, suspendedMs: 12_345 };
        const clock = new SystemClock(simulatedSource(machine));
        for (const [awakeMs, suspendedMs] of suspends) {
          machine.awakeMs += awakeMs;
          machine.suspendedMs += suspendedMs;
          expect(Math.abs(clock.nowMs() - trueMs(machine))).toBeLessThanOrEqual(1.01);
        }
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['stands still', () => 4_711_250],
    ['is missing', () => null],
  ])('is the fine clock alone where the coarse one %s', (_name, coarse) => {
    let fineMs = 500;
    const clock = new SystemClock({ read: () => ({ coarseMs: coarse(), fineMs: (fineMs += 1) }) });
    expect(clock.countsSuspend).toBe(false);
    expect(clock.nowMs()).toBe(fineMs);
  });
});

describe('SystemClock on this machine', () => {
  test('runs with hrtime in whole milliseconds and never falls', () => {
    const hrtimeMs = (): number => Number(process.hrtime.bigint()) / 1e6;
    const clock = new SystemClock();
    const startMs = hrtimeMs();
    let previousMs = 0;
    // Bounds of the distance between the two, from readings of the one on both sides of the other.
    let distanceMinMs = -Infinity;
    let distanceMaxMs = Infinity;
    for (let beforeMs = startMs; beforeMs < startMs + 60; beforeMs = hrtimeMs()) {
      const nowMs = clock.nowMs();
      distanceMinMs = Math.max(distanceMinMs, nowMs - hrtimeMs());
      distanceMaxMs = Math.min(distanceMaxMs, nowMs + 1 - beforeMs);
      expect(Number.isSafeInteger(nowMs)).toBe(true);
      expect(nowMs).toBeGreaterThanOrEqual(previousMs);
      previousMs = nowMs;
    }
    expect(distanceMinMs).toBeLessThan(distanceMaxMs + 1);
  });

  test('agrees between two instances, as between two processes', () => {
    const [one, two] = [new SystemClock(), new SystemClock()];
    const oneMs = one.nowMs();
    const between = process.hrtime();
    const twoMs = two.nowMs();
    const [seconds, nanoseconds] = process.hrtime(between);
    expect(twoMs - oneMs).toBeGreaterThanOrEqual(-1);
    expect(twoMs - oneMs).toBeLessThanOrEqual(2 + seconds * 1000 + nanoseconds / 1e6);
  });

  test.each([
    ['cannot be opened', null],
    ['holds no number', 'soon\n'],
    ['is empty', ''],
  ])('has no coarse clock where the file %s', (_name, text) => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-clock-'));
    const path = join(directory, 'uptime');
    if (text !== null) writeFileSync(path, text);
    const source = new UptimeFile(path);
    expect(source.read().coarseMs).toBeNull();
    source.close();
    rmSync(directory, { recursive: true });
  });

  test('reads seconds with two decimals', () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-clock-'));
    const path = join(directory, 'uptime');
    writeFileSync(path, '4711.25 100.00\n');
    const source = new UptimeFile(path);
    expect(source.read().coarseMs).toBe(4_711_250);
    source.close();
    rmSync(directory, { recursive: true });
  });
});
