// The world of one run: simulated true time, what will happen next, the machines and the network between them, the trace
// and the oracle. It decides nothing: faults.ts, workload.ts and operator.ts act on it, and every random draw comes from
// the run's named streams.

import type { CoreObserver } from '../src/node/observed-raft.js';
import type { Message } from '../src/raft/message.js';
import type { NodeId } from '../src/raft/types.js';
import { faultOn } from './apply-fault.js';
import { CLOCK_RATE_PPM_MAX } from './clock.js';
import { Counts } from './counts.js';
import type { Situation } from './counts.js';
import { digestOf } from './digest.js';
import type { FaultAction, Planned } from './fault-action.js';
import type { KeptProcess } from './kept-processes.js';
import { Machine } from './machine.js';
import { Network } from './network.js';
import { Oracle } from './oracle.js';
import type { Parameters } from './parameters.js';
import { EventQueue } from './queue.js';
import type { Streams } from './random.js';
import { showTime, Trace } from './trace.js';
import type { LineSink } from './trace.js';
import { Versions } from './versions.js';
import type { VersionsInUse } from './versions.js';
import type { Watchers } from './watchers.js';

/** Told of every message as it leaves; may bring a fault upon its ends. */
export type SendWatcher = (from: Machine, to: NodeId, message: Message) => void;

export class World {
  readonly streams: Streams;
  readonly parameters: Parameters;
  readonly trace: Trace;
  readonly network: Network;
  readonly versions: Versions;
  readonly oracle: Oracle;
  readonly counts = new Counts();
  /** By node id; a machine that left the cluster stays here. */
  readonly machines = new Map<NodeId, Machine>();
  nowUs = 0;
  /** When the cluster had formed and faults began. */
  troubleUs = 0;
  /** Every fault that was carried out, and when, from the beginning of the faults on. */
  readonly schedule: Planned[] = [];
  /** Nodes that heal for good while all others stay broken; null: there is no such difference. */
  core: ReadonlySet<NodeId> | null = null;
  /** Machines run a primary-only process, by the shipped keeper; set before anything happens. */
  hasKeepers = false;
  /** Clients that watch; null: nobody does. Set before anything happens. */
  watchers: Watchers | null = null;
  /** Who looks at the core of each process, such as its flight recorder; null: nobody does. Set before anything happens. */
  observerOf: ((machine: Machine) => CoreObserver) | null = null;
  /** Primary-only processes that run at this moment. */
  readonly running = new Set<KeptProcess>();
  /** Damage is not kept within what the protocol can survive. */
  isDamageUnbounded = false;
  readonly #queue = new EventQueue();
  readonly #faults = new EventQueue();
  readonly #sink: LineSink | null;
  #watchers: SendWatcher[] = [];

  constructor(
    streams: Streams,
    parameters: Parameters,
    sink: LineSink | null,
    versions: VersionsInUse | null = null,
  ) {
    this.streams = streams;
    this.parameters = parameters;
    this.#sink = sink;
    this.trace = new Trace(sink);
    this.network = new Network(parameters.network, {
      streams,
      nowUs: () => this.nowUs,
      later: (delayUs, run) => this.plan(delayUs, run),
      deliver: (arrival) => this.machines.get(arrival.to)?.receive(arrival),
    });
    this.versions = new Versions(this, versions);
    this.oracle = new Oracle(this);
  }

  /** Plans something `delayUs` from now; what is planned for one moment happens in the order of planning. */
  plan(delayUs: number, run: () => void): void {
    this.#queue.plan(this.nowUs + delayUs, run);
  }

  /** Plans a fault at least a microsecond from now; of all that happens at one moment faults come first. */
  planFault(delayUs: number, run: () => void): void {
    this.#faults.plan(this.nowUs + Math.max(1, Math.floor(delayUs)), run);
  }

  /** Carries a fault out now and records it; answers false, and does nothing, if it does not fit. */
  act(action: FaultAction): boolean {
    const carryOut = faultOn(this, action);
    if (carryOut === null) return false;
    const planned: Planned = { atUs: this.nowUs - this.troubleUs, action };
    this.schedule.push(planned);
    this.note(action.type, digestOf(planned), () => JSON.stringify(action));
    carryOut();
    return true;
  }

  /** Whether the machine belongs to those that heal. */
  isInCore({ id }: Machine): boolean {
    return this.core?.has(id) !== false;
  }

  /** Lets things happen up to and including `untilUs`, or until `isEnough` says so after an event. */
  runUntil(untilUs: number, isEnough: () => boolean = () => false): void {
    while (true) {
      const [eventUs, faultUs] = [
        this.#queue.nextAtUs ?? Infinity,
        this.#faults.nextAtUs ?? Infinity,
      ];
      if (Math.min(eventUs, faultUs) > untilUs) break;
      const event = (faultUs <= eventUs ? this.#faults : this.#queue).take();
      if (event === null) break;
      if (event.atUs > this.nowUs) this.oracle.passTo(event.atUs);
      this.nowUs = event.atUs;
      event.run();
      if (isEnough()) return;
    }
    this.oracle.passTo(untilUs);
    this.nowUs = untilUs;
  }

  /** A new machine with an empty disk and the next node id; its daemon is not started. */
  addMachine(): Machine {
    const id = (this.machines.size + 1) as NodeId;
    const draw = this.streams.stream(`clock/${id}`);
    const ratePpm = draw.between(-CLOCK_RATE_PPM_MAX, CLOCK_RATE_PPM_MAX);
    const isExtreme = this.parameters.clocks === 'extreme';
    const machine = new Machine(
      this,
      id,
      isExtreme ? Math.sign(ratePpm) * CLOCK_RATE_PPM_MAX : ratePpm,
    );
    this.machines.set(id, machine);
    this.versions.install(id);
    return machine;
  }

  /** The machine whose core leads the highest term, if its process runs; null: none leads. */
  leader(): Machine | null {
    let best: Machine | null = null;
    let bestTerm = -1;
    for (const machine of this.machines.values()) {
      if (!this.isInCore(machine)) continue;
      const state = machine.process?.node.raft?.state;
      if (state?.role.type !== 'leader' || state.term <= bestTerm) continue;
      best = machine;
      bestTerm = state.term;
    }
    return best;
  }

  /** Carries a message from a machine; the oracle and the watchers see it leave. */
  send(from: Machine, to: NodeId, message: Message): void {
    const digest = this.network.send({ id: from.id, installId: from.installId }, to, message);
    this.trace.note(this.nowUs, from.id, 'send', digest, () => `to node ${to}: ${message.type}`);
    this.oracle.sent(from, to, message);
    for (const watch of this.#watchers) watch(from, to, message);
  }

  watchSends(watcher: SendWatcher): void {
    this.#watchers.push(watcher);
  }

  unwatchSends(): void {
    this.#watchers = [];
  }

  count(situation: Situation): void {
    this.counts.add(situation);
  }

  /** A line of a node's log, for a readable trace only. */
  log(machine: Machine, line: string): void {
    this.#sink?.(`${showTime(this.nowUs)}  node ${machine.id}   log        ${line}`);
  }

  /** Notes what the world did to the nodes. */
  note(kind: string, content: number, describe: () => string): void {
    this.trace.note(this.nowUs, 0, kind, content, describe);
  }
}
