// Who is primary and who was, with the cause of each reign and how it ended. Whether a reign is over is the core's fold
// over the log (raft/reign.ts), which decides; the history beside it is for people. A reign that is not over by the log
// may have lost its lease long ago: the log cannot know.

import { invariant } from '../raft/assert.js';
import { applyToReign } from '../raft/reign.js';
import { REIGN_NONE } from '../raft/types.js';
import type { Entry, LogIndex, NodeId, Reign, Term } from '../raft/types.js';
import { readCause } from './cause.js';
import type { FactRows, Row } from './rows.js';
import { readRow } from './rows.js';

const REIGN_ENDS = ['proof', 'activation', 'laterTerm'] as const;

/** By a proof of stop, by a later activation, or by the first entry of a later term. */
export type ReignEnd = (typeof REIGN_ENDS)[number];

export interface ReignRecord {
  /** Index of its activation. */
  readonly epoch: LogIndex;
  readonly term: Term;
  readonly nodeId: NodeId;
  /** The longest lease that it may have used, in ms. */
  readonly leaseMs: number;
  /** Cluster time of its activation. */
  readonly sinceMs: number;
  /** Why it began, for people. */
  readonly cause: string;
  /**
   * For how long nobody was primary before it, in ms: since the proof of stop by cluster time, else as the new primary measured it
   * (raft/reign-gap.ts). Null: nobody can tell.
   */
  readonly gapMs: number | null;
  /** Null while it is not over. */
  readonly end: {
    readonly how: ReignEnd;
    /** Index of the entry that ended it, and cluster time there. */
    readonly revision: LogIndex;
    readonly atMs: number;
  } | null;
}

export interface Primary {
  /** The fold that the core makes of the same entries. */
  readonly reign: Reign;
  /** Oldest first. Invariant: at most `REIGNS_MAX`; all but the last have ended. */
  readonly history: readonly ReignRecord[];
}

/** Reigns that are remembered. */
export const REIGNS_MAX = 64;

export const NO_PRIMARY: Primary = { reign: REIGN_NONE, history: [] };

export const REIGNS_FACT = 'reigns';

/** Takes in the next entry, of any kind; `atMs` is the cluster time there. Answers the same object if nothing changes. */
export function applyToPrimary(primary: Primary, entry: Entry, atMs: number): Primary {
  const reign = applyToReign(primary.reign, entry);
  if (reign === primary.reign) return primary;
  const running = runningReign(primary);
  let { history } = primary;
  if (running !== null && (reign.isOver || reign.epoch !== running.epoch)) {
    const end = { how: howEnded(entry, running), revision: entry.index, atMs };
    history = [...history.slice(0, -1), { ...running, end }];
  }
  if (entry.kind === 'activation') {
    const { index: epoch, term, nodeId, leaseMs } = entry;
    const cause = readCause(entry.cause).text;
    const gapMs = gapBefore(history.at(-1), entry.gapMs, atMs);
    const reigned = { epoch, term, nodeId, leaseMs, sinceMs: atMs, cause, gapMs, end: null };
    history = [...history, reigned].slice(-REIGNS_MAX);
  }
  return { reign, history };
}

/** The reign that is not over by the log; null: nobody is primary. */
export function runningReign({ history }: Primary): ReignRecord | null {
  const last = history.at(-1);
  return last === undefined || last.end !== null ? null : last;
}

/** Checks that a restored history ends as the core's fold says. */
export function checkPrimary({ reign, history }: Primary): void {
  const last = history.at(-1) ?? null;
  invariant(
    (last?.epoch ?? 0) === reign.epoch,
    'the newest reign of a snapshot is the one that its meta names',
  );
  invariant(
    last === null || (last.end !== null) === reign.isOver,
    'the newest reign of a snapshot is over exactly if its meta says so',
  );
}

/** One row for each reign that is remembered; the fold itself travels in the snapshot's meta. */
export function reignRows({ history }: Primary): FactRows {
  const rows = history.map(({ epoch, term, nodeId, leaseMs, sinceMs, cause, gapMs, end }) => [
    epoch,
    term,
    nodeId,
    leaseMs,
    sinceMs,
    cause,
    end === null ? null : [end.how, end.revision, end.atMs],
    gapMs,
  ]);
  return { fact: REIGNS_FACT, version: 1, rows };
}

/** Reads one row of `reignRows`. */
export function restoreReign(row: Row): ReignRecord {
  const reader = readRow(REIGNS_FACT, row);
  const begun = {
    epoch: reader.index('epoch'),
    term: reader.term('term'),
    nodeId: reader.nodeId('nodeId'),
    leaseMs: reader.integer('leaseMs'),
    sinceMs: reader.integer('sinceMs'),
    cause: reader.string('cause'),
  };
  return {
    ...begun,
    end: reader.nullable((value) =>
      value.nested('end', (end) => ({
        how: end.oneOf('how', REIGN_ENDS),
        revision: end.index('revision'),
        atMs: end.integer('atMs'),
      })),
    ),
    gapMs: reader.nullable((field) => field.integer('gapMs')),
  };
}

function gapBefore(
  before: ReignRecord | undefined,
  measuredMs: number | null,
  atMs: number,
): number | null {
  return before?.end?.how === 'proof' ? atMs - before.end.atMs : measuredMs;
}

function howEnded(entry: Entry, { epoch }: ReignRecord): ReignEnd {
  if (entry.kind === 'activation') return 'activation';
  return entry.kind === 'proof' && entry.epoch === epoch ? 'proof' : 'laterTerm';
}
