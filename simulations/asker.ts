// How a simulated client asks: it believes that some node leads, proposes and reads there or elsewhere, has a write carried out
// once under its client session, and tells the oracle what it asked and was told. What it asks for is for others to say:
// workload.ts for sessions and the store, and the clients of each further fact.

import type { NodeRefusal, WriteOutcome } from '../src/node/api.js';
import type { NodeId } from '../src/raft/types.js';
import type { ClientCommand, Command } from '../src/state-machine/command.js';
import type { ClusterState } from '../src/state-machine/cluster-state.js';
import { CoveredWrites } from './covered-writes.js';
import type { Machine, Process } from './machine.js';
import type { Operation, ReadAnswer, ReadOperation, WriteOperation } from './operation.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** What a read asks for, and how its answer is found. */
export interface ReadWish extends Pick<ReadOperation, 'of' | 'sessionId' | 'isStale'> {
  readonly look: (state: ClusterState, process: Process) => Seen;
}

export type Seen = Omit<ReadAnswer, 'lastApplied' | 'isLeased'>;

/** A node that is up, and what runs on it. */
export interface Asked {
  readonly machine: Machine;
  readonly process: Process;
}

/** Chance per million that a linearizable read is asked of the primary's lease first. */
const LEASED_PPM = 200_000;

export class Asker {
  readonly name: string;
  readonly #world: World;
  readonly #draw: Stream;
  #asked = 0;
  /** Whom this client believes to lead. */
  #leaderId: NodeId | null = null;
  readonly #covered: CoveredWrites;

