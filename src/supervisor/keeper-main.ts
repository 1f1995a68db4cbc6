// The keeper's process: it lives beside the daemon and longer than it, starts the supervised processes and ends them when
// their lease does, without anybody's help. All decisions are made in ../keeper/; here they are carried out, by a clock that
// counts suspended time. Whatever goes wrong here ends this process, and the kernel ends the others with it.

import { getPriority, setPriority } from 'node:os';

import { Keeper } from '../keeper/keeper.js';
import type { Life } from '../keeper/life.js';
import type { KeeperInput, KeeperOutput } from '../keeper/words.js';
import { SystemClock } from '../ops/clock.js';
import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { ProcessView } from '../keeper/process-view.js';
import { findContainment } from './containment.js';
import type { Begin, FromKeeper, Order, Timeless, ToKeeper } from './messages.js';
import { Runs } from './runs.js';
import type { Usage } from './runs.js';

const MEASURE_EVERY_MS = 1000;
/** A daemon that reads nothing is told no more lines than these before it reads again. */
const UNREAD_LINES_MAX = 2000;

/** Deadlines are met on a busy machine too, where it is permitted to come before others. */
const NICENESS = -15;

const clock = new SystemClock();
let unreadLines = 0;

function tell(message: FromKeeper): void {
  if (!process.connected) return;
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Lines are the only messages that may come in any number. */
function tellLine(name: string, text: string): void {
  if (!process.connected || unreadLines >= UNREAD_LINES_MAX) return;
  unreadLines += 1;
  process.send?.({ type: 'line', name, text } satisfies FromKeeper, undefined, undefined, () => {
    unreadLines -= 1;
  });
}

/** The pure keeper with its hands. */
class Hands {
  #definitions: ReadonlyMap<string, ProcessDefinition>;
  readonly #keeper: Keeper;
  readonly #runs: Runs;
  readonly #usage = new Map<string, Usage & { readonly run: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ processes, wanted }: Begin, runs: (hands: Hands) => Runs) {
    this.#definitions = new Map(processes.map((one) => [one.name, one]));
    this.#keeper = new Keeper(processes, wanted);
    this.#runs = runs(this);
    setInterval(() => this.#runs.measure(), MEASURE_EVERY_MS);
  }

  sweep(): Promise<number> {
    return this.#runs.sweep();
  }

  take(
    order: Order | Timeless<Extract<KeeperInput, { type: 'tick' | 'orphaned' | 'define' }>>,
  ): void {
    this.step({ ...order, nowMs: clock.nowMs() });
  }

  /** A run that is being ended needs its definition no more: nothing starts by an earlier one. */
  define({ id, processes, changed, restarted }: Extract<ToKeeper, { type: 'define' }>): void {
    this.#definitions = new Map(processes.map((one) => [one.name, one]));
    this.take({ type: 'define', id, kept: processes, changed, restarted });
  }

  step(input: KeeperInput): void {
    for (const output of this.#keeper.step(input)) this.#carryOut(output);
    clearTimeout(this.#timer);
    const { wakeMs } = this.#keeper;
    if (wakeMs === null) return;
    this.#timer = setTimeout(
      () => this.take({ type: 'tick' }),
      Math.max(0, wakeMs - clock.nowMs()),
    );
  }

  started(name: string, run: number, pid: number): void {
    this.step({ type: 'started', name, run, pid, nowMs: clock.nowMs() });
    const epoch = this.#keeper.lives
      .map(({ phase }) => phase)
      .find((phase) => 'run' in phase && phase.run === run);
    tell({
      type: 'started',
      name,
      pid,
      epoch: epoch !== undefined && 'run' in epoch ? epoch.epoch : null,
    });
  }

  ended(name: string, run: number, why: string): void {
    this.#usage.delete(name);
    this.step({ type: 'ended', name, run, why, nowMs: clock.nowMs() });
  }

  measured(name: string, run: number, usage: Usage): void {
    this.#usage.set(name, { ...usage, run });
    this.step({ type: 'memory', name, run, bytes: usage.memoryBytes, nowMs: clock.nowMs() });
  }

  get isAnyLeft(): boolean {
    return this.#keeper.lives.some(({ kept, phase }) => kept.primaryOnly && 'run' in phase);
  }

  view(): ProcessView[] {
    return this.#keeper.lives.map((life) => this.#viewOf(life));
  }

  #viewOf(life: Life): ProcessView {
    const { kept, phase, restartCount } = life;
    const run = 'run' in phase ? phase : null;
    const ahead = phase.type === 'idle' ? this.#keeper.heldBackBy(life) : null;
    const usage = run === null ? undefined : this.#usage.get(kept.name);
    return {
      name: kept.name,
      group: kept.group,
      primaryOnly: kept.primaryOnly,
      state: ahead === null ? stateOf(life) : 'waiting',
      pid: usage?.pid ?? run?.pid ?? null,
      epoch: run?.epoch ?? null,
      restarts: restartCount,
      cpuPercent: usage?.cpuPercent ?? null,
      memoryBytes: usage?.memoryBytes ?? null,
      processCount: usage?.processCount ?? (run === null ? 0 : 1),
      uptimeMs: run === null ? null : clock.nowMs() - run.sinceMs,
      why: ahead === null ? ('why' in phase ? phase.why : null) : waitsFor(ahead),
    };
  }

  #carryOut(output: KeeperOutput): void {
    switch (output.type) {
      case 'start': {
        const definition = this.#definitions.get(output.name);
        if (definition !== undefined) this.#runs.start(definition, output.run, output.epoch);
        return;
      }
      case 'terminate':
        this.#runs.terminate(output.name, output.run);
        return;
      case 'kill':
        this.#runs.kill(output.name, output.run);
        return;
      case 'finished':
        tell({ type: 'said', output });
        this.#runs.close();
        // What is still to be written and said may leave first.
        setTimeout(() => process.exit(0), FAREWELL_MS);
        return;
      default:
        tell({ type: 'said', output });
    }
  }
}

