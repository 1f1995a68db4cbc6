// The world of one run: simulated true time, what will happen next, the machines and the network between them, the trace
// and the oracle. It decides nothing: faults.ts, workload.ts and operator.ts act on it, and every random draw comes from
// the run's named streams.

import type { Message } from '../src/raft/message.js';
import type { NodeId } from '../src/raft/types.js';
import { CLOCK_RATE_PPM_MAX } from './clock.js';
import { Counts } from './counts.js';
import type { Situation } from './counts.js';
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
  readonly #queue = new EventQueue();
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

  /** Lets things happen up to and including `untilUs`, or until `isEnough` says so after an event. */
  runUntil(untilUs: number, isEnough: () => boolean = () => false): void {
    while (true) {
      const nextUs = this.#queue.nextAtUs;
      if (nextUs === null || nextUs > untilUs) break;
      const event = this.#queue.take();
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
