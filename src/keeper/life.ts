// The life of one supervised process as a value: what it is at, whether it should run, and how often it had to be started
// again. Restarts wait longer each time and are given up beyond the limit. When a primary-only process may run at all is
// decided in keeper.ts.

import type { Kept } from './words.js';

/** A run that is not over yet: something of it may still exist. */
interface Run {
  readonly run: number;
  readonly sinceMs: number;
  /** Null: not primary-only. */
  readonly epoch: number | null;
  /** Null: not known yet. */
  readonly pid: number | null;
}

export type Phase =
  /** Not wanted, or not allowed at the moment. */
  | { readonly type: 'idle' }
  | ({ readonly type: 'starting' } & Run)
  | ({ readonly type: 'running' } & Run)
  | ({
      readonly type: 'stopping';
      readonly killAtMs: number;
      readonly isKilled: boolean;
      /** Why it fails, if it is ended for a failure of its own; null: on purpose. */
      readonly failure: string | null;
    } & Run)
  | { readonly type: 'backingOff'; readonly untilMs: number; readonly why: string }
  | { readonly type: 'givenUp'; readonly why: string };

/** Defined anew, or not kept any more. */
export type Next =
  { readonly type: 'redefined'; readonly kept: Kept } | { readonly type: 'removed' };

export interface Life {
  readonly kept: Kept;
  /** What it becomes once its run has ended; null: it stays what it is. */
  readonly next: Next | null;
  /** As configured, or as an operator asked for last. */
  readonly isWanted: boolean;
  readonly phase: Phase;
  /** Of the newest restarts, at most `restart.limit`. */
  readonly restartsMs: readonly number[];
  /** Of all restarts so far. */
  readonly restartCount: number;
}

/** First wait before a restart; each further one within the window waits twice as long, up to the second. */
const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 10_000;

export function newLife(kept: Kept, isWanted = kept.start): Life {
  return {
    kept,
    next: null,
    isWanted,
    phase: { type: 'idle' },
    restartsMs: [],
    restartCount: 0,
  };
}

/** The run that may still exist; null: nothing does. */
export function runOf({ phase }: Life): (Phase & Run) | null {
  return 'run' in phase ? phase : null;
}

/** It failed: it is started again after a while, unless it failed too often. */
export function failed(life: Life, why: string, nowMs: number): Life {
  const { limit, withinMs } = life.kept.restart;
  const recent = life.restartsMs.filter((atMs) => nowMs - atMs < withinMs);
  if (recent.length >= limit) return { ...life, phase: { type: 'givenUp', why } };
  const waitMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** recent.length);
  return {
    ...life,
    phase: { type: 'backingOff', untilMs: nowMs + waitMs, why },
    restartsMs: [...recent, nowMs],
    restartCount: life.restartCount + 1,
  };
}

/** Begins anew, with nothing held against it. */
export function forgiven(life: Life): Life {
  const { type } = life.phase;
  const isWaiting = type === 'givenUp' || type === 'backingOff';
  return { ...life, restartsMs: [], phase: isWaiting ? { type: 'idle' } : life.phase };
}

/** As it is defined now, though its run may still be as it was defined before. */
export function definitionOf({ kept, next }: Life): Kept {
  return next?.type === 'redefined' ? next.kept : kept;
}

/** Nothing of its run is left: what it becomes; null: nothing. */
export function settled(life: Life, next: Next): Life | null {
  if (next.type === 'removed') return null;
  const { restartCount, isWanted } = life;
  return { ...newLife(next.kept, isWanted), restartCount };
}

/** Told to end by itself until `killAtMs`; one that is stopping already keeps the earlier end. */
export function stopping(life: Life, killAtMs: number, failure: string | null): Life {
  const run = runOf(life);
  if (run === null) return life;
  if (run.type === 'stopping') {
    return { ...life, phase: { ...run, killAtMs: Math.min(run.killAtMs, killAtMs) } };
  }
  return { ...life, phase: { ...run, type: 'stopping', killAtMs, isKilled: false, failure } };
}
