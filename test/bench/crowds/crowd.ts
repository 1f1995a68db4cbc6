// What the benchmarks of many watchers and many sessions share: daemons that tell how late their event loops are and what memory
// they use, and how often anybody campaigned. Times are of this machine at this load, which the output says.

import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { LocalCluster } from '../../../cli/demo/cluster.js';
import type { Daemon } from '../../../cli/demo/daemon.js';
import { MONITOR, notesIn } from '../notes.js';
import type { Note } from '../notes.js';

const BIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const POLL_MS = 20;
const COLLECT_LIMIT_MS = 60_000;

/** Between two moments, of one daemon. */
export interface Calm {
  /** The longest that its event loop held up a timer, so also a heartbeat, in milliseconds. */
  readonly lateMaxMs: number;
  /** How long it waited for a processor in the quarter of a second in which that was. */
  readonly waitedForMs: number;
}

export class Crowd {
  readonly cluster: LocalCluster;
  #leader: Daemon | null = null;

  private constructor(cluster: LocalCluster) {
    this.cluster = cluster;
  }

  /** Starts and forms so many nodes. */
  static async start(nodes: number): Promise<Crowd> {
    const cluster = await LocalCluster.plan({
      nodes,
      electionTimeout: null,
      bin: BIN,
      prefersUsualPorts: false,
      prefix: (_name, directory) => [
        'env',
        `NODE_OPTIONS=--import ${MONITOR}`,
        `QUORATE_BENCH_MONITOR=${join(directory, 'monitor.ndjson')}`,
      ],
    });
    const crowd = new Crowd(cluster);
    try {
      await cluster.startAll();
      await cluster.form();
      const { leader } = await cluster.settled();
      crowd.#leader = cluster.daemon(leader ?? '');
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return crowd;
  }

  /** Whoever led when it began. */
  get leader(): Daemon {
    if (this.#leader === null) throw new Error('the cluster has not formed');
    return this.#leader;
  }

  /** The term: it rises whenever somebody campaigns. */
  async term(): Promise<number> {
    return (await this.leader.client.nodeStatus()).term;
  }

  /** How late the leader's event loop was since this moment of the wall clock. */
  calmSince(fromMs: number): Calm {
    const notes = this.#notes().filter(({ atMs }) => atMs >= fromMs);
    const latest = notes.toSorted((a, b) => b.lateMs - a.lateMs)[0];
    return { lateMaxMs: latest?.lateMs ?? 0, waitedForMs: latest?.waitedForMs ?? 0 };
  }

  /** Bytes that the leader holds after a full garbage collection: the heap and what hangs on it outside. */
  async heldBytes(): Promise<{ readonly held: number; readonly rss: number }> {
    const fromMs = Date.now();
    process.kill(this.leader.pid ?? 0, 'SIGUSR2');
    const deadlineMs = performance.now() + COLLECT_LIMIT_MS;
    for (;;) {
      const found = this.#notes().find(({ atMs, isCollected }) => isCollected && atMs >= fromMs);
      if (found !== undefined) return { held: found.heapUsed + found.external, rss: found.rss };
      if (performance.now() > deadlineMs) throw new Error('the leader did not tell its memory');
      await pause(POLL_MS);
    }
  }

  async close(): Promise<void> {
    await this.cluster.close();
  }

  #notes(): Note[] {
    return notesIn(join(this.leader.plan.directory, 'monitor.ndjson'));
  }
}

/** How late, and how much of it was the machine's fault. */
export function latenessOf({ lateMaxMs, waitedForMs }: Calm): string {
  return `at most ${lateMaxMs.toFixed(0)} ms (about then it waited ${waitedForMs.toFixed(0)} ms for a processor)`;
}

/** `p50 12 ms, p99 40 ms, longest 51 ms`. */
export function spread(unsorted: readonly number[]): string {
  const sorted = unsorted.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}

/** What the figures must be read with. */
export function machineLine(): string {
  const loads = loadavg().map((load) => load.toFixed(1));
  return `machine        ${availableParallelism()} processors, node ${process.version}, load average ${loads.join(' ')} (1, 5, 15 minutes)`;
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}
