// The faults of a run: `kill -9` of random sets of nodes at random moments, pauses by SIGSTOP, and cuts of the network in one or
// both directions, each node brought back and each cut healed after a random while. What is done is drawn from the run's seed; when exactly it meets the daemons is the machine's
// chance. A daemon that ends without having been killed is told as an anomaly, never started again silently.

import { setTimeout as pause } from 'node:timers/promises';

import type { Daemon } from '../../../cli/demo/daemon.js';
import { QuorateError } from '../../../src/errors.js';
import type { Cut, Places } from './places.js';
import type { Stream } from '../../../simulations/random.js';

/** One node's part in a round. */
interface Kill {
  readonly node: number;
  /** From the beginning of the fault to the signal. */
  readonly atMs: number;
  /** From the signal to the next start. */
  readonly downMs: number;
}

interface Freeze {
  readonly node: number;
  readonly atMs: number;
  readonly forMs: number;
}

interface Partition {
  readonly cut: Cut;
  readonly atMs: number;
  readonly forMs: number;
}

/** What a round does. */
export interface Round {
  /** Load without faults before it. */
  readonly quietMs: number;
  readonly kills: readonly Kill[];
  readonly freezes: readonly Freeze[];
  /** Of the first node from the others; null: none. */
  readonly partition: Partition | null;
  /** Whether whoever leads takes the part of the last node killed. */
  readonly leaderLast: boolean;
  /** Whether the next round waits until a write is accepted again. */
  readonly waits: boolean;
}

export interface NemesisCounts {
  kills: number;
  freezes: number;
  partitions: number;
  /** Rounds by how many nodes were killed. */
  readonly killedTogether: number[];
}

/** From this moment on, so many nodes run, answer, are not paused, and are not cut off from the others. */
export interface Wellness {
  readonly atUs: number;
  readonly count: number;
}

/** Draws a round for so many nodes, which can be cut apart or not. Half of the rounds that cut kill nobody. */
export function drawRound(stream: Stream, nodes: number, canCut: boolean): Round {
  const quietMs = stream.between(50, 1200);
  const kind = stream.between(1, 100);
  const count = kind <= 45 ? 1 : kind <= 75 ? Math.min(2, nodes) : nodes;
  const order = shuffled(stream, nodes);
  const leaderLast = count === nodes && stream.chance(500_000);
  const kills = leaderLast ? survivor(stream, order) : any(stream, order.slice(0, count));
  const frozen = stream.chance(350_000) ? stream.between(1, nodes - 1) : 0;
  const freezes = shuffled(stream, nodes)
    .slice(0, frozen)
    .map((node) => ({ node, atMs: stream.between(0, 800), forMs: stream.between(50, 2500) }));
  const waits = stream.chance(650_000);
  const partition = canCut && stream.chance(500_000) ? anyPartition(stream) : null;
  const isAlone = partition !== null && stream.chance(500_000);
  return {
    quietMs,
    kills: isAlone ? [] : kills,
    freezes,
    partition,
    leaderLast: leaderLast && !isAlone,
    waits,
  };
}

/** Longer than elections take, mostly. */
function anyPartition(stream: Stream): Partition {
  return {
    cut: stream.pick(['left', 'right', 'both', 'both']),
    atMs: stream.between(0, 400),
    forMs: stream.between(200, 4000),
  };
}

/** At the same moment, or one after the other; each back after a while of its own. */
function any(stream: Stream, order: readonly number[]): Kill[] {
  const spreadMs = stream.chance(500_000) ? 0 : 400;
  return order.map((node) => ({
    node,
    atMs: stream.between(0, spreadMs),
    downMs: stream.between(0, 1500),
  }));
}

/**
 * The last one to die was alone for a moment and comes back last, long after the others have gone on without it:
 * whatever it did alone must not have been acknowledged.
 */
function survivor(stream: Stream, order: readonly number[]): Kill[] {
  return order.map((node, at) => {
    const isLast = at === order.length - 1;
    return isLast
      ? { node, atMs: stream.between(20, 300), downMs: stream.between(2500, 4000) }
      : { node, atMs: stream.between(0, 20), downMs: stream.between(0, 300) };
  });
}

/** Carries rounds out. */
export class Nemesis {
  readonly counts: NemesisCounts = { kills: 0, freezes: 0, partitions: 0, killedTogether: [] };
  readonly anomalies: string[] = [];
  readonly wellness: Wellness[] = [];
  readonly #daemons: readonly Daemon[];
  readonly #nowUs: () => number;
  readonly #places: Places | null;
  readonly #well: Set<Daemon>;
  #isCut = false;

