// The driver: carries what the core wants to the disk, the network and the state machine, in the order that `Ready`
// prescribes, and what happens there back to the core. Everything that arrives in one turn of the event loop is one
// batch, so that writes share messages and disk records. It is a loop with a guard: ports may complete synchronously.

import { invariant } from '../raft/assert.js';
import { NOTHING_LOADED } from '../raft/initial.js';
import type { Loaded } from '../raft/initial.js';
import type { Input, Wish } from '../raft/input.js';
import { entryBytes } from '../raft/log.js';
import type { Message, Sender } from '../raft/message.js';
import { LIMITS, timersFor } from '../raft/options.js';
import type { Raft } from '../raft/raft.js';
import { Random } from '../raft/random.js';
import type { PersistBatch, Ready } from '../raft/ready.js';
import type { ConfigChange, Entry, Member, NodeId, SnapshotMeta, Software } from '../raft/types.js';
import { ClusterState } from '../state-machine/cluster-state.js';
import type { ApplyResult, Command } from '../state-machine/command.js';
import type {
  ChangeOutcome,
  HandOver,
  NodeApi,
  NodeOutline,
  NodeRefusal,
  NodeStatus,
  ReadOutcome,
  RenewOutcome,
  WriteOutcome,
} from './api.js';
import { AppliedListeners } from './applied-listeners.js';
import { awaitedOf, Changes, refusedChange } from './changes.js';
import { Condition } from './condition.js';
import { logEvent } from './event-log.js';
import type { NodeModules, NodeOptions } from './node-options.js';
import { beginRaft } from './observed-raft.js';
import { Outgoing } from './outgoing.js';
import { founding } from './founding.js';
import type { FirstSettings, Founding } from './founding.js';
import { Lives } from './lives.js';
import { EMPTY_BATCH } from './ports.js';
import type { ClusterIdentity, Done, Identity, StoragePort } from './ports.js';
import { Proposals } from './proposals.js';
import { leasedRead, Reads } from './reads.js';
import { SNAPSHOT_LIMITS } from './snapshot-taker.js';
import { ReignOrders } from './reign-orders.js';
import { Snapshots } from './snapshots.js';
import { Staleness } from './staleness.js';
import { outlineOf, statusOf } from './status.js';

/** Separates the dice for snapshots from the core's. */
const SNAPSHOT_STREAM = 0x736e6170;

/** What a witness makes of every entry. */
const NOT_APPLIED: ApplyResult = { type: 'none' };

export class Node implements NodeApi {
  readonly state: ClusterState;
  /** Null while the node is clean. */
  raft: Raft | null = null;
  readonly #modules: NodeModules;
  readonly #options: NodeOptions;
  readonly #proposals = new Proposals();
  readonly #reads = new Reads();
  readonly #changes = new Changes();
  readonly #outgoing: Outgoing;
  readonly #snapshots: Snapshots;
  readonly #lives: Lives;
  readonly #staleness = new Staleness();
  readonly #condition: Condition;
  readonly #orders: ReignOrders;
  readonly #listeners = new AppliedListeners();
  #inputs: Input[] = [];
  #isEntering = false;
  #isWoken = false;
  #isRunning = false;
  #isStopped = false;
  #wasMember = false;

