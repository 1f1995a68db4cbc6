// What a watch asks next, after whatever happened: pure, so that it can be tested. It remembers up to where everything was told, and
// whose revisions those are. A watch that breaks off goes on after that, through any member, misses nothing, and never goes back to
// what was before anything that it has told.

import type { WatchFilter } from '../generated/quorate/v1/WatchFilter.js';
import type { WatchRequest } from '../generated/quorate/v1/WatchRequest.js';
import type { WatchResponse__Output as WatchResponse } from '../generated/quorate/v1/WatchResponse.js';
import type { Change__Output as Change } from '../generated/quorate/v1/Change.js';
import type { Revision__Output as Revision } from '../generated/quorate/v1/Revision.js';
import type { ErrorCode, QuorateError } from '../errors.js';
import { whole } from './numbers.js';

export interface WatchWish {
  /** None: everything. */
  readonly filters?: readonly WatchFilter[];
  /** Everything after this revision; absent: from now on. */
  readonly afterRevision?: number;
  /** Begin with the state of what is asked for; with `afterRevision`, one that is not older than that. */
  readonly withState?: boolean;
  /** How long it may be silent before it is told that nothing happened, in milliseconds; default 5 s. */
  readonly bookmarkMs?: number;
}

/** What a watch tells. `revision`: everything asked for was told up to there, unless it is a part of the state. */
export type WatchUpdate =
  | {
      /** A part of the state at `revision`. The first one means: forget all that was told before. */
      readonly type: 'state';
      readonly revision: number;
      readonly rows: readonly Change[];
      readonly isFirst: boolean;
      readonly isLast: boolean;
    }
  | {
      /** Revisions in order, each whole. */
      readonly type: 'changes';
      readonly revision: number;
      readonly revisions: readonly Revision[];
    }
  | {
      /** Nothing else happened up to `revision`. */
      readonly type: 'bookmark';
      readonly revision: number;
    };

const BOOKMARK_DEFAULT_MS = 5000;
/** A member that is silent for so much longer than it may is given up: it hears no leader, or nobody hears it. */
const SILENCE_GRACE_MS = 3000;

/** What another member, or the same one a moment later, may not answer. */
const GOES_ON: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'STOPPING',
  'DEGRADED',
  'REMOVED',
  'CLEAN_NODE',
  'WITNESS',
  'UNREACHABLE',
  'INDETERMINATE',
  'DEADLINE_EXCEEDED',
  'NO_QUORUM',
  'OVERLOADED',
  'REVISION_AHEAD',
  'WATCHER_TOO_SLOW',
]);

export class WatchCursor {
  readonly #filters: WatchFilter[];
  #withState: boolean;
  readonly #bookmarkMs: number;
  /** Everything up to there was told; null: nothing yet, from now on. */
  #toldTo: number | null;
  /** The newest revision of which anything was told, if only a part of a state; 0: nothing. */
  #seenTo: number;
  #clusterId = '';
  #isInState = false;

  constructor(wish: WatchWish) {
    this.#filters = [...(wish.filters ?? [])];
    this.#withState = wish.withState ?? false;
    this.#bookmarkMs = whole('bookmarkMs', wish.bookmarkMs ?? BOOKMARK_DEFAULT_MS);
    const { afterRevision } = wish;
    this.#seenTo = whole('afterRevision', afterRevision ?? 0);
    this.#toldTo = afterRevision === undefined || this.#withState ? null : this.#seenTo;
  }

  /** Milliseconds without a word after which to ask another member. */
  get silenceMaxMs(): number {
    return 2 * this.#bookmarkMs + SILENCE_GRACE_MS;
  }

  /** What to ask the next member. */
  get request(): WatchRequest {
    const filters = this.#filters;
    const bookmarkMs = this.#bookmarkMs;
    const clusterId = this.#clusterId;
    const request = { filters, bookmarkMs, clusterId };
    if (this.#toldTo !== null) return { ...request, afterRevision: this.#toldTo };
    const withState = this.#withState;
    // A state of which a part is missing has to be told anew, and by nobody who has not come as far.
    return this.#seenTo === 0
      ? { ...request, withState }
      : { ...request, withState, afterRevision: this.#seenTo };
  }

  /** Another member was asked: what it tells of a state is told from its first part on. */
  begin(): void {
    this.#isInState = false;
  }

  /** Takes in a response; null: it says nothing that the caller has to know. */
  take(response: WatchResponse): WatchUpdate | null {
    const { revision, clusterId, state, changes, bookmark } = response;
    if (clusterId !== '') this.#clusterId = clusterId;
    this.#seenTo = Math.max(this.#seenTo, revision);
    if (state !== null && state !== undefined) {
      const isFirst = !this.#isInState;
      this.#isInState = !state.last;
      this.#toldTo = state.last ? revision : null;
      this.#withState = true;
      return { type: 'state', revision, rows: state.rows, isFirst, isLast: state.last };
    }
    this.#toldTo = revision;
    if (changes !== null && changes !== undefined) {
      return { type: 'changes', revision, revisions: changes.revisions };
    }
    return bookmark === null || bookmark === undefined ? null : { type: 'bookmark', revision };
  }
}

/** Whether a watch that failed so goes on at another member; else the caller is told. */
export function goesOn({ code }: QuorateError): boolean {
  return GOES_ON.has(code);
}
