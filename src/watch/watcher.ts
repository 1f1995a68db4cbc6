// One watch: first perhaps the state, then what the history has, then what happens. As long as it keeps up it is handed each
// change as it comes; if it reads slowly it goes back to the history, so that it never holds more than a few revisions,
// and if the history has forgotten what it lacks it is cut off.

import { QuorateError } from '../errors.js';
import type { LogIndex } from '../raft/types.js';
import type { ChangeHistory, Revision } from '../state-machine/change-history.js';
import { changeBytes } from '../state-machine/changes.js';
import type { Change } from '../state-machine/changes.js';
import type { FrozenFacts } from '../state-machine/frozen-state.js';
import { isWanted } from './filter.js';
import type { WatchFilter } from './filter.js';
import { WATCH_LIMITS } from './messages.js';
import type { WatchMessage, WatchSink, WatchWish } from './messages.js';
import { walkState } from './state-walk.js';

/** The state that watches are about. */
export interface Watched {
  readonly lastApplied: { readonly index: LogIndex };
  readonly changes: ChangeHistory;
  facts(): FrozenFacts;
}

type Phase =
  /** It asked for more than this node has applied, and waits for that until then. */
  | { readonly type: 'ahead'; readonly untilMs: number }
  | {
      readonly type: 'state';
      readonly rows: Iterator<Change, void>;
      readonly at: LogIndex;
      readonly isCompacted: boolean;
    }
  /** It reads the history. */
  | { readonly type: 'behind' }
  /** It is handed what happens. */
  | { readonly type: 'live' };

export class Watcher {
  readonly filters: readonly WatchFilter[];
  readonly #wish: WatchWish;
  readonly #watched: Watched;
  readonly #sink: WatchSink;
  /** Revisions or rows in one step. */
  readonly #stepRowsMax: number;
  #phase: Phase;
  /** Everything up to there was told. While live: up to the first of what waits. */
  #toldTo: LogIndex;
  #waiting: Revision[] = [];
  #isFull = false;
  #hasBegun = false;
  #isDue = false;
  #lastSentMs: number;
  /** It stands in the hub's queue. */
  isQueued = false;
  isOver = false;

  constructor(
    wish: WatchWish,
    watched: Watched,
    sink: WatchSink,
    nowMs: number,
    stepRowsMax: number = WATCH_LIMITS.stepRowsMax,
  ) {
    this.filters = wish.filters;
    this.#wish = wish;
    this.#watched = watched;
    this.#sink = sink;
    this.#stepRowsMax = stepRowsMax;
    this.#lastSentMs = nowMs;
    const applied = watched.lastApplied.index;
    this.#toldTo = wish.after ?? applied;
    this.#phase =
      this.#toldTo > applied
        ? { type: 'ahead', untilMs: nowMs + WATCH_LIMITS.aheadWaitMs }
        : this.#firstPhase();
  }

  get isLive(): boolean {
    return this.#phase.type === 'live';
  }

  get isAhead(): boolean {
    return this.#phase.type === 'ahead';
  }

  /** Whether it asked for what comes after something that `applied` has not reached. */
  isAheadOf(applied: LogIndex): boolean {
    return this.#toldTo > applied;
  }

