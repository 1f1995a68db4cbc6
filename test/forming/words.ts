// Daemons in this process that find each other on loopback, for the tests of forming: started on free ports or given ones, and
// asked over their API. They are stopped at the end of each test, and their directories removed.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QuorateClient } from '../../src/client/client.js';
import { startDaemon } from '../../src/main.js';
import type { Daemon, DaemonOptions } from '../../src/main.js';

/** Until a condition holds, within half a minute. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > limitMs) throw new Error(`waited too long for ${what}`);
    await pause(25);
  }
}

/** Ports that nobody listens at now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export class Daemons {
  readonly #running = new Set<Daemon>();
  readonly #directories: string[] = [];

  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'quorate-forming-'));
    this.#directories.push(directory);
    return directory;
  }

  /** Starts one; without a directory it gets a new one. */
  async start(options: Omit<DaemonOptions, 'dataDir'> & { dataDir?: string }): Promise<Daemon> {
    const dataDir = options.dataDir ?? (await this.directory());
    const quick = { electionTimeoutMs: 300, http: 'none', logLevel: 'error' } as const;
    const ports = { listen: '127.0.0.1:0', api: '127.0.0.1:0' };
    const daemon = await startDaemon({ ...quick, ...ports, ...options, dataDir });
    this.#running.add(daemon);
    return daemon;
  }

  async stop(daemon: Daemon): Promise<void> {
    this.#running.delete(daemon);
    await daemon.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((daemon) => daemon.stop()));
    await Promise.all(this.#directories.map((path) => rm(path, { recursive: true, force: true })));
  }
}

/** Cluster ids that these daemons belong to, without repeats. */
export function clusterIds(daemons: readonly Daemon[]): string[] {
  return [...new Set(daemons.flatMap((daemon) => daemon.status().cluster?.clusterId ?? []))];
}

/** All are voters of one cluster, as each of them knows. */
export function isWhole(daemons: readonly Daemon[]): boolean {
  return (
    clusterIds(daemons).length === 1 &&
    daemons.every((daemon) => daemon.status().settledVoters.length === daemons.length)
  );
}

/** What a node says of itself in `mon-cluster`, beside its state. */
export async function trouble(daemon: Daemon): Promise<string> {
  const client = new QuorateClient({ address: daemon.api });
  try {
    const view = await client.status();
    return view.nodes.find(({ name }) => name === daemon.name)?.trouble ?? '';
  } finally {
    client.close();
  }
}
