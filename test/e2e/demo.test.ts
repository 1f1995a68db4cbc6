// The demo as a process: its story holds, and it measures what it says. Whatever ends it, nothing of it is left running.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';

import type { KillsReport } from '../../cli/demo/kills.js';
import type { StoryReport } from '../../cli/demo/narrator.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { BIN, mustSucceed, run } from '../support/cluster.js';

const GONE_TIMEOUT_MS = 10_000;

test('the story holds, and ends by itself', { timeout: 120_000 }, async () => {
  const end = await run(['demo', '--story', '--json', '--election-timeout', '300ms']);
  const report = JSON.parse(mustSucceed(end)) as StoryReport;
  expect(report.holds).toBe(true);
  expect(report.chapters).toHaveLength(9);
  for (const { claims } of report.chapters) expect(claims.length).toBeGreaterThan(0);
});

test('fail-over is measured', { timeout: 60_000 }, async () => {
  const end = await run(['demo', '--kills', '1', '--json', '--election-timeout', '300ms']);
  const report = JSON.parse(mustSucceed(end)) as KillsReport;
  expect(report).toMatchObject({ nodes: 3, electionTimeoutMs: 300 });
  expect(report.method).toMatch(/kill -9/);
  expect(report.kills).toHaveLength(1);
  for (const kill of report.kills) {
    expect(kill.newPrimary).not.toBe(kill.killed);
    expect(kill.epoch).toBeGreaterThan(kill.epochBefore);
    expect(kill.failoverMs).toBeGreaterThan(0);
  }
  const times = report.kills.map(({ failoverMs }) => failoverMs);
  expect(report.worstMs).toBe(Math.max(...times));
  expect(report.medianMs).toBeLessThanOrEqual(report.worstMs);
});

describe('a demo that stays', () => {
  let demo: ChildProcess | null = null;
  let directory = '';

  afterEach(() => {
    demo?.kill('SIGKILL');
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  });

  async function staying(): Promise<{ child: ChildProcess; view: ClusterView }> {
    const args = [BIN, 'demo', '--json', '--election-timeout', '300ms'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    demo = child;
    const line = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (data: string) => {
        text += data;
        if (text.endsWith('\n')) resolve(text);
      });
      child.once('exit', () => {
        reject(new Error('the demo ended by itself'));
      });
    });
    const view = JSON.parse(line) as ClusterView & { directory: string };
    ({ directory } = view);
    return { child, view };
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops its daemons and cleans up on %s', async (signal, code) => {
    const { child, view } = await staying();
    expect(view.nodes).toHaveLength(3);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    expect(await ended).toBe(code);
    for (const { api } of view.nodes) expect(await answers(api ?? '')).toBe(false);
    expect(existsSync(directory)).toBe(false);
  });

  test('takes its daemons with it when it is killed with kill -9', async () => {
    const { child, view } = await staying();
    child.kill('SIGKILL');
    const deadlineMs = performance.now() + GONE_TIMEOUT_MS;
    for (const { api } of view.nodes) {
      while (await answers(api ?? '')) {
        if (performance.now() > deadlineMs) throw new Error(`${api} outlived the demo`);
        await pause(20);
      }
    }
  });
});

/** Whether something listens at the address. */
function answers(address: string): Promise<boolean> {
  const at = address.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = connect({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
    const end = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => {
      end(true);
    });
    socket.once('error', () => {
      end(false);
    });
  });
}
