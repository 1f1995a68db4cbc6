// A world in which nodes form a cluster: machines that start, crash and are wiped, links that lose, repeat, delay and cut in
// one direction or both, clocks of different rates. Every message passes through the codec, every promise through a disk that
// keeps only what was durable. After each event it is checked that nobody could ever have two clusters, and what the argument for
// that leans on: that no founder of a founded cluster ever let it go.

import {
  decodeFormingMessage,
  decodeFormingRecord,
  encodeFormingMessage,
  encodeFormingRecord,
} from '../../src/codec/forming-codec.js';
import { Forming } from '../../src/forming/forming.js';
import { FORMING_RECORD_NONE } from '../../src/forming/types.js';
import type { Attempt, FormingInput, FormingOutput, Plan } from '../../src/forming/types.js';
import type { InstallId, NodeId } from '../../src/raft/types.js';
import { Streams } from '../random.js';
import type { Stream } from '../random.js';
import { CLUSTER_NAME, founderOf } from './machines.js';
import type { Disk, Machine } from './machines.js';
import { promiseTwo } from './midway.js';
import type { FormingSetting } from './setting.js';

const TICK_MS = 250;
const ANNOUNCE_MS = 1000;
const LISTEN_MS = 1000;

/** A property that did not hold. */
export interface Violated {
  readonly property: string;
  readonly detail: string;
}

interface Timed {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class FormingWorld {
  readonly machines: Machine[] = [];
  /** Installs whose disk is gone, with what it last held. */
  readonly lost: Disk[] = [];
  /** Cluster ids in the order in which they were founded, with the founders. */
  readonly founded = new Map<string, readonly InstallId[]>();
  violated: Violated | null = null;
  nowMs = 0;
  eventCount = 0;
  readonly #setting: FormingSetting;
  readonly #network: Stream;
  readonly #dice: Stream;
  readonly #cut = new Set<string>();
  readonly #queue: Timed[] = [];
  #order = 0;
  #installCount = 0;
  isCalm = false;

  constructor(setting: FormingSetting) {
    this.#setting = setting;
    const streams = new Streams(setting.seed);
    this.#network = streams.stream('forming/network');
    this.#dice = streams.stream('forming/draws');
    const clocks = streams.stream('forming/clocks');
    const names = Array.from({ length: setting.machines }, (_, at) => `N${at + 1}`);
    for (const [at, name] of names.entries()) {
      const plan: Plan =
        setting.hosts > 0
          ? { type: 'hosts', names: names.slice(0, setting.hosts) }
          : { type: 'count', count: setting.count };
      const rate = 950 + clocks.between(0, 100);
      const disk = this.#newDisk();
      this.machines.push({ name, plan, rate, disk, forming: null, life: 0, announceAtMs: at });
    }
    if (setting.isMidway) promiseTwo(this.machines, streams.stream('forming/midway promises'));
  }

  /** Data directories that ever carried the name. */
  get installCount(): number {
    return this.#installCount;
  }

  at(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ atMs: this.nowMs + delayMs, order: this.#order, run });
  }

  /** Runs what is due until then, or until a property fails. */
  runUntil(endMs: number, until: () => boolean = () => false): void {
    while (this.violated === null && !until()) {
      const next = this.#next(endMs);
      if (next === null) break;
      this.nowMs = next.atMs;
      this.eventCount += 1;
      next.run();
      this.#check();
    }
    if (!until()) this.nowMs = Math.max(this.nowMs, endMs);
  }

  start(machine: Machine): void {
    if (machine.forming !== null) return;
    const { disk, name, plan } = machine;
    machine.life += 1;
    const record = disk.record === null ? FORMING_RECORD_NONE : decodeFormingRecord(disk.record);
    machine.forming = new Forming({
      self: founderOf(name, disk, machine.life),
      clusterName: CLUSTER_NAME,
      electionTimeoutMs: 1000,
      plan,
      record,
      cluster: disk.cluster,
      isEnded: false,
      nowMs: this.#clockOf(machine),
      listenMs: LISTEN_MS,
    });
    this.#tickLater(machine, this.#dice.between(0, TICK_MS));
  }

