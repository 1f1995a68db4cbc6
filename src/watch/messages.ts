// What a watcher is told, in plain data, and the bounds of watching. Every message says up to which revision all that was
// asked for has been told: whoever asks again after that revision misses nothing and gets nothing twice.

import type { LogIndex } from '../raft/types.js';
import type { Revision } from '../state-machine/change-history.js';
import type { Change } from '../state-machine/changes.js';
import type { QuorateError } from '../errors.js';
import type { WatchFilter } from './filter.js';

export const WATCH_LIMITS = {
  /** Watches on one node. */
  watchersMax: 20_000,
  filtersMax: 64,
  /** Revisions that wait for a watcher that reads slowly; beyond it they are read again from the history. */
  waitingMax: 256,
  /** Revisions read from the history, or rows from the state, in one step. */
  stepRowsMax: 256,
  /** A message is closed once its changes have this many bytes; a revision is never cut in two. */
  messageBytes: 256 * 1024,
  /** Watchers served in one turn of the event loop. */
  watchersPerTurn: 128,
  bookmarkDefaultMs: 10_000,
  bookmarkMinMs: 100,
  bookmarkMaxMs: 600_000,
  /** How long a node waits for a revision that it has not applied yet. */
  aheadWaitMs: 5_000,
} as const;

export interface WatchWish {
  /** At least one. */
  readonly filters: readonly WatchFilter[];
  /** Everything after this revision; null: from now on. */
  readonly after: LogIndex | null;
  /** Begin with the state of what is asked for; one that is not older than `after`, if that is given. */
  readonly withState: boolean;
  /** How long it may be silent before it is told that nothing happened. */
  readonly bookmarkMs: number;
}

export type WatchMessage =
  | {
      /** Part of the state at `revision`; only after the last part it is told up to there. It replaces all that was told before. */
      readonly type: 'state';
      readonly revision: LogIndex;
      readonly rows: readonly Change[];
      readonly isLast: boolean;
      /** Nobody asked for it: what was asked for is no longer known change by change. */
      readonly isCompacted: boolean;
    }
  | {
      readonly type: 'changes';
      readonly revision: LogIndex;
      /** Each with the changes that were asked for, at least one. */
      readonly revisions: readonly Revision[];
    }
  | {
      /** Nothing else happened up to `revision`. */
      readonly type: 'bookmark';
      readonly revision: LogIndex;
    };

/** The way to a watcher. */
export interface WatchSink {
  /** Sends; false: it is full, and `drained` will be called. */
  send(message: WatchMessage): boolean;
  /** Ends the watch; `error` says why and what to do. */
  end(error: QuorateError): void;
}