  /** Hands it what one entry changed, of what it asked for. Live watchers only. */
  offer(revision: Revision): void {
    // It was handed everything before, and told what it asked for.
    if (this.#waiting.length === 0) this.#toldTo = (revision.revision - 1) as LogIndex;
    this.#waiting.push(revision);
    if (this.#waiting.length <= WATCH_LIMITS.waitingMax) return;
    this.#waiting = [];
    this.#phase = { type: 'behind' };
  }

  /** The state was replaced, and nobody knows what changed: it begins anew. Live watchers only. */
  restart(): void {
    this.#waiting = [];
    this.#phase = this.#fromState(true);
  }

  /** It can be sent more. */
  drained(): void {
    this.#isFull = false;
  }

  /**
   * Sends it the next of what it lacks, up to about one message. `applied` is the newest applied revision, and live watchers
   * were handed everything up to there. Answers whether there is more to do at once.
   */
  step(applied: LogIndex, nowMs: number): boolean {
    if (this.#isFull || this.isOver) return false;
    switch (this.#phase.type) {
      case 'ahead':
        if (this.#toldTo > applied) return false;
        this.#phase = this.#firstPhase();
        return true;
      case 'state':
        this.#sendState(this.#phase, nowMs);
        return true;
      case 'behind':
        return this.#catchUp(applied, nowMs);
      case 'live':
        if (this.#waiting.length > 0) this.#flush(applied, nowMs);
        else if (this.#isDue) this.#bookmark(applied, nowMs);
        return this.#waiting.length > 0;
    }
  }

  /** Time passes: it may be cut off, or be due for a bookmark, which `step` then sends. */
  tick(nowMs: number): void {
    if (this.#phase.type === 'ahead' && nowMs >= this.#phase.untilMs) {
      const revision = `${this.#toldTo}`;
      const message = `this node has not applied revision ${revision} yet`;
      this.end(new QuorateError('REVISION_AHEAD', message, { revision }));
    }
    const isBehind = this.#phase.type === 'behind' || this.#waiting.length > 0;
    if (this.#isFull && isBehind && this.#toldTo < this.#watched.changes.knownAfter) this.#cutOff();
  }

  /** Asks at a tick whether it has been silent for so long that it wants to know that nothing happened. */
  wantsBookmark(nowMs: number): boolean {
    const isSilent = this.isLive && this.#waiting.length === 0 && !this.#isFull;
    this.#isDue = isSilent && nowMs - this.#lastSentMs >= this.#wish.bookmarkMs;
    return this.#isDue;
  }

  end(error: QuorateError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#waiting = [];
    this.#sink.end(error);
  }

  /** Where it begins, once this node has applied what the watcher has seen. */
  #firstPhase(): Phase {
    return this.#wish.withState ? this.#fromState(false) : { type: 'behind' };
  }

  #fromState(isCompacted: boolean): Phase {
    const at = this.#watched.lastApplied.index;
    return {
      type: 'state',
      rows: walkState(this.#watched.facts(), this.filters),
      at,
      isCompacted,
    };
  }

  #sendState({ rows, at, isCompacted }: Extract<Phase, { type: 'state' }>, nowMs: number): void {
    const page: Change[] = [];
    let bytes = 0;
    let isLast = false;
    while (page.length < this.#stepRowsMax && bytes < WATCH_LIMITS.messageBytes) {
      const next = rows.next();
      if (next.done === true) {
        isLast = true;
        break;
      }
      page.push(next.value);
      bytes += changeBytes(next.value);
    }
    if (isLast) {
      this.#toldTo = at;
      this.#phase = { type: 'behind' };
    }
    this.#send({ type: 'state', revision: at, rows: page, isLast, isCompacted }, nowMs);
  }

  #catchUp(applied: LogIndex, nowMs: number): boolean {
    if (!this.#hasBegun && this.#wish.after === null) {
      // From where on it is told.
      this.#bookmark(this.#toldTo, nowMs);
      return true;
    }
    const { messageBytes } = WATCH_LIMITS;
    const stepRowsMax = this.#stepRowsMax;
    const found = this.#watched.changes.after(this.#toldTo, stepRowsMax);
    if (found === null) return this.#gap();
    const revisions: Revision[] = [];
    let bytes = 0;
    let read = 0;
    for (const { revision, changes } of found) {
      if (bytes >= messageBytes) break;
      read += 1;
      this.#toldTo = revision;
      const wanted = changes.filter((change) => isWanted(this.filters, change));
      if (wanted.length === 0) continue;
      revisions.push({ revision, changes: wanted });
      bytes += bytesOf(wanted);
    }
    const isAtEnd = read === found.length && read < stepRowsMax;
    if (isAtEnd) {
      this.#toldTo = applied;
      this.#phase = { type: 'live' };
    }
    if (revisions.length > 0)
      this.#send({ type: 'changes', revision: this.#toldTo, revisions }, nowMs);
    else if (isAtEnd && !this.#hasBegun) this.#bookmark(applied, nowMs);
    return !isAtEnd;
  }

  /** What it lacks is forgotten. Whoever has only just come gets the state instead; whoever was too slow is cut off. */
  #gap(): boolean {
    if (this.#hasBegun) {
      this.#cutOff();
      return false;
    }
    this.#phase = this.#fromState(true);
    return true;
  }

  #flush(applied: LogIndex, nowMs: number): void {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && bytes < WATCH_LIMITS.messageBytes) {
      bytes += bytesOf(this.#waiting[count]?.changes ?? []);
      count += 1;
    }
    const revisions = this.#waiting.splice(0, count);
    const last = revisions.at(-1);
    if (last === undefined) return;
    this.#toldTo = this.#waiting.length === 0 ? applied : last.revision;
    this.#send({ type: 'changes', revision: this.#toldTo, revisions }, nowMs);
  }

  /** Tells it that nothing it asked for happened up to `revision`. */
  #bookmark(revision: LogIndex, nowMs: number): void {
    this.#toldTo = revision;
    this.#send({ type: 'bookmark', revision }, nowMs);
  }

  #cutOff(): void {
    const message = 'this watch read too slowly: what comes next is forgotten';
    this.end(new QuorateError('WATCHER_TOO_SLOW', message));
  }

  #send(message: WatchMessage, nowMs: number): void {
    this.#hasBegun = true;
    this.#isDue = false;
    this.#lastSentMs = nowMs;
    this.#isFull = !this.#sink.send(message);
  }
}

function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + changeBytes(change), 0);
}
