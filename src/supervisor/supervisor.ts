// The daemon's side of the keeper: starts its process, tells it what the core allows, hears what became of it. Should the
// keeper die, or still hold something shortly before a lease ends, it is killed and everything with it. It decides nothing
// about single processes; the keeper does.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { ProcessDefinition } from '../keeper/process-definition.js';
import { definitionChanges, restartedAmong } from '../keeper/definition-change.js';
import { killAtMs } from '../keeper/deadlines.js';
import type { Guarantee, ProcessView } from '../keeper/process-view.js';
import type { Action, CommandAnswer, Defined, LeaseOrder } from '../keeper/words.js';
import type { ClockPort, LoggerPort, PrimaryPort } from '../node/ports.js';
import { inherited } from './environment.js';
import type { FromKeeper, Order, ToKeeper } from './messages.js';
import { Stays } from './stays.js';
import { longestStopMs } from './stop-limit.js';
import { processTable, signal } from './process-table.js';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const KEEPER = fileURLToPath(new URL(`keeper-main.${EXTENSION}`, import.meta.url));
const EXEC_ARGUMENTS = EXTENSION === 'ts' ? ['--import', 'tsx'] : [];

/** A keeper that died is started again after this long. */
const RESTART_MS = 500;
/**
 * A keeper that answers nothing for this long while its daemon runs is killed: were the daemon to stand still as well, nobody would
 * end what they keep.
 */
const SILENCE_MAX_MS = 2000;
/** The same for one that starts: it keeps nothing yet, and on a starved machine a program takes seconds to begin. */
const START_MAX_MS = 30_000;
const PING_EVERY_MS = 500;

/** A keeper that has ended everything ends itself within this. */
const FAREWELL_MAX_MS = 1000;

export interface SupervisorOptions {
  readonly installId: string;
  readonly processes: readonly ProcessDefinition[];
  /** The node's API address and name, for the processes. */
  readonly api: string;
  readonly name: string;
  /** Absent: the best guarantee that the machine permits. */
  readonly atMost?: Guarantee;
}

export interface SupervisorModules {
  readonly clock: ClockPort;
  readonly log: LoggerPort;
  /** A primary-only process cannot be kept running here. */
  readonly onGivenUp: (name: string, epoch: number, why: string) => void;
}

interface Stop {
  readonly id: number;
  readonly done: () => void;
}

export class Supervisor implements PrimaryPort {
  /** What was given up here, and nobody takes over. */
  readonly stays = new Stays();
  readonly #options: SupervisorOptions;
  readonly #modules: SupervisorModules;
  #processes: readonly ProcessDefinition[];
  /** There has been nothing to supervise yet, so there is no keeper. */
  #isDormant: boolean;
  #child: ChildProcess | null = null;
  #guarantee: Guarantee | null = null;
  #guaranteeWhy = '';
  #lease: LeaseOrder | null = null;
  #stop: Stop | null = null;
  /** Whose processes a hand-over ends, until it is taken back or the reign is over: another keeper must not start them meanwhile. */
  #stoppingEpoch: number | null = null;
  /** The keeper has said of it that nothing is left, and starts nothing until the order is taken back: no guard is needed. */
  #stoppedEpoch: number | null = null;
  #nextId = 1;
  readonly #looks = new Map<number, (processes: readonly ProcessView[]) => void>();
  readonly #commands = new Map<number, (answer: CommandAnswer) => void>();
  readonly #definitions = new Map<number, (effects: readonly Defined[] | null) => void>();
  /** What the newest definition replaced or removed: it may still be ending. */
  #replaced: readonly ProcessDefinition[] = [];
  /** What operators asked for last, by name: a keeper that dies forgets it. */
  readonly #wanted = new Map<string, boolean>();
  /** No lease of this epoch or an earlier one is passed on. */
  #closedEpoch = 0;
  /** Of the newest reign here: what was said of primary-only processes counts for it alone. */
  #wantedEpoch = 0;
  /** When the keeper was last heard, and the newest ping that it answered. */
  #heardMs = 0;
  #pingedMs = 0;
  #here = { id: 0, isAnyLeft: false };
  #isEnding = false;
  #onReady: () => void = () => undefined;
  #onFinished: () => void = () => undefined;
  #guard: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  readonly #pinger: NodeJS.Timeout;

  constructor(options: SupervisorOptions, modules: SupervisorModules) {
    this.#options = options;
    this.#modules = modules;
    this.#processes = options.processes;
    this.#isDormant = options.processes.length === 0;
    this.#pinger = setInterval(() => this.#watchKeeper(), PING_EVERY_MS);
  }

