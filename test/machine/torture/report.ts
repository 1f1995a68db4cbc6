// What a torture run is told as: how many operations ended how, how long nothing was accepted, and the anomalies. Counts
// stand beside every verdict, because a run in which nothing happened finds nothing wrong either.

import type { Anomaly } from './checks.js';
import type { Operation } from './history.js';
import type { JobCounts } from './job-load.js';
import type { LockCounts } from './lock-load.js';
import type { NemesisCounts, Wellness } from './nemesis.js';
import type { StoreCounts } from './store-load.js';

export interface RunFacts {
  readonly seed: bigint;
  readonly rounds: number;
  readonly tookMs: number;
  readonly nodes: number;
  readonly faults: NemesisCounts;
  readonly store: StoreCounts;
  readonly locks: LockCounts;
  readonly jobs: JobCounts;
  /** In order. */
  readonly wellness: readonly Wellness[];
  readonly anomalies: readonly Anomaly[];
  /** Path of the recorded history. */
  readonly history: string;
}

export interface TortureReport extends RunFacts {
  readonly operations: number;
  readonly writes: number;
  readonly reads: number;
  readonly mismatches: number;
  /** Surely not happened, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of unknown fate, by error code. */
  readonly indeterminate: Readonly<Record<string, number>>;
  readonly sessionsAtEnd: number;
  /** Times without an acknowledged write, in milliseconds, longest first. */
  readonly gapsMs: readonly number[];
  /** From a majority being well until a write was acknowledged or the majority was lost again, longest first. */
  readonly recoveriesMs: readonly number[];
}

/** Shorter times without an acknowledged write are not told. */
const GAP_MIN_MS = 300;
const ANOMALIES_SHOWN = 20;

/** Adds to the facts what the history says. */
export function summaryOf(
  operations: readonly Operation[],
  sessionsAtEnd: number,
  facts: RunFacts,
): TortureReport {
  const count = (is: (operation: Operation) => boolean): number => operations.filter(is).length;
  return {
    ...facts,
    operations: operations.length,
    writes: count(isAcknowledgedWrite),
    reads: count(({ request, answer }) => {
      return request.kind === 'get' && (answer.type === 'session' || answer.type === 'absent');
    }),
    mismatches: count(({ answer }) => answer.type === 'mismatch'),
    refused: codesOf(operations, 'refused'),
    indeterminate: codesOf(operations, 'indeterminate'),
    sessionsAtEnd,
    gapsMs: gapsOf(operations),
    recoveriesMs: recoveriesOf(operations, facts),
  };
}

/** The report as lines for people. */
export function reportLines(report: TortureReport): string[] {
  const { operations, writes, reads, mismatches, faults, gapsMs, anomalies } = report;
  const { killedTogether, kills, freezes, partitions } = faults;
  const { store, locks, jobs } = report;
  const sets = killedTogether.map((number, size) => `${number} of ${size}`).filter(Boolean);
  const indeterminate = Object.values(report.indeterminate).reduce((sum, each) => sum + each, 0);
  const refused = Object.values(report.refused).reduce((sum, each) => sum + each, 0);
  return [
    `rounds         ${report.rounds} in ${(report.tookMs / 1000).toFixed(0)} s, seed ${report.seed}`,
    `kills          ${kills} (rounds by nodes killed: ${sets.join(', ')}); ${freezes} pauses, ${partitions} cuts`,
    `sessions       ${operations} operations: ${writes} writes acknowledged, ${reads} reads, ${mismatches} conditions not met`,
    `store          ${store.writes} writes acknowledged, ${store.reads} reads, ${store.transactions} of both transactions; ${store.mismatches} conditions not met, ${store.refused} refused, ${store.indeterminate} indeterminate`,
    `locks          ${locks.grants} grants, ${locks.lost} of them lost; ${locks.refused} not granted or not released`,
    `jobs           ${jobs.submitted} submitted, ${jobs.ended} seen to end; ${jobs.runs} runs of steps, ${jobs.moves} moves to another reign`,
    `refused        ${refused} ${namesOf(report.refused)}`,
    `indeterminate  ${indeterminate} ${namesOf(report.indeterminate)}`,
    `unavailable    ${gapsMs.length} times ${GAP_MIN_MS} ms or more without an acknowledged write; ${spreadOf(gapsMs)}`,
    `recovery       ${report.recoveriesMs.length} times a majority was well again; until a write was acknowledged: ${spreadOf(report.recoveriesMs)}`,
    `at the end     ${report.sessionsAtEnd} sessions read back`,
    `history        ${report.history}`,
    ...anomalies
      .slice(0, ANOMALIES_SHOWN)
      .map(({ check, detail }) => `ANOMALY  ${check}: ${detail}`),
    ...(anomalies.length > ANOMALIES_SHOWN
      ? [`… and ${anomalies.length - ANOMALIES_SHOWN} more`]
      : []),
    anomalies.length === 0 ? 'held: no anomaly' : `FAILED: ${anomalies.length} anomalies`,
  ];
}

function isAcknowledgedWrite({ request, answer }: Operation): boolean {
  return request.kind !== 'get' && (answer.type === 'session' || answer.type === 'deleted');
}

function codesOf(
  operations: readonly Operation[],
  type: 'refused' | 'indeterminate',
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { answer } of operations) {
    if (answer.type === type) counts[answer.code] = (counts[answer.code] ?? 0) + 1;
  }
  return counts;
}

function gapsOf(operations: readonly Operation[]): number[] {
  const acknowledged = operations.filter(isAcknowledgedWrite).map(({ returnUs }) => returnUs);
  return acknowledged
    .map((returnUs, at) => Math.round((returnUs - (acknowledged[at - 1] ?? returnUs)) / 1000))
    .filter((gapMs) => gapMs >= GAP_MIN_MS)
    .sort((a, b) => b - a);
}

function recoveriesOf(operations: readonly Operation[], { nodes, wellness }: RunFacts): number[] {
  const acknowledged = operations.filter(isAcknowledgedWrite).map(({ returnUs }) => returnUs);
  const isMajority = (count: number): boolean => count > nodes / 2;
  const recoveries: number[] = [];
  let before = nodes;
  for (const [at, { atUs, count }] of wellness.entries()) {
    if (isMajority(count) && !isMajority(before)) {
      const lost = wellness.slice(at).find((later) => !isMajority(later.count));
      const write = acknowledged.find((returnUs) => returnUs > atUs) ?? Infinity;
      const untilUs = Math.min(write, lost?.atUs ?? Infinity);
      if (Number.isFinite(untilUs)) recoveries.push(Math.round((untilUs - atUs) / 1000));
    }
    before = count;
  }
  return recoveries.sort((a, b) => b - a);
}

function spreadOf(descending: readonly number[]): string {
  if (descending.length === 0) return 'none';
  const median = descending[Math.floor(descending.length / 2)] ?? 0;
  return `median ${median} ms, longest ${descending[0]} ms`;
}

function namesOf(counts: Readonly<Record<string, number>>): string {
  const names = Object.entries(counts).map(([code, number]) => `${code} ${number}`);
  return names.length === 0 ? '' : `(${names.join(', ')})`;
}
