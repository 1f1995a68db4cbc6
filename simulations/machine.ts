// One simulated machine: its clock, its disk and the process on it, which is the shipped driver with its core. The
// process is started, paused, killed and started again; its machine lives on. Whatever reaches the process goes through
// `enter`, where the event is traced, its failures become violations and the oracle looks at the result.

import { Node } from '../src/node/node.js';
import type { LoggerPort, StoragePort } from '../src/node/ports.js';
import { InvariantViolation } from '../src/raft/assert.js';
import { timersFor } from '../src/raft/options.js';
import type { Identity, InstallId, Member, NodeId } from '../src/raft/types.js';
import { SimulatedClock } from './clock.js';
import { Disk } from './disk.js';
import { SimulatedKeeper } from './kept-processes.js';
import type { Arrival } from './network.js';
import type { Stream } from './random.js';
import { Touch } from './touch.js';
import type { Build } from './versions.js';
import { NotLive, Violation } from './violation.js';
import type { World } from './world.js';

/** One run of the daemon on a machine. */
export interface Process {
  readonly node: Node;
  /** Counts from 1 on each machine. */
  readonly number: number;
  readonly build: Build;
  readonly touch: Touch;
  /** By node id: what this process was last told of the software there. */
  readonly greeted: Map<NodeId, Build>;
}

interface Held {
  readonly isMessage: boolean;
  readonly run: () => void;
}

export class Machine {
  readonly id: NodeId;
  readonly installId: InstallId;
  readonly name: string;
  readonly clock: SimulatedClock;
  readonly disk: Disk;
  /** Some of those that join are witnesses; the first two never are. */
  readonly isWitness: boolean;
  readonly priority: number;
  /** Null while the daemon is down. */
  process: Process | null = null;
  readonly #world: World;
  readonly #draw: Stream;
  readonly #tickMs: number;
  #runs = 0;
  #isRetired = false;
  #isLost = false;
  /** Null: runs; else what reaches the paused process, until it goes on. */
  #held: Held[] | null = null;
  /** When it was paused. */
  #wasPrimary = false;
  /** How long each event of the process takes, in microseconds. */
  stepUs = 0;
  /** What waits for a slow process, in order; null: nothing does, and it is not busy. */
  #backlog: Held[] | null = null;
  /** The newest daemon's, which outlives it; null: none, or none is simulated. */
  #keeper: SimulatedKeeper | null = null;
  /** Until when a keeper may run what a dead daemon left it. */
  #keptUntilUs = 0;

  constructor(world: World, id: NodeId, ratePpm: number) {
    this.#world = world;
    this.id = id;
    this.name = `node${id}`;
    this.installId = id.toString(16).padStart(16, '0') as InstallId;
    this.#draw = world.streams.stream(`machine/${id}`);
    const kind = world.streams.stream(`kind/${id}`);
    this.isWitness = kind.chance(WITNESS_PPM) && id > 2;
    this.priority = kind.pick([50, 50, 50, 10, 90]);
    this.#tickMs = timersFor(world.parameters.electionTimeoutMs).tickMs;
    this.clock = new SimulatedClock(() => world.nowUs, ratePpm, this.#draw.between(0, 1_000_000));
    const identity: Identity = {
      nodeId: id,
      installId: this.installId,
      cluster: null,
      ended: null,
    };
    const diskDraw = world.streams.stream(`disk/${id}`);
    this.disk = new Disk(identity, {
      syncUs: () => syncUs(world, diskDraw),
      later: (delayUs, run) => world.plan(delayUs, run),
      nowUs: () => world.nowUs,
      onDurable: () => world.oracle.durable(this),
    });
  }

  get isUp(): boolean {
    return this.process !== null;
  }

  get isPaused(): boolean {
    return this.#held !== null;
  }

  /** Its events wait for one another. */
  get isSlow(): boolean {
    return this.stepUs > 0 || this.#backlog !== null;
  }

  /** It is gone, damaged, or knows that its word is worth nothing: only a new machine can take its place. */
  get isLost(): boolean {
    return this.#isLost || this.disk.ended === 'setBack';
  }

  get canBoot(): boolean {
    return !this.#isLost && !this.#isRetired;
  }

  /** Its clock may change its rate: no deadline hangs on it but those of the running process. */
  get canChangeClock(): boolean {
    return this.process !== null && this.#world.nowUs >= this.#keptUntilUs;
  }

  /** The running, unpaused driver; null otherwise. */
  get node(): Node | null {
    return this.isPaused ? null : (this.process?.node ?? null);
  }

  /** What a configuration says of this machine. */
  get member(): Member {
    return {
      id: this.id,
      installId: this.installId,
      name: this.name,
      ...SELF,
      ...this.#world.versions.buildOf(this.id).software,
      autoPromote: true,
      replaces: null,
      patientUntilMs: 0,
      witness: this.isWitness,
      priority: this.priority,
    };
  }

  /** Starts the daemon on what the disk holds; a machine that was taken away or is damaged stays down. */
  boot(): void {
    if (!this.canBoot) return;
    this.#runs += 1;
    const { limits, snapshots, clientSessions } = this.#world.parameters;
    const number = this.#runs;
    const build = this.#world.versions.buildOf(this.id);
    const open: { process: Process | null } = { process: null };
    const enter = (kind: string, run: () => void): void => {
      if (open.process !== null) this.enter(open.process, kind, 0, run);
    };
    const primary = this.#newKeeper(enter);
    const touch = new Touch(this.#world.observerOf?.(this) ?? null);
    const node = this.#guard(() => {
      return new Node(
        {
          stored: this.disk.open(),
          self: { ...SELF, ...build.software, priority: this.priority },
          features: build.features,
          randomSeed: this.#world.streams.stream(`raft/${this.id}`).bits(),
          limits,
          snapshotLimits: snapshots,
          clientSessionLimits: clientSessions,
        },
        {
          clock: this.clock,
          schedule: {
            soon: (callback) =>
              this.#world.plan(this.#draw.between(5, 60), () => enter('turn', callback)),
          },
          storage: this.#storage(enter),
          transport: {
            send: (to, message) => {
              this.#world.send(this, to, message);
            },
            setPeers: () => undefined,
          },
          codec: build.codec,
          log: this.#logger(),
          ...(primary === null ? {} : { primary }),
          observer: touch,
        },
      );
    });
    const process: Process = { node, number, build, touch, greeted: new Map() };
    open.process = process;
    this.process = process;
    this.#world.oracle.booted(this, process);
    this.enter(process, 'start', number, () =>
      node.start((error) => {
        if (error !== null) throw error;
      }),
    );
    this.#planTick(process, this.clock.nowMs() + this.#tickMs);
  }

