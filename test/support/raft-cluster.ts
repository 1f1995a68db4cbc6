// A small deterministic cluster of bare Rafts without a driver: one real time in ms, a clock a node that may run at another
// rate, disks that take time, links that delay, hold, drop, repeat and reorder. Everything that happens is an event in one
// queue; the watcher (raft-watcher.ts) looks at all nodes after each of them.

import type { Answer, Input } from '../../src/raft/input.js';
import type { Loaded } from '../../src/raft/initial.js';
import type { Message } from '../../src/raft/message.js';
import type { Limits, RaftOptions } from '../../src/raft/options.js';
import { Raft } from '../../src/raft/raft.js';
import { Random } from '../../src/raft/random.js';
import type { Envelope, PersistBatch, Ready } from '../../src/raft/ready.js';
import type { ConfigChange, Entry, Member, NodeId, SnapshotMeta } from '../../src/raft/types.js';
import { NOTHING_LOADED } from '../../src/raft/initial.js';
import { ModelDisk } from './raft-disk.js';
import { Watcher } from './raft-watcher.js';
import { N, bytes, loaded, logOf, options } from './raft-words.js';
import type { MemberExtras } from './raft-words.js';

export interface ClusterParts {
  readonly voters?: readonly number[];
  /** Nodes that exist with an empty disk, to be added later. */
  readonly spares?: readonly number[];
  /** Terms of the log that each voter begins with; `1@1 2@1` for those not named. */
  readonly logs?: Readonly<Record<string, readonly number[]>>;
  readonly limits?: Partial<Limits>;
  readonly electionTimeoutMs?: number;
  readonly seed?: number;
  readonly messageMs?: number;
  readonly persistMs?: number;
  /** How long primary-only processes take to stop. */
  readonly stopMs?: number;
  /** Real ms to ms of a node's clock; 1 for those not named. */
  readonly clockRates?: Readonly<Record<string, number>>;
  readonly extras?: MemberExtras;
}

/** What goes wrong by chance on every link, in thousandths and ms. */
export interface Weather {
  readonly drop: number;
  readonly repeat: number;
  readonly delayMaxMs: number;
}

const CALM: Weather = { drop: 0, repeat: 0, delayMaxMs: 0 };
const CHUNK_BYTES = 8;
const SNAPSHOT_BYTES = 24;

interface Writing {
  readonly batch: PersistBatch | null;
  readonly meta: SnapshotMeta | null;
  readonly held: Envelope[];
}

export class SimulatedNode {
  readonly id: NodeId;
  readonly disk: ModelDisk;
  raft: Raft;
  isUp = true;
  /** Counts starts; what was scheduled for an earlier one is dropped. */
  life = 1;
  persistMs: number;
  isDiskStuck = false;
  writing: Writing[] = [];
  /** Next byte wanted of the snapshot being received. */
  receiving: { index: number; offset: number } = { index: 0, offset: 0 };
  readonly reads = new Map<number, number | null>();
  readonly readys: Ready[] = [];

  constructor(given: RaftOptions, disk: ModelDisk, nowMs: number, persistMs: number) {
    this.id = given.id;
    this.disk = disk;
    this.persistMs = persistMs;
    this.raft = new Raft(given, disk.load(), nowMs);
  }
}

interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

/** Members of a union without their time, which the cluster adds. */
type Timeless<U> = U extends { nowMs: number } ? Omit<U, 'nowMs'> : never;

export class RaftCluster {
  nowMs = 0;
  readonly nodes = new Map<NodeId, SimulatedNode>();
  readonly watcher: Watcher;
  readonly messageMs: number;
  weather: Weather = CALM;
  /** Links that lose everything, and links that keep it until released; `from>to`. */
  readonly #cut = new Set<string>();
  readonly #held = new Map<string, Message[]>();
  readonly #parts: ClusterParts;
  readonly #dice: Random;
  #events: Event[] = [];
  #eventNumber = 0;

  constructor(parts: ClusterParts = {}) {
    this.#parts = parts;
    this.#dice = new Random(parts.seed ?? 1);
    this.messageMs = parts.messageMs ?? 1;
    this.watcher = new Watcher();
    const voters = parts.voters ?? [1, 2, 3];
    for (const node of voters)
      this.#build(node, loaded(logOf(parts.logs?.[String(node)] ?? [1, 1], voters, parts.extras)));
    for (const node of parts.spares ?? []) this.#build(node, NOTHING_LOADED);
  }

