// All watches of one node. After each turn of the node it hands what was applied to the watchers that asked for it, and it
// sends in slices, so that ten thousand of them do not hold up a heartbeat. It has no clock and no timer: it is told when
// time passes, and asks to be called again soon.

import { QuorateError } from '../errors.js';
import type { NodeApi } from '../node/api.js';
import type { LogIndex } from '../raft/types.js';
import type { Change } from '../state-machine/changes.js';
import { Interests } from './interests.js';
import { WATCH_LIMITS } from './messages.js';
import type { WatchSink, WatchWish } from './messages.js';
import { Watcher } from './watcher.js';

/** Revisions handed out in one turn of the event loop. */
const REVISIONS_PER_TURN = 1000;

export interface HubModules {
  readonly node: Pick<NodeApi, 'state' | 'onApplied'>;
  /** Calls back in a later turn of the event loop, after what came in. */
  readonly soon: (callback: () => void) => void;
  /** Monotonic, in milliseconds. */
  readonly nowMs: () => number;
  /** In place of `WATCH_LIMITS.stepRowsMax`, so that small states have many parts too. */
  readonly stepRowsMax?: number;
}

export class WatchHub {
  readonly #modules: HubModules;
  readonly #interests = new Interests<Watcher>();
  readonly #watchers = new Set<Watcher>();
  /** They ask for more than was applied. */
  readonly #ahead = new Set<Watcher>();
  /** Something may be sent to them. */
  #queue: Watcher[] = [];
  /** Live watchers were handed everything up to there. */
  #handedTo: LogIndex;
  #isWoken = false;
  readonly #unlisten: () => void;

  constructor(modules: HubModules) {
    this.#modules = modules;
    this.#handedTo = modules.node.state.lastApplied.index;
    this.#unlisten = modules.node.onApplied(() => {
      if (this.#watchers.size > 0) this.#wake();
    });
  }

  get size(): number {
    return this.#watchers.size;
  }

  /** Begins a watch. Throws `OVERLOADED` if there are too many. */
  open(wish: WatchWish, sink: WatchSink): Watcher {
    const { watchersMax } = WATCH_LIMITS;
    if (this.#watchers.size >= watchersMax) {
      throw new QuorateError(
        'OVERLOADED',
        `this node has ${watchersMax} watches, no more are allowed`,
      );
    }
    const { state } = this.#modules.node;
    // Nobody was there to be handed anything.
    if (this.#watchers.size === 0) this.#handedTo = state.lastApplied.index;
    const { nowMs, stepRowsMax } = this.#modules;
    const watcher = new Watcher(wish, state, sink, nowMs(), stepRowsMax);
    this.#watchers.add(watcher);
    if (watcher.isAhead) this.#ahead.add(watcher);
    this.#enqueue(watcher);
    return watcher;
  }

  /** The watcher can be sent more. */
  drained(watcher: Watcher): void {
    watcher.drained();
    this.#enqueue(watcher);
  }

  /** The watcher went away. */
  close(watcher: Watcher): void {
    watcher.isOver = true;
    this.#watchers.delete(watcher);
    this.#ahead.delete(watcher);
    this.#interests.remove(watcher, watcher.filters);
  }

  /**
   * Time passed. `isCurrent`: this node knows that nothing newer was committed a moment ago; only then watchers are
   * told that nothing happened.
   */
  tick(isCurrent: boolean): void {
    const nowMs = this.#modules.nowMs();
    for (const watcher of this.#watchers) {
      watcher.tick(nowMs);
      if (watcher.isOver) this.close(watcher);
      else if (isCurrent && watcher.wantsBookmark(nowMs)) this.#enqueue(watcher);
    }
  }

  /** Ends every watch. */
  endAll(error: QuorateError): void {
    for (const watcher of this.#watchers) {
      watcher.end(error);
      this.close(watcher);
    }
  }

  /** No more watches: the hub lets go of the node. */
  stop(error: QuorateError): void {
    this.#unlisten();
    this.endAll(error);
  }

  #enqueue(watcher: Watcher): void {
    if (watcher.isQueued || watcher.isOver) return;
    watcher.isQueued = true;
    this.#queue.push(watcher);
    this.#wake();
  }

  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#modules.soon(() => {
      this.#isWoken = false;
      this.#work();
    });
  }

  /** One slice: hands out what was applied, then serves some of those to whom something may be sent. */
  #work(): void {
    if (!this.#handOut()) {
      this.#wake();
      return;
    }
    const nowMs = this.#modules.nowMs();
    const served = this.#queue.splice(0, WATCH_LIMITS.watchersPerTurn);
    for (const watcher of served) {
      watcher.isQueued = false;
      const wasLive = watcher.isLive;
      const isMore = watcher.step(this.#handedTo, nowMs);
      if (watcher.isOver) this.close(watcher);
      else if (watcher.isLive !== wasLive) this.#interests.add(watcher, watcher.filters);
      if (isMore) this.#enqueue(watcher);
    }
    if (this.#queue.length > 0) this.#wake();
  }

  /** Hands live watchers what was applied; false: there is more. */
  #handOut(): boolean {
    const { changes, lastApplied } = this.#modules.node.state;
    const found = changes.after(this.#handedTo, REVISIONS_PER_TURN);
    if (found === null) {
      this.#restartLive();
      this.#handedTo = lastApplied.index;
      return true;
    }
    for (const { revision, changes: changed } of found) this.#hand(revision, changed);
    if (found.length === REVISIONS_PER_TURN) {
      this.#handedTo = found.at(-1)?.revision ?? this.#handedTo;
      return false;
    }
    this.#handedTo = lastApplied.index;
    for (const watcher of this.#ahead) {
      if (watcher.isAheadOf(this.#handedTo)) continue;
      this.#ahead.delete(watcher);
      this.#enqueue(watcher);
    }
    return true;
  }

  #hand(revision: LogIndex, changes: readonly Change[]): void {
    const wanted = new Map<Watcher, Change[]>();
    const found = new Set<Watcher>();
    for (const change of changes) {
      found.clear();
      this.#interests.collect(change, found);
      for (const watcher of found) {
        const of = wanted.get(watcher);
        if (of === undefined) wanted.set(watcher, [change]);
        else of.push(change);
      }
    }
    for (const [watcher, of] of wanted) {
      watcher.offer({ revision, changes: of });
      if (!watcher.isLive) this.#interests.remove(watcher, watcher.filters);
      this.#enqueue(watcher);
    }
  }

  #restartLive(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.isLive) continue;
      watcher.restart();
      this.#interests.remove(watcher, watcher.filters);
      this.#enqueue(watcher);
    }
  }
}
