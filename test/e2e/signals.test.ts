// How real processes end, and what does not end them: signals, pipes whose other end is gone or stands still, faults that
// nobody handled, a parent that dies. Whatever ends a daemon ends all of it, with an exit code that says how.
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../cli/demo/cluster.js';
import type { Daemon, Exit } from '../../cli/demo/daemon.js';
import { BIN, startCleanDaemons } from '../support/cluster.js';

/** Far more than any orderly end takes, also on a loaded machine. */
const PATIENCE_MS = 20_000;

async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    if (await Promise.resolve(holds()).catch(() => false)) return;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await pause(20);
  }
}

describe('members of a cluster', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCleanDaemons(3);
    await cluster.form();
    await cluster.settled();
  }, 60_000);

  afterAll(() => cluster.close());

  async function primary(): Promise<Daemon> {
    const view = await cluster.settled();
    return cluster.daemon(view.primary ?? '');
  }

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'hand over on %s and end with 0, and another is primary already',
    async (signal) => {
      const leaving = await primary();
      const { epoch } = await leaving.client.nodeStatus();
      expect(await leaving.stop(signal)).toEqual({ code: 0, signal: null });
      const heirs = await Promise.all(cluster.running.map(({ client }) => client.nodeStatus()));
      expect(Math.max(...heirs.map((heir) => heir.epoch))).toBeGreaterThan(epoch);
      expect(logOf(leaving)).toMatch(/"msg":"stopped"\}\n$/);
      await leaving.start();
    },
  );

  test('do not end on SIGHUP', async () => {
    const daemon = await primary();
    const { pid } = daemon;
    process.kill(pid ?? 0, 'SIGHUP');
    expect((await daemon.client.putSession({ id: 'hup' })).session?.id).toBe('hup');
    expect(daemon.pid).toBe(pid);
  });

  test('end within a limit although a client never ends its request', async () => {
    const daemon = await primary();
    const client = connect(`http://${daemon.api}`);
    client.on('error', () => {});
    const request = client.request({
      ':method': 'POST',
      ':path': '/quorate.v1.Cluster/Status',
      'content-type': 'application/grpc',
    });
    request.on('error', () => {});
    request.write(Buffer.from([0, 0, 0, 0, 9]));
    await new Promise((resolve) => client.once('remoteSettings', resolve));
    expect(await daemon.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    client.destroy();
    await daemon.start();
  });

  test('are not primary when they wake from a sleep longer than the lease, and rejoin', async () => {
    const sleeper = await primary();
    const { epoch } = await sleeper.client.nodeStatus();
    process.kill(sleeper.pid ?? 0, 'SIGSTOP');
    try {
      const others = cluster.running.filter((daemon) => daemon !== sleeper);
      await until('another is primary', async () => {
        const heirs = await Promise.all(others.map(({ client }) => client.nodeStatus()));
        return heirs.some((heir) => heir.isPrimary && heir.epoch > epoch);
      });
    } finally {
      process.kill(sleeper.pid ?? 0, 'SIGCONT');
    }
    const woken = await sleeper.client.nodeStatus();
    expect(woken.isPrimary && woken.epoch === epoch).toBe(false);
    const { current } = await sleeper.client.checkEpoch({ epoch });
    expect(current).toBe(false);
    const view = await cluster.settled();
    expect(view.nodes.filter(({ state }) => state === 'STANDBY')).toHaveLength(2);
    expect(logOf(sleeper)).toMatch(/steps? down|does not lead|leader changed|no longer/);
  });

  test('are ended at once by a second signal, with its code', async () => {
    const leaving = await primary();
    const others = cluster.running.filter((daemon) => daemon !== leaving);
    // Nobody is left to take over, so that the hand-over takes its whole time.
    for (const { pid } of others) process.kill(pid ?? 0, 'SIGSTOP');
    try {
      const first = leaving.stop('SIGTERM');
      await until('it stops', () => /"msg":"stopping"/.test(logOf(leaving)));
      void leaving.stop('SIGTERM');
      expect(await first).toEqual({ code: 143, signal: null });
    } finally {
      for (const { pid } of others) process.kill(pid ?? 0, 'SIGCONT');
    }
    await leaving.start();
    await cluster.settled();
  });
});

/** What the daemon wrote since it started last. */
function logOf(daemon: Daemon): string {
  const lines = readFileSync(daemon.logPath, 'utf8').split('\n');
  const from = lines.findLastIndex((line) => line.includes('the daemon is up'));
  return lines.slice(Math.max(0, from)).join('\n');
}