  /** Runs something in this process as one event, unless that process is over; while paused it waits. */
  enter(
    process: Process,
    kind: string,
    content: number,
    run: () => void,
    describe: () => string = () => '',
  ): void {
    if (this.process !== process) return;
    if (this.#held !== null) {
      const held = (): void => this.enter(process, kind, content, run, describe);
      this.#held.push({ isMessage: kind === 'receive', run: held });
      return;
    }
    if (this.#backlog !== null) {
      const later = (): void => this.#enterNow(process, kind, content, run, describe);
      const isFull = this.#backlog.length >= BACKLOG_MAX;
      // What answers the process itself is never lost.
      if (!isFull || kind !== 'receive')
        this.#backlog.push({ isMessage: kind === 'receive', run: later });
      return;
    }
    this.#enterNow(process, kind, content, run, describe);
    if (this.stepUs > 0) this.#work(process);
  }

  /** A slow process is busy for the time of one event, then takes the next. */
  #work(process: Process): void {
    this.#backlog ??= [];
    const backlog = this.#backlog;
    this.#world.plan(Math.max(1, this.stepUs), () => {
      if (this.process !== process || this.#backlog !== backlog) return;
      const next = this.#held === null ? backlog.shift() : undefined;
      next?.run();
      // Something else may have become of it meanwhile.
      if (this.#backlog !== backlog) return;
      if (next === undefined && this.#held === null) this.#backlog = null;
      else this.#work(process);
    });
  }

