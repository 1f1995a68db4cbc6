// A node with a hub and nothing else: a log that is applied by hand, and turns of an event loop that are taken by hand. Its
// readers rebuild what they watch from what they are told, and check it against the state at that revision.

import { deepStrictEqual, ok } from 'node:assert/strict';
import { ChangeHistory } from '../../src/state-machine/change-history.js';
import type { ChangeLimits } from '../../src/state-machine/change-history.js';
import type { Change } from '../../src/state-machine/changes.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import type { QuorateError } from '../../src/errors.js';
import { isWanted } from '../../src/watch/filter.js';
import { WatchHub } from '../../src/watch/hub.js';
import type { WatchMessage, WatchWish } from '../../src/watch/messages.js';
import type { Watcher } from '../../src/watch/watcher.js';
import { decodePart, encodeCommand } from '../../src/codec/command-codec.js';
import type { Command } from '../../src/state-machine/command.js';
import type { EntryPayload } from '../../src/raft/types.js';
import { AppliedLog, SETTINGS, A, configuration, snapshotOf } from '../support/log-words.js';

/** What there is, as text by fact and key. */
type View = ReadonlyMap<string, string>;

export class WatchWorld {
  readonly log: AppliedLog;
  readonly hub: WatchHub;
  nowMs = 0;
  /** The view of everything at each revision. */
  readonly views = new Map<number, View>();
  readonly #limits: ChangeLimits;
  #listener: () => void = () => {};
  #soon: (() => void)[] = [];

  constructor(limits: Partial<ChangeLimits> = {}) {
    this.#limits = { revisionsMax: 10_000, bytesMax: 1024 ** 3, ...limits };
    this.log = new AppliedLog();
    this.log.state = this.#newState();
    this.write({ kind: 'settings', settings: SETTINGS });
    this.write({ kind: 'configuration', configuration: configuration([A], [A]), cause: 'start' });
    const now = (): ClusterState => this.log.state;
    this.hub = new WatchHub({
      node: {
        get state() {
          return now();
        },
        onApplied: (listener) => {
          this.#listener = listener;
          return () => {
            this.#listener = () => {};
          };
        },
      },
      soon: (callback) => this.#soon.push(callback),
      nowMs: () => this.nowMs,
    });
  }

  get revision(): number {
    return this.log.state.lastApplied.index;
  }

  command(command: Command): void {
    this.write({ kind: 'command', data: encodeCommand(command) });
  }

  write(payload: EntryPayload): void {
    this.log.write(payload);
    this.views.set(this.revision, viewOf(this.log.state));
    this.#listener();
  }

  /** The node restores a snapshot of a state that went on without it. */
  restore(commands: readonly Command[]): void {
    const { log } = this;
    const state = log.state;
    log.state = this.#newState(log);
    for (const command of commands) {
      log.command(command);
      this.views.set(log.state.lastApplied.index, viewOf(log.state));
    }
    const { meta } = log;
    const parts = snapshotOf(log.state);
    log.state = state;
    state.restore(meta, parts.map(decodePart));
    this.#listener();
  }

  /** One turn of the event loop. */
  turn(): void {
    const soon = this.#soon;
    this.#soon = [];
    for (const callback of soon) callback();
  }

  /** Turns until nothing is left to do. */
  settle(): void {
    for (let turns = 0; this.#soon.length > 0; turns += 1) {
      if (turns > 100_000) throw new Error('the hub never comes to rest');
      this.turn();
    }
  }

  open(wish: Partial<WatchWish> & Pick<WatchWish, 'filters'>, room = Infinity): Reader {
    return new Reader(this, { after: null, withState: false, bookmarkMs: 1000, ...wish }, room);
  }

  #newState(from: AppliedLog | null = null): ClusterState {
    const state = new ClusterState(undefined, undefined, new ChangeHistory(this.#limits));
    if (from !== null) state.restore(from.meta, snapshotOf(from.state).map(decodePart));
    return state;
  }
}

/** Reads a watch and rebuilds what it is about. */
export class Reader {
  readonly #world: WatchWorld;
  readonly wish: WatchWish;
  readonly messages: WatchMessage[] = [];
  readonly watcher: Watcher;
  ended: QuorateError | null = null;
  /** Up to where it was told everything; null: nothing was told yet. */
  toldTo: number | null;
  /** Messages that it will take before it is full. */
  #room: number;
  /** What it knows of what it asked for; null: it has not been told from where on. */
  #view: Map<string, string> | null = null;
  /** It was told a part of the state, and cannot be resumed. */
  isInState = false;

