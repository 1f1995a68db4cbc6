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
export async function propose(
  node: NodeApi,
  clock: ClockPort,
  command: Command,
  deadlineMs: number,
): Promise<Applied> {
  const late: WriteOutcome = { type: 'indeterminate' };
  const outcome = await within<WriteOutcome>(clock, deadlineMs, late, (done) => {
    node.propose(command, deadlineMs, done);
  });
  if (outcome.type !== 'applied') throw writeError(outcome, node.outline());
  const { entry, result: said } = outcome;
  const revision = said.type === 'repeated' ? said.revision : entry.index;
  const result = said.type === 'repeated' ? said.first : said;
  if (result.type === 'refused') throw commandError(result.refusal);
  return { revision, result };
}

/** Keeps sessions alive; resolves to their committed deadlines, null where there is none. */
export async function renew(
  node: NodeApi,
  clock: ClockPort,
  ids: readonly string[],
  deadlineMs: number,
): Promise<readonly (number | null)[]> {
  const late: RenewOutcome = { type: 'indeterminate' };
  const outcome = await within<RenewOutcome>(clock, deadlineMs, late, (done) => {
    node.renew(ids, deadlineMs, done);
  });
  if (outcome.type !== 'renewed') throw writeError(outcome, node.outline());
  return outcome.deadlinesMs;
}

/**
 * Passes a linearizable barrier, then reads: `use` runs in the very turn in which the barrier fell.
 * Fails with NO_QUORUM if none confirmed this leader before the deadline.
 */
export async function readLinearizable<T>(
  node: NodeApi,
  clock: ClockPort,
  deadlineMs: number,
  use: () => T,
): Promise<T> {
  type Read =
    | ReadOutcome
    | { readonly type: 'used'; readonly value: T }
    | { readonly type: 'failed'; readonly error: unknown };
  const outcome = await within<Read>(clock, deadlineMs, { type: 'noQuorum' }, (done) => {
    node.read(deadlineMs, (read) => {
      // What `use` throws is the caller's: it must not unwind the driver.
      done(read.type === 'ready' ? attempt(use) : read);
    });
  });
  switch (outcome.type) {
    case 'used':
      return outcome.value;
    case 'failed':
      throw outcome.error;
    case 'refused':
      throw refusalError(outcome.refusal, node.outline());
    default:
      throw new QuorateError('NO_QUORUM', 'no quorum of the voters confirmed this leader in time');
  }
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
export async function changeMembers(
  node: NodeApi,
  clock: ClockPort,
  change: ConfigChange,
  cause: string,
  deadlineMs: number,
): Promise<void> {
  const outcome = await within<ChangeOutcome>(clock, deadlineMs, LATE_CHANGE, (done) => {
    node.changeConfiguration(change, cause, deadlineMs, done);
  });
  if (outcome.type !== 'done') {
    throw changeError(outcome, 'the change of members', node.outline());
  }
}

/** Hands over from this leader; resolves once the target's reign began. */
export async function handOver(
  node: NodeApi,
  clock: ClockPort,
  order: HandOver,
  deadlineMs: number,
): Promise<void> {
  const outcome = await within<ChangeOutcome>(clock, deadlineMs, LATE_CHANGE, (done) => {
    node.setPrimary(order, deadlineMs, done);
  });
  if (outcome.type !== 'done') throw changeError(outcome, 'the hand-over', node.outline());
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

const LATE_CHANGE: ChangeOutcome = { type: 'indeterminate' };

const latecomers = new Latecomers();

function within<T>(
  clock: ClockPort,
  deadlineMs: number,
  late: T,
  begin: (done: (outcome: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const afterMs = Math.max(0, deadlineMs - clock.nowMs()) + GRACE_MS;
    const answered = latecomers.add(afterMs, () => resolve(late));
    try {
      begin((outcome) => {
        answered();
        resolve(outcome);
      });
    } catch (error) {
      answered();
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
