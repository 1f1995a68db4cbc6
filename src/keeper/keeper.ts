// Which supervised process runs now, decided as a value: inputs in, what is to be done out. It holds the rules that keep
// primary-only processes within the lease (README.md has the argument): absolute deadlines that are checked before each
// start, SIGTERM and SIGKILL in time without anybody's help, no epoch that comes back. It starts and kills nothing itself.

import { invariant, unreachable } from '../raft/assert.js';
import { killAtMs, terminateAtMs } from './deadlines.js';
import { redefined } from './redefine.js';
import { definitionOf, failed, forgiven, newLife, runOf, settled, stopping } from './life.js';
import type { Life } from './life.js';
import type {
  CommandAnswer,
  DefinedEffect,
  Kept,
  KeeperInput,
  KeeperOutput,
  LeaseOrder,
  Wanted,
} from './words.js';

/** A hand-over that runs: the processes of the epoch are being ended. */
interface HandOver {
  readonly epoch: number;
  readonly stopId: number;
  readonly isReported: boolean;
}

type Ended = Extract<KeeperInput, { type: 'ended' }>;
type Command = Extract<KeeperInput, { type: 'command' }>;
type Define = Extract<KeeperInput, { type: 'define' }>;

const NOTHING_ASKED: Wanted = { epoch: 0, names: {} };

export class Keeper {
  /** In the order in which they start. */
  #lives = new Map<string, Life>();
  /** The newest order of the newest reign; null: none, or it is over. */
  #lease: LeaseOrder | null = null;
  /** Nothing starts under this epoch or an earlier one. Invariant: never falls. */
  #closedEpoch = 0;
  #handOver: HandOver | null = null;
  /** Who is to be told to end, and why, once nobody behind it in its group is left. */
  readonly #draining = new Map<string, string>();
  /** A reign that an earlier keeper knew: what was asked under it still counts. */
  readonly #wantedEpoch: number;
  /** Null: the daemon neither stops nor is gone. */
  #end: 'shutdown' | 'orphaned' | null = null;
  #isFinished = false;
  #nowMs = 0;
  #nextRun = 1;
  #outputs: KeeperOutput[] = [];

  /** In the order in which they start. Names are unique. `wanted`: what was asked of the keeper before. */
  constructor(kept: readonly Kept[], wanted: Wanted = NOTHING_ASKED) {
    this.#wantedEpoch = wanted.epoch;
    for (const one of kept) this.#lives.set(one.name, newLife(one, wanted.names[one.name]));
  }