describe('a daemon', () => {
  let place: LocalCluster;
  let daemon: Daemon;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    place = await startCleanDaemons(1);
    await place.form();
    daemon = place.daemon('n1');
    await daemon.stop('SIGTERM');
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  afterAll(() => place.close());

  /** The same daemon with other pipes, and perhaps with something planted in it. */
  function begin(stdio: StdioOptions, ...execArgs: readonly string[]): ChildProcess {
    const { name, directory, address, api } = daemon.plan;
    const args = [...execArgs, BIN, 'start', '--json', '--name', name];
    args.push(
      '--data-dir',
      join(directory, 'data'),
      '--listen',
      address,
      '--api',
      api,
      '--http',
      'none',
    );
    const child = spawn(process.execPath, args, { stdio });
    children.push(child);
    return child;
  }

  function endOf(child: ChildProcess): Promise<Exit> {
    return new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  async function expectServes(child: ChildProcess): Promise<void> {
    await until('it is primary', async () => (await daemon.client.nodeStatus()).isPrimary);
    await daemon.client.putSession({ id: 'alice' });
    expect(child.exitCode).toBeNull();
  }

  async function expectOrderlyEnd(child: ChildProcess): Promise<void> {
    const ended = endOf(child);
    child.kill('SIGTERM');
    expect(await ended).toEqual({ code: 0, signal: null });
  }

  test.each([
    ['standard output', 1],
    ['standard error', 2],
  ])('goes on when the reader of its %s goes away', async (_name, which) => {
    const child = begin(['ignore', 'pipe', 'pipe']);
    child.stdio[which]?.destroy();
    child.stdio[3 - which]?.on('data', () => {});
    await expectServes(child);
    await expectOrderlyEnd(child);
  });

  test('goes on when the reader of its log stands still and the pipe is full', async () => {
    const fifo = join(daemon.plan.directory, 'log.fifo');
    execFileSync('mkfifo', [fifo]);
    const full = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    expect(() => {
      for (;;) writeSync(full, Buffer.alloc(4096, 'x'));
    }).toThrow(/EAGAIN/);
    const child = begin(['ignore', 'ignore', full]);
    await expectServes(child);
    await expectOrderlyEnd(child);
    closeSync(full);
  });

  test.each([
    ['an exception that nobody caught', 'throw new Error("planted")'],
    ['a rejection that nobody handled', 'void Promise.reject(new Error("planted"))'],
    ['something thrown that is no error', 'throw "planted"'],
  ])('ends whole, with 70 and a line that says why, by %s', async (_name, fault) => {
    const plant = `process.on('SIGUSR2', () => { ${fault}; });`;
    const preload = `data:text/javascript,${encodeURIComponent(plant)}`;
    const child = begin(['ignore', 'ignore', 'pipe'], '--import', preload);
    let log = '';
    child.stderr?.on('data', (text: Buffer) => (log += text.toString()));
    await expectServes(child);
    const ended = endOf(child);
    child.kill('SIGUSR2');
    expect(await ended).toEqual({ code: 70, signal: null });
    const why = log.split('\n').find((line) => line.includes('planted')) ?? '';
    expect(JSON.parse(why)).toMatchObject({ level: 'error', node: 'n1' });
    const last = log.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ msg: 'the flight record was written' });
  });

  test('resumes after a fault as after a crash', async () => {
    const child = begin(['ignore', 'ignore', 'ignore']);
    await expectServes(child);
    expect((await daemon.client.getSession({ id: 'alice' })).session?.id).toBe('alice');
    await expectOrderlyEnd(child);
  });

  test('ends with the parent that asked for it, even one that was killed', async () => {
    const { name, directory, address, api } = daemon.plan;
    const args = [BIN, 'start', '--exit-with-stdin', '--name', name, '--data-dir'];
    args.push(join(directory, 'data'), '--listen', address, '--api', api, '--http', 'none');
    const script = `const { spawn } = require('node:child_process');
      spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ['pipe', 'ignore', 'ignore'] });`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    children.push(parent);
    await until('it is up', async () => (await daemon.client.nodeStatus()).isPrimary);
    parent.kill('SIGKILL');
    await until('it is gone', async () => {
      const answer = await daemon.client
        .nodeStatus({ timeoutMs: 1000, retry: false })
        .catch(() => null);
      return answer === null;
    });
  });
});

describe('a command', () => {
  const NOBODY = '127.0.0.1:1';

  function begin(args: readonly string[], ...execArgs: readonly string[]): ChildProcess {
    return spawn(process.execPath, [...execArgs, BIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  function end(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
  }

  test('whose errors nobody reads still ends with its code', async () => {
    const child = begin(['session', 'get', 'alice', '--node', NOBODY]);
    child.stderr?.destroy();
    expect((await end(child)).code).toBe(3);
  });

  test('that has a fault says so in one line, without a stack, and ends with 1', async () => {
    const plant = `process.on('SIGUSR2', () => { throw new Error('planted'); });`;
    const preload = `data:text/javascript,${encodeURIComponent(plant)}`;
    const child = begin(['mon-cluster', '--watch', '--node', NOBODY], '--import', preload);
    const ended = end(child);
    // Its first line says that it looks.
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    child.kill('SIGUSR2');
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nquorate: planted\. [^\n]+\n$/);
  });
});
