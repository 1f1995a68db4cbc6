// Measures the simulator by bugs planted on purpose: each gets its own copy of the code and its own process, and the
// unchanged runs must find it. What is reported is how many seeds it took, how long, and which property fired.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

import { showVerdict } from '../format.js';
import type { Verdict } from '../run.js';
import type { Mutant } from './mutant.js';
import { plant } from './plant.js';

export interface TryOptions {
  readonly seed: bigint;
  readonly seedsMax: number;
  /** Real time for each bug, in milliseconds. */
  readonly limitMs: number;
  readonly onProgress?: (name: string) => void;
  readonly onInterrupt?: (stop: () => void) => () => void;
}

export interface MutantReport {
  readonly name: string;
  readonly what: string;
  readonly isCaught: boolean;
  /** Why it need not be caught; null: it must. */
  readonly coveredBy: string | null;
  /** Seeds run until it was caught, or altogether. */
  readonly seeds: number;
  readonly elapsedMs: number;
  readonly simulatedMs: number;
  /** The seed that caught it and what it found; null: not caught. */
  readonly failure: { readonly seed: string; readonly verdict: Verdict } | null;
}

interface ChildReport {
  readonly runs: number;
  readonly simulatedMs: number;
  readonly elapsedMs: number;
  readonly failure: MutantReport['failure'];
}

/** Time beyond the limit that a child gets to finish its last run. */
const GRACE_MS = 120_000;

/** Plants each bug in turn. Throws if one does not apply, or if its copy does not run. */
export async function tryMutants(
  mutants: readonly Mutant[],
  options: TryOptions,
): Promise<MutantReport[]> {
  const reports: MutantReport[] = [];
  let isInterrupted = false;
  const forget = options.onInterrupt?.(() => {
    isInterrupted = true;
  });
  for (const mutant of mutants) {
    if (isInterrupted) break;
    options.onProgress?.(mutant.name);
    reports.push(await tryMutant(mutant, options));
  }
  forget?.();
  return reports;
}

async function tryMutant(mutant: Mutant, options: TryOptions): Promise<MutantReport> {
  const { directory, nodeArguments } = plant(mutant);
  try {
    const { seed, seedsMax, limitMs } = options;
    const args = [...nodeArguments, seed.toString(), String(seedsMax), String(limitMs)];
    const { runs, ...report } = await inChild(directory, args, limitMs + GRACE_MS);
    const { name, what, coveredBy = null } = mutant;
    return { name, what, isCaught: report.failure !== null, coveredBy, seeds: runs, ...report };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function inChild(cwd: string, args: readonly string[], timeout: number): Promise<ChildReport> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd,
      timeout,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as ChildReport);
      else reject(new Error(`the copy with a planted bug ended with ${String(code)}: ${err}`));
    });
  });
}

/** A table for people. */
export function showReport(reports: readonly MutantReport[]): string {
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.map((report) => {
    const { name, seeds, elapsedMs, failure, coveredBy } = report;
    const effort = `${String(seeds).padStart(5)} seeds ${(elapsedMs / 1000).toFixed(1).padStart(6)} s`;
    const found = failure === null ? '' : `  seed ${failure.seed}: ${showVerdict(failure.verdict)}`;
    const why = failure === null && coveredBy !== null ? `  covered by ${coveredBy}` : '';
    return `${name.padEnd(width)}  ${outcomeOf(report)}  ${effort}${found}${why}`;
  });
  return lines.join('\n');
}

/** Whether every bug that must be found was found. */
export function isComplete(reports: readonly MutantReport[]): boolean {
  return reports.every(({ isCaught, coveredBy }) => isCaught || coveredBy !== null);
}

function outcomeOf({ isCaught, coveredBy }: MutantReport): string {
  if (isCaught) return 'caught';
  return coveredBy === null ? 'MISSED' : 'silent';
}

export function reportJson(reports: readonly MutantReport[]): object[] {
  return reports.map((report) => ({ ...report }));
}
