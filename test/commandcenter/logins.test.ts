// Logins as values on a clock of the test: who gets in, how long failures have to wait, by caller and all together, and when a login
// ends. Time passes only where the test says so.
import { describe, expect, test } from 'vitest';
import { COMMAND_CENTER_LIMITS } from '../../src/commandcenter/limits.js';
import { Logins } from '../../src/commandcenter/logins.js';

const LIMITS = { ...COMMAND_CENTER_LIMITS, failuresFree: 2, loginsMax: 2 };
const RIGHT = 'correct horse battery';

function loginsAt(clock: { nowMs: number }, password: string | null = RIGHT): Logins {
  return new Logins(password, () => clock.nowMs, LIMITS);
}

describe('a login', () => {
  test('is a new id each time, ends when told, when not used and at its end', async () => {
    const clock = { nowMs: 0 };
    const logins = loginsAt(clock);
    const enter = async (): Promise<string> => {
      const attempt = await logins.attempt(RIGHT, 'ann', '10.0.0.1');
      return attempt.type === 'in' ? attempt.id : '';
    };
    const first = await enter();
    expect(first).toMatch(/^[\w-]{43}$/);
    const second = await enter();
    expect(second).not.toBe(first);
    expect(logins.find(first)?.user).toBe('ann');
    logins.end(first);
    expect(logins.find(first)).toBeNull();
    clock.nowMs += LIMITS.loginIdleMs - 1;
    expect(logins.find(second)?.user).toBe('ann');
    clock.nowMs += LIMITS.loginIdleMs;
    expect(logins.find(second)).toBeNull();
    const third = await enter();
    for (let at = 0; at < LIMITS.loginMs; at += LIMITS.loginIdleMs / 2) {
      expect(logins.find(third)?.user).toBe('ann');
      clock.nowMs += LIMITS.loginIdleMs / 2;
    }
    expect(logins.find(third)).toBeNull();
  });

  test('makes room for the newest beyond the bound', async () => {
    const logins = loginsAt({ nowMs: 0 });
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      const attempt = await logins.attempt(RIGHT, `u${at}`, 'a');
      if (attempt.type === 'in') ids.push(attempt.id);
    }
    expect(ids.map((id) => logins.find(id)?.user ?? null)).toEqual([null, 'u1', 'u2']);
  });

  test('is nobody without a password', async () => {
    const logins = loginsAt({ nowMs: 0 }, null);
    expect(logins.isConfigured).toBe(false);
    expect((await logins.attempt('', 'ann', 'a')).type).toBe('wait');
    expect(logins.find('')).toBeNull();
  });
});

describe('failures', () => {
  test('wait twice as long each, for their address alone, and are forgotten with the right password', async () => {
    const clock = { nowMs: 0 };
    const logins = loginsAt(clock);
    const waits: number[] = [];
    for (let at = 0; at < 4; at += 1) {
      const attempt = await logins.attempt('wrong password', 'ann', 'a');
      expect(attempt.type).toBe('wrong');
      if (attempt.type !== 'in') waits.push(attempt.retryAfterMs);
      clock.nowMs += waits.at(-1) ?? 0;
    }
    expect(waits).toEqual([0, 1000, 2000, 4000]);
    clock.nowMs -= 1;
    expect(await logins.attempt(RIGHT, 'ann', 'a')).toEqual({ type: 'wait', retryAfterMs: 1 });
    expect((await logins.attempt(RIGHT, 'ann', 'b')).type).toBe('in');
    clock.nowMs += 1;
    expect((await logins.attempt(RIGHT, 'ann', 'a')).type).toBe('in');
    expect(await logins.attempt('wrong password', 'ann', 'a')).toMatchObject({ retryAfterMs: 0 });
  });

  test('of many addresses slow all down, never for long', async () => {
    const clock = { nowMs: 0 };
    const logins = loginsAt(clock);
    for (let at = 0; at < 22; at += 1) {
      clock.nowMs += 5_000;
      expect((await logins.attempt('wrong password', 'ann', `10.0.0.${at}`)).type).toBe('wrong');
    }
    const attempt = await logins.attempt(RIGHT, 'ann', '10.0.1.1');
    expect(attempt.type).toBe('wait');
    clock.nowMs += 2_000;
    expect((await logins.attempt(RIGHT, 'ann', '10.0.1.1')).type).toBe('in');
  });

  test('at once are not all the first', async () => {
    const logins = loginsAt({ nowMs: 0 });
    const all = Array.from({ length: 8 }, () => logins.attempt('wrong password', 'ann', 'a'));
    const types = (await Promise.all(all)).map(({ type }) => type);
    expect(types.filter((type) => type === 'wrong')).toHaveLength(2);
  });
});