  constructor(world: WatchWorld, wish: WatchWish, room: number) {
    this.#world = world;
    this.wish = wish;
    this.#room = room;
    this.toldTo = wish.after;
    this.watcher = world.hub.open(wish, {
      send: (message) => this.#take(message),
      end: (error) => {
        this.ended = error;
      },
    });
  }

  get size(): number {
    return this.#view?.size ?? 0;
  }

  /** Takes so many messages more. */
  read(count: number): void {
    this.#room += count;
    if (this.ended === null) this.#world.hub.drained(this.watcher);
  }

  close(): void {
    this.#world.hub.close(this.watcher);
  }

  #take(message: WatchMessage): boolean {
    ok(this.#room > 0, 'nothing is sent to a full reader');
    this.messages.push(message);
    this.#room -= 1;
    const before = this.toldTo ?? 0;
    // Who asked from now on is told first from where.
    this.#view ??= new Map(this.#wanted(this.wish.after ?? message.revision));
    if (message.type === 'state') this.#takeState(message);
    else {
      ok(!this.isInState, 'the state is told in one go');
      ok(message.revision >= before, 'nothing is told again');
      if (message.type === 'changes') this.#takeChanges(message, before);
      this.toldTo = message.revision;
    }
    if (!this.isInState) this.#checkView(message.revision);
    return this.#room > 0;
  }

  #takeState({ rows, isLast, revision }: Extract<WatchMessage, { type: 'state' }>): void {
    if (!this.isInState) this.#view?.clear();
    this.isInState = !isLast;
    for (const row of rows) this.#apply(row);
    if (isLast) this.toldTo = revision;
  }

  #takeChanges(message: Extract<WatchMessage, { type: 'changes' }>, before: number): void {
    let last = before;
    for (const { revision, changes } of message.revisions) {
      ok(revision > last, 'revisions grow, none comes twice');
      ok(changes.length > 0, 'a revision without changes is not told');
      last = revision;
      for (const change of changes) {
        ok(isWanted(this.wish.filters, change), 'nothing comes that nobody asked for');
        this.#apply(change);
      }
      this.#checkView(revision);
    }
    ok(last <= message.revision, 'a message reaches its last revision');
  }

  #apply(change: Change): void {
    if (this.#view === null || change.fact === 'event') return;
    const name = nameOf(change.fact, change.key);
    if (change.value === null) {
      ok(this.#view.has(name), `${name} is told to be gone once`);
      this.#view.delete(name);
    } else this.#view.set(name, textOf(change));
  }

  /** What was told is what there is of it at this revision. */
  #checkView(revision: number): void {
    const known = Object.fromEntries(this.#view ?? []);
    deepStrictEqual(known, Object.fromEntries(this.#wanted(revision)));
  }

  #wanted(revision: number): [string, string][] {
    const all = this.#world.views.get(revision) ?? new Map<string, string>();
    return [...all].filter(([name]) => {
      const [fact, key] = splitName(name);
      return isWanted(this.wish.filters, { fact: fact as Change['fact'], key });
    });
  }
}

function nameOf(fact: string, key: string): string {
  return `${fact} ${key}`;
}

function splitName(name: string): [string, string] {
  const at = name.indexOf(' ');
  return [name.slice(0, at), name.slice(at + 1)];
}

/** The revision tells one value from another; of a member its role. Events are not part of a view. */
function textOf(change: Change): string {
  if (change.value === null) return '';
  if (change.fact === 'member') return change.value.role;
  if (change.fact === 'primary') return `${change.value.epoch}`;
  return `${change.value.revision}`;
}

function viewOf(state: ClusterState): View {
  const { sessions, store, locks, members } = state.facts();
  const view = new Map<string, string>();
  for (const { id, revision } of sessions.values(null))
    view.set(nameOf('session', id), `${revision}`);
  for (const { key, revision } of store.values(null)) view.set(nameOf('store', key), `${revision}`);
  for (const { name, revision } of locks.values(null))
    view.set(nameOf('lock', name), `${revision}`);
  for (const { name, role } of members.current) view.set(nameOf('member', name), role);
  if (state.primary !== null) view.set(nameOf('primary', ''), `${state.primary.epoch}`);
  return view;
}
