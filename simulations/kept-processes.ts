// The keeper of a simulated machine and the processes that it runs: the shipped decisions, with a pipe that takes time, timers
// that come late, and processes that end at once, late, never of themselves, or without being asked. A keeper outlives its
// daemon; the next daemon's begins by killing what it left. That nothing runs on two machines, nor beyond its lease, is checked here.

import { killAtMs } from '../src/keeper/deadlines.js';
import { Keeper } from '../src/keeper/keeper.js';
import type { Kept, KeeperInput, KeeperOutput, LeaseOrder } from '../src/keeper/words.js';
import type { PrimaryPort } from '../src/node/ports.js';
import type { SimulatedClock } from './clock.js';
import type { Stream } from './random.js';
import { showTime } from './trace.js';
import { hold } from './violation.js';
import type { World } from './world.js';

/** A process that runs now. */
export interface KeptProcess {
  readonly machineId: number;
  readonly epoch: number;
}

type Told = KeeperInput extends infer I ? (I extends unknown ? Omit<I, 'nowMs'> : never) : never;

const PROCESS: Omit<Kept, 'stopGraceMs'> = {
  name: 'process',
  group: null,
  start: true,
  primaryOnly: true,
  restart: { limit: 1000, withinMs: 1000 },
  memoryBytes: null,
};

/** Longest way through the pipe, and how late a timer is at most. */
const PIPE_US_MAX = 3000;
const LATE_US_MAX = 1000;
/** Clocks may change their rate, so no timer is set further ahead. */
const TIMER_MS_MAX = 10;
const IGNORES_SIGNAL_PPM = 300_000;
const EXITS_BY_ITSELF_PPM = 100_000;

/** One keeper, from its daemon's start to the end of what it runs. */
export class SimulatedKeeper implements PrimaryPort {
  readonly stopLimitMs: number;
  readonly promote?: NonNullable<PrimaryPort['promote']>;
  readonly #world: World;
  readonly #machineId: number;
  readonly #clock: SimulatedClock;
  readonly #draw: Stream;
  /** Lets an event happen in the daemon, if it is the same and runs. */
  readonly #enter: (kind: string, run: () => void) => void;
  readonly #keeper: Keeper;
  #process: (KeptProcess & { readonly run: number }) | null = null;
  /** The newest deadline that the keeper was told of, by epoch. */
  #leases = new Map<number, LeaseOrder>();
  #stop: { readonly id: number; readonly done: () => void } | null = null;
  #stopId = 0;
  #arrivesUs = 0;
  #isOver = false;
  #timer = 0;

  constructor(
    world: World,
    machineId: number,
    clock: SimulatedClock,
    draw: Stream,
    enter: (kind: string, run: () => void) => void,
  ) {
    this.#enter = enter;
    this.#world = world;
    this.#machineId = machineId;
    this.#clock = clock;
    this.#draw = draw;
    const { stopLimitMs, stopGraceMs, hasHooks } = world.parameters.reigns;
    this.stopLimitMs = stopLimitMs;
    this.#keeper = new Keeper([{ ...PROCESS, stopGraceMs }]);
    if (hasHooks) this.promote = (_, done) => this.#askHook(done);
  }

  lease(order: LeaseOrder): void {
    this.#tell({ type: 'lease', order });
  }

  over(epoch: number): void {
    this.#stop = null;
    this.#tell({ type: 'over', epoch });
  }

  stop(epoch: number, done: () => void): void {
    this.#stopId += 1;
    const stop = { id: this.#stopId, done };
    this.#stop = stop;
    this.#afterHook('hook before demotion', () => {
      if (this.#stop === stop) this.#tell({ type: 'handOver', epoch, stopId: stop.id });
    });
  }

  resume(epoch: number): void {
    this.#world.count('handOversResumed');
    this.#stop = null;
    this.#tell({ type: 'resume', epoch });
  }

  /** The daemon died; the pipe still brings what it said before. */
  orphan(): void {
    this.#stop = null;
    this.#tell({ type: 'orphaned' });
  }

