// Clients that watch: each asks one node after the other for the same facts, by the shipped cursor, and the shipped hub of that
// node serves it. Connections take time, break off, fall silent and are read slowly; whoever serves may be behind, crash,
// or have forgotten what is asked for. What every watcher is told is held against watch-truth.ts at once.

import { WatchCursor } from '../src/client/watch-cursor.js';
import { QuorateError } from '../src/errors.js';
import type { LogIndex } from '../src/raft/types.js';
import { WatchHub } from '../src/watch/hub.js';
import type { WatchFilter } from '../src/watch/filter.js';
import { WATCH_LIMITS } from '../src/watch/messages.js';
import type { WatchMessage } from '../src/watch/messages.js';
import type { Watcher } from '../src/watch/watcher.js';
import type { Machine, Process } from './machine.js';
import type { Stream } from './random.js';
import { WatchJudge, WatchTruth } from './watch-truth.js';
import type { World } from './world.js';

const WATCHERS_MAX = 3;
/** How often a node's hub is told that time passes. */
const TICK_US = 200_000;
/** Longest way of a message that is not held up. */
const WAY_US_MAX = 5000;
/** Chance per million that a message is held up, as by a slow reader. */
const HELD_UP_PPM = 30_000;
const SCOPES: readonly (readonly WatchFilter[])[] = [
  [{ fact: 'session', by: 'prefix', key: '' }],
  [{ fact: 'store', by: 'prefix', key: 'k' }],
  [
    { fact: 'store', by: 'key', key: 'all' },
    { fact: 'session', by: 'key', key: 's1' },
  ],
  [
    { fact: 'member', by: 'prefix', key: '' },
    { fact: 'primary', by: 'prefix', key: '' },
  ],
  (['session', 'store', 'member', 'primary', 'event'] as const).map((fact) => ({
    fact,
    by: 'prefix',
    key: '',
  })),
];

/** All watchers of a run, and the hubs that serve them. */
export class Watchers {
  readonly #world: World;
  readonly #truth = new WatchTruth();
  readonly #hubs = new WeakMap<Process, WatchHub>();
  #watchers: SimulatedWatcher[] = [];

  /** Made before anything happens. */
  constructor(world: World) {
    this.#world = world;
    world.oracle.listen(this.#truth.listener);
  }

  begin(): void {
    const draw = this.#world.streams.stream('watchers');
    this.#watchers = Array.from({ length: draw.between(1, WATCHERS_MAX) }, (_, at) => {
      const stream = this.#world.streams.stream(`watchers/${at + 1}`);
      const name = `watcher ${at + 1}`;
      const hubOf = (machine: Machine, process: Process): WatchHub => this.#hubOf(machine, process);
      return new SimulatedWatcher(this.#world, this.#truth, stream, name, hubOf);
    });
    for (const watcher of this.#watchers) watcher.begin();
  }

  /** Null: every watcher has been told everything; else what one of them lacks. */
  whyBehind(): string | null {
    for (const watcher of this.#watchers) {
      const why = watcher.whyBehind();
      if (why !== null) return why;
    }
    return null;
  }

  #hubOf(machine: Machine, process: Process): WatchHub {
    const known = this.#hubs.get(process);
    if (known !== undefined) return known;
    const draw = this.#world.streams.stream(`hub/${machine.id}`);
    const rows = this.#world.streams.stream(`hub-rows/${machine.id}`);
    const hub = new WatchHub({
      node: process.node,
      soon: (callback) =>
        this.#world.plan(draw.between(5, 60), () => machine.enter(process, 'watch', 0, callback)),
      nowMs: () => machine.clock.nowMs(),
      // A state has many parts, so that it breaks off in the middle.
      stepRowsMax: rows.pick([1, 2, WATCH_LIMITS.stepRowsMax]),
    });
    this.#hubs.set(process, hub);
    this.#planTick(machine, process, hub);
    return hub;
  }

