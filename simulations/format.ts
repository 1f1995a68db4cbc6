// How results read: lines for people, plain objects for machines. Seeds are text in JSON, since they do not fit its numbers.

import { SITUATION_NAMES } from './counts.js';
import type { Counts } from './counts.js';
import type { RunResult, Verdict } from './run.js';
import type { SweepResult } from './sweep.js';
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
export function worstExit(failures: readonly RunResult[]): number {
  const exits = failures.map(({ verdict }) => exitOf(verdict));
  return exits.includes(EXIT.safety) ? EXIT.safety : (exits[0] ?? EXIT.held);
}

export function showVerdict(verdict: Verdict): string {
  if (verdict.type === 'held') return 'held';
  const what = verdict.type === 'violated' ? `VIOLATED ${verdict.property}` : 'NOT LIVE';
  return `${what} at ${showTime(verdict.atUs)}: ${verdict.detail}`;
}

/** One line for one run. */
export function showRun(result: RunResult, elapsedMs: number): string {
  const { verdict, events, simulatedUs, hash } = result;
  return `${showVerdict(verdict)}  ${showEffort(events, simulatedUs, elapsedMs)}, hash ${hash}`;
}

/** How to see a failure again. */
export function showReplay({ seed }: RunResult, extra: string): string {
  return `again with: quorate simulate run --seed ${seed}${extra} --trace`;
}

export function showSweep(result: SweepResult): string {
  const { runs, failures, events, simulatedUs, elapsedMs, hash } = result;
  const verdict = failures.length === 0 ? 'held' : `${failures.length} FAILED`;
  return `${runs} seeds: ${verdict}  ${showEffort(events, simulatedUs, elapsedMs)}, hash ${hash}`;
}

/** The columns, in lines of a few each. */
export function showCounts(counts: Counts): string {
  const cells = SITUATION_NAMES.map((name) => `${name} ${counts.of(name)}`);
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += 8)
    lines.push(`  ${cells.slice(at, at + 8).join(', ')}`);
  return lines.join('\n');
}

export function runJson(result: RunResult, elapsedMs: number): object {
  return {
    seed: result.seed.toString(),
    verdict: result.verdict,
    events: result.events,
    simulatedMs: Math.round(result.simulatedUs / 1000),
    elapsedMs,
    hash: result.hash,
    counts: result.counts,
    parameters: result.parameters,
  };
}

export function sweepJson(result: SweepResult): object {
  return {
    seed: result.seed.toString(),
    seeds: result.runs,
    failures: result.failures.map(({ seed, verdict }) => ({ seed: seed.toString(), verdict })),
    events: result.events,
    simulatedMs: Math.round(result.simulatedUs / 1000),
    elapsedMs: result.elapsedMs,
    hash: result.hash,
    counts: result.counts,
  };
}

function showEffort(events: number, simulatedUs: number, elapsedMs: number): string {
  const speed = Math.round(simulatedUs / 1000 / Math.max(1, elapsedMs));
  return `${events} events, ${(simulatedUs / 1e6).toFixed(1)} simulated s (${speed} a second)`;
}
