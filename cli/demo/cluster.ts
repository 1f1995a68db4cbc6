// Several daemons on this machine as one cluster: free ports, data under a temporary directory that is removed at the
// end, formed through the same calls that the commands make. `close` stops everything that was started, whatever happened before.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StatusResponse__Output as StatusResponse } from '../../src/generated/quorate/v1/StatusResponse.js';
import type { TlsFiles } from '../../src/tls/identity.js';
import { waitForSeat } from '../joining.js';
import { clusterView } from '../../src/client/cluster-view.js';
import type { ClusterView } from '../../src/client/cluster-view.js';
import { Daemon } from './daemon.js';
import type { DaemonPlan } from './daemon.js';

const HOST = '127.0.0.1';
/** Ports that an operator would expect: 6000, 6001 and 8080 for the first node; then 6010, 6011 and 8081, and so on. */
const PORT_FIRST = 6000;
const HTTP_PORT_FIRST = 8080;
const PORT_STEP = 10;
const JOIN_TIMEOUT_MS = 30_000;
const POLL_MS = 15;

export interface LocalClusterOptions {
  readonly nodes: number;
  /** As on the command line; null: the daemon's default. */
  readonly electionTimeout: string | null;
  /** The built command, `dist/cli/main.js`. */
  readonly bin: string;
  /** Of every node's Command Center; default: none. */
  readonly password?: string;
  /** Default true: 6000, 6001, 8080, 6010, … where they are free. */
  readonly prefersUsualPorts?: boolean;
  /** Files of a node; default: without TLS. */
  readonly tls?: (name: string) => TlsFiles;
  /** A node's `DaemonPlan.prefix`, by its name and the directory that it has for data and log; default: none. */
  readonly prefix?: (name: string, directory: string) => readonly string[];
  /** Further options of a node's `start`, by its name; default: none. */
  readonly more?: (name: string) => readonly string[];
  /** A node's `DaemonPlan.readyTimeoutMs`. */
  readonly readyTimeoutMs?: number;
  /** Where the node at this place, from 0, runs; default: on free ports of this machine. */
  readonly place?: (at: number) => NodePlace;
}

/** Where a node runs, if not on this machine's own network. */
export type NodePlace = Required<
  Pick<DaemonPlan, 'address' | 'api' | 'http' | 'apiForMembers' | 'prefix' | 'more'>
>;

