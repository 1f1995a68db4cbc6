// A daemon that is told to end, or that loses its log, while others hold it up: clients and peers that connect and say
// nothing or stop in mid-request, members that are frozen. It ends in order within a bound; a second signal forces it.

import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import type { LocalCluster } from '../../../cli/demo/cluster.js';
import type { Daemon } from '../../../cli/demo/daemon.js';
import { QuorateClient } from '../../../src/client/client.js';
import { BIN, startCleanDaemons } from '../../support/cluster.js';
import { eventually } from '../partition/cut-cluster.js';

/** Hand-over, drain and closing of everything together, on a busy machine. */
const STOP_MS = 12_000;

let cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
  cleanUps = [];
});

async function formed(nodes: number): Promise<LocalCluster> {
  const cluster = await startCleanDaemons(nodes);
  cleanUps.push(() => cluster.close());
  await cluster.form();
  await cluster.settled();
  return cluster;
}

/** Connections to both ports: one that says nothing, one with a request that never ends. */
function holdUp({ plan }: Daemon): void {
  const methods = [
    [plan.api, '/quorate.v1.Sessions/Put'],
    [plan.address, '/quorate.raft.v1.PeerService/Exchange'],
  ] as const;
  for (const [address, path] of methods) {
    const [host = '', port] = address.split(':');
    const silent = connect(Number(port), host);
    silent.on('error', () => {});
    const session = connectHttp2(`http://${address}`);
    session.on('error', () => {});
    const headers = { ':method': 'POST', ':path': path, te: 'trailers' };
    const stream = session.request({ ...headers, 'content-type': 'application/grpc' });
    stream.on('error', () => {});
    stream.write(Buffer.from([0, 0, 0, 1, 0, 1, 2, 3]));
    cleanUps.push(() => {
      silent.destroy();
      session.destroy();
    });
  }
}

function logged({ logPath }: Daemon, sentence: string): Promise<number> {
  const isThere = (): boolean => readFileSync(logPath, 'utf8').includes(`"msg":"${sentence}"`);
  return eventually(`the log says "${sentence}"`, () => Promise.resolve(isThere()));
}

function first({ daemons }: LocalCluster): Daemon {
  const [daemon] = daemons;
  if (daemon === undefined) throw new Error('a cluster has at least one node');
  return daemon;
}

describe('a daemon told to end', () => {
  test('does so in time although clients and peers hold their requests open', async () => {
    const daemon = first(await formed(1));
    holdUp(daemon);
    const beganMs = performance.now();
    expect(await daemon.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - beganMs).toBeLessThan(STOP_MS);
    await logged(daemon, 'stopped');
  });

  test('is forced by a second signal, and then ends with 143', async () => {
    const daemon = first(await formed(1));
    holdUp(daemon);
    const end = daemon.stop('SIGTERM');
    await logged(daemon, 'stopping');
    process.kill(daemon.pid ?? 0, 'SIGTERM');
    expect(await end).toEqual({ code: 143, signal: null });
    expect(readFileSync(daemon.logPath, 'utf8')).not.toContain('"msg":"stopped"');
  });

  test('does so in time although everybody it could hand over to is frozen', async () => {
    const cluster = await formed(3);
    const { primary } = await cluster.settled();
    const leader = cluster.daemon(primary ?? '');
    const others = cluster.daemons.filter((daemon) => daemon !== leader);
    for (const { pid } of others) process.kill(pid ?? 0, 'SIGSTOP');
    const beganMs = performance.now();
    expect(await leader.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - beganMs).toBeLessThan(STOP_MS);
  });
});

describe('a daemon', () => {
  test.each(['a full disk', 'a pipe that nobody reads any more'])(
    'whose log goes to %s goes on',
    async (log) => {
      const directory = mkdtempSync(join(tmpdir(), 'quorate-log-'));
      const args = ['start', '--data-dir', directory, '--listen', '127.0.0.1:0'];
      const ports = ['--api', '127.0.0.1:0', '--http', 'none'];
      const child = spawn(process.execPath, [BIN, ...args, ...ports, '--json'], {
        stdio: ['ignore', 'pipe', log === 'a full disk' ? openSync('/dev/full', 'w') : 'pipe'],
      });
      child.stderr?.destroy();
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      cleanUps.push(async () => {
        child.kill('SIGKILL');
        await ended;
        rmSync(directory, { recursive: true, force: true });
      });
      const ready = await new Promise<string>((resolve) => {
        child.stdout?.once('data', (text: Buffer) => resolve(text.toString()));
      });
      const { api } = JSON.parse(ready) as { readonly api: string };
      const client = new QuorateClient({ address: api });
      cleanUps.push(() => client.close());
      await client.start({ reason: 'test' });
      await client.putSession({ id: 'x' });
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
    },
  );
});