  node(node: number): SimulatedNode {
    const found = this.nodes.get(N(node));
    if (found === undefined) throw new Error(`no node ${node}`);
    return found;
  }

  raft(node: number): Raft {
    return this.node(node).raft;
  }

  /** The node that leads the highest term, or null. */
  get leader(): SimulatedNode | null {
    let best: SimulatedNode | null = null;
    for (const node of this.nodes.values()) {
      if (!node.isUp || node.raft.state.role.type !== 'leader') continue;
      if (best === null || node.raft.state.term > best.raft.state.term) best = node;
    }
    return best;
  }

  /** This node's clock, in whole ms. */
  clockMs(node: NodeId): number {
    const rate = this.#parts.clockRates?.[String(node)] ?? 1;
    return Math.floor(this.nowMs * rate + node * 1000);
  }

  // Time ----------------------------------------------------------------------------------------------------------------

  run(forMs: number): void {
    this.runUntil(() => false, forMs);
  }

  /** Lets time pass until the condition holds; answers whether it did within the time. */
  runUntil(condition: () => boolean, withinMs = 20_000): boolean {
    const endMs = this.nowMs + withinMs;
    while (!condition()) {
      const event = this.#events[0];
      if (event === undefined || event.atMs > endMs) {
        this.nowMs = endMs;
        return condition();
      }
      this.#events.shift();
      this.nowMs = Math.max(this.nowMs, event.atMs);
      event.run();
      this.watcher.look(this.#alive(), (node) => this.clockMs(node));
    }
    return true;
  }

  elect(): SimulatedNode {
    const isServing = (): boolean => this.leader?.raft.isServing === true;
    if (!this.runUntil(isServing) || this.leader === null)
      throw new Error('nobody was elected in time');
    return this.leader;
  }

  // Links ---------------------------------------------------------------------------------------------------------------

  /** Loses everything between the two groups, both ways. */
  cut(some: readonly number[], others: readonly number[]): void {
    for (const a of some) for (const b of others) this.#cut.add(link(a, b)).add(link(b, a));
  }

  cutOneWay(from: number, to: number): void {
    this.#cut.add(link(from, to));
  }

  heal(): void {
    this.#cut.clear();
    for (const key of this.#held.keys()) this.#release(key);
  }

  /** Keeps what `from` sends to `to` until released. */
  hold(from: number, to: number): void {
    this.#held.set(link(from, to), []);
  }

  /** What is held on this link, to look at or to change. */
  held(from: number, to: number): Message[] {
    return this.#held.get(link(from, to)) ?? [];
  }

  release(from: number, to: number): void {
    this.#release(link(from, to));
  }

  // Faults --------------------------------------------------------------------------------------------------------------

  /** Loses everything that is not durable; of the writes on their way the first `survivors` have made it. */
  crash(node: number, survivors = 0): void {
    const sim = this.node(node);
    if (!sim.isUp) return;
    this.watcher.crashed(sim, this.clockMs(sim.id));
    for (const { batch, meta } of sim.writing.slice(0, survivors)) {
      if (batch !== null) sim.disk.apply(batch);
      if (meta !== null) sim.disk.save(meta);
    }
    sim.writing = [];
    sim.isUp = false;
    sim.life += 1;
  }

  restart(node: number): void {
    const sim = this.node(node);
    if (sim.isUp) return;
    sim.isUp = true;
    sim.life += 1;
    sim.receiving = { index: 0, offset: 0 };
    sim.raft = new Raft(this.#options(node), sim.disk.load(), this.clockMs(sim.id));
    this.watcher.restarted(sim);
    this.#scheduleTick(sim, sim.life);
    this.#pump(sim);
  }

  /** The disk of this node finishes nothing until it is freed. */
  stickDisk(node: number): void {
    this.node(node).isDiskStuck = true;
  }

  freeDisk(node: number): void {
    const sim = this.node(node);
    sim.isDiskStuck = false;
    this.#scheduleWrite(sim);
  }

  // Inputs --------------------------------------------------------------------------------------------------------------

  step(node: number, input: Timeless<Input>): Answer | null {
    const sim = this.node(node);
    if (!sim.isUp) return null;
    const answer = sim.raft.step({ ...input, nowMs: this.clockMs(sim.id) });
    this.#pump(sim);
    return answer;
  }

  propose(node: number, ...texts: string[]): Answer | null {
    return this.step(node, { type: 'propose', commands: texts.map(bytes) });
  }

  change(node: number, wish: ConfigChange): Answer | null {
    return this.step(node, { type: 'changeConfiguration', change: wish, cause: 'test' });
  }

  transfer(node: number, to: number | null): Answer | null {
    return this.step(node, {
      type: 'transferLeadership',
      to: to === null ? null : N(to),
      cause: 'test',
      isChosen: true,
    });
  }

  read(node: number, readId: number): Answer | null {
    this.watcher.readAsked(readId);
    return this.step(node, { type: 'readIndex', readId });
  }

  takeSnapshot(node: number): void {
    const sim = this.node(node);
    const meta = sim.isUp ? sim.raft.snapshotMeta() : null;
    if (meta === null || meta.last.index <= (sim.raft.state.snapshot?.last.index ?? 0)) return;
    this.#write(sim, { batch: null, meta, held: [] });
  }

  /** Whether there is a leader that takes proposals. */
  get isLed(): boolean {
    return this.leader?.raft.isServing === true;
  }

  /** Whether every node that is up has applied the same, and something of the newest term. */
  get isConverged(): boolean {
    const { leader } = this;
    if (leader === null || !leader.raft.isServing) return false;
    const { commitIndex, log } = leader.raft.state;
    if (commitIndex !== log.lastIndex) return false;
    const members = new Set(leader.raft.configuration.members.map((it: Member) => it.id));
    return [...this.nodes.values()].every(
      (node) => !node.isUp || !members.has(node.id) || node.raft.state.lastApplied === commitIndex,
    );
  }

  // Inside --------------------------------------------------------------------------------------------------------------

  #alive(): SimulatedNode[] {
    return [...this.nodes.values()].filter(({ isUp }) => isUp);
  }

  #options(node: number): RaftOptions {
    const isWitness = this.#parts.extras?.[node]?.witness === true;
    return {
      ...options(node, this.#parts.limits, this.#parts.electionTimeoutMs, isWitness),
      randomSeed: this.#dice.between(0, 2 ** 32),
    };
  }

  #build(node: number, disk: Loaded): void {
    const given = this.#options(node);
    const sim = new SimulatedNode(
      given,
      new ModelDisk(disk),
      this.clockMs(N(node)),
      this.#parts.persistMs ?? 1,
    );
    this.nodes.set(sim.id, sim);
    this.#scheduleTick(sim, sim.life);
  }

  #schedule(inMs: number, run: () => void): void {
    this.#eventNumber += 1;
    const event: Event = { atMs: this.nowMs + inMs, number: this.#eventNumber, run };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.atMs ?? 0) <= event.atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  #scheduleTick(sim: SimulatedNode, life: number): void {
    const { tickMs } = sim.raft.state.options.timers;
    this.#schedule(tickMs, () => {
      if (sim.life !== life) return;
      this.step(sim.id, { type: 'tick', lateMs: 0 });
      this.#scheduleTick(sim, life);
    });
  }

  #pump(sim: SimulatedNode): void {
    for (let ready = sim.raft.takeReady(); ready !== null; ready = sim.raft.takeReady())
      this.#handle(sim, ready);
  }

  #handle(sim: SimulatedNode, ready: Ready): void {
    sim.readys.push(ready);
    if (sim.readys.length > 64) sim.readys.shift();
    for (const { to, message } of ready.messages) this.#send(sim.id, to, message);
    if (ready.persist !== null) this.#write(sim, { batch: ready.persist, meta: null, held: [] });
    const writing = sim.writing.at(-1);
    if (writing !== undefined) writing.held.push(...ready.messagesAfterPersist);
    else for (const { to, message } of ready.messagesAfterPersist) this.#send(sim.id, to, message);
    if (ready.restore !== null) this.watcher.restored(sim, ready.restore);
    this.watcher.applied(sim, ready.committed);
    for (const { readId, readIndex } of ready.reads) {
      this.watcher.readReleased(readId, readIndex);
      sim.reads.set(readId, readIndex);
    }
    for (const { to, last, offset: wanted, word } of ready.chunksToSend) {
      const meta = sim.raft.state.snapshot;
      if (meta === null) throw new Error('a chunk was asked for without a snapshot');
      // The disk keeps the newest only, so it takes the place of the one asked for.
      const offset = last.index === meta.last.index ? wanted : 0;
      const data = new Uint8Array(Math.min(CHUNK_BYTES, SNAPSHOT_BYTES - offset));
      this.#send(sim.id, to, {
        type: 'installSnapshot',
        ...word,
        meta,
        offset,
        data,
        checksum: 0,
        totalBytes: SNAPSHOT_BYTES,
      });
    }
    for (const { from, chunk } of ready.chunksArrived) this.#receive(sim, from, chunk);
    const epoch = ready.stopEpoch;
    if (epoch !== null) {
      const { life } = sim;
      this.#schedule(this.#parts.stopMs ?? 1, () => {
        if (sim.life === life) this.step(sim.id, { type: 'stopped', epoch });
      });
    }
  }

  #receive(
    sim: SimulatedNode,
    from: NodeId,
    chunk: Extract<Message, { type: 'installSnapshot' }>,
  ): void {
    const { last } = chunk.meta;
    if (sim.receiving.index !== last.index) sim.receiving = { index: last.index, offset: 0 };
    if (chunk.offset === sim.receiving.offset) sim.receiving.offset += chunk.data.length;
    const { offset } = sim.receiving;
    const { life } = sim;
    this.#schedule(0, () => {
      if (sim.life !== life) return;
      if (offset < chunk.totalBytes) {
        this.step(sim.id, { type: 'snapshotChunkStored', from, last, nextOffset: offset });
        return;
      }
      sim.receiving = { index: 0, offset: 0 };
      this.step(sim.id, { type: 'snapshotReceived', from, meta: chunk.meta });
    });
  }

  #write(sim: SimulatedNode, writing: Writing): void {
    sim.writing.push(writing);
    if (sim.writing.length === 1) this.#scheduleWrite(sim);
  }

  #scheduleWrite(sim: SimulatedNode): void {
    const { life } = sim;
    const expected = sim.writing[0];
    if (expected === undefined) return;
    this.#schedule(sim.persistMs, () => {
      if (sim.life !== life || sim.isDiskStuck || sim.writing[0] !== expected) return;
      sim.writing.shift();
      const { batch, meta, held } = expected;
      if (batch !== null) sim.disk.apply(batch);
      if (meta !== null) sim.disk.save(meta);
      for (const { to, message } of held) this.#send(sim.id, to, message);
      if (batch !== null) this.step(sim.id, { type: 'persisted', persistId: batch.persistId });
      if (meta !== null) this.step(sim.id, { type: 'snapshotTaken', meta });
      this.#scheduleWrite(sim);
    });
  }

  #send(from: NodeId, to: NodeId, message: Message): void {
    const key = link(from, to);
    if (this.#cut.has(key)) return;
    const held = this.#held.get(key);
    if (held !== undefined) {
      held.push(message);
      return;
    }
    if (this.#dice.between(0, 1000) < this.weather.drop) return;
    this.#deliver(from, to, message);
    if (this.#dice.between(0, 1000) < this.weather.repeat) this.#deliver(from, to, message);
  }

  #deliver(from: NodeId, to: NodeId, message: Message): void {
    const sender = { id: from, installId: this.node(from).raft.state.options.installId };
    const inMs = this.messageMs + this.#dice.between(0, this.weather.delayMaxMs + 1);
    this.#schedule(inMs, () => {
      if (!this.nodes.has(to)) return;
      this.step(to, { type: 'message', from: sender, message });
    });
  }

  #release(key: string): void {
    const messages = this.#held.get(key) ?? [];
    this.#held.delete(key);
    const [from = 0, to = 0] = key.split('>').map(Number);
    for (const message of messages) this.#deliver(N(from), N(to), message);
  }
}

function link(from: number, to: number): string {
  return `${from}>${to}`;
}

/** The commands applied, as text, for tests that compare what was written. */
export function texts(entries: readonly Entry[]): string[] {
  return entries.flatMap((it) =>
    it.kind === 'command' ? [new TextDecoder().decode(it.data)] : [],
  );
}
