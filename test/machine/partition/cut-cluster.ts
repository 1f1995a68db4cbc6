// Three real daemons that a cable joins: n1 at its left end, n2 and n3 at its right end, each end in a network namespace
// of its own. Whoever tests reaches all of them over another path that is never cut. Everything that was started ends
// with `close`, whatever happened before.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { waitForSeat } from '../../../cli/joining.js';
import { QuorateClient } from '../../../src/client/client.js';
import { Namespaces } from './namespaces.js';
import type { Side } from './namespaces.js';

const PEER_PORT = 6000;
const API_PORT = 6001;
const PORT_STEP = 10;
const LIMIT_MS = 30_000;
const POLL_MS = 20;

/** A link that came up or went down, as the daemon that has it logged it. */
export interface LinkEvent {
  readonly from: string;
  readonly to: string;
  readonly isUp: boolean;
  /** Wall clock. */
  readonly atMs: number;
}

export class CutDaemon {
  readonly name: string;
  readonly side: Side;
  readonly client: QuorateClient;
  /** As peers know it. */
  readonly address: string;
  /** As other members reach its API. */
  readonly api: string;
  readonly logPath: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | null = null;

  constructor(name: string, side: Side, directory: string, at: number, bin: string) {
    const [peerPort, apiPort] = [PEER_PORT + at * PORT_STEP, API_PORT + at * PORT_STEP];
    this.name = name;
    this.side = side;
    this.client = new QuorateClient({ address: `${side.apiAddress}:${apiPort}` });
    this.address = `${side.address}:${peerPort}`;
    this.api = `${side.address}:${apiPort}`;
    this.logPath = join(directory, `${name}.log`);
    const addresses = ['--listen', this.address, '--api', `0.0.0.0:${apiPort}`, '--insecure'];
    addresses.push('--http', 'none');
    const data = join(directory, name);
    const start = ['start', '--exit-with-stdin', '--name', name, '--data-dir', data];
    this.#arguments = [process.execPath, bin, ...start, ...addresses];
  }

  /** Fails while it does not run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  /** Open descriptors of the process. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Resolves once it answers over the path that is never cut. */
  async start(namespaces: Namespaces): Promise<void> {
    const log = openSync(this.logPath, 'a');
    const child = spawn('ip', namespaces.inside(this.side, this.#arguments), {
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    child.stdin?.on('error', () => {});
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    await eventually(`${this.name} answers`, async () => {
      await this.client.nodeStatus({ timeoutMs: 1000, retry: false });
      return true;
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }
}

export class CutCluster {
  readonly namespaces: Namespaces;
  readonly directory: string;
  readonly daemons: readonly CutDaemon[];
  readonly #onExit = (): void => {
    this.namespaces.remove();
    rmSync(this.directory, { recursive: true, force: true });
  };

  private constructor(namespaces: Namespaces, bin: string) {
    this.namespaces = namespaces;
    this.directory = mkdtempSync(join(tmpdir(), 'quorate-cut-'));
    const { left, right } = namespaces;
    this.daemons = [left, right, right].map((side, at) => {
      return new CutDaemon(`n${at + 1}`, side, this.directory, at, bin);
    });
    process.once('exit', this.#onExit);
  }

  /** Makes the namespaces and forms the cluster in them. */
  static async start(bin: string): Promise<CutCluster> {
    const cluster = new CutCluster(Namespaces.create(), bin);
    try {
      await cluster.#form();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** The daemon at the left end. */
  get alone(): CutDaemon {
    const [first] = this.daemons;
    if (first === undefined) throw new Error('a cluster has three nodes');
    return first;
  }

  /** The daemons at the right end. */
  get others(): CutDaemon[] {
    return this.daemons.slice(1);
  }

  /** Links across the cable whose state changed since this moment of the wall clock, in order. */
  linkEvents(sinceMs: number): LinkEvent[] {
    return this.daemons
      .flatMap((daemon) => eventsOf(daemon, this.daemons))
      .filter(({ from, to, atMs }) => atMs >= sinceMs && (from === 'n1' || to === 'n1'))
      .sort((a, b) => a.atMs - b.atMs);
  }

  /** Resolves once every daemon can have a linearizable read answered and all links across the cable are up. */
  async settled(): Promise<void> {
    for (const { client, name } of this.daemons) {
      await eventually(`${name} serves`, async () => {
        const { nodes } = await client.status({}, { timeoutMs: 1000, retry: false });
        return nodes.every(({ state }) => state === 'STANDBY' || state === 'PRIMARY');
      });
    }
    await eventually('all links are up', () => {
      const states = new Map<string, boolean>();
      for (const { from, to, isUp } of this.linkEvents(0)) states.set(`${from} ${to}`, isUp);
      return Promise.resolve(states.size === 4 && [...states.values()].every(Boolean));
    });
  }

  async close(): Promise<void> {
    for (const daemon of this.daemons) {
      daemon.client.close();
      await daemon.kill();
    }
    this.#onExit();
    process.off('exit', this.#onExit);
  }

  /** Lets every daemon lead once and answer for all, so that each has whatever connections it will ever keep. */
  async warmUp(): Promise<void> {
    for (const { client, name } of this.daemons) {
      await eventually(`${name} is primary`, async () => {
        const { primary } = await client.setPrimary({ name, reason: 'test' });
        return primary === name;
      });
      await this.settled();
    }
  }

  async #form(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.start(this.namespaces)));
    await this.alone.client.start({ reason: 'test' });
    for (const { client } of this.others) {
      const join = { addresses: [this.alone.api], reason: 'test' };
      const { node } = await client.join(join, { timeoutMs: LIMIT_MS });
      await waitForSeat(client, { node, old: null }, performance.now() + LIMIT_MS, () => {});
    }
    await this.settled();
  }
}

/** Asks again until the answer is yes; fails, naming the wish and the last error, when it took too long. */
export async function eventually(
  what: string,
  isSo: () => Promise<boolean>,
  limitMs = LIMIT_MS,
): Promise<number> {
  const beganMs = performance.now();
  let last = '';
  while (performance.now() - beganMs < limitMs) {
    try {
      if (await isSo()) return performance.now() - beganMs;
      last = '';
    } catch (error) {
      last = `; last: ${String(error)}`;
    }
    await pause(POLL_MS);
  }
  throw new Error(`${what}: not so within ${limitMs} ms${last}`);
}

interface LogLine {
  readonly time: string;
  readonly msg?: string;
}

function eventsOf({ name, logPath }: CutDaemon, daemons: readonly CutDaemon[]): LinkEvent[] {
  const events: LinkEvent[] = [];
  for (const line of readFileSync(logPath, 'utf8').split('\n')) {
    // The last line may be half written.
    if (!line.includes('cluster member') || !line.endsWith('}')) continue;
    const { time, msg = '' } = JSON.parse(line) as LogLine;
    const [, address, state] = /^cluster member (\S+) is (up|down)$/.exec(msg) ?? [];
    const peer = daemons.find((daemon) => daemon.address === address);
    if (peer === undefined) continue;
    events.push({ from: name, to: peer.name, isUp: state === 'up', atMs: Date.parse(time) });
  }
  return events;
}
