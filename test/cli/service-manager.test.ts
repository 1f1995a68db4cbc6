// What systemd is told, by a systemd-notify of our own that writes down its arguments; and the unit that we ship, by systemd itself.
// Without NOTIFY_SOCKET nothing is started, and a missing systemd-notify keeps nothing from running.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { ServiceManager, watchdogMs } from '../../cli/service-manager.js';
import { until } from '../forming/words.js';

const directory = mkdtempSync(join(tmpdir(), 'quorate-notify-'));
const told = join(directory, 'told');

beforeAll(() => {
  const script = `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`;
  writeFileSync(join(directory, 'systemd-notify'), script, { mode: 0o755 });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function lines(): string[] {
  return existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [];
}

test('systemd is told of readiness, of a loop that turns, and of the end', async () => {
  const PATH = `${directory}:${process.env['PATH']}`;
  new ServiceManager({ PATH }).ready('not asked for');
  const manager = new ServiceManager({ PATH, NOTIFY_SOCKET: '/run/n', WATCHDOG_USEC: '100000' });
  const pid = `/run/n --pid=${process.pid}`;
  manager.ready('n1 is up');
  await until('readiness', () => lines().includes(`${pid} READY=1 STATUS=n1 is up`));
  await until('the watchdog', () => lines().includes(`${pid} WATCHDOG=1`));
  manager.stopping();
  await until('the end', () => lines().includes(`${pid} STOPPING=1 STATUS=stopping`));
  manager.close();
  expect(lines().some((line) => line.includes('not asked for'))).toBe(false);
});

test('the watchdog is for the process that systemd names', () => {
  expect(watchdogMs({})).toBeNull();
  expect(watchdogMs({ WATCHDOG_USEC: '30000000' })).toBe(30_000);
  expect(watchdogMs({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' })).toBeNull();
  expect(watchdogMs({ WATCHDOG_USEC: 'soon' })).toBeNull();
});

test('the unit waits for readiness, watches, and gives a hand-over its time', () => {
  const unit = readFileSync(new URL('../../packaging/quorate.service', import.meta.url), 'utf8');
  for (const line of ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=30s', 'TimeoutStopSec=60s']) {
    expect(unit.split('\n')).toContain(line);
  }
  // Where there is systemd, it reads the unit itself: all but where the program is installed must be to its liking.
  const file = join(directory, 'quorate.service');
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const { error, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  expect(error === undefined ? stderr : '').not.toMatch(/quorate\.service/);
});