  /** How long ending what is primary-only may take, in ms; of what ends because it was replaced too. */
  get stopLimitMs(): number {
    if (this.#isDormant) return 0;
    return longestStopMs(this.#ofAll.filter(({ primaryOnly }) => primaryOnly));
  }

  /** The same of everything. */
  get endLimitMs(): number {
    return longestStopMs(this.#ofAll);
  }

  /** Starts the keeper and, through it, what runs on every node; resolves once it is ready. At once where there is nothing. */
  async start(): Promise<void> {
    if (!this.#isDormant) await this.#awake();
  }

  async #awake(): Promise<void> {
    this.#isDormant = false;
    await new Promise<void>((resolve) => {
      this.#onReady = resolve;
      this.#begin();
    });
  }

  /** Which guarantee holds, and why no better one; null: the keeper does not run. */
  get guarantee(): { readonly kind: Guarantee; readonly why: string } | null {
    const kind = this.#guarantee;
    return kind === null ? null : { kind, why: this.#guaranteeWhy };
  }

  get keeperPid(): number | null {
    return this.#child?.pid ?? null;
  }

  lease(order: LeaseOrder): void {
    if (order.epoch <= this.#closedEpoch) return;
    if (order.epoch !== this.#wantedEpoch) this.#forgetWanted();
    this.#wantedEpoch = order.epoch;
    this.#lease = order;
    if (this.#isDormant) return;
    this.#tell({ type: 'lease', order });
    if (order.epoch !== this.#stoppedEpoch) this.#guardAt(order);
  }

  over(epoch: number): void {
    this.#closedEpoch = Math.max(this.#closedEpoch, epoch);
    this.stays.over(epoch);
    // A keeper that takes over from one that dies must not hear of a reign that is over.
    if (this.#lease !== null && this.#lease.epoch <= epoch) {
      this.#stop = null;
      this.#stoppingEpoch = null;
      this.#lease = null;
    }
    this.#tell({ type: 'over', epoch });
  }

  stop(epoch: number, done: () => void): void {
    if (this.#isDormant) {
      // A keeper that is called for right now must start nothing that this word does not know of.
      this.#lease = null;
      this.#closedEpoch = epoch;
      done();
      return;
    }
    const id = this.#newId();
    this.#stop = { id, done };
    this.#stoppingEpoch = epoch;
    this.#tell({ type: 'handOver', epoch, stopId: id });
  }

  resume(epoch: number): void {
    this.#stop = null;
    this.#stoppingEpoch = null;
    this.#closedEpoch = Math.min(this.#closedEpoch, epoch - 1);
    this.#stoppedEpoch = null;
    if (this.#lease !== null) this.#guardAt(this.#lease);
    this.#tell({ type: 'resume', epoch });
  }

  /** What is configured, in order. */
  get processes(): readonly ProcessDefinition[] {
    return this.#processes;
  }

  /**
   * Keeps these from now on, in this order: starts, ends and starts again exactly those that are new, gone or otherwise. Answers what
   * became of each of them; null: the keeper does not answer in time, and does it as soon as there is one.
   */
  async define(
    processes: readonly ProcessDefinition[],
    timeoutMs: number,
  ): Promise<readonly Defined[] | null> {
    const before = this.#processes;
    const changes = definitionChanges(before, processes);
    if (this.#isEnding) return null;
    if (this.#isDormant && processes.length > 0) await this.#awake();
    for (const { name } of changes) this.stays.forget(name);
    this.#processes = processes;
    this.#replaced = before.filter(({ name }) => changes.some((change) => change.name === name));
    if (this.#child === null) return null;
    for (const { name, start } of before) {
      const after = processes.find((one) => one.name === name);
      if (after?.start !== start) this.#wanted.delete(name);
    }
    const changed = changes.map(({ name }) => name);
    const restarted = restartedAmong(before, processes);
    return this.#ask(this.#definitions, timeoutMs, (id) =>
      this.#send({ type: 'define', id, processes, changed, restarted }),
    );
  }

  /** What runs here, as the keeper sees it; null: it does not answer in time. */
  look(timeoutMs: number): Promise<readonly ProcessView[] | null> {
    if (this.#isDormant) return Promise.resolve([]);
    return this.#ask(this.#looks, timeoutMs, (id) => this.#send({ type: 'look', id }));
  }

  /** Starts, stops or restarts a process or a group, or only says what would come of it; null: the keeper does not answer in time. */
  async command(
    name: string,
    action: Action,
    timeoutMs: number,
    isRehearsal = false,
  ): Promise<CommandAnswer | null> {
    if (this.#isDormant) return { type: 'unknown' };
    const answer = await this.#ask(this.#commands, timeoutMs, (id) => {
      const asked = { type: 'command', id, name, action } as const;
      return this.#tell(isRehearsal ? { ...asked, isRehearsal } : asked);
    });
    if (answer?.type === 'done' && !isRehearsal) {
      for (const one of answer.names) {
        this.#wanted.set(one, action !== 'stop');
        if (action === 'stop') this.stays.forget(one);
      }
    }
    return answer;
  }

  /** Ends everything gracefully, then the keeper; at last by force. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.stays.end();
    clearInterval(this.#pinger);
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== null) {
      const finished = new Promise<void>((resolve) => {
        this.#onFinished = resolve;
      });
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      this.#tell({ type: 'shutdown' });
      await within(finished, this.endLimitMs);
      clearTimeout(this.#guard);
      if (child.connected) child.disconnect();
      // What is still to be written may leave first.
      await within(exited, FAREWELL_MAX_MS);
      if (this.#child !== null) {
        this.#modules.log.error({}, 'the keeper did not end in time and is killed');
        this.#killKeeper();
      }
    }
    clearTimeout(this.#guard);
  }

  #begin(): void {
    const { installId, api, name, atMost } = this.#options;
    const processes = this.#processes;
    const child = fork(KEEPER, [], {
      execArgv: EXEC_ARGUMENTS,
      // A session of its own: what a terminal sends to the daemon is none of its business.
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: inherited(process.env),
    });
    this.#child = child;
    this.#heardMs = this.#modules.clock.nowMs();
    this.#pingedMs = this.#heardMs;
    child.on('message', (message: FromKeeper) => {
      if (this.#child === child) this.#hear(message);
    });
    child.on('error', (error) => {
      this.#modules.log.error({ err: error }, 'the keeper does not hear its daemon');
    });
    child.on('exit', (code, ended) => this.#gone(child, ended ?? `exit code ${code ?? 0}`));
    const environment = { QUORATE_NODE: api, QUORATE_NODE_NAME: name };
    const wanted = { epoch: this.#wantedEpoch, names: Object.fromEntries(this.#wanted) };
    const told = { installId, environment, processes, wanted, atMost: atMost ?? null };
    this.#send({ type: 'begin', ...told });
    const lease = this.#lease;
    // First what keeps it from starting anything. Its answer proves nothing of what the one before it kept.
    const epoch = this.#stoppingEpoch;
    if (epoch !== null) this.#tell({ type: 'handOver', epoch, stopId: this.#newId() });
    if (lease !== null) this.#tell({ type: 'lease', order: lease });
  }

  #hear(message: FromKeeper): void {
    const { log } = this.#modules;
    this.#heardMs = this.#modules.clock.nowMs();
    switch (message.type) {
      case 'ready': {
        const { guarantee, why } = message;
        this.#guarantee = guarantee;
        this.#guaranteeWhy = why;
        const fields = { guarantee, ...(why === '' ? {} : { why }) };
        log.info({ ...fields, keeper: this.keeperPid }, 'the keeper is up');
        this.#onReady();
        return;
      }
      case 'here':
        this.#here = { id: message.id, isAnyLeft: message.isAnyLeft };
        return;
      case 'view':
        this.#looks.get(message.id)?.(message.processes);
        return;
      case 'line':
        log.info({ process: message.name }, message.text);
        return;
      case 'dropped':
        log.warn(
          { process: message.name, lines: message.count },
          'lines of a process were left out: it writes faster than the log takes',
        );
        return;
      case 'started': {
        const { name, pid, epoch } = message;
        const { withinMs } = this.#processes.find((one) => one.name === name)?.restart ?? {};
        this.stays.started(name, withinMs ?? 0);
        log.info({ process: name, pid, ...(epoch === null ? {} : { epoch }) }, 'a process runs');
        return;
      }
      case 'said':
        this.#said(message.output);
    }
  }

  #said(output: Extract<FromKeeper, { type: 'said' }>['output']): void {
    const { log, onGivenUp } = this.#modules;
    switch (output.type) {
      case 'stopped': {
        const stop = this.#stop;
        if (stop?.id !== output.stopId) return;
        this.#stop = null;
        this.#stoppedEpoch = this.#stoppingEpoch;
        clearTimeout(this.#guard);
        stop.done();
        return;
      }
      case 'givenUp': {
        const { name, epoch, why } = output;
        log.error({ process: name, why }, 'a process fails again and again and is given up');
        if (epoch !== null) onGivenUp(name, epoch, why);
        return;
      }
      case 'note':
        log[output.what.startsWith('failed') ? 'warn' : 'info'](
          { process: output.name, why: output.why },
          `a process: ${output.what}`,
        );
        return;
      case 'answered':
        this.#commands.get(output.id)?.(output.answer);
        return;
      case 'defined':
        this.#definitions.get(output.id)?.(output.effects);
        return;
      case 'finished':
        this.#onFinished();
    }
  }

  /** The keeper is dead. What it held dies with it where the kernel sees to that; the rest is found by its mark. */
  #gone(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#guarantee = null;
    // Nobody can say any more that everything has ended: a hand-over that waits for it goes without a proof.
    this.#stop = null;
    this.#onFinished();
    if (this.#isEnding) return;
    this.#modules.log.error({ why }, 'the keeper died; what it kept is killed and started anew');
    this.#killMarked();
    this.#restart = setTimeout(() => this.#begin(), RESTART_MS);
  }

  #killKeeper(): void {
    const pid = this.#child?.pid;
    if (pid !== undefined) signal(pid, 'SIGKILL');
    this.#killMarked();
  }

  #killMarked(): void {
    const mine = `${this.#options.installId}/`;
    for (const { pid, mark } of processTable(new Map())) {
      if (mark?.startsWith(mine) === true) signal(pid, 'SIGKILL');
    }
  }

  /** Asks the keeper, a little after it should have killed, whether it has; if it says nothing it is killed. */
  #guardAt(order: LeaseOrder): void {
    clearTimeout(this.#guard);
    const { clock, log } = this.#modules;
    const marginMs = order.untilMs - killAtMs(order);
    const askMs = killAtMs(order) + marginMs / 8;
    this.#guard = setTimeout(
      () => {
        const id = this.#newId();
        this.#send({ type: 'ping', id });
        this.#guard = setTimeout(() => {
          const isEmpty = this.#here.id >= id && !this.#here.isAnyLeft;
          if (isEmpty || this.#child === null) return;
          log.error(
            { epoch: order.epoch },
            'the keeper does not say that nothing runs beyond the lease: killed',
          );
          this.#killKeeper();
        }, marginMs / 8);
      },
      Math.max(0, askMs - clock.nowMs()),
    );
  }

  /** A keeper that hangs is found also while nothing else depends on it. */
  #watchKeeper(): void {
    const nowMs = this.#modules.clock.nowMs();
    // A daemon that stood still itself has no evidence.
    const isLate = nowMs - this.#pingedMs > 2 * PING_EVERY_MS;
    this.#pingedMs = nowMs;
    if (isLate) this.#heardMs = nowMs;
    if (this.#child === null) return;
    const silenceMaxMs = this.#guarantee === null ? START_MAX_MS : SILENCE_MAX_MS;
    if (nowMs - this.#heardMs > silenceMaxMs) {
      this.#modules.log.error({}, 'the keeper does not answer and is killed');
      this.#killKeeper();
      return;
    }
    this.#send({ type: 'ping', id: this.#newId() });
  }

  /** What was said of primary-only processes counts for the reign under which it was said. */
  #forgetWanted(): void {
    for (const { name, primaryOnly } of this.processes) if (primaryOnly) this.#wanted.delete(name);
  }

  /** Sends a question and waits for its answer; null: none came in time. */
  #ask<Answer>(
    waiting: Map<number, (answer: Answer) => void>,
    timeoutMs: number,
    send: (id: number) => void,
  ): Promise<Answer | null> {
    const id = this.#newId();
    return new Promise((resolve) => {
      const settle = (answer: Answer | null): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(null), timeoutMs);
      waiting.set(id, settle);
      send(id);
    });
  }

  get #ofAll(): readonly ProcessDefinition[] {
    return [...this.#processes, ...this.#replaced.map((one) => ({ ...one, name: `/${one.name}` }))];
  }

  #newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  #tell(order: Order): void {
    this.#send({ type: 'order', order });
  }

  #send(message: ToKeeper): void {
    const child = this.#child;
    if (child?.connected !== true) return;
    // What cannot be sent means a keeper that is about to be found dead.
    child.send(message, undefined, undefined, () => undefined);
  }
}

/** Resolves with the promise, or when the time is over. */
async function within(done: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