  #planTick(machine: Machine, process: Process, hub: WatchHub): void {
    this.#world.plan(TICK_US, () => {
      if (machine.process !== process) return;
      if (hub.size > 0) machine.enter(process, 'watch', 1, () => tickHub(process, hub));
      this.#planTick(machine, process, hub);
    });
  }
}

/** As the shipped daemon does it. */
function tickHub({ node }: Process, hub: WatchHub): void {
  const { condition, stalenessMs, cluster } = node.status();
  if (condition !== 'member') {
    hub.endAll(new QuorateError('REMOVED', `this node is ${condition}`));
    return;
  }
  hub.tick(stalenessMs !== null && cluster !== null && stalenessMs <= cluster.electionTimeoutMs);
}

/** From asking a node until it breaks off. */
interface Connection {
  readonly machine: Machine;
  readonly process: Process;
  readonly hub: WatchHub;
  /** Null: the node has not taken the question yet. */
  watcher: Watcher | null;
  /** Messages that are on their way. */
  underWay: number;
  arrivesUs: number;
  heardUs: number;
  isFull: boolean;
}

class SimulatedWatcher {
  readonly #world: World;
  readonly #draw: Stream;
  readonly #hubOf: (machine: Machine, process: Process) => WatchHub;
  readonly #filters: readonly WatchFilter[];
  readonly #bookmarkMs: number;
  readonly #cursor: WatchCursor;
  readonly #judge: WatchJudge;
  /** Messages that may be on their way before it counts as full. */
  readonly #room: number;
  readonly #lifeUs: number;
  #connection: Connection | null = null;
  #asked = 0;

  constructor(
    world: World,
    truth: WatchTruth,
    draw: Stream,
    name: string,
    hubOf: (machine: Machine, process: Process) => WatchHub,
  ) {
    this.#world = world;
    this.#draw = draw;
    this.#hubOf = hubOf;
    this.#filters = draw.pick(SCOPES);
    this.#room = draw.pick([1, 3, 100]);
    this.#lifeUs = world.parameters.electionTimeoutMs * 1000 * draw.between(1, 10);
    this.#bookmarkMs = draw.pick([200, 1000, 3000]);
    const wish = { bookmarkMs: this.#bookmarkMs, withState: draw.chance(500_000) };
    // From the very beginning, which may be forgotten, from now on, or with the state.
    const isFromStart = !wish.withState && draw.chance(600_000);
    this.#cursor = new WatchCursor(isFromStart ? { ...wish, afterRevision: 0 } : wish);
    this.#judge = new WatchJudge(truth, name, this.#filters, isFromStart ? 0 : null);
  }

  begin(): void {
    this.#askSoon();
  }

  whyBehind(): string | null {
    return this.#judge.whyBehind();
  }

  #askSoon(): void {
    this.#world.plan(this.#draw.between(20_000, 500_000), () => this.#ask());
  }

