// How locks are shown, and what becomes of a command that runs under one: its exit code, a signal, a lock that is lost, a program that
// cannot be started. The services are real and in this process; the commands are real processes.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { styleFor } from '../../cli/format.js';
import { lockLines, lockTable, lockView } from '../../cli/lock-view.js';
import { runUnderLock } from '../../cli/under-lock.js';
import { connect } from '../../src/client/index.js';
import type { Quorate } from '../../src/client/index.js';
import type { Lock__Output } from '../../src/generated/quorate/v1/Lock.js';
import { eventually, TestCluster } from '../service/harness.js';

const PLAIN = styleFor({ isTTY: false });

const HELD: Lock__Output = {
  name: 'backup',
  holder: { session: 's1', value: Buffer.from('n1:80'), token: 17 },
  waiters: [{ session: 's2', value: Buffer.alloc(0) }],
  waiting: 3,
  freeInMs: 0,
  revision: 19,
};
const FREE: Lock__Output = { ...HELD, holder: null, waiters: [], waiting: 0, freeInMs: 4000 };

describe('a lock is shown', () => {
  test('with its holder, its token and who waits', () => {
    expect(lockLines(lockView(HELD), PLAIN)).toEqual([
      'backup · held by s1 · token 17 · 3 waiters',
      '  n1:80',
      '  1. s2',
      '  and 2 more',
    ]);
    expect(lockLines(lockView(FREE), PLAIN)).toEqual(['backup · kept free for 4.0 s · 0 waiters']);
  });

  test('as a row of a table', () => {
    expect(lockTable([lockView(HELD), lockView(FREE)], PLAIN)).toEqual([
      'LOCK    TOKEN  HELD BY              WAITING  VALUE',
      'backup     17  s1                         3  n1:80',
      'backup      -  kept free for 4.0 s        0',
    ]);
  });
});

/** False as well for one that ended and that nobody has waited for. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a command under a lock', () => {
  const cluster = new TestCluster();
  const directory = mkdtempSync(join(tmpdir(), 'quorate-lock-'));
  const file = (name: string): string => join(directory, name);
  let client: Quorate;

  beforeAll(async () => {
    const [node] = await cluster.form(1);
    client = connect({ addresses: [node?.api ?? ''] });
  });

  afterAll(async () => {
    client.close();
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function under(name: string, command: readonly string[], ttlMs = 10_000): Promise<number> {
    const options = { ttlMs, delayMs: 0 };
    return runUnderLock(client, { name, command, options, onHeld: () => {} });
  }

  test('finds its token, and its exit code is the answer', async () => {
    const script = `echo "$QUORATE_LOCK $QUORATE_LOCK_TOKEN" > ${file('token')}; exit 7`;
    expect(await under('code', ['sh', '-c', script])).toBe(7);
    expect(readFileSync(file('token'), 'utf8')).toMatch(/^code \d+\n$/);
    expect(await client.locks.get('code')).toBeNull();
  });

  test('that a signal ended is answered as shells do', async () => {
    expect(await under('signal', ['sh', '-c', 'kill -TERM $$'])).toBe(143);
  });

  test('that cannot be started says so and gives the lock up', async () => {
    await expect(under('missing', ['/no/such/program'])).rejects.toMatchObject({
      code: 'WRONG_USAGE',
    });
    expect(await client.locks.get('missing')).toBeNull();
  });

  test('is stopped, with what it started, once the lock is lost', async () => {
    const inner = `trap "" TERM; echo $$ > ${file('up')}; exec sleep 60`;
    const script = `sh -c '${inner}' & wait`;
    const running = under('lost', ['sh', '-c', script], 2000).catch((error: unknown) => error);
    await eventually(() => existsSync(file('up')) && readFileSync(file('up')).length > 0);
    const pid = Number(readFileSync(file('up'), 'utf8'));
    const lock = await client.locks.get('lost');
    await client.sessions.delete(lock?.holder?.session ?? '');
    expect(await running).toMatchObject({ code: 'LOCK_LOST' });
    await eventually(() => !isRunning(pid));
  });
});
