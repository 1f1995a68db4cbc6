// etcd as Debian packages it, three nodes with Quorate's timers, told to sync as it does by default. The leader is found by its own
// command, etcdctl.

import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { KV } from './etcd-protos.js';
import { freePorts } from './free-ports.js';
import type { RequestBytes, Running, System } from './system.js';

/** Quorate's defaults. */
const HEARTBEAT_MS = 100;
const ELECTION_MS = 1000;
const LEADER_TIMEOUT_MS = 10_000;

const run = promisify(execFile);

interface EndpointStatus {
  readonly Endpoint: string;
  readonly Status: {
    readonly leader?: number;
    readonly header: { readonly member_id: number; readonly revision: number };
  };
}

function bytesFor(method: keyof typeof KV, request: object): RequestBytes {
  return { path: KV[method].path, message: KV[method].requestSerialize(request) };
}

/** Whether the two programs are there. */
export function isEtcdInstalled(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    execFileSync('etcdctl', ['version'], { stdio: 'ignore', env: environment() });
    return true;
  } catch {
    return false;
  }
}

/** etcd; check first whether it is installed. */
export function etcd(): System {
  const version = /etcd Version: (\S+)/.exec(
    execFileSync('etcd', ['--version'], { encoding: 'utf8' }),
  );
  return {
    name: 'etcd',
    version: version?.[1] ?? 'unknown',
    requests: {
      write: (key, value) => bytesFor('Put', { key: Buffer.from(key), value: Buffer.from(value) }),
      read: (key) => bytesFor('Range', { key: Buffer.from(key) }),
      staleRead: (key) => bytesFor('Range', { key: Buffer.from(key), serializable: true }),
      pipelinedWrite: (key, value) =>
        bytesFor('Put', { key: Buffer.from(key), value: Buffer.from(value) }),
      batch: (keys, value) =>
        bytesFor('Txn', {
          success: keys.map((key) => ({
            requestPut: { key: Buffer.from(key), value: Buffer.from(value) },
          })),
        }),
    },
    start,
  };
}

interface Node {
  readonly name: string;
  readonly client: number;
  readonly peer: number;
}

