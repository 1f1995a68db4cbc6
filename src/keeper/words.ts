// What the keeper is told and what it wants done, as plain serialisable data with its time. The daemon, the keeper's
// process, the simulator and the tests speak to it only in these words.

import type { ProcessDefinition } from './process-definition.js';

/** What of a process decides about its life; how it is started is for whoever starts it. */
export type Kept = Pick<
  ProcessDefinition,
  'name' | 'group' | 'start' | 'primaryOnly' | 'stopGraceMs' | 'restart' | 'memoryBytes'
>;

/** The right to run primary-only processes; all times are absolute, on the clock that counts suspended time. */
export interface LeaseOrder {
  /** Of the reign; greater than that of every reign before it. */
  readonly epoch: number;
  /** Nothing starts before: the bound of an earlier reign without a proof of stop. */
  readonly fromMs: number;
  /** Everything is dead before: start of the newest round that a quorum answered, plus `leaseMs`. */
  readonly untilMs: number;
  /** The lease as it may be used, shortened already. */
  readonly leaseMs: number;
}

/** What operators asked for last, for a keeper that takes over from one that died. */
export interface Wanted {
  /** The reign under which it was said of what is primary-only: it counts for no other. */
  readonly epoch: number;
  /** Processes that shall run, or not, whatever is configured. */
  readonly names: Readonly<Record<string, boolean>>;
}

/** What an operator may ask of a process or of a group. */
export type Action = 'start' | 'stop' | 'restart';

/** What became of an operator's command; whatever is refused changes nothing. */
export type CommandAnswer =
  /** The processes that are started or ended for it, or that start as soon as the bound allows. */
  | { readonly type: 'done'; readonly names: readonly string[] }
  /** It holds for what only the primary runs, and this node may run nothing of it. */
  | { readonly type: 'notPrimary' }
  | { readonly type: 'handingOver' }
  /** The daemon stops. */
  | { readonly type: 'ending' }
  /** All of it runs already. */
  | { readonly type: 'runs' }
  /** None of it runs. */
  | { readonly type: 'stopped' }
  | { readonly type: 'unknown' };

/** What became of one process when others were defined, in the keeper's words. */
export type DefinedEffect =
  /** It starts now, or as soon as its group and the bound allow. */
  | 'starts'
  /** It runs on the primary alone, and this node may run nothing of it now. */
  | 'waits'
  /** It is not to run: it is configured so, or an operator stopped it. */
  | 'stopped'
  /** It is ended within its grace, and started again as it is defined now. */
  | 'restarts'
  /** It is ended within its grace. */
  | 'ends'
  /** It goes on as it is. */
  | 'kept'
  | 'removed';

export interface Defined {
  readonly name: string;
  readonly effect: DefinedEffect;
}

/** `nowMs` is a fresh reading of the clock; it never falls. A run is one start of one process, numbered by the keeper. */
export type KeeperInput = { readonly nowMs: number } & (
  | { readonly type: 'tick' }
  | { readonly type: 'lease'; readonly order: LeaseOrder }
  /** The reign has ended, or its proof of stop is proposed: nothing runs under it or an earlier one any more, ever. */
  | { readonly type: 'over'; readonly epoch: number }
  /** A hand-over: end everything of this epoch gracefully, then say so under this number. Start nothing meanwhile. */
  | { readonly type: 'handOver'; readonly epoch: number; readonly stopId: number }
  /** The hand-over was abandoned before a proof was proposed: the reign goes on. */
  | { readonly type: 'resume'; readonly epoch: number }
  /** `name`: of a process or of a group. Answered by `answered` with this id. */
  | {
      readonly type: 'command';
      readonly id: number;
      readonly name: string;
      readonly action: Action;
      /** Answers the same and does nothing. */
      readonly isRehearsal?: true;
    }
  /**
   * Keeps these from now on, in this order. Of those known before, the `restarted` end and begin again; what is missing ends. Answered
   * by `defined` with this id, which names the `changed`: those that are new, gone or otherwise.
   */
  | {
      readonly type: 'define';
      readonly id: number;
      readonly kept: readonly Kept[];
      readonly changed: readonly string[];
      readonly restarted: readonly string[];
    }
  | {
      readonly type: 'started';
      readonly name: string;
      readonly run: number;
      readonly pid: number;
    }
  /** The process has exited, or could not be started, and nothing of its tree is left. */
  | {
      readonly type: 'ended';
      readonly name: string;
      readonly run: number;
      readonly why: string;
    }
  /** What the whole tree holds. */
  | {
      readonly type: 'memory';
      readonly name: string;
      readonly run: number;
      readonly bytes: number;
    }
  /** The daemon stops: end everything gracefully. */
  | { readonly type: 'shutdown' }
  /** The daemon is gone: no renewal will come any more. */
  | { readonly type: 'orphaned' }
);

/** What the keeper wants done, in this order. */
export type KeeperOutput =
  | {
      readonly type: 'start';
      readonly name: string;
      readonly run: number;
      /** Null: not primary-only. */
      readonly epoch: number | null;
    }
  /** SIGTERM. */
  | { readonly type: 'terminate'; readonly name: string; readonly run: number }
  /** SIGKILL to the whole tree, again and again until `ended` can be said. */
  | { readonly type: 'kill'; readonly name: string; readonly run: number }
  /** Nothing primary-only is left, and nothing starts: the proof of stop may be proposed. */
  | { readonly type: 'stopped'; readonly stopId: number }
  /** Restarts do not help; `epoch` is that of a primary, which hands over. */
  | {
      readonly type: 'givenUp';
      readonly name: string;
      readonly epoch: number | null;
      readonly why: string;
    }
  | { readonly type: 'answered'; readonly id: number; readonly answer: CommandAnswer }
  /** Null: nothing is defined any more, because the daemon stops. */
  | {
      readonly type: 'defined';
      readonly id: number;
      readonly effects: readonly Defined[] | null;
    }
  /** For the log. */
  | { readonly type: 'note'; readonly name: string; readonly what: string; readonly why: string }
  /** After `shutdown` or `orphaned`: nothing is left. */
  | { readonly type: 'finished' };