  /** Asks some node, for a while. */
  #ask(): void {
    const world = this.#world;
    const nodes = [...world.machines.values()].filter((machine) => {
      const isMember = machine.process?.node.status().condition === 'member';
      return isMember && !machine.isWitness && world.isInCore(machine);
    });
    const machine = nodes.length === 0 ? null : this.#draw.pick(nodes);
    const process = machine?.process ?? null;
    if (machine === null || process === null) return this.#askSoon();
    const hub = this.#hubOf(machine, process);
    const nowUs = world.nowUs;
    const times = { arrivesUs: nowUs, heardUs: nowUs };
    const connection = { machine, process, hub, watcher: null, underWay: 0, isFull: false };
    this.#open({ ...connection, ...times });
  }

  #open(connection: Connection): void {
    const { machine, process, hub } = connection;
    this.#connection = connection;
    this.#cursor.begin();
    this.#judge.broke();
    const { afterRevision = null, withState = false } = this.#cursor.request;
    const wish = {
      filters: this.#filters,
      after: afterRevision as LogIndex | null,
      withState: withState ?? false,
      bookmarkMs: this.#bookmarkMs,
    };
    const open = (): void => {
      if (this.#connection !== connection) return;
      const isAhead = (wish.after ?? 0) > process.node.state.lastApplied.index;
      if (isAhead) this.#world.count('watchesAhead');
      connection.watcher = hub.open(wish, {
        send: (message) => this.#send(connection, message),
        end: () => this.#ended(connection),
      });
    };
    this.#asked += 1;
    if (this.#asked > 1) this.#world.count('watchResumes');
    machine.enter(process, 'watch', 2, open, () => `opened after ${String(wish.after)}`);
    this.#world.plan(this.#draw.exponential(this.#lifeUs), () => this.#break(connection));
    this.#listen(connection);
  }

  /** Gives a connection up on which nothing came for too long. */
  #listen(connection: Connection): void {
    const untilUs = connection.heardUs + this.#cursor.silenceMaxMs * 1000;
    this.#world.plan(untilUs - this.#world.nowUs, () => {
      if (this.#connection !== connection) return;
      if (connection.heardUs + this.#cursor.silenceMaxMs * 1000 > this.#world.nowUs) {
        this.#listen(connection);
      } else this.#break(connection);
    });
  }

  #send(connection: Connection, message: WatchMessage): boolean {
    const world = this.#world;
    const timeoutUs = world.parameters.electionTimeoutMs * 1000;
    const isHeldUp = this.#draw.chance(HELD_UP_PPM);
    const wayUs = isHeldUp ? this.#draw.between(0, 2 * timeoutUs) : WAY_US_MAX;
    const arrivesUs = world.nowUs + this.#draw.between(20, Math.max(20, wayUs));
    connection.arrivesUs = Math.max(connection.arrivesUs, arrivesUs);
    connection.underWay += 1;
    world.plan(connection.arrivesUs - world.nowUs, () => this.#take(connection, message));
    connection.isFull = connection.underWay >= this.#room;
    return !connection.isFull;
  }

  #take(connection: Connection, message: WatchMessage): void {
    // What was on its way when the connection broke off is lost.
    if (this.#connection !== connection) return;
    const world = this.#world;
    connection.underWay -= 1;
    connection.heardUs = world.nowUs;
    world.note('told', message.revision, () => `${message.type} up to ${message.revision}`);
    world.oracle.checks += 1;
    this.#judge.told(message);
    this.#cursor.take(responseOf(message));
    if (message.type === 'state' && message.isCompacted && message.isLast) {
      world.count('watchesCompacted');
    }
    if (message.type === 'changes') world.counts.add('changesTold', message.revisions.length);
    const { machine, process, hub, watcher } = connection;
    if (!connection.isFull || watcher === null) return;
    connection.isFull = false;
    machine.enter(process, 'watch', 3, () => {
      if (this.#connection === connection && !watcher.isOver) hub.drained(watcher);
    });
  }

  #ended(connection: Connection): void {
    this.#world.plan(this.#draw.between(20, WAY_US_MAX), () => this.#break(connection));
  }

  /** The connection is over, whoever ended it; the node learns of it in its own time. */
  #break(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    const { machine, process, hub } = connection;
    machine.enter(process, 'watch', 4, () => {
      if (connection.watcher !== null) hub.close(connection.watcher);
    });
    this.#askSoon();
  }
}

/** What the cursor looks at of a response. */
function responseOf(message: WatchMessage): Parameters<WatchCursor['take']>[0] {
  const about = { revision: message.revision, clusterId: '' };
  const none = { state: null, changes: null, bookmark: null };
  switch (message.type) {
    case 'state':
      return { ...about, ...none, state: { rows: [], last: message.isLast, compacted: false } };
    case 'changes':
      return { ...about, ...none, changes: { revisions: [] } };
    case 'bookmark':
      return { ...about, ...none, bookmark: {} };
  }
}