  /** Draws from `draw`, and for what is sent again, after `retryMeanUs` on average, from `coveredDraw`. */
  constructor(world: World, name: string, draw: Stream, coveredDraw: Stream, retryMeanUs: number) {
    this.#world = world;
    this.name = name;
    this.#draw = draw;
    this.#covered = new CoveredWrites({
      world,
      draw: coveredDraw,
      retryMeanUs,
      send: (command, patienceUs, done) => this.#send(command, patienceUs, done),
      patienceUs: () => this.patienceUs(),
    });
  }

  /** A node to ask: mostly the one believed to lead, or with `isAny` another; null: the one chosen is down. */
  machine(isAny: boolean): Asked | null {
    const machine = this.#choose(isAny);
    const process = machine?.process ?? null;
    return machine === undefined || process === null ? null : { machine, process };
  }

  /** A write that is sent to one node, once. */
  write({ machine, process }: Asked, command: ClientCommand, done: Told = () => undefined): void {
    const begun = this.#begunWrite(command);
    const patienceUs = this.patienceUs();
    this.propose({ machine, process }, command, patienceUs, (outcome) => {
      this.#ended({ ...begun, endedUs: this.#world.nowUs, outcome });
      done(outcome);
    });
  }

  /** A write under the client session, sent as often as it takes. */
  writeOnce(command: ClientCommand, done: Told = () => undefined): void {
    const begun = this.#begunWrite(command);
    this.#covered.write(command, (outcome) => {
      this.#ended({ ...begun, endedUs: this.#world.nowUs, outcome });
      done(outcome);
    });
  }

  /** Proposes there; `done` is never called if that node dies meanwhile. */
  propose({ machine, process }: Asked, command: Command, patienceUs: number, done: Told): void {
    const told = (outcome: WriteOutcome): void => {
      this.#world.oracle.told(machine, process, command, outcome);
      done(outcome);
    };
    machine.enter(
      process,
      'write',
      this.#asked,
      () => process.node.propose(command, machine.clock.nowMs() + patienceUs / 1000, told),
      () => showCommand(command),
    );
  }

  /** Reads there, behind a barrier unless a stale answer will do; `done` is called if it is answered. */
  read(
    { machine, process }: Asked,
    { look, ...wish }: ReadWish,
    done: (seen: Seen) => void = () => undefined,
  ): void {
    const { sessionId, isStale } = wish;
    const id = this.nextId();
    const beganUs = this.#world.nowUs;
    const begun = { kind: 'read', id, ...wish, beganUs, endedUs: null } as const;
    this.#world.oracle.began({ ...begun, answer: null });
    const answer = (isUnderLease: boolean): void => {
      const lastApplied = process.node.state.lastApplied.index;
      const seen = look(process.node.state, process);
      const told = { lastApplied, isLeased: isUnderLease, ...seen };
      this.#ended({ ...begun, endedUs: this.#world.nowUs, answer: told });
      done(seen);
    };
    const deadlineUs = this.patienceUs();
    const isLeased = this.#draw.chance(LEASED_PPM);
    const ask = (): void => {
      if (isLeased && process.node.leased(() => null) !== null) {
        this.#world.count('leasedReads');
        answer(true);
        return;
      }
      process.node.read(machine.clock.nowMs() + deadlineUs / 1000, (outcome) => {
        if (outcome.type === 'ready') {
          if (process.node.raft?.state.role.type === 'follower') this.#world.count('followerReads');
          answer(false);
        } else {
          if (outcome.type === 'refused') this.believe(outcome.refusal);
          this.#ended({ ...begun, endedUs: this.#world.nowUs, answer: null });
        }
      });
    };
    machine.enter(
      process,
      'read',
      this.#asked,
      isStale ? () => answer(false) : ask,
      () => `${id}: ${sessionId}`,
    );
  }

  /** How long this client waits; a whole number of milliseconds. */
  patienceUs(): number {
    const timeoutMs = this.#world.parameters.electionTimeoutMs;
    return this.#draw.between(timeoutMs, 4 * timeoutMs) * 1000;
  }

  /** A request id that no other request has. */
  nextId(): string {
    this.#asked += 1;
    return `${this.name}-${this.#asked}`;
  }

  /** Learns from a refusal who leads. */
  believe(refusal: NodeRefusal): void {
    this.#leaderId = refusal.reason === 'notLeader' ? refusal.leaderId : this.#leaderId;
  }

  #choose(isAny: boolean): Machine | undefined {
    const draw = this.#draw;
    const all = [...this.#world.machines.values()];
    const up = all.filter((one) => one.isUp && this.#world.isInCore(one));
    const believed = up.find(({ id }) => id === this.#leaderId);
    const isBelieved = draw.chance(900_000);
    const other = up.length === 0 ? undefined : draw.pick(up);
    const isBehind = draw.chance(300_000);
    const deposed = this.#deposed();
    // Who still believes to lead after another was elected is the one to ask if answers can be wrong.
    if (isBehind && deposed !== null) return deposed;
    return !isAny && isBelieved && believed !== undefined ? believed : other;
  }

  /** A machine that leads an earlier term while another leads a later one; null: there is none. */
  #deposed(): Machine | null {
    const leader = this.#world.leader();
    for (const machine of this.#world.machines.values()) {
      const role = machine.process?.node.raft?.state.role;
      if (role?.type === 'leader' && machine !== leader) return machine;
    }
    return null;
  }

  #begunWrite(command: ClientCommand): WriteOperation {
    const id = command.requestId;
    const sessionId = subjectOf(command);
    const beganUs = this.#world.nowUs;
    const asked = { kind: 'write', id, sessionId, command, beganUs } as const;
    const begun = { ...asked, endedUs: null, outcome: null };
    this.#world.count('writesUnknown');
    this.#world.oracle.began(begun);
    return begun;
  }

  /** Proposes at the node believed to lead; false: none is up. */
  #send(command: Command, patienceUs: number, done: Told): boolean {
    const asked = this.machine(false);
    if (asked === null) return false;
    const nodeId = asked.machine.id;
    const own = command.kind === 'putSession' ? { ...command, nodeId } : command;
    this.propose(asked, own, patienceUs, (outcome) => {
      if (outcome.type === 'refused') this.believe(outcome.refusal);
      done(outcome);
    });
    return true;
  }

  #ended(operation: Operation): void {
    const world = this.#world;
    world.trace.note(world.nowUs, 0, 'answer', this.#asked, () => show(operation));
    world.oracle.ended(operation);
    if (operation.kind === 'read') {
      if (operation.answer === null) return;
      world.count(operation.isStale ? 'staleReads' : 'reads');
      if (operation.of === 'store') world.count('storeReads');
      return;
    }
    const { outcome } = operation;
    if (outcome === null || outcome.type === 'indeterminate') return;
    world.counts.add('writesUnknown', -1);
    if (outcome.type === 'applied') {
      world.count('writesApplied');
      return;
    }
    world.count('writesRefused');
    if (outcome.type === 'refused') this.believe(outcome.refusal);
  }
}

/** Takes how a write ended. */
export type Told = (outcome: WriteOutcome) => void;

function showCommand(command: Command): string {
  if (!('requestId' in command)) return command.kind;
  const client = command.kind === 'openClientSession' ? null : command.client;
  const covered = client === null ? '' : ` as ${client.session.slice(0, 8)}/${client.sequence}`;
  return `${command.requestId}: ${command.kind} ${subjectOf(command)}${covered}`;
}

/** The session, lock or job that a command is about, or the first key or type. */
function subjectOf(command: Extract<Command, { requestId: string }>): string {
  if (command.kind === 'changeStore') return command.compares[0]?.key ?? '';
  if (command.kind === 'claimJob') return command.types[0] ?? '';
  return 'name' in command ? command.name : command.id;
}

function show(operation: Operation): string {
  const said = operation.kind === 'write' ? operation.outcome : operation.answer;
  return `${operation.id}: ${JSON.stringify(said)}`;
}
