// How results read: lines for people, plain objects for machines. Seeds are text in JSON, since they do not fit its numbers.

import { SITUATION_NAMES } from './counts.js';
import type { Situation } from './counts.js';
import type { Report, Sum } from './report.js';
import type { Verdict } from './run.js';
import type { Setting } from './setting.js';
import { optionsOf } from './setting.js';
import { showTime } from './trace.js';

/** Exit codes of the simulator (design section 9). */
export const EXIT = {
  held: 0,
  failed: 1,
  usage: 2,
  safety: 4,
  liveness: 5,
  unknown: 6,
  interrupted: 130,
} as const;

export function exitOf(verdict: Verdict): number {
  if (verdict.type === 'held') return EXIT.held;
  return verdict.type === 'violated' ? EXIT.safety : EXIT.liveness;
}

/** The worst of several: safety before liveness. */
export function worstExit(failures: readonly { readonly verdict: Verdict }[]): number {
  const exits = failures.map(({ verdict }) => exitOf(verdict));
  return exits.includes(EXIT.safety) ? EXIT.safety : (exits[0] ?? EXIT.held);
}

export function showVerdict(verdict: Verdict): string {
  if (verdict.type === 'held') return 'held';
  const what = verdict.type === 'violated' ? `VIOLATED ${verdict.property}` : 'NOT LIVE';
  return `${what} at ${showTime(verdict.atUs)}: ${verdict.detail}`;
}

/** Work done in real time. */
export interface Effort {
  readonly events: number;
  readonly checks: number;
  readonly simulatedMs: number;
}

/** What was done, and how much of it in a real second. */
function showEffort({ events, checks, simulatedMs }: Effort, elapsedMs: number): string {
  const aSecond = (count: number): string => showCount((count * 1000) / Math.max(1, elapsedMs));
  return [
    `${showCount(events)} events, ${(simulatedMs / 1000).toFixed(1)} simulated s in ${(elapsedMs / 1000).toFixed(2)} s;`,
    `a second: ${aSecond(simulatedMs / 1000)} simulated s, ${aSecond(events)} events, ${aSecond(checks)} checks`,
  ].join(' ');
}

/** One run: what came of it, its hash, its speed. */
export function showRun(report: Report): string[] {
  return [
    `${showVerdict(report.verdict)}`,
    `hash ${report.hash}  ${showEffort(report, report.elapsedMs)}`,
    ...showUndecided(report),
  ];
}

/** How to see a failure again, and how to make it short. */
export function showAgain(setting: Setting): string {
  return `again with: quorate simulate replay ${optionsOf(setting)} --trace`;
}

/** As `showAgain`, for a run with the given further options. */
export function showReplay({ seed }: { readonly seed: bigint | string }, extra: string): string {
  return `again with: quorate simulate replay ${seed}${extra} --trace`;
}

/** Many runs: how many held, their hash, the speed all together. */
export function showSum(sum: Sum, elapsedMs: number): string[] {
  const { failures, runs, hash } = sum;
  const verdict = failures.length === 0 ? 'held' : `${failures.length} FAILED`;
  return [
    `${runs} seeds: ${verdict}`,
    `hash ${hash}  ${showEffort(sum, elapsedMs)}`,
    ...showUndecided(sum),
  ];
}

/** What was not judged is said. */
function showUndecided({ undecided }: { readonly undecided: number }): string[] {
  return undecided === 0 ? [] : [`UNKNOWN: ${undecided} client histories were too hard to judge`];
}

/** The seed that took longest in real time. */
export function showSlowest({ slowest }: Sum): string {
  if (slowest === null) return 'slowest: none';
  const { seed, elapsedMs, simulatedMs, events } = slowest;
  return `slowest: seed ${seed}, ${(elapsedMs / 1000).toFixed(2)} s for ${(simulatedMs / 1000).toFixed(1)} simulated s and ${showCount(events)} events`;
}

/** The situations and how often each came about, in lines of a few each. */
export function showCounts(of: (name: Situation) => number): string[] {
  return wrapped(
    '',
    SITUATION_NAMES.map((name) => `${name} ${of(name)}`),
  );
}

/** What never came about; nothing if everything did. */
export function showMissing(names: readonly Situation[]): string[] {
  return names.length === 0 ? [] : wrapped('never came about:', names);
}

/** Words with commas between them, in indented lines that fit. */
function wrapped(start: string, words: readonly string[]): string[] {
  const lines: string[] = [];
  let line = ` ${start === '' ? '' : ` ${start}`}`;
  for (const [at, word] of words.entries()) {
    const cell = ` ${word}${at === words.length - 1 ? '' : ','}`;
    if (line.length + cell.length > LINE_MAX) {
      lines.push(line);
      line = ' ';
    }
    line += cell;
  }
  return [...lines, line];
}

export function sumJson(sum: Sum, seed: bigint, elapsedMs: number): object {
  const { runs, events, checks, undecided, simulatedMs, hash } = sum;
  const { failures, counts, missing, slowest } = sum;
  return {
    seed: seed.toString(),
    seeds: runs,
    failures: failures.map(({ seed: failed, verdict }) => ({ seed: failed, verdict })),
    events,
    checks,
    undecided,
    simulatedMs,
    elapsedMs: Math.round(elapsedMs),
    hash,
    counts: Object.fromEntries(counts),
    missing,
    slowest:
      slowest === null ? null : { seed: slowest.seed, elapsedMs: Math.round(slowest.elapsedMs) },
  };
}

const LINE_MAX = 100;

function showCount(count: number): string {
  if (count < 10_000) return String(Math.round(count));
  return count < 1e6 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`;
}