class Cluster implements Running {
  readonly #directory = mkdtempSync(join(tmpdir(), 'quorate-etcd-'));
  readonly #nodes: Node[];
  readonly #children: (ChildProcess | null)[];
  /** Those that found the cluster; whoever comes later joins it. */
  readonly #founders: number;
  /** As etcd names the node that joined last. */
  #joinerId = '';
  /** Up to this revision. A new store is at 1. */
  #compacted = 1;
  #count: number;
  readonly #onExit = (): void => {
    for (const child of this.#children) child?.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  constructor(ports: readonly number[]) {
    this.#nodes = Array.from({ length: ports.length / 2 }, (_, at) => ({
      name: `e${at + 1}`,
      client: ports[2 * at] ?? 0,
      peer: ports[2 * at + 1] ?? 0,
    }));
    this.#children = this.#nodes.map(() => null);
    this.#founders = this.#nodes.length;
    this.#count = this.#founders;
    process.once('exit', this.#onExit);
  }

  get addresses(): string[] {
    return this.#nodes.map(({ client }) => `127.0.0.1:${client}`);
  }

  get pids(): number[] {
    return this.#children.map((child) => child?.pid ?? 0);
  }

  async leader(): Promise<{ address: string; at: number }> {
    const deadlineMs = performance.now() + LEADER_TIMEOUT_MS;
    while (performance.now() < deadlineMs) {
      const found = (await this.#status()).find(
        ({ Status: { leader, header } }) => leader !== undefined && leader === header.member_id,
      );
      const at = this.#nodes.findIndex(
        ({ client }) => found?.Endpoint.endsWith(`:${client}`) === true,
      );
      if (at >= 0) return { address: `127.0.0.1:${this.#nodes[at]?.client}`, at };
      await pause(50);
    }
    throw new Error(`etcd has no leader within ${LEADER_TIMEOUT_MS} ms`);
  }

  async revision(): Promise<number> {
    const status = await this.#status();
    return Math.max(...status.map(({ Status }) => Status.header.revision));
  }

  async compact(): Promise<void> {
    const revision = await this.revision();
    // It refuses to do so twice.
    if (revision <= this.#compacted) return;
    await this.#control(['compact', '--physical', String(revision)]);
    this.#compacted = revision;
  }

  async kill(at: number): Promise<void> {
    const child = this.#children[at];
    if (child === null || child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    this.#children[at] = null;
  }

  async restart(at: number): Promise<void> {
    const node = this.#nodes[at];
    if (node === undefined) throw new Error(`there is no node ${at}`);
    const url = (port: number): string => `http://127.0.0.1:${port}`;
    const log = openSync(join(this.#directory, `${node.name}.log`), 'a');
    const cluster = this.#nodes.map((each) => `${each.name}=${url(each.peer)}`).join(',');
    this.#children[at] = spawn(
      'etcd',
      [
        `--name=${node.name}`,
        `--data-dir=${join(this.#directory, node.name)}`,
        `--listen-client-urls=${url(node.client)}`,
        `--advertise-client-urls=${url(node.client)}`,
        `--listen-peer-urls=${url(node.peer)}`,
        `--initial-advertise-peer-urls=${url(node.peer)}`,
        `--initial-cluster=${cluster}`,
        `--initial-cluster-state=${at < this.#founders ? 'new' : 'existing'}`,
        `--heartbeat-interval=${HEARTBEAT_MS}`,
        `--election-timeout=${ELECTION_MS}`,
        '--quota-backend-bytes=8589934592',
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
  }

  async join(): Promise<number> {
    const [client = 0, peer = 0] = await freePorts(2);
    this.#count += 1;
    const name = `e${this.#count}`;
    const url = `http://127.0.0.1:${peer}`;
    const said = await this.#control(['member', 'add', name, `--peer-urls=${url}`, '--learner']);
    this.#joinerId = /Member\s+([0-9a-f]+) added/.exec(said)?.[1] ?? '';
    const at = this.#nodes.push({ name, client, peer }) - 1;
    this.#children.push(null);
    await this.restart(at);
    return at;
  }

  async leave(): Promise<void> {
    const at = this.#nodes.length - 1;
    await this.#control(['member', 'remove', this.#joinerId]);
    await this.kill(at);
    const [gone] = this.#nodes.splice(at, 1);
    this.#children.splice(at, 1);
    rmSync(join(this.#directory, gone?.name ?? 'none'), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((_, at) => this.kill(at)));
    rmSync(this.#directory, { recursive: true, force: true });
    process.off('exit', this.#onExit);
  }

  async #control(command: readonly string[]): Promise<string> {
    const { address } = await this.leader();
    const args = [...command, '--command-timeout=60s', `--endpoints=${address}`];
    return (await run('etcdctl', args, { env: environment() })).stdout;
  }

  /** Of the nodes that answer. */
  async #status(): Promise<EndpointStatus[]> {
    const endpoints = this.#nodes.map(({ client }) => `127.0.0.1:${client}`).join(',');
    const args = [
      'endpoint',
      'status',
      '-w',
      'json',
      '--command-timeout=1s',
      `--endpoints=${endpoints}`,
    ];
    // It ends with 1 if one of them does not answer, and prints those that do.
    const { stdout } = await run('etcdctl', args, { env: environment() }).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );
    // Ids are beyond the safe integers: only whether two are the same matters here.
    return stdout === '' ? [] : (JSON.parse(stdout) as EndpointStatus[]);
  }
}

async function start(nodes: number): Promise<Running> {
  const cluster = new Cluster(await freePorts(2 * nodes));
  try {
    for (let at = 0; at < nodes; at += 1) await cluster.restart(at);
    await cluster.leader();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, ETCDCTL_API: '3' };
}