const FAREWELL_MS = 100;

function waitsFor(ahead: string): string {
  return `it waits for ${ahead}, which stands before it in its group`;
}

function stateOf({ kept, isWanted, phase }: Life): ProcessView['state'] {
  switch (phase.type) {
    case 'idle':
      return isWanted && kept.primaryOnly ? 'standby' : 'stopped';
    case 'backingOff':
      return 'waiting';
    case 'givenUp':
      return 'failed';
    default:
      return phase.type;
  }
}

/** Begins as told; what comes meanwhile waits. */
async function begin(told: Begin): Promise<Hands> {
  const { installId, environment } = told;
  const containment = findContainment(told.atMost);
  const hands = new Hands(
    told,
    (self) =>
      new Runs({
        installId,
        environment,
        containment,
        niceness,
        nowMs: () => clock.nowMs(),
        sinkFor: (name) => ({
          line: (text) => tellLine(name, text),
          dropped: (count) => tell({ type: 'dropped', name, count }),
        }),
        events: self,
      }),
  );
  await hands.sweep();
  tell({ type: 'ready', guarantee: containment.guarantee, why: containment.why });
  hands.take({ type: 'tick' });
  return hands;
}

const niceness = getPriority();
try {
  setPriority(NICENESS);
} catch {
  // Without the privilege it competes like everybody else.
}

let beginning: Promise<Hands> | null = null;

process.on('message', (message: ToKeeper) => {
  if (message.type === 'begin') {
    beginning ??= begin(message);
    return;
  }
  void beginning?.then((hands) => {
    if (message.type === 'order') hands.take(message.order);
    else if (message.type === 'define') hands.define(message);
    else if (message.type === 'look') {
      tell({ type: 'view', id: message.id, processes: hands.view() });
    } else tell({ type: 'here', id: message.id, isAnyLeft: hands.isAnyLeft });
  });
});

process.on('disconnect', () => {
  if (beginning === null) process.exit(0);
  void beginning.then((hands) => hands.take({ type: 'orphaned' }));
});

// A terminal or a service manager may signal all processes at once; the daemon says what is to be done.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);
