// What the cluster remembers, as one deterministic value: entries are applied in the order of the log, each once, and
// the same log gives the same state on every node. It holds the facts together and writes their history; how a fact
// changes stands in the file of that fact. It knows neither clock nor leadership.

import { invariant } from '../raft/assert.js';
import { ENTRY_ID_ZERO, FEATURE_LEVEL_FIRST, REIGNS_AUTOMATIC } from '../raft/types.js';
import type {
  Entry,
  EntryId,
  LogIndex,
  NodeId,
  ReignRules,
  Settings,
  SnapshotMeta,
} from '../raft/types.js';
import { ChangeHistory } from './change-history.js';
import {
  expiryChanges,
  jobChanges,
  lockChanges,
  memberChanges,
  providerChanges,
  requestChanges,
} from './changes.js';
import type { Change } from './changes.js';
import { CLIENT_SESSION_LIMITS } from './command.js';
import type { ApplyResult, ClientSessionLimits, Command, Session } from './command.js';
import type { ClusterEvent, EventKind, Events } from './events.js';
import { addEvents, eventsAfter } from './events.js';
import {
  autoRemoveText,
  reignRuleTexts,
  configurationTexts,
  reignTexts,
  expiryText,
  givenUpText,
  jobsMovedText,
  levelText,
  policyTexts,
  providersLostText,
} from './event-texts.js';
import type { EventText } from './event-texts.js';
import { FEATURES, levelOf } from './features.js';
import type { FeatureTable } from './features.js';
import { FrozenState } from './frozen-state.js';
import type { FrozenFacts } from './frozen-state.js';
import { frozen, noFacts } from './held-facts.js';
import type { HeldFacts } from './held-facts.js';
import type { JobMoment, Jobs } from './jobs.js';
import type { Lock } from './lock-types.js';
import type { LockPage, LockPageWish } from './locks.js';
import { applyConfiguration, memberName, NO_MEMBERS } from './members.js';
import type { MemberFact, Members } from './members.js';
import type { Policies } from './policies.js';
import { applyToPrimary, NO_PRIMARY, runningReign } from './primary.js';
import type { Primary, ReignRecord } from './primary.js';
import { carryOutRequest, readerOf } from './requests.js';
import { restoreFacts } from './restored-facts.js';
import type { Services } from './services.js';
import type { PageWish, SessionEnd, SessionPage } from './sessions.js';
import type { SnapshotPart } from './snapshot-part.js';
import type { StorePage, StorePageWish } from './store.js';
import type { StoreEntry } from './store-types.js';

const NO_RESULT: ApplyResult = { type: 'none' };
const NO_CHANGES: readonly Change[] = [];

export class ClusterState {
  /** What the newest entries changed: a memory of this node, no part of the state. */
  readonly changes: ChangeHistory;
  /** Invariant: the index grows by 1 with each entry. Durable: in snapshots, else recomputed from the log. */
  #lastApplied: EntryId = ENTRY_ID_ZERO;
  /** The highest stamp of an applied entry. Invariant: never falls. */
  #clusterTimeMs = 0;
  #settings: Settings | null = null;
  /** Invariant: never falls. */
  #featureLevel = FEATURE_LEVEL_FIRST;
  /** Of the newest applied configuration. */
  #autoRemoveAfterMs: number | null = null;
  #reigns: ReignRules = REIGNS_AUTOMATIC;
  #members: Members = NO_MEMBERS;
  #primary: Primary = NO_PRIMARY;
  #events: Events = [];
  #held: HeldFacts;
  /** Reads `#held`. */
  #reader: ReturnType<typeof readerOf>;
  readonly #isMember = (id: NodeId): boolean => this.members.some((member) => member.id === id);
  readonly #features: FeatureTable;
  readonly #clientSessionLimits: ClientSessionLimits;
  /** By the entry that is being applied. */
  /** By the entry that is being applied. */
  #changed: readonly Change[] = NO_CHANGES;

  /** The limits must be the same on every node of a cluster; `features` says what this software knows. */
  constructor(
    clientSessionLimits: ClientSessionLimits = CLIENT_SESSION_LIMITS,
    features: FeatureTable = FEATURES,
    changes: ChangeHistory = new ChangeHistory(),
  ) {
    this.changes = changes;
    this.#features = features;
    this.#clientSessionLimits = clientSessionLimits;
    this.#held = noFacts(clientSessionLimits);
    this.#reader = readerOf(this.#held);
  }

  /** The newest applied entry; both 0 before the first. Its index is the revision of the state. */
  get lastApplied(): EntryId {
    return this.#lastApplied;
  }

