// The driver's calls as promises, each ending a little after its deadline whatever the driver does: its own deadlines
// are as fine as its ticks, which grow with the election timeout. Outcomes other than success become errors.

import type { ClockPort } from '../node/ports.js';
import type {
  ChangeOutcome,
  HandOver,
  NodeApi,
  ReadOutcome,
  RenewOutcome,
  WriteOutcome,
} from '../node/api.js';
import { Latecomers } from '../ops/latecomers.js';
import type { ConfigChange, LogIndex } from '../raft/types.js';
import type { ApplyResult, Command } from '../state-machine/command.js';
import { QuorateError } from '../errors.js';
import { changeError, commandError, refusalError, writeError } from './status-map.js';

/** How long after a deadline the driver may still answer. */
const GRACE_MS = 40;

export interface Applied {
  /** Index of the entry that did it: of a repeated request, the first. */
  readonly revision: LogIndex;
  readonly result: Exclude<ApplyResult, { type: 'refused' | 'repeated' }>;
}

/**
 * Proposes a command; resolves once it is applied. Fails with what the state said, or with how the write ended.
 * A request that repeats one of its client session ends as the first did.
 */
export function propose(
  node: NodeApi,
  clock: ClockPort,
  command: Command,
  deadlineMs: number,
): Promise<Applied> {
  return proposeAnd(node, clock, command, deadlineMs, (applied) => applied);
}

/** The same, and resolves to what `use` makes of it. What it throws is the caller's. */
export function proposeAnd<T>(
  node: NodeApi,
  clock: ClockPort,
  command: Command,
  deadlineMs: number,
  use: (applied: Applied) => T,
): Promise<T> {
  const ended = (outcome: WriteOutcome): T => use(appliedBy(outcome, node));
  return within<WriteOutcome, T>(clock, deadlineMs, LATE_WRITE, ended, (done) => {
    node.propose(command, deadlineMs, done);
  });
}

function appliedBy(outcome: WriteOutcome, node: NodeApi): Applied {
  if (outcome.type !== 'applied') throw writeError(outcome, node.outline());
  const { entry, result: said } = outcome;
  const revision = said.type === 'repeated' ? said.revision : entry.index;
  const result = said.type === 'repeated' ? said.first : said;
  if (result.type === 'refused') throw commandError(result.refusal);
  return { revision, result };
}

/** Keeps sessions alive; resolves to their committed deadlines, null where there is none. */
export function renew(
  node: NodeApi,
  clock: ClockPort,
  ids: readonly string[],
  deadlineMs: number,
): Promise<readonly (number | null)[]> {
  const ended = (outcome: RenewOutcome): readonly (number | null)[] => {
    if (outcome.type !== 'renewed') throw writeError(outcome, node.outline());
    return outcome.deadlinesMs;
  };
  return within<RenewOutcome, readonly (number | null)[]>(
    clock,
    deadlineMs,
    LATE_WRITE,
    ended,
    (done) => node.renew(ids, deadlineMs, done),
  );
}

/**
 * Passes a linearizable barrier, then reads: `use` runs in the very turn in which the barrier fell.
 * Fails with NO_QUORUM if none confirmed this leader before the deadline, or with what `use` throws.
 */
export function readLinearizable<T>(
  node: NodeApi,
  clock: ClockPort,
  deadlineMs: number,
  use: () => T,
): Promise<T> {
  const ended = (outcome: ReadOutcome): T => {
    if (outcome.type === 'ready') return use();
    if (outcome.type === 'refused') throw refusalError(outcome.refusal, node.outline());
    throw new QuorateError('NO_QUORUM', 'no quorum of the voters confirmed this leader in time');
  };
  return within<ReadOutcome, T>(clock, deadlineMs, NO_QUORUM, ended, (done) => {
    node.read(deadlineMs, done);
  });
}

/**
 * Reads under the primary's lease, at once; null: there is none, or it ended while `use` ran. What `use` throws is an
 * answer too, and thrown only if the lease still holds.
 */
export function readLeased<T>(node: NodeApi, use: () => T): { readonly value: T } | null {
  const leased = node.leased(() => attempt(use));
  if (leased === null) return null;
  if (leased.value.type === 'failed') throw leased.value.error;
  return { value: leased.value.value };
}

/** Changes the members; resolves once the change is in force and joint is left. */
export function changeMembers(
  node: NodeApi,
  clock: ClockPort,
  change: ConfigChange,
  cause: string,
  deadlineMs: number,
): Promise<void> {
  return changed(node, clock, deadlineMs, 'the change of members', (done) => {
    node.changeConfiguration(change, cause, deadlineMs, done);
  });
}

/** Hands over from this leader; resolves once the target's reign began. */
export function handOver(
  node: NodeApi,
  clock: ClockPort,
  order: HandOver,
  deadlineMs: number,
): Promise<void> {
  return changed(node, clock, deadlineMs, 'the hand-over', (done) => {
    node.setPrimary(order, deadlineMs, done);
  });
}

function changed(
  node: NodeApi,
  clock: ClockPort,
  deadlineMs: number,
  what: Parameters<typeof changeError>[1],
  begin: (done: (outcome: ChangeOutcome) => void) => void,
): Promise<void> {
  const ended = (outcome: ChangeOutcome): void => {
    if (outcome.type !== 'done') throw changeError(outcome, what, node.outline());
  };
  return within<ChangeOutcome, void>(clock, deadlineMs, LATE_CHANGE, ended, begin);
}

function attempt<T>(
  use: () => T,
):
  | { readonly type: 'used'; readonly value: T }
  | { readonly type: 'failed'; readonly error: unknown } {
  try {
    return { type: 'used', value: use() };
  } catch (error) {
    return { type: 'failed', error };
  }
}

const LATE_WRITE = { type: 'indeterminate' } as const;
const LATE_CHANGE: ChangeOutcome = { type: 'indeterminate' };
const NO_QUORUM: ReadOutcome = { type: 'noQuorum' };

const latecomers = new Latecomers();

/**
 * Resolves to what `ended` makes of the outcome, in the very turn in which it is told, or of `late` if it is not told in time.
 * What `ended` throws must not unwind the driver: the promise fails with it.
 */
function within<Outcome, T>(
  clock: ClockPort,
  deadlineMs: number,
  late: Outcome,
  ended: (outcome: Outcome) => T,
  begin: (done: (outcome: Outcome) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (outcome: Outcome): void => {
      if (isOver) return;
      isOver = true;
      answered();
      try {
        resolve(ended(outcome));
      } catch (error) {
        reject(errorOf(error));
      }
    };
    const afterMs = Math.max(0, deadlineMs - clock.nowMs()) + GRACE_MS;
    const answered = latecomers.add(afterMs, () => end(late));
    try {
      begin(end);
    } catch (error) {
      answered();
      reject(errorOf(error));
    }
  });
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