  /** The machine went down, or another keeper of the machine killed what is left. */
  end(): void {
    if (this.#process !== null) this.#world.running.delete(this.#process);
    this.#process = null;
    this.#isOver = true;
  }

  /** It may look for as long as it likes, and refuse; once all faults are over it agrees at once. */
  #askHook(done: (why: string | null) => void): void {
    const { isCalm } = this.#world.network;
    const refuses = this.#draw.chance(this.#world.parameters.reigns.hookRefusesPpm) && !isCalm;
    this.#afterHook('hook before promotion', () => {
      if (refuses) this.#world.count('hooksRefused');
      done(refuses ? 'simulated' : null);
    });
  }

  /** At once where there are no hooks; never if the daemon dies meanwhile. */
  #afterHook(kind: string, then: () => void): void {
    const { hasHooks, hookMeanUs } = this.#world.parameters.reigns;
    if (!hasHooks) then();
    else this.#world.plan(this.#draw.exponential(hookMeanUs), () => this.#enter(kind, then));
  }

  #tell(input: Told): void {
    const { nowUs } = this.#world;
    this.#arrivesUs = Math.max(this.#arrivesUs, nowUs + this.#draw.between(20, PIPE_US_MAX));
    this.#world.plan(this.#arrivesUs - nowUs, () => this.#step(input));
  }

  #step(input: Told): void {
    if (this.#isOver) return;
    const nowMs = this.#clock.nowMs();
    if (input.type === 'lease') this.#note(input.order);
    for (const output of this.#keeper.step({ ...input, nowMs })) {
      this.#carryOut(output);
    }
    this.#timer += 1;
    this.#wait(this.#timer);
  }

  #note(order: LeaseOrder): void {
    const known = this.#leases.get(order.epoch);
    if (known === undefined || order.untilMs > known.untilMs) this.#leases.set(order.epoch, order);
  }

  #wait(timer: number): void {
    const { wakeMs } = this.#keeper;
    if (wakeMs === null) return;
    const nowMs = this.#clock.nowMs();
    const atMs = Math.min(wakeMs, nowMs + TIMER_MS_MAX);
    const delayUs = Math.max(0, this.#clock.trueUsOf(atMs) - this.#world.nowUs);
    this.#world.plan(delayUs + this.#draw.between(0, LATE_US_MAX), () => {
      if (this.#isOver || timer !== this.#timer) return;
      if (this.#clock.nowMs() >= wakeMs) this.#step({ type: 'tick' });
      else this.#wait(timer);
    });
  }

  #carryOut(output: KeeperOutput): void {
    switch (output.type) {
      case 'start':
        return this.#start(output.run, output.epoch ?? 0);
      case 'terminate':
        if (this.#draw.chance(IGNORES_SIGNAL_PPM)) return;
        return this.#endLater(output.run, this.#draw.exponential(50_000));
      case 'kill':
        return this.#endLater(output.run, this.#draw.between(100, this.#marginUs() / 4));
      case 'stopped': {
        const { stopId } = output;
        this.#world.plan(this.#draw.between(20, PIPE_US_MAX), () =>
          this.#enter('stopped', () => this.#stopped(stopId)),
        );
        return;
      }
      default:
    }
  }

  #stopped(stopId: number): void {
    if (this.#stop?.id !== stopId) return;
    const { done } = this.#stop;
    this.#stop = null;
    done();
  }

  #start(run: number, epoch: number): void {
    const world = this.#world;
    for (const other of world.running) {
      hold(other.machineId === this.#machineId, 'one-primary', () => {
        return `at ${showTime(world.nowUs)} node ${this.#machineId} starts a process under epoch ${epoch} while node ${other.machineId} runs one under epoch ${other.epoch}`;
      });
    }
    const process = { machineId: this.#machineId, epoch, run };
    this.#process = process;
    world.running.add(process);
    world.count('keptStarts');
    if (this.#draw.chance(EXITS_BY_ITSELF_PPM)) {
      this.#endLater(run, this.#draw.exponential(500_000));
    }
  }

  #endLater(run: number, delayUs: number): void {
    this.#world.plan(Math.floor(delayUs), () => {
      const process = this.#process;
      if (process?.run !== run) return;
      this.#process = null;
      this.#world.running.delete(process);
      this.#checkEnd(process);
      this.#step({ type: 'ended', name: PROCESS.name, run, why: 'it ended' });
    });
  }

  /** A fifth of the lease lies between SIGKILL and its end. */
  #marginUs(): number {
    const lease = this.#leases.get(this.#process?.epoch ?? 0);
    return lease === undefined ? 1000 : (lease.untilMs - killAtMs(lease)) * 1000;
  }

  #checkEnd({ epoch }: KeptProcess): void {
    const untilMs = this.#leases.get(epoch)?.untilMs ?? 0;
    const nowMs = this.#clock.nowMs();
    hold(nowMs < untilMs, 'one-primary', () => {
      return `at ${showTime(this.#world.nowUs)} a process of node ${this.#machineId} ends ${nowMs - untilMs} ms after its lease`;
    });
  }
}