  constructor(options: NodeOptions, modules: NodeModules) {
    this.state = new ClusterState(options.clientSessionLimits, options.features);
    this.#lives = new Lives(this.state);
    this.#options = options;
    this.#modules = modules;
    this.#orders = new ReignOrders(modules.primary);
    this.#condition = new Condition(options.stored.identity, modules, (refusal) =>
      this.#endWaiters(refusal),
    );
    this.#outgoing = new Outgoing(modules.transport);
    this.#snapshots = new Snapshots(
      modules,
      this.state,
      options.snapshotLimits ?? SNAPSHOT_LIMITS,
      new Random(options.randomSeed ^ SNAPSHOT_STREAM),
      {
        push: (input) => this.#push(input),
        wake: () => this.#wake(),
        degrade: (error) => this.#condition.diskFailed(error),
      },
    );
  }

  /** Resumes membership if the disk has one: loads the snapshot, then the core. Call once, before anything else. */
  start(done: Done): void {
    const { stored } = this.#options;
    if (!this.#condition.resume()) {
      done(null);
      return;
    }
    if (stored.snapshot === null || this.#isWitness) {
      this.#begin(stored);
      done(null);
      return;
    }
    this.#modules.storage.readSnapshot((error, found) => {
      if (error !== null || found === null) {
        done(error ?? new Error('the stored snapshot is missing'));
        return;
      }
      const unreadable = this.#snapshots.restore(found);
      if (unreadable === null) this.#begin(stored);
      done(unreadable);
    });
  }

  status(): NodeStatus {
    return statusOf(this.#condition, this.raft, this.#modules.clock.nowMs(), this.#staleness);
  }

  outline(): NodeOutline {
    return outlineOf(this.#condition, this.raft);
  }

  stalenessMs(nowMs: number = this.#modules.clock.nowMs()): number | null {
    return this.#staleness.ageMs(nowMs);
  }

  clusterTimeMs(): number {
    if (this.raft === null) return 0;
    const { nowMs } = this.raft.state;
    return this.raft.clusterTimeMs + Math.max(0, this.#modules.clock.nowMs() - nowMs);
  }

  propose(command: Command, deadlineMs: number, done: (outcome: WriteOutcome) => void): void {
    const refusal = this.#refusal();
    if (refusal !== null) {
      done({ type: 'refused', refusal });
      return;
    }
    this.#proposals.add({
      data: this.#modules.codec.encodeCommand(command),
      level: this.state.levelOf(command),
      deadlineMs,
      done,
    });
    this.#wake();
  }

  read(deadlineMs: number, done: (outcome: ReadOutcome) => void): void {
    const refusal = this.#refusal();
    if (refusal !== null) {
      done({ type: 'refused', refusal });
      return;
    }
    this.#reads.add({ deadlineMs, done });
    this.#wake();
  }

  renew(ids: readonly string[], deadlineMs: number, done: (outcome: RenewOutcome) => void): void {
    const refusal = this.#refusal();
    if (refusal !== null) {
      done({ type: 'refused', refusal });
      return;
    }
    const { renewals } = this.#lives;
    const standing = this.leased(() => renewals.standing(ids, this.clusterTimeMs()));
    renewals.ask(ids, standing?.value ?? ids.map(() => null), deadlineMs, done);
    this.#wake();
  }

  leased<T>(use: () => T): { readonly value: T } | null {
    const { raft } = this;
    if (raft === null || this.#refusal() !== null) return null;
    return leasedRead(() => raft.isPrimaryAt(this.#nowFor(raft)), use);
  }

  changeConfiguration(
    change: ConfigChange,
    cause: string,
    deadlineMs: number,
    done: (outcome: ChangeOutcome) => void,
  ): void {
    const raft = this.#ready(done);
    if (raft === null) return;
    const nowMs = this.#nowFor(raft);
    const answer = raft.step({ type: 'changeConfiguration', nowMs, change, cause });
    if (answer?.type === 'appended') {
      const { index: from, term } = answer.first;
      this.#changes.add({ type: 'configuration', from, term, deadlineMs, done });
    } else if (answer?.type === 'refused') {
      done(refusedChange(answer.refusal));
    }
    this.#wake();
  }

  setPrimary(order: HandOver, deadlineMs: number, done: (outcome: ChangeOutcome) => void): void {
    const raft = this.#ready(done);
    if (raft === null) return;
    const nowMs = this.#nowFor(raft);
    const answer = raft.step({ type: 'transferLeadership', nowMs, ...order });
    if (answer?.type === 'refused') {
      done(refusedChange(answer.refusal));
    } else {
      this.#changes.add({ type: 'handOver', ...awaitedOf(raft, order), deadlineMs, done });
    }
    this.#wake();
  }

  whyRefused(wish: Wish): NodeRefusal | null {
    return this.#refusal() ?? this.raft?.whyRefused(wish) ?? null;
  }

  setHealth(why: string | null): void {
    this.#orders.health = why;
    if (this.raft !== null && this.#isAlive) this.#push({ type: 'health', nowMs: 0, why });
  }

  startCluster(settings: FirstSettings, nodeName: string, cause: string, done: Done): void {
    const self = { ...this.#options.self, ...this.#identity };
    this.foundCluster(founding(settings, nodeName, self, cause), done);
  }

  foundCluster({ cluster, loaded, batch }: Founding, done: Done): void {
    this.#enter(cluster, loaded, batch, done);
  }

  adoptCluster(cluster: ClusterIdentity, done: Done): void {
    const batch = { ...EMPTY_BATCH, hardState: NOTHING_LOADED.hardState };
    this.#enter(cluster, NOTHING_LOADED, batch, done);
  }

  receive(from: Sender, message: Message): void {
    if (this.raft === null || !this.#isAlive) return;
    this.#push({ type: 'message', nowMs: 0, from, message });
  }

  greeted(from: Sender, software: Software): void {
    if (this.raft === null || !this.#isAlive) return;
    this.#push({ type: 'greeted', nowMs: 0, from, software });
  }

  /** Whether a tick now, late by `lateMs`, could change anything; false: it may be left out. */
  needsTick(lateMs: number): boolean {
    const waiters = [this.#proposals, this.#reads, this.#changes, this.#lives.renewals];
    if (waiters.some(({ isEmpty }) => !isEmpty)) return true;
    const { raft } = this;
    if (raft === null || !this.#isAlive) return false;
    return raft.needsTick(this.#modules.clock.nowMs(), lateMs);
  }

  tick(lateMs: number): void {
    const nowMs = this.#modules.clock.nowMs();
    this.#expireWaiters(nowMs);
    const { raft } = this;
    if (raft === null || !this.#isAlive || !raft.needsTick(nowMs, lateMs)) return;
    this.#push({ type: 'tick', nowMs: 0, lateMs });
  }

  onApplied(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  removed(): void {
    this.#condition.removed();
  }

  wasRemoved(id: NodeId): boolean {
    // Until a joint configuration is left for good, who leaves by it is still needed to decide that.
    const members = this.raft?.state.applied.configuration.members ?? [];
    return this.state.wasRemoved(id) && !members.some((member) => member.id === id);
  }

  stop(): void {
    this.#isStopped = true;
    this.#endWaiters({ reason: 'stopping' });
  }

  get #identity(): Identity {
    return this.#condition.identity;
  }

  get #isAlive(): boolean {
    return !this.#isStopped && this.#condition.is !== 'degraded';
  }

  /** Why this node itself refuses work; null: it does not. */
  #refusal(): NodeRefusal | null {
    return this.#isStopped ? { reason: 'stopping' } : this.#condition.refusal;
  }

  #ready(done: (outcome: ChangeOutcome) => void): Raft | null {
    const refusal = this.#refusal();
    if (refusal === null) return this.raft;
    done(refusedChange(refusal));
    return null;
  }

  /** Makes the node a member on disk, then begins. */
  #enter(
    cluster: ClusterIdentity,
    loaded: Loaded,
    batch: Parameters<StoragePort['persist']>[0]['batch'],
    done: Done,
  ): void {
    const isOnce = this.#identity.cluster === null && !this.#isEntering;
    invariant(isOnce, 'a node starts or adopts a cluster once');
    this.#isEntering = true;
    const identity: Identity = { ...this.#identity, cluster };
    this.#modules.storage.persist({ batch, installParts: null, identity }, (error) => {
      if (error !== null) {
        this.#condition.diskFailed(error);
        done(error);
        return;
      }
      this.#condition.entered(identity);
      this.#begin(loaded);
      done(null);
    });
  }

  #begin(loaded: Loaded): void {
    const { cluster, nodeId, installId } = this.#identity;
    invariant(cluster !== null, 'a node that begins belongs to a cluster');
    const { version, featureMin, featureMax } = this.#options.self;
    const options = {
      id: nodeId,
      installId,
      software: { version, featureMin, featureMax },
      timers: timersFor(cluster.electionTimeoutMs),
      limits: this.#options.limits ?? LIMITS,
      randomSeed: this.#options.randomSeed,
      isWitness: cluster.isWitness,
      ...this.#orders.raftOptions,
    };
    const nowMs = this.#modules.clock.nowMs();
    this.raft = beginRaft(options, loaded, nowMs, this.#modules.observer ?? null);
    this.raft.step({ type: 'health', nowMs, why: this.#orders.health });
    this.#condition.began();
    for (const { configuration } of this.raft.state.configurations)
      this.#noteMembership(configuration.members);
    this.#modules.transport.setPeers(this.raft.peers);
    this.#wake();
  }

  #push(input: Input): void {
    this.#inputs.push(input);
    this.#wake();
  }

  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    if (this.#isRunning) return;
    this.#soon();
  }

  #soon(): void {
    this.#modules.schedule.soon(() => this.#run());
  }

  /** One turn: all inputs that have come, then all that the core wants done. */
  #run(): void {
    const { raft } = this;
    this.#isWoken = false;
    if (raft === null || !this.#isAlive || this.#isRunning) return;
    this.#isRunning = true;
    try {
      do {
        this.#feed(raft);
        for (let ready = raft.takeReady(); ready !== null; ready = raft.takeReady()) {
          this.#handle(raft, ready);
          if (!this.#isAlive) return;
        }
      } while (this.#inputs.length > 0);
      this.#reads.serve(raft.state.lastApplied);
      this.#staleness.noteApplied(raft);
      this.#lives.maybePropose(raft, (...write) => this.propose(...write));
      if (!this.#isWitness) this.#snapshots.maybeTake(raft);
      this.#orders.after(raft);
      this.#listeners.tell(this.state.lastApplied.index);
    } finally {
      this.#isRunning = false;
    }
    // What came in meanwhile, from a callback or a port that completed at once, is the next turn's.
    if (this.#isWoken) this.#soon();
  }

  #feed(raft: Raft): void {
    const nowMs = this.#nowFor(raft);
    const inputs = this.#inputs;
    this.#inputs = [];
    for (const input of inputs) {
      // Each was made for this queue, so its time is written in place: copying it costs more than the step.
      (input as { nowMs: number }).nowMs = nowMs;
      raft.step(input);
      this.#staleness.noteInput(raft, input);
    }
    this.#proposals.submit(raft, nowMs);
    this.#reads.submit(raft, nowMs);
  }

  #handle(raft: Raft, ready: Ready): void {
    const { log, transport } = this.#modules;
    for (const event of ready.events) {
      logEvent(log, event);
      this.#changes.onEvent(event);
    }
    if (ready.configuration !== null) {
      this.#noteMembership(ready.configuration.members);
      transport.setPeers(raft.peers);
    }
    this.#outgoing.send(ready, ready.persist?.persistId ?? null);
    if (ready.persist !== null) this.#persist(ready.persist, ready.restore);
    this.#snapshots.handle(raft, ready);
    for (const entry of ready.committed) this.#apply(entry);
    this.#reads.released(ready.reads);
    this.#reads.serve(raft.state.lastApplied);
    if (ready.lostTail !== null) {
      this.#condition.setBack(ready.lostTail.acknowledged, ready.lostTail.last);
    }
    this.#orders.carryOut(ready, (input) => this.#push({ ...input, nowMs: 0 }));
  }

  #persist(batch: PersistBatch, restore: SnapshotMeta | null): void {
    invariant(restore === null || batch.install !== null, 'what is restored is installed');
    const installParts =
      batch.install === null ? null : this.#snapshots.install(batch.install.meta, restore !== null);
    if (restore !== null) this.#proposals.restored(restore.last);
    this.#modules.storage.persist({ batch, installParts, identity: null }, (error) => {
      if (error !== null) {
        this.#condition.diskFailed(error);
        return;
      }
      if (!this.#isAlive) return;
      this.#outgoing.persisted(batch.persistId);
      this.#push({ type: 'persisted', nowMs: 0, persistId: batch.persistId });
    });
  }

  #apply(entry: Entry): void {
    const result = this.#isWitness ? NOT_APPLIED : this.#applyToState(entry);
    if (entry.kind === 'configuration' && entry.configuration.members.length > 0) {
      const isMember = entry.configuration.members.some(({ id }) => id === this.#identity.nodeId);
      if (this.#wasMember && !isMember && this.#isNewestConfiguration(entry)) {
        this.removed();
      }
    }
    this.#proposals.applied(entry, result);
    this.#changes.applied(entry);
  }

  #applyToState(entry: Entry): ApplyResult {
    const command = entry.kind === 'command' ? this.#modules.codec.decodeCommand(entry.data) : null;
    this.#snapshots.applied(entryBytes(entry));
    return this.state.apply(entry, command);
  }

  /** It keeps commands and snapshots as bytes; its state stays empty. */
  get #isWitness(): boolean {
    return this.#identity.cluster?.isWitness === true;
  }

  #isNewestConfiguration(entry: Entry): boolean {
    const newest = this.raft?.state.configurations.at(-1);
    return newest !== undefined && newest.index <= entry.index;
  }

  #noteMembership(members: readonly Member[]): void {
    this.#wasMember ||= members.some(({ id }) => id === this.#identity.nodeId);
  }

  /** The time for inputs now: the clock's, which must not fall below the core's. */
  #nowFor(raft: Raft): number {
    return Math.max(this.#modules.clock.nowMs(), raft.state.nowMs);
  }

  #expireWaiters(nowMs: number): void {
    const leaderId = this.raft?.state.leaderId ?? null;
    this.#proposals.expire(nowMs, { reason: 'notLeader', leaderId });
    this.#lives.renewals.expire(nowMs, { reason: 'notLeader', leaderId });
    this.#reads.expire(nowMs);
    this.#changes.expire(nowMs);
  }

  #endWaiters(refusal: NodeRefusal): void {
    this.#orders.end();
    this.#proposals.stop(refusal);
    this.#lives.renewals.stop(refusal);
    this.#reads.stop(refusal);
    this.#changes.stop();
  }
}
