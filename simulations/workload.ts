// Clients: each asks for one thing after the other of some node, and remembers what it was told. They write sessions with
// merge and compare-and-set, touch and delete them, and read them both ways. A write is sent again only under a client
// session (covered-writes.ts), so that what is carried out twice is a fault.

import type { LogIndex, NodeId } from '../src/raft/types.js';
import type { ClientCommand, Command } from '../src/state-machine/command.js';
import { STORE_RELATIONS } from '../src/state-machine/store-types.js';
import type { NodeRefusal, WriteOutcome } from '../src/node/api.js';
import { CoveredWrites } from './covered-writes.js';
import { digestOf } from './digest.js';
import { digestOfSession } from './invariants/session-lives.js';
import type { Machine, Process } from './machine.js';
import type { Operation, ReadOperation, WriteOperation } from './operation.js';
import type { Stream } from './random.js';
import type { World } from './world.js';

/** What a read asks for, and how its answer is found. */
interface ReadWish {
  readonly sessionId: string;
  readonly isStale: boolean;
  readonly isOfStore: boolean;
  readonly look: (node: Process['node']) => Seen;
}

type Seen = Pick<NonNullable<ReadOperation['answer']>, 'session' | 'entry' | 'digest'>;

export class Client {
  readonly #world: World;
  readonly #name: string;
  readonly #draw: Stream;
  readonly #drawKeys: Stream;
  #asked = 0;
  #isOver = false;
  /** Whom this client believes to lead. */
  #leaderId: NodeId | null = null;
  readonly #covered: CoveredWrites;
  /** Revision of each session that this client saw last; for compare-and-set. */
  readonly #revisions = new Map<string, LogIndex>();

