// Three real daemons, each on a disk of its own that fails when it is told to, and clients that write to all of them and
// remember what was acknowledged. A power cut kills all daemons in one moment and takes from each disk what it need not
// have kept; whoever writes meanwhile learns nothing, which counts as unknown.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { LocalCluster } from '../../../cli/demo/cluster.js';
import type { Daemon } from '../../../cli/demo/daemon.js';
import type { NodeView } from '../../../src/client/cluster-view.js';
import { BIN } from '../../support/cluster.js';
import { readDiskJournal } from './disk-journal.js';
import { FaultyDisk } from './faulty-disk.js';
import { filesBelow, remains, restore } from './power-cut.js';
import type { PowerCut } from './power-cut.js';

const WRITERS = 6;
const WRITE_TIMEOUT_MS = 5000;
/** Every so many writes one is large, so that write-ahead logs change and snapshots are taken. */
const LARGE_EACH = 8;
const LARGE_BYTES = 100_000;
const RETRY_MS = 10;
const TTL_MS = 3_600_000;
export const ELECTION_TIMEOUT_MS = 500;

/** A log line of a daemon. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly directory?: string;
  readonly hint?: string;
  readonly error?: { readonly message: string };
}

export class FaultyCluster {
  readonly cluster: LocalCluster;
  /** What was acknowledged, by session id: how long its one value is. */
  readonly acknowledged = new Map<string, number>();
  readonly #disks = new Map<string, FaultyDisk>();
  /** Of each disk, what the daemon that runs now has found. */
  readonly #before = new Map<string, Map<string, Buffer>>();
  #written = 0;

  private constructor(cluster: LocalCluster, disks: ReadonlyMap<string, FaultyDisk>) {
    this.cluster = cluster;
    for (const [name, disk] of disks) this.#disks.set(name, disk);
  }

  /** Starts the daemons and forms the cluster. `close` must be called, whatever happens. */
  static async start(bin = BIN): Promise<FaultyCluster> {
    const disks = new Map<string, FaultyDisk>();
    const cluster = await LocalCluster.plan({
      nodes: 3,
      electionTimeout: `${ELECTION_TIMEOUT_MS}ms`,
      bin,
      prefersUsualPorts: false,
      prefix: (name, directory) => {
        mkdirSync(directory, { recursive: true });
        const disk = new FaultyDisk(join(directory, 'data'), join(directory, 'disk'));
        disks.set(name, disk);
        return ['env', ...Object.entries(disk.environment).map((pair) => pair.join('='))];
      },
    });
    const made = new FaultyCluster(cluster, disks);
    try {
      await made.startAll();
      await cluster.form();
      await cluster.settled();
      return made;
    } catch (error) {
      await made.close();
      throw error;
    }
  }

  disk(daemon: Daemon): FaultyDisk {
    const found = this.#disks.get(daemon.name);
    if (found === undefined) throw new Error(`there is no disk of ${daemon.name}`);
    return found;
  }

  /** Starts all daemons on their disks as they are. */
  async startAll(): Promise<void> {
    await Promise.all(this.cluster.daemons.map((daemon) => this.start(daemon)));
  }

  /** Starts one daemon on its disk as it is. */
  async start(daemon: Daemon): Promise<void> {
    const disk = this.disk(daemon);
    disk.begin();
    this.#before.set(daemon.name, filesBelow(disk.root));
    await daemon.start();
  }

  /** Kills all daemons in one moment; their disks keep what the cut leaves. */
  async cutPower(cut: PowerCut): Promise<void> {
    await Promise.all(this.cluster.running.map((daemon) => daemon.stop('SIGKILL')));
    for (const daemon of this.cluster.daemons) {
      const { root, journalPath } = this.disk(daemon);
      const before = this.#before.get(daemon.name) ?? new Map<string, Buffer>();
      restore(remains(before, readDiskJournal(journalPath), cut), root);
    }
  }

  /** Writes through all daemons that run, from now until the answer is called; it resolves when no writer is left. */
  write(): () => Promise<void> {
    let isOver = false;
    const writers = Array.from({ length: WRITERS }, async () => {
      while (!isOver) if (!(await this.writeOne())) await pause(RETRY_MS);
    });
    return async () => {
      isOver = true;
      await Promise.all(writers);
    };
  }

  /** One write through a daemon, or through any; answers whether it was acknowledged. */
  async writeOne(through: Daemon | null = null, timeoutMs = WRITE_TIMEOUT_MS): Promise<boolean> {
    const { running } = this.cluster;
    const daemon = through ?? running[Math.floor(Math.random() * running.length)];
    if (daemon === undefined) return false;
    this.#written += 1;
    const id = `s${this.#written}`;
    const value = Buffer.alloc(this.#written % LARGE_EACH === 0 ? LARGE_BYTES : this.#written % 50);
    const request = { id, attributes: { value }, ttlMs: TTL_MS };
    try {
      await daemon.client.putSession(request, { timeoutMs, retry: false });
    } catch {
      return false;
    }
    this.acknowledged.set(id, value.length);
    return true;
  }

  /** Resolves once this many more writes than now were acknowledged. */
  async acknowledgedMore(count: number): Promise<void> {
    const wanted = this.acknowledged.size + count;
    const deadlineMs = performance.now() + 60_000;
    while (this.acknowledged.size < wanted) {
      if (performance.now() > deadlineMs) throw new Error(`no ${count} writes were acknowledged`);
      await pause(RETRY_MS);
    }
  }

  /** Ids of what was acknowledged and is not there, or not as it was written. Linearizable. */
  async lost(): Promise<string[]> {
    const found = new Map<string, number>();
    const { client } = this.cluster.running[0] ?? this.cluster.daemon('n1');
    for (let afterId = ''; ;) {
      const { sessions, more } = await client.listSessions({ afterId, limit: 1000 });
      for (const { id, attributes } of sessions) {
        found.set(id, attributes['value']?.length ?? -1);
        afterId = id;
      }
      if (!more) break;
    }
    return [...this.acknowledged].flatMap(([id, bytes]) => (found.get(id) === bytes ? [] : [id]));
  }

  /** Who leads, and the two others. */
  async roles(): Promise<{ leader: Daemon; followers: readonly [Daemon, Daemon] }> {
    const { leader } = await this.cluster.settled();
    const [first, second] = this.cluster.daemons.filter(({ name }) => name !== leader);
    if (first === undefined || second === undefined) throw new Error('there are no two followers');
    return { leader: this.cluster.daemon(leader ?? ''), followers: [first, second] };
  }

  /** Resolves once the cluster shows this daemon as such. */
  async shown(daemon: Daemon, state: NodeView['state']): Promise<void> {
    const isSo = ({ name, state: said }: NodeView): boolean =>
      name === daemon.name && said === state;
    await this.cluster.until(`${daemon.name} ${state}`, ({ nodes }) => nodes.some(isSo));
  }

  /** The lines of a daemon's log that are warnings or errors and speak of the disk. */
  complaints(daemon: Daemon): LogLine[] {
    const lines = readFileSync(daemon.logPath, 'utf8').split('\n');
    return lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter(({ level, msg }) => ['warn', 'error'].includes(level) && msg.includes('disk'));
  }

  async close(): Promise<void> {
    await this.cluster.close();
    for (const disk of this.#disks.values()) disk.close();
  }
}