  /** Cluster time as applied: the highest stamp of an applied entry, in ms. */
  get clusterTimeMs(): number {
    return this.#clusterTimeMs;
  }

  /** Null before the first entry. */
  get settings(): Settings | null {
    return this.#settings;
  }

  /** What every member understands, by the log up to here. */
  get featureLevel(): number {
    return this.#featureLevel;
  }

  /** The lowest feature level at which a leader may append this command. */
  levelOf(command: Command): number {
    return levelOf(command, this.#features);
  }

  /** The members, sorted by id, as the newest applied configuration will leave them. */
  get members(): readonly MemberFact[] {
    return this.#members.current;
  }

  /** Whether it was a member and was removed; false again once that is long ago. Ids are never used again. */
  wasRemoved(id: NodeId): boolean {
    const { current, removed } = this.#members;
    const isIn = (list: readonly { readonly id: NodeId }[]): boolean =>
      list.some((member) => member.id === id);
    return isIn(removed) && !isIn(current);
  }

  /** The name of a member, also of one removed not too long ago; null if it is not known. */
  memberName(id: NodeId): string | null {
    return memberName(this.#members, id);
  }

  /** The reign that is not over by the log, whether or not its lease still holds; null: nobody is primary. */
  get primary(): ReignRecord | null {
    return runningReign(this.#primary);
  }

  /** Index of the newest activation; 0 before the first. */
  get epoch(): LogIndex {
    return this.#primary.reign.epoch;
  }

  /** The remembered reigns, oldest first, each with its cause and how it ended. */
  get reigns(): readonly ReignRecord[] {
    return this.#primary.history;
  }

  /** Events after `revision`, oldest first, about `countMax`, of these kinds: those of one revision always come together. */
  eventsAfter(
    revision: LogIndex,
    countMax: number,
    kinds: readonly EventKind[] = [],
  ): readonly ClusterEvent[] {
    return eventsAfter(this.#events, revision, countMax, kinds);
  }

  get sessionCount(): number {
    return this.#held.sessions.size;
  }

  get storeKeyCount(): number {
    return this.#held.store.size;
  }

  /** Null if there is no such key. */
  storeEntry(key: string): StoreEntry | null {
    return this.#held.store.get(key);
  }

  /** One page of the store, in the order of its keys' UTF-8 bytes. */
  listStore(wish: StorePageWish): StorePage {
    return this.#held.store.list(wish);
  }

  /** Null: nobody holds it or waits for it. */
  lock(name: string): Lock | null {
    return this.#held.locks.get(name);
  }

  /** Locks that somebody holds or waits for, those in their delay included. */
  get lockCount(): number {
    return this.#held.locks.size;
  }

  /** One page of locks, in the order of their names' UTF-8 bytes. */
  listLocks(wish: LockPageWish): LockPage {
    return this.#held.locks.list(wish);
  }

  /** Locks whose delay the leader may propose to end at this cluster time. Costs what it finds. */
  dueLocks(clusterTimeMs: number, countMax: number): string[] {
    return this.#held.locks.due(clusterTimeMs, countMax);
  }

  /** The work ledger; what is read of it is as applied. */
  get jobs(): Pick<Jobs, 'size' | 'get' | 'list' | 'next' | 'lapsed'> {
    return this.#held.jobs;
  }

  /** Providers of services; what is read of them is as applied. */
  get services(): Pick<Services, 'size' | 'serviceCount' | 'get' | 'list' | 'of'> {
    return this.#held.services;
  }

  /** The documents of the cluster; what is read of them is as applied. */
  get policies(): Pick<Policies, 'size' | 'revision' | 'get' | 'now' | 'list'> {
    return this.#held.policies;
  }

  /** Client sessions in the exactly-once table. */
  get clientSessionCount(): number {
    return this.#held.clientSessions.size;
  }

  /** Null if there is none; one whose life is over is there until its expiry is applied. */
  session(id: string): Session | null {
    return this.#held.sessions.get(id);
  }

  /** One page of sessions, in the order of their ids' UTF-8 bytes. */
  listSessions(wish: PageWish): SessionPage {
    return this.#held.sessions.list(wish);
  }

  /** What the leader may propose to expire at this cluster time, longest over first. Costs what it finds. */
  expiredSessions(clusterTimeMs: number, countMax: number): SessionEnd[] {
    return this.#held.sessions.expired(clusterTimeMs, countMax);
  }

  /**
   * Applies the next entry. `command` is what its data decodes to, null for every other kind of entry.
   * Throws `InvariantViolation` if the entry is not the next one.
   */
  apply(entry: Entry, command: Command | null): ApplyResult {
    const { term, index, stampMs } = entry;
    const last = this.#lastApplied;
    invariant(index === last.index + 1, 'entries are applied in order, each once (Raft §5.3)');
    invariant(term >= last.term, 'terms never fall along the log (Raft §5.3)');
    invariant(stampMs >= this.#clusterTimeMs, 'cluster time never falls along the log');
    invariant((entry.kind === 'command') === (command !== null), 'command entries carry a command');
    if (command !== null) this.#checkLevel(command);
    this.#lastApplied = { term, index };
    this.#clusterTimeMs = stampMs;
    if (entry.kind === 'settings') this.#start(entry.settings);
    if (entry.kind === 'featureLevel') this.#raise(entry.level);
    if (entry.kind === 'configuration') this.#configure(entry);
    this.#reign(entry);
    const result = command === null ? NO_RESULT : this.#carryOut(command);
    if (this.#changed.length > 0) {
      this.changes.add(index, this.#changed);
      this.#changed = NO_CHANGES;
    }
    return result;
  }

  /** The state at this moment, whatever is applied later; constant time. */
  freeze(): FrozenState {
    return new FrozenState(this.facts());
  }

  /** The same, fact by fact. */
  facts(): FrozenFacts {
    return {
      members: this.#members,
      primary: this.#primary,
      events: this.#events,
      ...frozen(this.#held),
    };
  }

  /**
   * Replaces everything by a snapshot's content. Throws `InvariantViolation` on parts that do not fit the meta or are
   * not known; the state is then unchanged.
   */
  restore(meta: SnapshotMeta, parts: Iterable<SnapshotPart>): void {
    const limits = this.#clientSessionLimits;
    const { members, primary, events, ...held } = restoreFacts(meta, parts, limits);
    this.#lastApplied = meta.last;
    this.#clusterTimeMs = meta.stampMs;
    this.#settings = meta.settings;
    this.#featureLevel = meta.featureLevel;
    this.#autoRemoveAfterMs = meta.configuration.autoRemoveAfterMs;
    this.#reigns = meta.configuration.reigns;
    this.#members = members;
    this.#primary = primary;
    this.#events = events;
    this.#held = held;
    this.#reader = readerOf(held);
    this.changes.reset(meta.last.index);
  }

  #start(settings: Settings): void {
    invariant(this.#settings === null, 'settings are fixed once, when the cluster is started');
    this.#settings = settings;
    this.#note('clusterStarted', `cluster ${settings.clusterName} was started`);
  }

  #raise(level: number): void {
    invariant(level > this.#featureLevel, 'the feature level only grows');
    this.#featureLevel = level;
    this.#note('featureLevelRaised', levelText(level));
  }

  /** Some member would not understand it, or ignore a part of it, and be in another state than the others. */
  #checkLevel(command: Command): void {
    const level = this.levelOf(command);
    invariant(
      level <= this.#featureLevel,
      `a ${command.kind} of feature level ${level} is in the log of a cluster at ${this.#featureLevel}`,
    );
  }

  #configure(entry: Extract<Entry, { kind: 'configuration' }>): void {
    const { configuration, index, cause } = entry;
    const { members, changes } = applyConfiguration(this.#members, configuration, index);
    this.#change(memberChanges(this.#members, members));
    this.#members = members;
    for (const event of configurationTexts(changes, cause)) this.#tell(event);
    this.#loseProviders(this.#held.services.endMembers(this.#isMember), 'left');
    const { autoRemoveAfterMs, reigns } = configuration;
    for (const event of reignRuleTexts(this.#reigns, reigns, cause)) this.#tell(event);
    this.#reigns = reigns;
    if (autoRemoveAfterMs === this.#autoRemoveAfterMs) return;
    this.#tell(autoRemoveText(this.#autoRemoveAfterMs, autoRemoveAfterMs, cause));
    this.#autoRemoveAfterMs = autoRemoveAfterMs;
  }

  #reign(entry: Entry): void {
    const before = this.primary;
    this.#primary = applyToPrimary(this.#primary, entry, this.#clusterTimeMs);
    const after = this.primary;
    if (before?.epoch === after?.epoch) return;
    this.#change([{ fact: 'primary', key: '', value: after }]);
    const nameOf = (id: NodeId): string => this.memberName(id) ?? `node ${id}`;
    for (const event of reignTexts(before, after, entry, nameOf)) this.#tell(event);
    const ids = this.#held.jobs.endReigns(this.#moment());
    if (ids.length > 0) {
      const waiting = ids.filter((id) => this.#held.jobs.get(id)?.status === 'waiting').length;
      this.#note('jobsMoved', jobsMovedText(waiting, ids.length - waiting));
    }
    this.#tellJobs(ids);
  }

  #moment(): JobMoment {
    const revision = this.#lastApplied.index;
    return { revision, nowMs: this.#clusterTimeMs, epoch: this.primary?.epoch ?? (0 as LogIndex) };
  }

  /** Nearly every entry has one list of changes, which is kept as it is. */
  #change(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#changed = this.#changed.length === 0 ? changes : [...this.#changed, ...changes];
  }

  /** Of jobs that changed, and of those that are forgotten for it. */
  #tellJobs(ids: readonly string[]): void {
    const changed = [...ids, ...this.#held.jobs.forget()];
    this.#change(jobChanges(changed, (id) => this.#held.jobs.get(id)));
  }

  #carryOut(command: Command): ApplyResult {
    const { index } = this.#lastApplied;
    const nowMs = this.#clusterTimeMs;
    if (command.kind === 'expireSessions') {
      const ids = this.#held.sessions.expire(command, nowMs);
      this.#change(expiryChanges(ids));
      this.#endClaims(ids);
      if (ids.length > 0) this.#note('sessionsExpired', expiryText(ids));
      this.#loseProviders(this.#held.services.endSessions(ids), 'expired');
      return { type: 'expired', count: ids.length };
    }
    if (command.kind === 'grantLocks') {
      const names = this.#held.locks.grant(command.names, index, nowMs);
      this.#change(lockChanges(names, (name) => this.lock(name)));
      return { type: 'locksGranted', count: names.length };
    }
    if (command.kind === 'lapseJobs') {
      const ids = this.#held.jobs.lapse(command, this.#moment());
      this.#tellJobs(ids);
      return { type: 'jobsLapsed', count: ids.length };
    }
    if (command.kind === 'reportProviders') {
      const { revisions, changed } = this.#held.services.report(command, {
        revision: index,
        nowMs,
      });
      this.#tellProviders(changed);
      return { type: 'reported', revisions };
    }
    if (command.kind === 'noteGivenUp') {
      const { nodeId, epoch } = this.primary ?? { nodeId: null, epoch: null };
      if (nodeId === null || epoch !== command.epoch) return { type: 'none' };
      const where = this.memberName(nodeId) ?? `node ${nodeId}`;
      this.#note('processGivenUp', givenUpText(command.name, where, command.why));
      return { type: 'none' };
    }
    if (command.kind === 'renewSessions') {
      return { type: 'renewed', deadlinesMs: this.#held.sessions.renew(command, nowMs) };
    }
    if (command.kind === 'openClientSession') {
      return this.#held.clientSessions.open(command.id, index, nowMs);
    }
    const { client } = command;
    const known = client === null ? null : this.#held.clientSessions.admit(client, index, nowMs);
    if (known !== null) return known;
    const { epoch } = this.#moment();
    const at = { revision: index, nowMs, epoch, isMember: this.#isMember };
    const result = carryOutRequest(command, this.#held, at);
    if (client !== null) this.#held.clientSessions.record(client, index, result);
    for (const event of policyTexts(command, result)) this.#tell(event);
    this.#change(requestChanges(command, result, this.#reader, index));
    if (command.kind === 'reportJob' || command.kind === 'cancelJob') this.#tellJobs([]);
    if (command.kind === 'deleteSession' && this.session(command.id) === null) {
      this.#endClaims([command.id]);
      this.#tellProviders(this.#held.services.endSessions([command.id]));
    }
    return result;
  }

  /** The sessions are gone, and with them what they held. */
  #endClaims(sessions: readonly string[]): void {
    const names = this.#held.locks.endSessions(
      sessions,
      this.#lastApplied.index,
      this.#clusterTimeMs,
    );
    this.#change(lockChanges(names, (name) => this.lock(name)));
  }

  #tellProviders(keys: readonly string[]): void {
    this.#change(providerChanges(keys, (key) => this.#held.services.get(key)));
  }

  /** Providers went although nobody asked for it. */
  #loseProviders(keys: readonly string[], why: 'expired' | 'left'): void {
    this.#tellProviders(keys);
    if (keys.length > 0) this.#note('providersLost', providersLostText(keys, why));
  }

  /** Of what nobody asked for. */
  #note(kind: EventKind, text: string): void {
    this.#tell({ kind, text, requestId: null });
  }

  #tell(told: EventText): void {
    const revision = this.#lastApplied.index;
    const event = { revision, clusterTimeMs: this.#clusterTimeMs, ...told };
    this.#events = addEvents(this.#events, [event]);
    this.#change([{ fact: 'event', key: told.kind, value: event }]);
  }
}
