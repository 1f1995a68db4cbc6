// The health checks as they are carried out: against real sockets, a real program that hangs with a child of its own, and a
// checker that is ended in the middle. Nothing is left behind.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, test, vi } from 'vitest';

import { Checker } from '../../src/checks/checker.js';
import { runCommand } from '../../src/checks/command.js';
import { httpProbe, tcpProbe } from '../../src/checks/probes.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** An HTTP server that answers `/ok` well, `/bad` badly, and nothing else at all. */
async function httpServer(): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === '/ok') response.end('fine');
    if (request.url === '/bad') response.writeHead(503).end();
  });
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('HTTP and TCP', async () => {
  const port = await httpServer();
  const base = `http://127.0.0.1:${port}`;
  expect(await httpProbe(`${base}/ok`, 10_000)).toBe(null);
  expect(await httpProbe(`${base}/bad`, 10_000)).toBe('HTTP status 503');
  expect(await httpProbe(`${base}/silent`, 50)).toBe('no answer within 50 ms');
  expect(await tcpProbe('127.0.0.1', port, 10_000)).toBe(null);
  for (const end of ends.splice(0)) await end();
  expect(await tcpProbe('127.0.0.1', port, 10_000)).toMatch(/ECONNREFUSED/);
  expect(await httpProbe(`${base}/ok`, 10_000)).toMatch(/ECONNREFUSED/);
});

const quiet = {
  environment: { PATH: process.env['PATH'] ?? '' },
  signal: new AbortController().signal,
};

it.each([
  { command: ['true'], why: /^null$/ },
  { command: ['sh', '-c', 'echo broken; exit 3'], why: /^exit code 3: broken$/ },
  { command: ['/no/such/program'], why: /^it cannot be started: .*ENOENT/ },
])('the command $command', async ({ command, why }) => {
  expect(String(await runCommand({ command, timeoutMs: 20_000, ...quiet }))).toMatch(why);
});

test('a command over time is killed with what it started', async () => {
  const lines: string[] = [];
  const command = ['sh', '-c', 'sleep 600 & echo $!; wait'];
  const why = await runCommand({
    command,
    timeoutMs: 1000,
    ...quiet,
    onLine: (line) => lines.push(line),
  });
  expect(why).toBe('it took longer than 1000 ms');
  const child = Number(lines[0]);
  expect(child).toBeGreaterThan(0);
  await vi.waitUntil(() => !isAlive(child), { timeout: 20_000 });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a checker tells when the verdict changes, and ends in the middle of a check', async () => {
  const port = await httpServer();
  const told: (string | null)[] = [];
  const common = { intervalMs: 10, timeoutMs: 60_000, rise: 1, fall: 1, process: null };
  let isRunning = false;
  const checker = new Checker(
    [
      { ...common, name: 'net', probe: { type: 'tcp', host: '127.0.0.1', port } },
      {
        ...common,
        name: 'web',
        process: 'WEB',
        probe: { type: 'command', command: ['sleep', '600'] },
      },
    ],
    {
      clock: { nowMs: () => Math.floor(performance.now()) },
      environment: { PATH: process.env['PATH'] ?? '' },
      isRunning: () => Promise.resolve(isRunning),
      onVerdict: (why) => told.push(why),
    },
  );
  await vi.waitUntil(() => told.length >= 2, { timeout: 20_000 });
  expect(told).toEqual(['net: not checked yet', null]);
  isRunning = true;
  for (const end of ends.splice(0)) await end();
  await vi.waitUntil(() => told.at(-1)?.includes('ECONNREFUSED') === true, { timeout: 20_000 });
  expect(told.at(-1)).toMatch(/^net: /);
  await checker.stop();
});
