// What daemon and keeper tell each other over the pipe between them, as JSON. Times are absolute, on the clock of the
// machine that both read; so a message that is read late says nothing wrong.

import type { ProcessDefinition } from '../keeper/process-definition.js';
import type { Guarantee, ProcessView } from '../keeper/process-view.js';
import type { KeeperInput, KeeperOutput, Wanted } from '../keeper/words.js';

/** Said once, first. */
export interface Begin {
  readonly type: 'begin';
  /** Of the data directory: whatever runs with it in its mark is this node's. */
  readonly installId: string;
  /** `QUORATE_NODE` and `QUORATE_NODE_NAME`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly processes: readonly ProcessDefinition[];
  readonly wanted: Wanted;
  /** Above all others: what to contain processes with at most, for tests; null: the best there is. */
  readonly atMost: Guarantee | null;
}

export type Timeless<Input> = Input extends unknown ? Omit<Input, 'nowMs'> : never;

/** What the daemon tells the core of the keeper. */
export type Order = Timeless<
  Extract<KeeperInput, { type: 'lease' | 'over' | 'handOver' | 'resume' | 'command' | 'shutdown' }>
>;

export type ToKeeper =
  | Begin
  | { readonly type: 'order'; readonly order: Order }
  /** Instead of those of `begin`; answered by the core's `defined`. */
  | {
      readonly type: 'define';
      readonly id: number;
      readonly processes: readonly ProcessDefinition[];
      readonly changed: readonly string[];
      readonly restarted: readonly string[];
    }
  /** Answered by `here` at once. */
  | { readonly type: 'ping'; readonly id: number }
  /** Answered by `view`. */
  | { readonly type: 'look'; readonly id: number };

export type FromKeeper =
  | { readonly type: 'ready'; readonly guarantee: Guarantee; readonly why: string }
  /** Whether anything primary-only may still exist, after everything that was told before the ping. */
  | { readonly type: 'here'; readonly id: number; readonly isAnyLeft: boolean }
  | { readonly type: 'view'; readonly id: number; readonly processes: readonly ProcessView[] }
  | {
      readonly type: 'said';
      readonly output: Extract<
        KeeperOutput,
        { type: 'stopped' | 'givenUp' | 'finished' | 'note' | 'answered' | 'defined' }
      >;
    }
  | {
      readonly type: 'started';
      readonly name: string;
      readonly pid: number;
      readonly epoch: number | null;
    }
  | { readonly type: 'line'; readonly name: string; readonly text: string }
  /** So many lines of it were left out, because they came faster than a log can take. */
  | { readonly type: 'dropped'; readonly name: string; readonly count: number };