  /** All daemons are well at first. `nowUs` is the clock of the history; `places` null: nothing is cut. */
  constructor(daemons: readonly Daemon[], nowUs: () => number, places: Places | null) {
    this.#places = places;
    this.#daemons = daemons;
    this.#nowUs = nowUs;
    this.#well = new Set(daemons);
  }

  /** Does what the round says; resolves once every node of it runs and answers again. */
  async carryOut(round: Round): Promise<void> {
    const together = round.kills.length;
    this.counts.killedTogether[together] = (this.counts.killedTogether[together] ?? 0) + 1;
    const kills = round.leaderLast ? await this.#withLeaderLast(round.kills) : round.kills;
    await Promise.all([
      ...kills.map((kill) => this.#kill(kill)),
      ...round.freezes.map((freeze) => this.#freeze(freeze)),
      ...(round.partition === null ? [] : [this.#partition(round.partition)]),
    ]);
    await this.#lookAfter();
  }

  /** The same kills, with the parts of the leader and of the last one exchanged. */
  async #withLeaderLast(kills: readonly Kill[]): Promise<readonly Kill[]> {
    const last = kills.at(-1);
    const leader = await this.#leader();
    if (last === undefined || leader === null) return kills;
    return kills.map((kill) => {
      if (kill === last) return { ...kill, node: leader };
      return kill.node === leader ? { ...kill, node: last.node } : kill;
    });
  }

  /** Who calls itself leader; null: nobody does at this moment. */
  async #leader(): Promise<number | null> {
    const roles = await Promise.all(
      this.#daemons.map(async ({ client }) => {
        try {
          const { node } = await client.nodeStatus({ timeoutMs: 300, retry: false });
          return node?.role ?? null;
        } catch (error) {
          if (error instanceof QuorateError) return null;
          throw error;
        }
      }),
    );
    const at = roles.findIndex((role) => role === 'LEADER');
    return at < 0 ? null : at;
  }

  /** Tells of daemons that ended by themselves, and starts them again. */
  async #lookAfter(): Promise<void> {
    for (const daemon of this.#daemons) {
      if (daemon.isRunning) continue;
      this.anomalies.push(`${daemon.name} ended by itself`);
      await this.#start(daemon);
    }
  }

  async #kill({ node, atMs, downMs }: Kill): Promise<void> {
    const daemon = this.#daemons[node];
    if (daemon === undefined) return;
    await pause(atMs);
    if (!daemon.isRunning) return;
    this.counts.kills += 1;
    this.#note(daemon, false);
    await daemon.stop('SIGKILL');
    await pause(downMs);
    await this.#start(daemon);
  }

  async #start(daemon: Daemon): Promise<void> {
    try {
      await daemon.start();
      this.#note(daemon, true);
    } catch (error) {
      this.anomalies.push(`${daemon.name} did not start again: ${String(error)}`);
    }
  }

  async #freeze({ node, atMs, forMs }: Freeze): Promise<void> {
    const daemon = this.#daemons[node];
    await pause(atMs);
    const pid = daemon?.pid ?? null;
    if (pid === null || daemon === undefined) return;
    signal(pid, 'SIGSTOP');
    this.#note(daemon, false);
    this.counts.freezes += 1;
    await pause(forMs);
    // A node that was killed meanwhile has another process by then, or none.
    if (daemon.pid !== pid) return;
    signal(pid, 'SIGCONT');
    this.#note(daemon, true);
  }

  async #partition({ cut, atMs, forMs }: Partition): Promise<void> {
    if (this.#places === null) return;
    await pause(atMs);
    this.#places.cut(cut);
    this.counts.partitions += 1;
    this.#isCut = true;
    this.#tellWellness();
    await pause(forMs);
    this.#places.heal();
    this.#isCut = false;
    this.#tellWellness();
  }

  #note(daemon: Daemon, isWell: boolean): void {
    if (isWell) this.#well.add(daemon);
    else this.#well.delete(daemon);
    this.#tellWellness();
  }

  /** A cut leaves the larger side, which is not the first node's. */
  #tellWellness(): void {
    const [first] = this.#daemons;
    const isFirstWell = first !== undefined && this.#well.has(first);
    const count = this.#well.size - (this.#isCut && isFirstWell ? 1 : 0);
    this.wellness.push({ atUs: this.#nowUs(), count });
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It ended a moment ago; whether it should have is looked after elsewhere.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function shuffled(stream: Stream, count: number): number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = stream.between(0, at);
    [order[at], order[other]] = [order[other] ?? 0, order[at] ?? 0];
  }
  return order;
}
