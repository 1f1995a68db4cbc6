// Quorate as it is built, daemons with the default timers. The leader is the primary, by the view that any node gives.

import { readFileSync } from 'node:fs';
import { LocalCluster } from '../../../cli/demo/cluster.js';
import type { LocalClusterOptions } from '../../../cli/demo/cluster.js';
import type { Daemon } from '../../../cli/demo/daemon.js';
import { waitForSeat } from '../../../cli/joining.js';
import { STORE } from '../../../src/client/protos.js';
import { BIN } from '../../support/cluster.js';
import type { RequestBytes, Running, System } from './system.js';

const packageFile = new URL('../../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
const JOIN_TIMEOUT_MS = 60_000;

type Sendable<Request> = { readonly path: string; requestSerialize(request: Request): Buffer };

function bytesFor<Request>(method: Sendable<Request>, request: Request): RequestBytes {
  return { path: method.path, message: method.requestSerialize(request) };
}

/** Quorate at the command that was built. */
export const quorate: System = {
  name: 'quorate',
  version,
  requests: {
    write: (key, value) => bytesFor(STORE.Put, { key, value: Buffer.from(value) }),
    read: (key) => bytesFor(STORE.Get, { key }),
    staleRead: (key) => bytesFor(STORE.Get, { key, consistency: 'STALE' }),
    pipelinedWrite: (key, value) => ({
      ...bytesFor(STORE.Pipeline, { operations: [{ put: { key, value: Buffer.from(value) } }] }),
      isStreamed: true,
    }),
    batch: (keys, value) =>
      bytesFor(STORE.Transact, {
        success: keys.map((key) => ({ put: { key, value: Buffer.from(value) } })),
      }),
  },
  start: (nodes, joiners = 0) => QuorateRunning.start(nodes, joiners),
};

/** A cluster, with its daemons for whoever must look into them. */
export class QuorateRunning implements Running {
  readonly #cluster: LocalCluster;
  /** In the order in which they joined. */
  readonly #members: Daemon[] = [];
  /** Those that may join. */
  readonly #clean: Daemon[];

  private constructor(cluster: LocalCluster) {
    this.#cluster = cluster;
    this.#clean = [...cluster.daemons];
  }

  /** Forms a cluster of so many; `prefix` as in `LocalClusterOptions`. */
  static async start(
    nodes: number,
    joiners: number,
    prefix: NonNullable<LocalClusterOptions['prefix']> = () => [],
  ): Promise<QuorateRunning> {
    const cluster = await LocalCluster.plan({
      nodes: nodes + joiners,
      electionTimeout: null,
      bin: BIN,
      prefersUsualPorts: false,
      prefix,
    });
    const running = new QuorateRunning(cluster);
    try {
      await running.#found();
      while (running.#members.length < nodes) await running.#seated(await running.join());
      await cluster.settled();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return running;
  }

  daemonAt(at: number): Daemon {
    const daemon = this.#members[at];
    if (daemon === undefined) throw new Error(`there is no node ${at}`);
    return daemon;
  }

  get addresses(): string[] {
    return this.#members.map(({ api }) => api);
  }

  get pids(): number[] {
    return this.#members.map(({ pid }) => pid ?? 0);
  }

  async leader(): Promise<{ readonly address: string; readonly at: number }> {
    const view = await this.#cluster.until('a primary', ({ primary }) => primary !== null, 10_000);
    const at = this.#members.findIndex(({ name }) => name === view.primary);
    return { address: this.daemonAt(at).api, at };
  }

  async revision(): Promise<number> {
    const { nodes } = await this.#cluster.until('a leader', ({ primary }) => primary !== null);
    return Math.max(...nodes.map(({ commitIndex }) => commitIndex ?? 0));
  }

  /** It keeps the latest ten thousand by itself. */
  async compact(): Promise<void> {}

  async kill(at: number): Promise<void> {
    await this.daemonAt(at).stop('SIGKILL');
  }

  async restart(at: number): Promise<void> {
    await this.daemonAt(at).start();
  }

  async join(): Promise<number> {
    const daemon = this.#takeClean();
    await daemon.start();
    const request = { addresses: [this.daemonAt(0).api], reason: 'benchmark' };
    await daemon.client.join(request, { timeoutMs: JOIN_TIMEOUT_MS });
    return this.#members.push(daemon) - 1;
  }

  async leave(): Promise<void> {
    const last = this.daemonAt(this.#members.length - 1);
    await this.#seated(this.#members.length - 1);
    const request = { name: last.name, force: true, reason: 'benchmark' };
    await this.daemonAt(0).client.remove(request, { timeoutMs: JOIN_TIMEOUT_MS });
    this.#members.pop();
    await last.stop('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#cluster.close();
  }

  async #found(): Promise<void> {
    const founder = this.#takeClean();
    await founder.start();
    await founder.client.start({ reason: 'benchmark' });
    this.#members.push(founder);
  }

  #takeClean(): Daemon {
    const daemon = this.#clean.shift();
    if (daemon === undefined) throw new Error('there is no further node that could join');
    return daemon;
  }

  async #seated(at: number): Promise<void> {
    const { client, name } = this.daemonAt(at);
    const deadlineMs = performance.now() + JOIN_TIMEOUT_MS;
    await waitForSeat(client, { node: name, old: null }, deadlineMs, () => {});
  }
}