  crash(machine: Machine): void {
    machine.forming = null;
    machine.life += 1;
  }

  /** Takes the disk of a machine that does not run, and gives it an empty one. */
  wipe(machine: Machine): void {
    if (machine.forming !== null) return;
    this.lost.push(machine.disk);
    machine.disk = this.#newDisk();
  }

  cut(from: Machine, to: Machine): void {
    this.#cut.add(`${from.name} ${to.name}`);
  }

  mend(from: Machine, to: Machine): void {
    this.#cut.delete(`${from.name} ${to.name}`);
  }

  healLinks(): void {
    this.#cut.clear();
  }

  #next(endMs: number): Timed | null {
    let best = -1;
    for (const [at, { atMs, order }] of this.#queue.entries()) {
      const other = this.#queue[best];
      if (other === undefined || atMs < other.atMs || (atMs === other.atMs && order < other.order))
        best = at;
    }
    const found = this.#queue[best];
    if (found === undefined || found.atMs > endMs) return null;
    this.#queue.splice(best, 1);
    return found;
  }

  #tickLater(machine: Machine, delayMs: number): void {
    const { life } = machine;
    this.at(Math.max(1, Math.floor((delayMs * 1000) / machine.rate)), () => {
      if (machine.life !== life) return;
      this.#announce(machine);
      this.#step(machine, { type: 'tick', nowMs: this.#clockOf(machine), draw: this.#draw() });
      this.#tickLater(machine, TICK_MS);
    });
  }

  #announce(machine: Machine): void {
    const { forming } = machine;
    if (forming === null || this.nowMs < machine.announceAtMs) return;
    machine.announceAtMs = this.nowMs + ANNOUNCE_MS;
    const message = { from: forming.announcement(), body: { type: 'announce' } as const };
    const bytes = encodeFormingMessage(message);
    for (const other of this.machines) if (other !== machine) this.#carry(machine, other, bytes);
  }

  #step(machine: Machine, input: FormingInput): void {
    const { forming } = machine;
    if (forming === null) return;
    for (const output of forming.step(input)) this.#carryOut(machine, output);
  }

  #carryOut(machine: Machine, output: FormingOutput): void {
    const { disk, life } = machine;
    const alive = (then: () => void) => (): void => {
      if (machine.life === life) then();
    };
    switch (output.type) {
      case 'send': {
        const name = output.address.split(':')[0];
        const to = this.machines.find((other) => other.name === name);
        if (to !== undefined) this.#carry(machine, to, encodeFormingMessage(output.message));
        return;
      }
      case 'persist': {
        const record = encodeFormingRecord(output.record);
        const promised = output.record.promise?.clusterId ?? null;
        this.#write(
          alive(() => {
            disk.record = record;
            disk.promised = promised;
          }),
          alive(() => this.#step(machine, { type: 'persisted', nowMs: this.#clockOf(machine) })),
        );
        return;
      }
      case 'found':
        this.#enter(machine, output.attempt);
        return;
      case 'join':
        this.at(
          this.#delay(),
          alive(() => this.#join(machine, output.clusterId)),
        );
    }
  }

  #enter(machine: Machine, { clusterId, founders }: Pick<Attempt, 'clusterId' | 'founders'>): void {
    const { disk, life } = machine;
    const entered = (): void => {
      disk.cluster = clusterId;
      if (this.founded.has(clusterId)) return;
      const ids = founders.map(({ installId }) => installId);
      this.founded.set(clusterId, ids);
    };
    const nowMs = (): number => this.#clockOf(machine);
    this.#write(
      () => {
        if (machine.life === life) entered();
      },
      () => {
        if (machine.life === life)
          this.#step(machine, { type: 'entered', nowMs: nowMs(), clusterId });
      },
    );
  }

  /** As a member would answer: it must be up and reached, and no other data directory may have the name. */
  #join(machine: Machine, clusterId: string): void {
    const member = this.machines.find(
      (other) =>
        other.forming !== null &&
        other.disk.cluster === clusterId &&
        this.#isOpen(machine, other) &&
        this.#isOpen(other, machine),
    );
    const isTaken = this.lost.some(
      ({ cluster, record }) =>
        cluster === clusterId ||
        (record !== null && decodeFormingRecord(record).promise?.clusterId === clusterId),
    );
    if (member !== undefined && !isTaken) {
      this.#enter(machine, { clusterId, founders: [] });
      return;
    }
    const why = isTaken ? 'the name is taken' : 'no member answered';
    this.#step(machine, { type: 'joinFailed', nowMs: this.#clockOf(machine), why });
  }

  /** A disk takes its time, and a crash meanwhile leaves either of both. */
  #write(take: () => void, done: () => void): void {
    const first = this.#network.between(0, 20);
    this.at(first, () => {
      take();
      this.at(this.#network.between(0, 20), done);
    });
  }

  #carry(from: Machine, to: Machine, bytes: Uint8Array): void {
    if (!this.isCalm && this.#network.chance(this.#setting.lossPerMillion)) return;
    const isTwice = !this.isCalm && this.#network.chance(this.#setting.repeatPerMillion);
    for (let copy = 0; copy <= (isTwice ? 1 : 0); copy += 1) {
      this.at(this.#delay(), () => {
        if (!this.#isOpen(from, to)) return;
        const message = decodeFormingMessage(bytes);
        this.#step(to, { type: 'heard', nowMs: this.#clockOf(to), message });
      });
    }
  }

  #isOpen(from: Machine, to: Machine): boolean {
    return !this.#cut.has(`${from.name} ${to.name}`);
  }

  #delay(): number {
    const isSlow = !this.isCalm && this.#network.chance(this.#setting.slowPerMillion);
    return isSlow ? this.#network.between(0, 10_000) : this.#network.between(1, 50);
  }

  #clockOf({ rate }: Machine): number {
    return Math.floor((this.nowMs * rate) / 1000);
  }

  #draw(): string {
    return Array.from({ length: 4 }, () => this.#dice.bits().toString(16).padStart(8, '0')).join(
      '',
    );
  }

  #newDisk(): Disk {
    this.#installCount += 1;
    // Neither in the order of the machines nor of the wipes.
    const installId = (this.#dice.bits().toString(16).padStart(8, '0') +
      this.#installCount.toString(16).padStart(8, '0')) as InstallId;
    const id = (this.#installCount + 100) as NodeId;
    return { installId, id, record: null, promised: null, cluster: null };
  }

  /** At most one cluster among the disks that there are, and, unless every founder's disk is gone, ever. */
  #check(): void {
    const ids = new Set(this.machines.flatMap(({ disk }) => disk.cluster ?? []));
    if (ids.size > 1 && !this.#isReborn())
      this.#violate('one-cluster', `members of ${[...ids].join(' and ')}`);
    this.#checkBound();
    if (this.founded.size <= 1) return;
    if (!this.#isReborn()) {
      this.#violate('founded-once', `founded ${[...this.founded.keys()].join(' and ')}`);
    }
  }

  /** The lemma of src/forming/README.md: whoever founds a cluster never let go of it, on no disk, not even on one lost later. */
  #checkBound(): void {
    const disks = [...this.machines.map(({ disk }) => disk), ...this.lost];
    for (const [clusterId, founders] of this.founded) {
      const free = disks.find(
        ({ installId, promised, cluster }) =>
          founders.includes(installId) && (cluster ?? promised) !== clusterId,
      );
      if (free === undefined) continue;
      this.#violate(
        'founders-bound',
        `${free.installId} founds ${clusterId}, and is not bound to it`,
      );
    }
  }

  /**
   * With hosts, a second one is right only when no founder's disk of the first is left. Whoever joined the first later may still hold it:
   * founders that lost all they knew and hear nobody of it cannot know.
   */
  #isReborn(): boolean {
    const earlier = [...this.founded.values()].slice(0, -1).flat();
    const isLost = (id: InstallId): boolean => this.lost.some(({ installId }) => installId === id);
    return this.#setting.hosts > 0 && earlier.every(isLost);
  }

  #violate(property: string, detail: string): void {
    this.violated ??= { property, detail };
  }
}