export class LocalCluster {
  readonly directory: string;
  readonly daemons: readonly Daemon[];
  readonly #onExit = (): void => {
    for (const daemon of this.daemons) daemon.killNow();
    rmSync(this.directory, { recursive: true, force: true });
  };

  private constructor(directory: string, daemons: readonly Daemon[]) {
    this.directory = directory;
    this.daemons = daemons;
    process.once('exit', this.#onExit);
  }

  /** Plans the nodes n1, n2, … without starting any. */
  static async plan(options: LocalClusterOptions): Promise<LocalCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-'));
    const ports = await choosePorts(options.nodes, options.prefersUsualPorts ?? true);
    const daemons = ports.map(({ peer, api, http }, at) => {
      const name = `n${at + 1}`;
      const own = join(directory, name);
      return new Daemon({
        name,
        directory: own,
        address: `${HOST}:${peer}`,
        api: `${HOST}:${api}`,
        http: `${HOST}:${http}`,
        electionTimeout: options.electionTimeout,
        tls: options.tls?.(name) ?? null,
        bin: options.bin,
        prefix: options.prefix?.(name, own) ?? [],
        more: options.more?.(name) ?? [],
        ...(options.password === undefined ? {} : { password: options.password }),
        ...(options.readyTimeoutMs === undefined ? {} : { readyTimeoutMs: options.readyTimeoutMs }),
        ...options.place?.(at),
      });
    });
    return new LocalCluster(directory, daemons);
  }

  /** The daemon of this name. */
  daemon(name: string): Daemon {
    const found = this.daemons.find((daemon) => daemon.name === name);
    if (found === undefined) throw new Error(`there is no daemon ${name}`);
    return found;
  }

  get running(): Daemon[] {
    return this.daemons.filter((daemon) => daemon.isRunning);
  }

  /** Starts all daemons; each is a clean node unless it has data. */
  async startAll(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.start()));
  }

  /** Makes the first daemon start a cluster and the others join it, one after the other. */
  async form(onStep: (daemon: Daemon, how: 'start' | 'join') => void = () => {}): Promise<void> {
    const [first, ...others] = this.daemons;
    if (first === undefined) throw new Error('a cluster has at least one node');
    onStep(first, 'start');
    await first.client.start({ reason: 'demo' });
    for (const daemon of others) {
      onStep(daemon, 'join');
      const { node } = await daemon.client.join(
        { addresses: [first.plan.apiForMembers ?? first.api], reason: 'demo' },
        { timeoutMs: JOIN_TIMEOUT_MS },
      );
      await waitForSeat(
        daemon.client,
        { node, old: null },
        performance.now() + JOIN_TIMEOUT_MS,
        () => {},
      );
    }
  }

  /** Asks the running daemons in turn until one gives a view that satisfies, or fails at the deadline. */
  async until(
    what: string,
    satisfies: (view: ClusterView) => boolean,
    timeoutMs = JOIN_TIMEOUT_MS,
  ): Promise<ClusterView> {
    const deadlineMs = performance.now() + timeoutMs;
    let last = 'nobody answered';
    while (performance.now() < deadlineMs) {
      for (const { client } of this.running) {
        try {
          const answer: StatusResponse = await client.status({}, { timeoutMs: 1000, retry: false });
          const view = clusterView(answer);
          if (satisfies(view)) return view;
          last = JSON.stringify(view);
        } catch (error) {
          last = String(error);
        }
      }
      await pause(POLL_MS);
    }
    throw new Error(`${what} did not happen within ${timeoutMs} ms; last seen: ${last}`);
  }

  /** Resolves once all members are up, caught up, and one of them is primary. */
  settled(timeoutMs = JOIN_TIMEOUT_MS): Promise<ClusterView> {
    return this.until(
      'a settled cluster',
      (view) => isSettled(view, this.running.length),
      timeoutMs,
    );
  }

  /** Stops all daemons and removes their data. */
  async close(): Promise<void> {
    // In parallel and without hand-overs: nobody is left to take over.
    await Promise.all(this.running.map((daemon) => daemon.stop('SIGKILL')));
    for (const { client } of this.daemons) client.close();
    rmSync(this.directory, { recursive: true, force: true });
    process.off('exit', this.#onExit);
  }
}

const FULLY_IN: ReadonlySet<string | null> = new Set(['STANDBY', 'PRIMARY', 'WITNESS']);

function isSettled(view: ClusterView, running: number): boolean {
  return (
    view.quorum &&
    view.primary !== null &&
    view.nodes.filter(({ state }) => FULLY_IN.has(state)).length === running &&
    view.nodes.every(({ state, lagEntries }) => state === 'DOWN' || lagEntries === 0)
  );
}

interface Ports {
  readonly peer: number;
  readonly api: number;
  readonly http: number;
}

async function choosePorts(nodes: number, prefersUsual: boolean): Promise<Ports[]> {
  const usual = Array.from({ length: nodes }, (_, at): Ports => {
    const peer = PORT_FIRST + at * PORT_STEP;
    return { peer, api: peer + 1, http: HTTP_PORT_FIRST + at };
  });
  const wanted = usual.flatMap(({ peer, api, http }) => [peer, api, http]);
  if (prefersUsual && (await areFree(wanted))) return usual;
  const free = await freePorts(wanted.length);
  return usual.map((_, at) => {
    const [peer = 0, api = 0, http = 0] = free.slice(3 * at);
    return { peer, api, http };
  });
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const taken = await Promise.all(ports.map((port) => listen(port).then(release, () => null)));
  return taken.every((port) => port !== null);
}

/** Ports that were free a moment ago; all are held at once, so that none comes twice. */
async function freePorts(number: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: number }, () => listen(0)));
  return Promise.all(held.map(release));
}

type Listener = ReturnType<typeof createServer>;

function listen(port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: HOST, exclusive: true }, () => resolve(server));
  });
}

function release(server: Listener): Promise<number> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => server.close(() => resolve(port)));
}
