// What came of a run, as plain data that travels between processes and into files. Seeds are text, since JSON's numbers do
// not hold them; a sum of many reports is what a sweep tells.

import { SITUATION_NAMES } from './counts.js';
import type { Situation } from './counts.js';
import { Digest, digestOf, showDigest } from './digest.js';
import type { Parameters } from './parameters.js';
import type { RunResult, Verdict } from './run.js';

export interface Report {
  readonly seed: string;
  readonly verdict: Verdict;
  readonly hash: string;
  readonly events: number;
  /** Judgements of properties. */
  readonly checks: number;
  /** Client histories that could not be judged within their bounds. */
  readonly undecided: number;
  readonly simulatedMs: number;
  /** Real time. */
  readonly elapsedMs: number;
  readonly counts: Readonly<Record<Situation, number>>;
  readonly parameters: Parameters;
}

export function reportOf(result: RunResult, elapsedMs: number): Report {
  return {
    seed: result.seed.toString(),
    verdict: result.verdict,
    hash: result.hash,
    events: result.events,
    checks: result.checks,
    undecided: result.undecided,
    simulatedMs: Math.round(result.simulatedUs / 1000),
    elapsedMs,
    counts: result.counts.toJSON() as Record<Situation, number>,
    parameters: result.parameters,
  };
}

/** Seed and verdict of a run, and its place among the others. */
export type Failure = Pick<Report, 'seed' | 'verdict'> & { readonly at: number };

/** Grows report by report; they may come in any order, and the sum is the same. */
export class Sum {
  runs = 0;
  events = 0;
  checks = 0;
  undecided = 0;
  simulatedMs = 0;
  /** Of all runs, wherever they ran; not how long one waited for them. */
  workMs = 0;
  readonly counts = new Map<Situation, number>(SITUATION_NAMES.map((name) => [name, 0]));
  readonly failures: Failure[] = [];
  slowest: Report | null = null;
  readonly #digest = new Digest();
  #digested = 0;
  /** Hashes that came before their turn. */
  readonly #early = new Map<number, string>();

  /** `at`: the run's place, counted from 0 without gaps. */
  add(report: Report, at: number): void {
    this.runs += 1;
    this.events += report.events;
    this.checks += report.checks;
    this.undecided += report.undecided;
    this.simulatedMs += report.simulatedMs;
    this.workMs += report.elapsedMs;
    for (const name of SITUATION_NAMES) this.counts.set(name, this.of(name) + report.counts[name]);
    const { seed, verdict } = report;
    if (verdict.type !== 'held') this.failures.push({ seed, verdict, at });
    if (report.elapsedMs > (this.slowest?.elapsedMs ?? -1)) this.slowest = report;
    this.#early.set(at, report.hash);
    for (let hash = this.#next(); hash !== null; hash = this.#next()) {
      this.#digest.number(digestOf(hash));
    }
  }

  of(name: Situation): number {
    return this.counts.get(name) ?? 0;
  }

  /** Situations that never came about. */
  get missing(): Situation[] {
    return SITUATION_NAMES.filter((name) => this.of(name) === 0);
  }

  /** Of the hashes of all runs up to the first that is missing. */
  get hash(): string {
    return showDigest(this.#digest.end());
  }

  #next(): string | null {
    const hash = this.#early.get(this.#digested) ?? null;
    if (hash === null) return null;
    this.#early.delete(this.#digested);
    this.#digested += 1;
    return hash;
  }
}
