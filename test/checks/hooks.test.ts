// The hooks around a reign, real commands in front of a port that stands for the keeper: what each is told, that a failure before
// promotion refuses it, that a proof of stop waits for them, and that none outlives the lease. The keeper itself has its own tests.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HookedPrimary } from '../../src/daemon-hooks.js';
import { NO_HOOKS } from '../../src/health/hooks.js';
import type { HookDefinition, Hooks } from '../../src/health/hooks.js';
import type { LeaseOrder, PrimaryPort } from '../../src/node/ports.js';
import type { LogIndex, Term } from '../../src/raft/types.js';

let folder = '';
let lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-hooks-'));
  lines = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const clock = { nowMs: () => Math.floor(performance.now()) };
const epoch = 7 as LogIndex;

function hook(text: string, timeLimitMs = 60_000): HookDefinition {
  return { command: ['sh', '-c', text], timeLimitMs };
}

/** The port with these hooks, and what the port behind it was told. */
function hooked(hooks: Partial<Hooks>): { port: HookedPrimary; told: string[] } {
  const told: string[] = [];
  const inner: PrimaryPort = {
    stopLimitMs: 1000,
    lease: (order) => told.push(`lease ${order.epoch}`),
    over: (over) => told.push(`over ${over}`),
    stop: (stopped, done) => {
      told.push(`stop ${stopped}`);
      done();
    },
    resume: (resumed) => told.push(`resume ${resumed}`),
  };
  const note = (fields: object, sentence: string): void => {
    lines.push(`${sentence} ${JSON.stringify(fields)}`);
  };
  const log = { error: note, warn: note, info: note, debug: note };
  const environment = { QUORATE_NODE: '127.0.0.1:1', QUORATE_NODE_NAME: 'n1' };
  const ground = { clock, log, environment, installId: 'a'.repeat(16) };
  const port = new HookedPrimary(inner, { ...NO_HOOKS, ...hooks }, ground);
  return { port, told };
}

const leaseOf = (leaseMs: number): LeaseOrder => {
  const nowMs = clock.nowMs();
  return { epoch, fromMs: nowMs, untilMs: nowMs + leaseMs, leaseMs };
};

const promotion = { term: 3 as Term, cause: 'heard no leader in time', lastEpoch: epoch };

const asked = (port: PrimaryPort): Promise<string | null> =>
  new Promise((resolve) => port.promote?.(promotion, resolve));

test('without hooks nobody is asked, and the port behind it is told everything', async () => {
  const { port, told } = hooked({});
  expect(port.promote).toBe(undefined);
  expect(port.stopLimitMs).toBe(1000);
  port.lease(leaseOf(60_000));
  await new Promise<void>((resolve) => port.stop(epoch, resolve));
  port.resume(epoch);
  port.over(epoch);
  expect(told).toEqual(['lease 7', 'stop 7', 'resume 7', 'over 7']);
});

test('other hooks are taken while it runs, but for a first one before promotion', async () => {
  const { port } = hooked({ beforePromotion: hook('exit 4') });
  port.define({
    ...NO_HOOKS,
    beforePromotion: hook('true'),
    beforeDemotion: hook('echo bye', 5000),
  });
  expect(await asked(port)).toBe(null);
  expect(port.stopLimitMs).toBeGreaterThanOrEqual(6000);
  await new Promise<void>((resolve) => port.stop(epoch, resolve));
  expect(lines).toContain('bye {"hook":"before-demotion"}');
  port.define(NO_HOOKS);
  expect(await asked(port)).toBe(null);
  expect(port.stopLimitMs).toBe(1000);

  const wanted = { ...NO_HOOKS, beforePromotion: hook('exit 4'), afterPromotion: hook('true') };
  const unasked = hooked({}).port;
  expect(unasked.takeable(wanted)).toEqual({ ...wanted, beforePromotion: null });
});

test('before promotion: told why, logged, and refused by a failure or by being late', async () => {
  const say =
    'echo "$QUORATE_HOOK $QUORATE_NODE_NAME $QUORATE_TERM $QUORATE_LAST_EPOCH: $QUORATE_CAUSE"';
  expect(await asked(hooked({ beforePromotion: hook(say) }).port)).toBe(null);
  expect(lines).toContain(
    'before-promotion n1 3 7: heard no leader in time {"hook":"before-promotion"}',
  );
  const refusing = hooked({ beforePromotion: hook('echo the volume is not here >&2; exit 4') });
  expect(await asked(refusing.port)).toBe('exit code 4: the volume is not here');
  const late = hooked({ beforePromotion: hook('sleep 600', 100) });
  expect(await asked(late.port)).toBe('it took longer than 100 ms');
});

test('a proof of stop waits for what runs before demotion and after promotion', async () => {
  const after = join(folder, 'after');
  const { port, told } = hooked({
    afterPromotion: hook(`sleep 0.3; echo "$QUORATE_EPOCH" > ${after}`),
    beforeDemotion: hook('echo "drains epoch $QUORATE_EPOCH"'),
  });
  expect(port.stopLimitMs).toBeGreaterThan(61_000);
  port.lease(leaseOf(60_000));
  await vi.waitUntil(() => lines.some((line) => line.includes('after-promotion')));
  let isStopped = false;
  port.stop(epoch, () => {
    isStopped = true;
  });
  expect(told).toEqual(['lease 7']);
  await vi.waitUntil(() => isStopped, { timeout: 20_000 });
  expect(told).toEqual(['lease 7', 'stop 7']);
  expect(readFileSync(after, 'utf8')).toBe('7\n');
  expect(lines).toContain('drains epoch 7 {"hook":"before-demotion"}');
  port.over(epoch);
});

test('a hand-over that is taken back is never answered', async () => {
  const { port, told } = hooked({ beforeDemotion: hook('true') });
  port.lease(leaseOf(60_000));
  let isStopped = false;
  port.stop(epoch, () => {
    isStopped = true;
  });
  port.resume(epoch);
  await vi.waitUntil(() => lines.some((line) => line.startsWith('a hook has ended')));
  await new Promise((resolve) => setImmediate(resolve));
  expect({ told, isStopped }).toEqual({ told: ['lease 7', 'resume 7'], isStopped: false });
  port.over(epoch);
});

test.each([
  { name: 'is not renewed', leaseMs: 500, end: () => undefined },
  { name: 'is over', leaseMs: 60_000, end: (port: PrimaryPort) => port.over(epoch) },
])('what runs after promotion is called off when the lease $name', async ({ leaseMs, end }) => {
  const { port } = hooked({ afterPromotion: hook('sleep 600') });
  port.lease(leaseOf(leaseMs));
  await vi.waitUntil(() => lines.some((line) => line.startsWith('a hook runs')));
  end(port);
  await vi.waitUntil(() => lines.some((line) => line.includes('it was called off')), {
    timeout: 20_000,
  });
  port.over(epoch);
});
