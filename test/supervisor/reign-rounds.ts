// Rounds of faults upon the primary of real daemons: one is brought, mended once another reigns or after a while, and what the
// processes marked meanwhile is judged. No older epoch may mark after a newer one. Gaps are told, not judged: they are what a
// fault costs.

import { readFileSync } from 'node:fs';

import { QuorateError } from '../../src/errors.js';
import type { RealDaemon, RealDaemons, Mark } from './real-daemons.js';

/** Cuts between places by their names; whatever arrives at one from another is dropped. */
export interface Cuts {
  cut(at: string, from: string): void;
  heal(): void;
}

/** What needs no network of its own, then what does. */
export const LOCAL_FAULTS = [
  'stop daemon',
  'hand-over',
  'kill both',
  'kill keeper',
  'kill daemon',
  'end daemon',
  'stop keeper',
  'stall daemon',
] as const;
export const NETWORK_FAULTS = ['cut off', 'deaf', 'mute', 'partly cut'] as const;
export type Fault = (typeof LOCAL_FAULTS)[number] | (typeof NETWORK_FAULTS)[number];

/** A reign need not end of these: they last so many election timeouts. */
const BRIEF: ReadonlySet<Fault> = new Set(['kill keeper', 'stop keeper', 'partly cut']);
const BRIEF_TIMEOUTS = 4;

export interface Round {
  readonly fault: Fault;
  /** Seconds for which nobody marked, at most at a stretch, from the fault until all was well. */
  readonly gap: number;
  /** Seconds from the fault to the first mark of the next reign; null: the reign went on. */
  readonly toNext: number | null;
  /** Where an older epoch marked after a newer one did; empty: nowhere. */
  readonly overlaps: readonly string[];
}

/** Seconds since boot, as the marks have them. */
function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
}

export class ReignRounds {
  readonly #cluster: RealDaemons;
  readonly #electionTimeoutMs: number;
  readonly #cuts: Cuts | null;

  constructor(cluster: RealDaemons, electionTimeoutMs: number, cuts: Cuts | null = null) {
    this.#cluster = cluster;
    this.#electionTimeoutMs = electionTimeoutMs;
    this.#cuts = cuts;
  }

  /** One fault, from a whole cluster to a whole cluster. */
  async round(fault: Fault): Promise<Round> {
    const cluster = this.#cluster;
    const before = await cluster.marked();
    const from = uptime();
    const mend = await this.#bring(fault, before.daemon);
    if (BRIEF.has(fault)) await pause(this.#electionTimeoutMs * BRIEF_TIMEOUTS);
    else await cluster.reign(before.epoch);
    await mend();
    await cluster.whole();
    await cluster.marked();
    const marks = cluster.marks();
    const next = marks.find(({ epoch }) => epoch > before.epoch) ?? null;
    return {
      fault,
      gap: longestGap(marks, from),
      toNext: next === null ? null : next.at - from,
      overlaps: overlaps(marks),
    };
  }

  /** Brings it upon the primary and answers how to mend it. */
  async #bring(fault: Fault, primary: RealDaemon): Promise<() => Promise<void>> {
    const cluster = this.#cluster;
    const restart = (): Promise<void> => cluster.restart(primary);
    switch (fault) {
      case 'kill daemon':
        cluster.kill(primary);
        return restart;
      case 'kill both':
        process.kill(cluster.keeperOf(primary), 'SIGKILL');
        cluster.kill(primary);
        return restart;
      case 'end daemon':
        primary.child.kill('SIGTERM');
        return restart;
      case 'stop daemon':
        primary.child.kill('SIGSTOP');
        return done(() => primary.child.kill('SIGCONT'));
      case 'stall daemon':
        primary.child.kill('SIGUSR2');
        return done();
      case 'kill keeper':
        process.kill(cluster.keeperOf(primary), 'SIGKILL');
        return done();
      case 'stop keeper': {
        // The daemon kills it, and a fault of the daemon before that finds nobody on guard: what both standing still costs is documented.
        const keeper = cluster.keeperOf(primary);
        process.kill(keeper, 'SIGSTOP');
        return () => cluster.anotherKeeper(primary, keeper);
      }
      case 'hand-over':
        await this.#handOver(primary);
        return done();
      default:
        return this.#partition(fault, primary);
    }
  }

  #partition(fault: (typeof NETWORK_FAULTS)[number], { name }: RealDaemon): () => Promise<void> {
    const cuts = this.#cuts;
    if (cuts === null) throw new Error('these daemons share a network');
    const others = this.#cluster.daemons.map((daemon) => daemon.name).filter((one) => one !== name);
    for (const other of fault === 'partly cut' ? others.slice(0, 1) : others) {
      if (fault !== 'mute') cuts.cut(name, other);
      if (fault !== 'deaf') cuts.cut(other, name);
    }
    return done(() => cuts.heal());
  }

  /** Nobody can prove a stop while there is no keeper: the hand-over is abandoned then, and asked for again. */
  async #handOver(primary: RealDaemon): Promise<void> {
    const other = this.#cluster.daemons.find((daemon) => daemon !== primary);
    for (let isDone = false; !isDone;) {
      isDone = await this.#cluster
        .at(primary, (client) => client.setPrimary({ name: other?.name ?? '' }))
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof QuorateError) return false;
            throw error;
          },
        );
    }
  }
}

function done(run: () => unknown = () => undefined): () => Promise<void> {
  return () => {
    run();
    return Promise.resolve();
  };
}

function overlaps(marks: readonly Mark[]): string[] {
  let newest = 0;
  return marks.flatMap(({ epoch, node, at }) => {
    if (epoch < newest) return [`epoch ${epoch} on ${node} at ${at}, after epoch ${newest}`];
    newest = epoch;
    return [];
  });
}

/** Between two marks, the second of them not before `from`. */
function longestGap(marks: readonly Mark[], from: number): number {
  return marks.reduce((longest, { at }, index) => {
    const before = marks[index - 1]?.at ?? at;
    return at < from ? longest : Math.max(longest, at - before);
  }, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