  constructor(world: World, number: number) {
    this.#world = world;
    this.#name = `c${number}`;
    this.#draw = world.streams.stream(`clients/${number}`);
    this.#drawKeys = world.streams.stream(`keys/${number}`);
    this.#covered = new CoveredWrites({
      world,
      draw: world.streams.stream(`covered/${number}`),
      send: (command, patienceUs, done) => this.#send(command, patienceUs, done),
      patienceUs: () => this.#patienceUs(),
    });
  }

  /** Asks again and again until `stop`. */
  begin(): void {
    this.#world.plan(this.#draw.exponential(this.#world.parameters.workload.thinkMeanUs), () => {
      if (this.#isOver) return;
      this.ask();
      this.begin();
    });
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Asks for one thing now; an earlier one may still be waiting for its answer. */
  ask(): void {
    const draw = this.#draw;
    const sessionId = `s${draw.between(1, this.#world.parameters.workload.sessions)}`;
    const kind = draw.between(1, 100);
    const isStale = kind > 85;
    const machine = this.#machine(isStale);
    const process = machine?.process ?? null;
    if (machine === undefined || process === null) return;
    if (kind > 55) {
      if (this.#drawKeys.chance(STORE_READ_PPM)) this.#readKey(machine, process, isStale);
      else this.#read(machine, process, this.#sessionWish(sessionId, isStale));
      return;
    }
    const command = this.#command(machine.id, sessionId, kind);
    if (draw.chance(COVERED_PPM)) this.#writeOnce(command);
    else this.#write(machine, process, command);
  }

  /** Asks for a write of one session at the node believed to lead. `done` gets its outcome. */
  write(done: (outcome: WriteOutcome) => void): void {
    const machine = this.#machine(false);
    const process = machine?.process ?? null;
    if (machine === undefined || process === null) return;
    this.#write(machine, process, this.#command(machine.id, 'probe', 1), done);
  }

  /** Asks for a linearizable read; `done` is called if it is answered. */
  read(done: () => void): void {
    const machine = this.#machine(false);
    const process = machine?.process ?? null;
    if (machine !== undefined && process !== null)
      this.#read(machine, process, this.#sessionWish('probe', false), done);
  }

  /** Reads one of the keys that transactions write. */
  #readKey(machine: Machine, process: Process, isStale: boolean): void {
    const { sessions } = this.#world.parameters.workload;
    const draw = this.#drawKeys;
    const key = draw.chance(500_000) ? 'all' : `k${draw.between(1, sessions)}`;
    const look = ({ state }: Process['node']): Seen => {
      const found = state.storeEntry(key);
      return { session: null, entry: found, digest: found === null ? null : digestOf(found) };
    };
    this.#read(machine, process, { sessionId: key, isStale, isOfStore: true, look });
  }

  #sessionWish(sessionId: string, isStale: boolean): ReadWish {
    const look = ({ state }: Process['node']): Seen => {
      const session = state.session(sessionId);
      if (session !== null) this.#revisions.set(sessionId, session.revision);
      return { session, entry: null, digest: digestOfSession(session) };
    };
    return { sessionId, isStale, isOfStore: false, look };
  }

  #machine(isAny: boolean): Machine | undefined {
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

  #command(nodeId: NodeId, id: string, kind: number): ClientCommand {
    const draw = this.#draw;
    const { valueBytesMax, ttlMinMs, ttlMaxMs } = this.#world.parameters.workload;
    if (draw.chance(STORE_PPM)) return this.#storeCommand();
    const requestId = this.#nextId();
    const client = null;
    const known = this.#revisions.get(id) ?? (0 as LogIndex);
    const ifRevision = draw.chance(300_000) ? known : null;
    if (kind > 50) return { kind: 'deleteSession', requestId, client, id, ifRevision };
    if (kind > 42) return { kind: 'touchSession', requestId, client, id };
    const value = new Uint8Array(draw.between(1, valueBytesMax)).fill(draw.between(0, 255));
    return {
      kind: 'putSession',
      requestId,
      client,
      id,
      owner: draw.chance(200_000) ? this.#name : null,
      nodeId,
      attributes: new Map([[`a${draw.between(1, 3)}`, value]]),
      removed: draw.chance(100_000) ? ['a4'] : [],
      ttlMs: draw.chance(500_000) ? draw.between(ttlMinMs, ttlMaxMs) : null,
      ifRevision,
    };
  }

  /** A transaction on two keys; what it compares sometimes holds. */
  #storeCommand(): ClientCommand {
    const draw = this.#draw;
    const { sessions, valueBytesMax } = this.#world.parameters.workload;
    const keys = [`k${draw.between(1, sessions)}`, 'all'] as const;
    const value = new Uint8Array(draw.between(0, valueBytesMax)).fill(draw.between(0, 255));
    const revision = (draw.chance(500_000) ? 0 : draw.between(1, 100)) as LogIndex;
    const [key, other] = draw.chance(500_000) ? keys : [keys[1], keys[0]];
    return {
      kind: 'changeStore',
      requestId: this.#nextId(),
      client: null,
      compares: [{ key, relation: draw.pick(STORE_RELATIONS), to: { type: 'revision', revision } }],
      success: [
        { type: 'get', key: other },
        { type: 'put', key, value },
        { type: 'put', key: other, value },
        { type: 'get', key },
      ],
      failure: [
        { type: 'get', key },
        { type: 'delete', key: other },
        { type: 'delete', key },
      ],
    };
  }

  /** A write that is sent to one node, once. */
  #write(
    machine: Machine,
    process: Process,
    command: ClientCommand,
    done: (outcome: WriteOutcome) => void = () => undefined,
  ): void {
    const begun = this.#begunWrite(command);
    const patienceUs = this.#patienceUs();
    this.#propose(machine, process, command, patienceUs, (outcome) => {
      this.#ended({ ...begun, endedUs: this.#world.nowUs, outcome });
      done(outcome);
    });
  }

  /** A write under the client session, sent as often as it takes. */
  #writeOnce(command: ClientCommand): void {
    const begun = this.#begunWrite(command);
    this.#covered.write(command, (outcome) => {
      this.#ended({ ...begun, endedUs: this.#world.nowUs, outcome });
    });
  }

  #begunWrite(command: ClientCommand): WriteOperation {
    const id = command.requestId;
    const sessionId = subjectOf(command);
    const beganUs = this.#world.nowUs;
    const asked = { kind: 'write', id, sessionId, command, beganUs } as const;
    const begun = { ...asked, endedUs: null, outcome: null };
    this.#began(begun);
    return begun;
  }

  /** Proposes at the node believed to lead; false: none is up. */
  #send(command: Command, patienceUs: number, done: (outcome: WriteOutcome) => void): boolean {
    const machine = this.#machine(false);
    const process = machine?.process ?? null;
    if (machine === undefined || process === null) return false;
    const nodeId = machine.id;
    const own = command.kind === 'putSession' ? { ...command, nodeId } : command;
    this.#propose(machine, process, own, patienceUs, (outcome) => {
      if (outcome.type === 'refused') this.#believe(outcome.refusal);
      done(outcome);
    });
    return true;
  }

  #propose(
    machine: Machine,
    process: Process,
    command: Command,
    patienceUs: number,
    done: (outcome: WriteOutcome) => void,
  ): void {
    machine.enter(
      process,
      'write',
      this.#asked,
      () => process.node.propose(command, machine.clock.nowMs() + patienceUs / 1000, done),
      () => showCommand(command),
    );
  }

  #read(
    machine: Machine,
    process: Process,
    { look, ...wish }: ReadWish,
    done: () => void = () => undefined,
  ): void {
    const { sessionId, isStale } = wish;
    const id = this.#nextId();
    const beganUs = this.#world.nowUs;
    const begun = { kind: 'read', id, ...wish, beganUs, endedUs: null } as const;
    this.#began({ ...begun, answer: null });
    const answer = (isUnderLease: boolean): void => {
      const lastApplied = process.node.state.lastApplied.index;
      const seen = { lastApplied, isLeased: isUnderLease, ...look(process.node) };
      this.#ended({ ...begun, endedUs: this.#world.nowUs, answer: seen });
      done();
    };
    const deadlineUs = this.#patienceUs();
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
          if (outcome.type === 'refused') this.#believe(outcome.refusal);
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
  #patienceUs(): number {
    const timeoutMs = this.#world.parameters.electionTimeoutMs;
    return this.#draw.between(timeoutMs, 4 * timeoutMs) * 1000;
  }

  #nextId(): string {
    this.#asked += 1;
    return `${this.#name}-${this.#asked}`;
  }

  #began(operation: Operation): void {
    if (operation.kind === 'write') this.#world.count('writesUnknown');
    this.#world.oracle.began(operation);
  }

  #ended(operation: ReadOperation | WriteOperation): void {
    this.#world.trace.note(this.#world.nowUs, 0, 'answer', this.#asked, () => show(operation));
    this.#world.oracle.ended(operation);
    if (operation.kind === 'read') {
      if (operation.answer === null) return;
      this.#world.count(operation.isStale ? 'staleReads' : 'reads');
      if (operation.isOfStore) this.#world.count('storeReads');
      return;
    }
    const { outcome } = operation;
    if (outcome === null || outcome.type === 'indeterminate') return;
    this.#world.counts.add('writesUnknown', -1);
    if (outcome.type !== 'applied') {
      this.#world.count('writesRefused');
      if (outcome.type === 'refused') this.#believe(outcome.refusal);
      return;
    }
    this.#world.count('writesApplied');
    const { result } = outcome;
    if (result.type === 'store') this.#world.count('transactions');
    if (result.type === 'session')
      this.#revisions.set(operation.sessionId, result.session.revision);
    if (result.type === 'refused' && result.refusal.reason === 'revisionMismatch') {
      this.#world.count('conflicts');
      this.#revisions.set(operation.sessionId, result.refusal.actual);
    }
  }

  #believe(refusal: NodeRefusal): void {
    this.#leaderId = refusal.reason === 'notLeader' ? refusal.leaderId : this.#leaderId;
  }
}

/** Chance per million that a linearizable read is asked of the primary's lease first. */
const LEASED_PPM = 200_000;

/** Chance per million that a read asks for a key of the store. */
const STORE_READ_PPM = 150_000;

/** Chance per million that a write is one on the store. */
const STORE_PPM = 150_000;

/** Chance per million that a write is one under a client session. */
const COVERED_PPM = 700_000;

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
