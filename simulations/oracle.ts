// Tells every property what happens, after every event, and never samples. It holds no property itself: they stand one a
// file in invariants/. It looks into the shipped code read-only, by watching what is applied to the state machine and
// by comparing each core with what it was before the event.

import type { WriteOutcome } from '../src/node/api.js';
import type { Node } from '../src/node/node.js';
import type { Message } from '../src/raft/message.js';
import { configurationInForce } from '../src/raft/state.js';
import type { NodeId } from '../src/raft/types.js';
import type { Command } from '../src/state-machine/command.js';
import { History } from './history.js';
import { invariants } from './invariants/index.js';
import type { Applied, Invariant } from './invariants/invariant.js';
import type { Machine, Process } from './machine.js';
import type { Operation } from './operation.js';
import type { Sight } from './sight.js';
import { Watch } from './sight.js';
import type { World } from './world.js';

/** The properties that listen to one kind of event. */
type Listeners = {
  readonly [Kind in keyof Invariant]-?: NonNullable<Invariant[Kind]>[];
};

export class Oracle {
  readonly history = new History();
  readonly #world: World;
  readonly #listeners: Listeners;
  readonly #watches = new Map<Machine, Watch>();
  /** How often a property was asked whether it holds. */
  checks = 0;
  /** Client histories that could not be judged within their bounds. */
  undecided = 0;

  constructor(world: World) {
    this.#world = world;
    const undecided = (): void => {
      this.undecided += 1;
    };
    this.#listeners = listenersOf(invariants(world, this.history, undecided));
  }

  /** Lets somebody listen in who only looks, such as a recorder; told as the properties are, after them. */
  listen(listener: Invariant): void {
    const more = listenersOf([listener]);
    for (const kind of Object.keys(more) as (keyof Listeners)[]) {
      (this.#listeners[kind] as unknown[]).push(...more[kind]);
    }
  }

  /** Time passes to `atUs` without an event. */
  passTo(atUs: number): void {
    this.checks += this.#listeners.passed.length;
    for (const passed of this.#listeners.passed) passed(atUs);
  }

  /** An event of this process has happened in which its core may have changed. */
  after(machine: Machine, process: Process): void {
    this.#look(machine);
    this.checks += this.#listeners.happened.length;
    for (const happened of this.#listeners.happened) happened(machine, process);
  }

  /** This process had its time, and its core took nothing: a tick was left out, or what came waits for the next turn. */
  idled(machine: Machine, process: Process): void {
    this.checks += this.#listeners.idled.length;
    for (const idled of this.#listeners.idled) idled(machine, process);
  }

  sent(from: Machine, to: NodeId, message: Message): void {
    this.checks += this.#listeners.sent.length;
    for (const sent of this.#listeners.sent) sent(from, to, message);
  }

  received(machine: Machine, process: Process, from: NodeId, message: Message): void {
    for (const received of this.#listeners.received) received(machine, process, from, message);
  }

  durable(machine: Machine): void {
    for (const durable of this.#listeners.durable) durable(machine);
  }

  /** A daemon begins: from here on its core and its state machine are watched. */
  booted(machine: Machine, process: Process): void {
    this.#watches.set(machine, new Watch(machine, process));
    watchState(process.node, {
      applied: (entry, command, result) =>
        this.#applied({ machine, process, entry, command, result }),
      restored: (meta) => {
        // A node that starts restores its own.
        if (process.node.raft !== null) this.#world.count('snapshotsInstalled');
        for (const restored of this.#listeners.restored) restored(machine, process, meta);
      },
    });
    if (machine.disk.lastIndex > 0) this.#world.count('recoveries');
    for (const booted of this.#listeners.booted) booted(machine, process);
  }

  crashed(machine: Machine, isReboot: boolean): void {
    this.#watches.delete(machine);
    for (const crashed of this.#listeners.crashed) crashed(machine, isReboot);
  }

  began(operation: Operation): void {
    for (const began of this.#listeners.began) began(operation);
  }

  ended(operation: Operation): void {
    for (const ended of this.#listeners.ended) ended(operation);
  }

  told(machine: Machine, process: Process, command: Command, outcome: WriteOutcome): void {
    for (const told of this.#listeners.told) told(machine, process, command, outcome);
  }

  /** The run is over. */
  over(): void {
    for (const over of this.#listeners.over) over();
  }

  #look(machine: Machine): void {
    const sight = this.#watches.get(machine)?.look() ?? null;
    if (sight === null) return;
    this.#count(sight);
    this.checks += this.#listeners.changed.length;
    for (const changed of this.#listeners.changed) changed(sight);
  }

  #applied(applied: Applied): void {
    // One event commits, applies and answers: what was committed must be known before it is judged what was answered.
    this.#look(applied.machine);
    this.checks += this.#listeners.applied.length;
    for (const listener of this.#listeners.applied) listener(applied);
  }

  #count({ machine, state, before, isFirst, truncatedFrom }: Sight): void {
    if (truncatedFrom !== null) this.#world.count('truncations');
    if (state.role.type !== 'leader' || isFirst) return;
    if (before.isLeader && before.term === state.term) return;
    this.#world.count('elections');
    if (machine.isWitness) this.#world.count('witnessesLed');
    if (configurationInForce(state).outgoing !== null) this.#world.count('jointElections');
  }
}

function listenersOf(all: readonly Invariant[]): Listeners {
  const of = <Kind extends keyof Invariant>(kind: Kind): NonNullable<Invariant[Kind]>[] =>
    all.flatMap((invariant) => {
      const listener = invariant[kind];
      return listener === undefined
        ? []
        : [listener.bind(invariant) as unknown as NonNullable<Invariant[Kind]>];
    });
  return {
    changed: of('changed'),
    happened: of('happened'),
    idled: of('idled'),
    passed: of('passed'),
    sent: of('sent'),
    received: of('received'),
    applied: of('applied'),
    restored: of('restored'),
    durable: of('durable'),
    booted: of('booted'),
    crashed: of('crashed'),
    began: of('began'),
    ended: of('ended'),
    told: of('told'),
    over: of('over'),
  };
}

/** Listens in on a state machine: what is applied to it, with its answer, and what is restored into it. */
function watchState(
  { state }: Node,
  told: {
    applied: (...applied: [Applied['entry'], Applied['command'], Applied['result']]) => void;
    restored: (meta: Parameters<Node['state']['restore']>[0]) => void;
  },
): void {
  const apply = state.apply.bind(state);
  const restore = state.restore.bind(state);
  state.apply = (entry, command) => {
    const result = apply(entry, command);
    told.applied(entry, command, result);
    return result;
  };
  state.restore = (meta, parts) => {
    restore(meta, parts);
    told.restored(meta);
  };
}