  #enterNow(
    process: Process,
    kind: string,
    content: number,
    run: () => void,
    describe: () => string,
  ): void {
    if (this.process !== process) return;
    const world = this.#world;
    world.trace.note(world.nowUs, this.id, kind, content, describe);
    this.#guard(run);
    if (process.touch.take()) world.oracle.after(this, process);
    else world.oracle.idled(this, process);
  }

  /** A message arrives; a machine that is down does not notice. */
  receive({ from, message, digest }: Arrival): void {
    const { process } = this;
    if (process === null) return;
    const term = process.node.raft?.state.term ?? 0;
    if (message.type === 'timeoutNow' && message.term < term) this.#world.count('lateTimeoutNow');
    this.enter(
      process,
      'receive',
      digest,
      () => {
        this.#world.oracle.received(this, process, from.id, message);
        this.#greet(process, from);
        process.node.receive(from, message);
      },
      () => `from node ${from.id}: ${JSON.stringify(message)}`,
    );
  }

  /**
   * The daemon dies without a word. With `reboot` the machine goes down too and its clock starts anew.
   * Some of the batches on their way to the disk may have arrived.
   */
  crash(reboot: boolean, keptBatches: number): void {
    const { process } = this;
    if (process === null) return;
    this.#world.oracle.crashed(this, reboot);
    this.process = null;
    this.#held = null;
    this.#backlog = null;
    this.stepUs = 0;
    if (reboot) this.#keeper?.end();
    else this.#keeper?.orphan();
    this.disk.crash(keptBatches);
    this.#world.oracle.durable(this);
    const timeoutUs = this.#world.parameters.electionTimeoutMs * 1000;
    this.#keptUntilUs = reboot ? 0 : this.#world.nowUs + 2 * timeoutUs;
    if (reboot) this.clock.restart(this.#draw.between(0, 1_000_000));
  }

  /** A daemon's keeper begins by killing what an earlier one left; its word reaches the daemon as an event. */
  #newKeeper(enter: (kind: string, run: () => void) => void): SimulatedKeeper | null {
    const world = this.#world;
    if (!world.hasKeepers) return null;
    this.#keeper?.end();
    const draw = world.streams.stream(`keeper/${this.id}`);
    this.#keeper = new SimulatedKeeper(world, this.id, this.clock, draw, enter);
    return this.#keeper;
  }

  /** Takes the machine away for good. */
  retire(): void {
    this.#isRetired = true;
    this.crash(true, 0);
  }

  /** The machine or what is on its disk is damaged for good. */
  lose(): void {
    this.#isLost = true;
    this.crash(true, 0);
  }

  /** Each event takes this long from now on. */
  slow(stepUs: number): void {
    this.stepUs = stepUs;
  }

  /** The process stops getting time. */
  pause(): void {
    if (this.process === null) return;
    this.#held ??= [];
    this.#wasPrimary = this.process.node.status().isPrimary;
  }

  /** The process goes on with what has come meanwhile; of the messages each is lost with the given chance. */
  resume(lossPpm: number): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    const isPrimary = this.process?.node.status().isPrimary === true;
    if (this.#wasPrimary && !isPrimary) this.#world.count('leasesLostInPause');
    for (const { isMessage, run } of held) {
      if (!isMessage || !this.#draw.chance(lossPpm)) run();
    }
  }

  /** The first message of a process comes after its greeting. */
  #greet({ node, greeted }: Process, from: Arrival['from']): void {
    const build = this.#world.versions.buildOf(from.id);
    // One that reads its disk is told later, as the shipped transport does.
    if (node.raft === null || greeted.get(from.id) === build) return;
    greeted.set(from.id, build);
    node.greeted(from, build.software);
  }

  #planTick(process: Process, atMs: number): void {
    const { nowUs } = this.#world;
    const delayUs = Math.max(0, this.clock.trueUsOf(atMs) - nowUs) + this.#draw.between(0, 200);
    this.#world.plan(delayUs, () => this.#tick(process, atMs));
  }

  /** A tick that could change nothing is no event. */
  #tick(process: Process, atMs: number): void {
    const dueMs = this.clock.nowMs();
    const isRunning = this.process === process && this.#held === null;
    if (isRunning && !process.node.needsTick(Math.max(0, dueMs - atMs))) {
      this.#world.oracle.idled(this, process);
      this.#planTick(process, dueMs + this.#tickMs);
      return;
    }
    this.enter(process, 'tick', 0, () => {
      const nowMs = this.clock.nowMs();
      process.node.tick(Math.max(0, nowMs - atMs));
      this.#planTick(process, nowMs + this.#tickMs);
    });
  }

  #storage(enter: (kind: string, run: () => void) => void): StoragePort {
    const { disk } = this;
    return {
      persist: (request, done) => {
        const installed = request.batch.install?.meta.last.index ?? Infinity;
        if (disk.lastIndex > installed) this.#world.count('snapshotsOverLonger');
        disk.persist(request, (error) => enter('durable', () => done(error)));
      },
      saveSnapshot: (meta, parts, done) => {
        this.#world.count('snapshotsTaken');
        disk.saveSnapshot(meta, parts, (error) => enter('saved', () => done(error)));
      },
      readSnapshot: (done) =>
        disk.readSnapshot((error, found) => enter('read', () => done(error, found))),
    };
  }

  #logger(): LoggerPort {
    const say =
      (level: string) =>
      (fields: object, sentence: string): void =>
        this.#world.log(this, `${level}: ${sentence} ${JSON.stringify(fields)}`);
    return { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') };
  }

  /** What the shipped code throws is a violation: it would end the process. */
  #guard<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof Violation || error instanceof NotLive) throw error;
      const isStated = error instanceof InvariantViolation;
      const what = error instanceof Error ? error : new Error(String(error));
      const detail = isStated ? what.message : (what.stack ?? what.message);
      throw new Violation(
        isStated ? 'stated-invariant' : 'node-never-throws',
        `node ${this.id}: ${detail}`,
        { cause: error },
      );
    }
  }
}

const WITNESS_PPM = 350_000;

/** More events than this do not wait for a slow process: further messages are lost. */
const BACKLOG_MAX = 500;

const SELF = {
  address: 'simulated:6000',
  api: 'simulated:6001',
} as const;

function syncUs(world: World, draw: Stream): number {
  const { syncMeanUs, slowSyncPpm, slowSyncMaxUs } = world.parameters.disk;
  const us = 20 + draw.exponential(syncMeanUs);
  if (world.network.isCalm || !draw.chance(slowSyncPpm)) return us;
  return us + draw.between(0, slowSyncMaxUs);
}
