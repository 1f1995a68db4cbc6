// Two keepers whose clocks differ by less than 5 %, each told of leases as a core would tell them, late, doubled and out of
// order, while operators start, stop and restart. What they run never overlaps in true time if the second waits out the bound and
// kills take less than the margin.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Keeper } from '../../src/keeper/keeper.js';
import { killAtMs } from '../../src/keeper/deadlines.js';
import type { Action, KeeperInput, LeaseOrder } from '../../src/keeper/words.js';
import { kept } from './words.js';

const LEASE_MS = 750;
const USED_MS = 712;
/** Rates of two clocks that differ by just less than 5 %. */
const RATE = fc.constantFrom(1.024, 1, 0.976);

interface Renewal {
  readonly roundMs: number;
  readonly delayMs: number;
}

const RENEWALS = fc.array(
  fc.record({
    roundMs: fc.integer({ min: 0, max: 2000 }),
    delayMs: fc.integer({ min: 0, max: 1500 }),
  }),
  { minLength: 1, maxLength: 12 },
);

interface Word {
  readonly atMs: number;
  readonly action: Action;
}
/** The second keeper is told nothing that would keep it from running at all. */
const WORDS = (...actions: readonly Action[]) =>
  fc.array(fc.record({ atMs: fc.nat(4000), action: fc.constantFrom(...actions) }), {
    maxLength: 6,
  });

const END_MS = 8000;

/** The first whole millisecond of true time at which a clock of that rate shows `localMs`. */
function trueMs(localMs: number, rate: number): number {
  let atMs = Math.floor(localMs / rate);
  while (Math.floor(atMs * rate) < localMs) atMs += 1;
  return atMs;
}

/** True times, in which a keeper may have run something: from a start to the end of whatever was started. */
function spans(
  orders: readonly { readonly atMs: number; readonly order: LeaseOrder }[],
  rate: number,
  dieAfterMs: number,
  words: readonly Word[],
): { fromMs: number; untilMs: number }[] {
  const keeper = new Keeper([kept('db')]);
  const local = (trueMs: number): number => Math.floor(trueMs * rate);
  const found: { fromMs: number; untilMs: number }[] = [];
  let open: { fromMs: number; run: number; diesMs: number } | null = null;
  const queue = orders.toSorted((a, b) => a.atMs - b.atMs);
  let nowMs = 0;
  const step = (input: Record<string, unknown>): void => {
    const outputs = keeper.step({ ...input, nowMs: local(nowMs) } as unknown as KeeperInput);
    for (const output of outputs) {
      if (output.type === 'start') open = { fromMs: nowMs, run: output.run, diesMs: Infinity };
      if (output.type === 'kill' && open !== null) open.diesMs = nowMs + dieAfterMs;
    }
  };
  // Nothing happens between two of these times, so none of them is lived through in vain.
  const nextMs = (): number => {
    const { wakeMs } = keeper;
    const times = [
      queue[0]?.atMs ?? END_MS,
      ...words.map(({ atMs }) => atMs).filter((atMs) => atMs > nowMs),
      open?.diesMs ?? END_MS,
      wakeMs === null ? END_MS : trueMs(wakeMs, rate),
    ];
    return Math.max(nowMs + 1, Math.min(...times));
  };
  for (; nowMs < END_MS; nowMs = nextMs()) {
    while (queue[0] !== undefined && queue[0].atMs <= nowMs) {
      const order = queue.shift()?.order;
      step({ type: 'lease', order });
    }
    for (const { atMs, action } of words) {
      if (atMs === nowMs) step({ type: 'command', id: 1, name: 'db', action });
    }
    const ending = open as { fromMs: number; run: number; diesMs: number } | null;
    if (ending !== null && nowMs >= ending.diesMs) {
      found.push({ fromMs: ending.fromMs, untilMs: nowMs });
      open = null;
      step({ type: 'ended', name: 'db', run: ending.run, why: 'SIGKILL' });
    }
    const { wakeMs } = keeper;
    if (wakeMs !== null && wakeMs <= local(nowMs)) step({ type: 'tick' });
  }
  expect(open).toBeNull();
  return found;
}

/** Runs the old reign on one clock, elects the new one right after its newest round, and answers what each ran. */
function play(
  renewals: readonly Renewal[],
  rates: readonly [number, number],
  dieAfterMs: number,
  words: readonly [readonly Word[], readonly Word[]] = [[], []],
) {
  const [oldRate, newRate] = rates;
  const order = (epoch: number, rate: number, roundMs: number, fromMs: number): LeaseOrder => ({
    epoch,
    fromMs,
    untilMs: Math.floor(roundMs * rate) + USED_MS,
    leaseMs: USED_MS,
  });
  const old = renewals.map(({ roundMs, delayMs }) => ({
    atMs: roundMs + delayMs,
    order: order(7, oldRate, roundMs, 0),
  }));
  // Whoever elects the new leader answered the newest round before.
  const electedMs = Math.max(...renewals.map(({ roundMs }) => roundMs));
  const boundMs = Math.floor(electedMs * newRate) + LEASE_MS + 1;
  const fresh = Array.from({ length: 20 }, (_, count) => electedMs + 100 * count).map(
    (roundMs) => ({
      atMs: roundMs + 1,
      order: order(8, newRate, roundMs, boundMs),
    }),
  );
  return {
    old: spans(old, oldRate, dieAfterMs, words[0]),
    fresh: spans(fresh, newRate, dieAfterMs, words[1]),
  };
}

test('two keepers never run at the same time, if kills take less than the margin', () => {
  const marginMs = USED_MS - killAtMs({ epoch: 1, fromMs: 0, untilMs: USED_MS, leaseMs: USED_MS });
  fc.assert(
    fc.property(
      RENEWALS,
      fc.tuple(RATE, RATE),
      fc.integer({ min: 0, max: Math.floor(marginMs * 0.95) }),
      fc.tuple(WORDS('start', 'stop', 'restart'), WORDS('start', 'restart')),
      (renewals, rates, dieAfterMs, words) => {
        const { old, fresh } = play(renewals, rates, dieAfterMs, words);
        const lastMs = Math.max(0, ...old.map(({ untilMs }) => untilMs));
        expect(fresh.length).toBeGreaterThan(0);
        for (const { fromMs } of fresh) expect(fromMs).toBeGreaterThanOrEqual(lastMs);
      },
    ),
    { numRuns: process.env['QUORATE_TEST_LONG'] === '1' ? 2000 : 60 },
  );
});

test('the property sees an overlap once kills take longer than the lease leaves', () => {
  const { old, fresh } = play([{ roundMs: 1000, delayMs: 0 }], [0.976, 1.024], 400);
  expect(old[0]?.untilMs).toBeGreaterThan(fresh[0]?.fromMs ?? 0);
});