  /** All processes, in order. */
  get lives(): readonly Life[] {
    return [...this.#lives.values()];
  }

  /** The newest order that counts; null: there is none. */
  get lease(): LeaseOrder | null {
    return this.#lease;
  }

  /** Takes an input and answers what is to be done now, in order. */
  step(input: KeeperInput): readonly KeeperOutput[] {
    invariant(input.nowMs >= this.#nowMs, 'the keeper lives on a clock that never falls');
    this.#nowMs = input.nowMs;
    this.#take(input);
    this.#endLateReigns();
    this.#drain();
    this.#killLate();
    this.#startAllowed();
    this.#reportStopped();
    this.#reportFinished();
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** When it must be stepped at the latest, by a tick if by nothing else; null: not before something happens. */
  get wakeMs(): number | null {
    const times: number[] = [];
    const lease = this.#lease;
    for (const life of this.#lives.values()) {
      const { phase, kept } = life;
      if (phase.type === 'backingOff' && phase.untilMs > this.#nowMs) times.push(phase.untilMs);
      if (phase.type === 'stopping' && !phase.isKilled) times.push(phase.killAtMs);
      if (!kept.primaryOnly || lease === null) continue;
      if (phase.type === 'starting' || phase.type === 'running') times.push(terminateAtMs(lease));
      if (phase.type === 'stopping' && !phase.isKilled) times.push(killAtMs(lease));
      const isWaiting = phase.type === 'idle' || phase.type === 'backingOff';
      if (isWaiting && this.#nowMs < lease.fromMs) times.push(lease.fromMs);
    }
    const next = times.reduce((first, atMs) => Math.min(first, atMs), Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #take(input: KeeperInput): void {
    switch (input.type) {
      case 'tick':
        return;
      case 'lease':
        return this.#renew(input.order);
      case 'over':
        return this.#close(input.epoch);
      case 'handOver':
        return this.#beginHandOver(input.epoch, input.stopId);
      case 'resume':
        return this.#resume(input.epoch);
      case 'command': {
        const answer = this.#command(input);
        this.#outputs.push({ type: 'answered', id: input.id, answer });
        return;
      }
      case 'define':
        return this.#define(input);
      case 'started':
        return this.#started(input.name, input.run, input.pid);
      case 'ended':
        return this.#ended(input);
      case 'memory':
        return this.#weighed(input.name, input.run, input.bytes);
      case 'shutdown':
      case 'orphaned':
        return this.#beginEnd(input.type);
      default:
        return unreachable(input);
    }
  }

  /** A deadline is a time, not a length: one that was read late gives no more than it said, and a passed one nothing. */
  #renew(order: LeaseOrder): void {
    const lease = this.#lease;
    if (order.untilMs <= this.#nowMs || order.epoch <= this.#closedEpoch) return;
    if (this.#end === 'orphaned') return;
    if (lease === null || order.epoch > lease.epoch) {
      this.#close(order.epoch - 1);
      this.#lease = order;
      this.#forgive(order.epoch);
      return;
    }
    if (order.epoch === lease.epoch && order.untilMs > lease.untilMs) this.#lease = order;
  }

  /** What a new reign finds is not held against its processes; it begins as configured, here as on any other node. */
  #forgive(epoch: number): void {
    for (const life of this.#lives.values()) {
      const { kept, isWanted } = life;
      if (!kept.primaryOnly) continue;
      this.#put({
        ...forgiven(life),
        isWanted: epoch === this.#wantedEpoch ? isWanted : definitionOf(life).start,
      });
    }
  }

  #close(epoch: number): void {
    this.#closedEpoch = Math.max(this.#closedEpoch, epoch);
    if (this.#handOver !== null && this.#handOver.epoch <= this.#closedEpoch) this.#handOver = null;
    const lease = this.#lease;
    if (lease === null || lease.epoch > this.#closedEpoch) return;
    this.#lease = null;
    for (const life of this.#lives.values()) {
      if (!life.kept.primaryOnly) continue;
      if (life.phase.type === 'backingOff') this.#put({ ...life, phase: { type: 'idle' } });
      this.#stop(life, killAtMs(lease), 'the reign is over');
    }
  }

  #beginHandOver(epoch: number, stopId: number): void {
    this.#handOver = { epoch, stopId, isReported: false };
    for (const { kept } of this.#lives.values()) {
      if (kept.primaryOnly) this.#draining.set(kept.name, 'a hand-over');
    }
  }

  #resume(epoch: number): void {
    if (this.#handOver?.epoch !== epoch) return;
    this.#handOver = null;
    for (const { kept, next, isWanted } of this.#lives.values()) {
      if (kept.primaryOnly && next === null && isWanted) this.#draining.delete(kept.name);
    }
  }

  #beginEnd(end: 'shutdown' | 'orphaned'): void {
    if (this.#end === 'orphaned') return;
    this.#end = end;
    for (const life of this.#lives.values()) {
      const { name, stopGraceMs } = life.kept;
      // Nobody renews a lease any more: no time to go one after the other.
      if (end === 'orphaned') this.#stop(life, this.#nowMs + stopGraceMs, 'the daemon is gone');
      else this.#draining.set(name, 'the daemon stops');
    }
  }

  /** Says only what is wanted: whether it starts is decided by the lease, as for everything else. */
  #command({ name, action, isRehearsal }: Command): CommandAnswer {
    const named = this.lives.filter(({ kept }) => kept.name === name || kept.group === name);
    if (named.length === 0) return { type: 'unknown' };
    if (this.#end !== null) return { type: 'ending' };
    const mayRun = this.#lease !== null && this.#nowMs < terminateAtMs(this.#lease);
    const here = named.filter(({ kept }) => mayRun || !kept.primaryOnly);
    if (here.length === 0) return { type: 'notPrimary' };
    if (this.#handOver !== null && here.some(({ kept }) => kept.primaryOnly)) {
      return { type: 'handingOver' };
    }
    const isAtWork = (life: Life): boolean =>
      life.isWanted && (life.phase.type === 'starting' || life.phase.type === 'running');
    const isIdle = (life: Life): boolean => !life.isWanted && life.phase.type === 'idle';
    const concerned = here.filter((life) => {
      if (action === 'restart') return true;
      return action === 'start' ? !isAtWork(life) : !isIdle(life);
    });
    if (concerned.length === 0) return { type: action === 'start' ? 'runs' : 'stopped' };
    for (const life of isRehearsal === true ? [] : concerned) {
      const { name: one } = life.kept;
      this.#put({ ...forgiven(life), isWanted: action !== 'stop' });
      if (action !== 'start') this.#draining.set(one, `an operator asked to ${action} it`);
      else if (life.next === null) this.#draining.delete(one);
    }
    return { type: 'done', names: concerned.map(({ kept }) => kept.name) };
  }

  /** A process that runs ends under the definition that it was started by: nothing of a new one loosens what holds for it. */
  #define({ id, kept, changed, restarted }: Define): void {
    if (this.#end !== null) {
      this.#outputs.push({ type: 'defined', id, effects: null });
      return;
    }
    const { lives, ending } = redefined(this.lives, kept, { changed, restarted });
    const gone = this.lives.filter(({ kept: { name } }) =>
      lives.every((life) => life.kept.name !== name),
    );
    this.#lives = new Map(lives.map((life) => [life.kept.name, life]));
    for (const [name, why] of ending) this.#draining.set(name, why);
    const named = new Set(changed);
    const present = lives.filter((life) => named.has(life.kept.name));
    const effects = present.map((life) => ({ name: life.kept.name, effect: this.#effectOn(life) }));
    const removed = gone.map((life) => ({ name: life.kept.name, effect: 'removed' as const }));
    this.#outputs.push({ type: 'defined', id, effects: [...effects, ...removed] });
  }

  #effectOn(life: Life): DefinedEffect {
    const { next, isWanted } = life;
    if (next?.type === 'removed') return 'ends';
    const isEnding = this.#isEnding(life);
    const { primaryOnly } = definitionOf(life);
    if (!isWanted) return isEnding ? 'ends' : 'stopped';
    if (runOf(life) !== null && !isEnding) return 'kept';
    // A lease that is late at this moment is renewed, or over soon.
    const mayRun = this.#lease !== null && this.#handOver === null;
    if (primaryOnly && !mayRun) return isEnding ? 'ends' : 'waits';
    return isEnding ? 'restarts' : 'starts';
  }

  #started(name: string, run: number, pid: number): void {
    const life = this.#lives.get(name);
    const phase = life === undefined ? null : runOf(life);
    if (life === undefined || phase?.run !== run) return;
    const type = phase.type === 'starting' ? 'running' : phase.type;
    this.#put({ ...life, phase: { ...phase, type, pid } as Life['phase'] });
  }

  #ended({ name, run, why }: Ended): void {
    const life = this.#lives.get(name);
    const phase = life === undefined ? null : runOf(life);
    if (life === undefined || phase?.run !== run) return;
    if (life.next !== null) {
      this.#note(name, 'ended', why);
      const changed = settled(life, life.next);
      if (changed === null) this.#lives.delete(name);
      else this.#put(changed);
      return;
    }
    const failure = phase.type === 'stopping' ? phase.failure : why;
    if (failure === null || !this.#isDue(life)) {
      this.#put({ ...life, phase: { type: 'idle' } });
      this.#note(name, 'ended', why);
      return;
    }
    const next = failed(life, failure, this.#nowMs);
    this.#put(next);
    if (next.phase.type !== 'givenUp') {
      this.#note(name, 'failed, to be started again', failure);
      return;
    }
    const { limit, withinMs } = life.kept.restart;
    const often = `${limit === 0 ? 'once' : `${limit + 1} times`} within ${Math.round(withinMs / 1000)} s, at last: ${failure}`;
    this.#outputs.push({ type: 'givenUp', name, epoch: phase.epoch, why: often });
  }

  /** A tree that holds too much is killed, and counts as failed. */
  #weighed(name: string, run: number, bytes: number): void {
    const life = this.#lives.get(name);
    const phase = life === undefined ? null : runOf(life);
    if (life === undefined || phase?.type !== 'running' || phase.run !== run) return;
    const { memoryBytes } = life.kept;
    if (memoryBytes === null || bytes <= memoryBytes) return;
    const why = `it held ${mebibytes(bytes)}, more than its ${mebibytes(memoryBytes)}`;
    this.#put({
      ...life,
      phase: { ...phase, type: 'stopping', killAtMs: this.#nowMs, isKilled: true, failure: why },
    });
    this.#outputs.push({ type: 'kill', name, run });
  }

  /** Half the lease without a renewal: primary-only processes end, whatever the daemon is doing. */
  #endLateReigns(): void {
    const lease = this.#lease;
    if (lease === null || this.#nowMs < terminateAtMs(lease)) return;
    for (const life of this.#lives.values()) {
      if (life.kept.primaryOnly) this.#stop(life, killAtMs(lease), 'the lease was not renewed');
    }
  }

  /** Groups end gracefully one after the other, the last first; whoever is in no group at once. */
  #drain(): void {
    for (const life of this.lives.toReversed()) {
      const { name, stopGraceMs } = life.kept;
      const why = this.#draining.get(name);
      if (why === undefined) continue;
      const type = runOf(life)?.type;
      const isOver = type === undefined || type === 'stopping';
      if (!isOver && this.#isAwaited(life)) continue;
      this.#draining.delete(name);
      if (!isOver) this.#stop(life, this.#nowMs + stopGraceMs, why);
    }
  }

  /** Somebody behind it in its group is ending, or will be. */
  #isAwaited(life: Life): boolean {
    return this.#groupOf(life).behind.some((other) => this.#isEnding(other));
  }

  /**
   * For one that should run now: who before it in its group should too and does not yet, or is ending, perhaps so as to be started
   * again; null: nobody, or it should not run.
   */
  heldBackBy(life: Life): string | null {
    if (!this.#isDue(life)) return null;
    const { before } = this.#groupOf(life);
    const isAwaited = (other: Life): boolean =>
      other.phase.type === 'starting' ||
      this.#isEnding(other) ||
      (this.#isDue(other) && other.phase.type !== 'running');
    return before.find(isAwaited)?.kept.name ?? null;
  }

  #isEnding({ kept, phase }: Life): boolean {
    return this.#draining.has(kept.name) || phase.type === 'stopping';
  }

  /** The others of its group in order; nobody if it is in none. */
  #groupOf({ kept }: Life): { readonly before: Life[]; readonly behind: Life[] } {
    const { group } = kept;
    const all = group === null ? [] : this.lives.filter((life) => life.kept.group === group);
    const at = all.findIndex((life) => life.kept === kept);
    return { before: all.slice(0, at), behind: all.slice(at + 1) };
  }

  #killLate(): void {
    const lease = this.#lease;
    for (const life of this.#lives.values()) {
      const { phase, kept } = life;
      if (phase.type !== 'stopping' || phase.isKilled) continue;
      const isLeaseLate = kept.primaryOnly && lease !== null && this.#nowMs >= killAtMs(lease);
      if (this.#nowMs < phase.killAtMs && !isLeaseLate) continue;
      this.#put({ ...life, phase: { ...phase, isKilled: true } });
      this.#outputs.push({ type: 'kill', name: kept.name, run: phase.run });
    }
  }

  #startAllowed(): void {
    for (const life of this.#lives.values()) {
      const { phase, kept } = life;
      const isReady =
        phase.type === 'idle' || (phase.type === 'backingOff' && this.#nowMs >= phase.untilMs);
      if (!isReady || !this.#isDue(life) || this.heldBackBy(life) !== null) continue;
      const run = this.#nextRun;
      this.#nextRun += 1;
      const epoch = kept.primaryOnly ? (this.#lease?.epoch ?? null) : null;
      const sinceMs = this.#nowMs;
      this.#put({ ...life, phase: { type: 'starting', run, sinceMs, epoch, pid: null } });
      this.#outputs.push({ type: 'start', name: kept.name, run, epoch });
    }
  }

  /** Whether it should run at this very moment. */
  #isDue({ isWanted, kept, next }: Life): boolean {
    if (!isWanted || next !== null || this.#end !== null) return false;
    if (!kept.primaryOnly) return true;
    const lease = this.#lease;
    if (lease === null || this.#handOver !== null) return false;
    return this.#nowMs >= lease.fromMs && this.#nowMs < terminateAtMs(lease);
  }

  #reportStopped(): void {
    const handOver = this.#handOver;
    if (handOver === null || handOver.isReported || this.#isAnyLeft(true)) return;
    this.#handOver = { ...handOver, isReported: true };
    this.#outputs.push({ type: 'stopped', stopId: handOver.stopId });
  }

  #reportFinished(): void {
    if (this.#end === null || this.#isFinished || this.#isAnyLeft(false)) return;
    this.#isFinished = true;
    this.#outputs.push({ type: 'finished' });
  }

  #isAnyLeft(primaryOnly: boolean): boolean {
    return this.lives.some(
      (life) => runOf(life) !== null && (life.kept.primaryOnly || !primaryOnly),
    );
  }

  /** Tells it to end, once; an earlier end than before counts. */
  #stop(life: Life, endMs: number, why: string): void {
    const run = runOf(life);
    if (run === null) return;
    const { name } = life.kept;
    this.#put(stopping(life, endMs, null));
    if (run.type === 'stopping') return;
    this.#note(name, 'told to end', why);
    this.#outputs.push({ type: 'terminate', name, run: run.run });
  }

  #put(life: Life): void {
    this.#lives.set(life.kept.name, life);
  }

  #note(name: string, what: string, why: string): void {
    this.#outputs.push({ type: 'note', name, what, why });
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
