// Measures the simulator by bugs planted on purpose: each gets its own copy of the code and its own process, and the
// unchanged runs must find it, from several base seeds. An unchanged copy must hold first, or nothing would be proved. A copy
// that hangs or ends by itself has been found out too.

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

import { minimisePlanted } from '../minimise/planted.js';
import { seedPlus } from '../random.js';
import type { Attempt, Found } from './attempt.js';
import type { Task } from './child.js';
import type { Mutant } from './mutant.js';
import { checkApplies, plant } from './plant.js';
import type { Results, Short } from './results.js';
import { CannotTry, checkout, tryTests } from './test-run.js';
import { GRACE_MS } from './watchdog.js';

export interface TryOptions {
  readonly results: Results;
  /** Base seeds for each bug. */
  readonly bases: number;
  /** Seeds of one attempt, at most. */
  readonly seedsMax: number;
  /** Processor time of one attempt, in milliseconds. */
  readonly limitMs: number;
  /** Processor time of all attempts at one bug, in milliseconds; an attempt that has begun is finished. */
  readonly budgetMs: number;
  /** Real time for making one failing run of each bug short, in milliseconds; 0: none is. */
  readonly shortenMs?: number;
  /** Bugs tried at the same time. */
  readonly workers: number;
  readonly onProgress?: (name: string, done: number) => void;
  readonly onInterrupt?: (stop: () => void) => () => void;
}

export interface MutantReport {
  readonly mutant: Mutant;
  readonly attempts: readonly Attempt[];
  /** How short a failing run became; null: none was made short. */
  readonly short: Short | null;
  /** Why it could not be tried here; null: it was. */
  readonly untried: string | null;
}

/** Distance of two base seeds: attempts share no seed. */
const BASE_STEP = 1_000_000;

const NOTHING_PLANTED: Mutant = { name: 'nothing', what: 'nothing is changed', changes: [] };
const CONTROL_SEEDS = 2;
const CONTROL_LIMIT_MS = 60_000;

/**
 * Plants each bug in turn. Answers those tried before an interruption.
 * Throws if a bug does not apply, or if a copy without any does not hold.
 */
export async function tryMutants(
  mutants: readonly Mutant[],
  options: TryOptions,
): Promise<MutantReport[]> {
  checkAllApply(mutants);
  const stop = new AbortController();
  const forget = options.onInterrupt?.(() => stop.abort());
  const reports = new Map<Mutant, MutantReport>();
  const waiting = [...mutants];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (stop.signal.aborted) return;
      options.onProgress?.(next.name, reports.size);
      reports.set(next, await tryMutant(next, options, stop.signal));
    }
  };
  try {
    if (mutants.some(({ tests }) => tests === undefined)) await control(options, stop.signal);
    await Promise.all(Array.from({ length: options.workers }, work));
  } finally {
    stop.abort();
    forget?.();
  }
  return mutants.flatMap((mutant) => reports.get(mutant) ?? []);
}

/** Before anything is run, so that a bug whose text is gone does not show after hours. */
function checkAllApply(mutants: readonly Mutant[]): void {
  const sources = checkout();
  for (const mutant of mutants) {
    if (mutant.tests === undefined) checkApplies(mutant);
    else if (sources !== null) checkApplies(mutant, sources, 'ts');
  }
}

/** The base seeds of each bug. */
function basesOf({ results, bases }: Pick<TryOptions, 'results' | 'bases'>): string[] {
  return Array.from({ length: bases }, (_, at) =>
    seedPlus(results.seed, at * BASE_STEP).toString(),
  );
}

async function control({ results }: TryOptions, signal: AbortSignal): Promise<void> {
  const task = { bases: [results.seed.toString()], seedsMax: CONTROL_SEEDS };
  const found: Found[] = [];
  await inCopy(
    NOTHING_PLANTED,
    { ...task, limitMs: CONTROL_LIMIT_MS, budgetMs: CONTROL_LIMIT_MS },
    signal,
    (attempt) => {
      if (attempt.found !== null) found.push(attempt.found);
    },
  );
  const [first] = found;
  if (first === undefined) return;
  throw new Error(`a copy without any bug fails (${first.property}): ${first.detail}`);
}

async function tryMutant(
  mutant: Mutant,
  options: TryOptions,
  signal: AbortSignal,
): Promise<MutantReport> {
  const { results, seedsMax, limitMs, budgetMs } = options;
  const bases = mutant.tests === undefined ? basesOf(options) : ['tests'];
  const known = results.of(mutant, bases);
  const spentMs = known.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const left = bases.filter((base) => !known.some((attempt) => attempt.base === base));
  const keep = (attempt: Attempt): void => results.add(mutant, attempt);
  if (left.length > 0 && mutant.tests !== undefined) {
    try {
      keep(await tryTests(mutant, mutant.tests, signal));
    } catch (error) {
      if (!(error instanceof CannotTry)) throw error;
      return { mutant, attempts: [], short: null, untried: error.message };
    }
  } else if (left.length > 0 && spentMs < budgetMs) {
    const task = { bases: left, seedsMax, limitMs, budgetMs: budgetMs - spentMs };
    await inCopy(mutant, task, signal, keep);
  }
  const attempts = results.of(mutant, bases);
  await shorten(mutant, attempts, options, signal);
  return { mutant, attempts, short: results.shortOf(mutant), untried: null };
}

/** Makes the first failing run of a seed short, unless that was done before. */
async function shorten(
  mutant: Mutant,
  attempts: readonly Attempt[],
  { results, shortenMs = 0 }: TryOptions,
  { aborted }: AbortSignal,
): Promise<void> {
  const found = attempts.find((attempt) => (attempt.found?.seed ?? null) !== null)?.found;
  if (aborted || shortenMs === 0 || results.shortOf(mutant) !== null) return;
  if (found === undefined || found === null || found.seed === null) return;
  const setting = { seed: BigInt(found.seed) };
  const quiet = { onStep: () => undefined, isOver: () => false, name: mutant.name };
  const shortened = await minimisePlanted(mutant, setting, shortenMs, quiet);
  if (shortened === null) return;
  const { before, after, isCut } = shortened.minimised;
  results.addShort(mutant, { before, after, isCut });
}

/** Runs the child in a copy with the bug; `keep` gets each attempt as it ends, also one in which the child hangs or crashes. */
async function inCopy(
  mutant: Mutant,
  task: Task,
  signal: AbortSignal,
  keep: (attempt: Attempt) => void,
): Promise<void> {
  const { directory, nodeArguments } = plant(mutant);
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(process.execPath, [...nodeArguments, JSON.stringify(task)], {
        cwd: directory,
        killSignal: 'SIGKILL',
        signal,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [out, err, ended] = ['', '', 0];
      child.stdout.on('data', (data: Buffer) => {
        const lines = `${out}${data.toString()}`.split('\n');
        out = lines.pop() ?? '';
        ended += lines.length;
        for (const line of lines) keep(JSON.parse(line) as Attempt);
      });
      child.stderr.on('data', (data: Buffer) => (err += data.toString()));
      child.on('error', (error) => (signal.aborted ? resolve() : reject(error)));
      child.on('close', (code, killedBy) => {
        const base = task.bases[ended];
        if (code !== 0 && base !== undefined && !signal.aborted) {
          const allowedMs = task.limitMs + GRACE_MS;
          const isHung = killedBy === 'SIGKILL';
          const found = isHung ? hung(allowedMs) : crashed(err);
          keep({ base, seeds: 1, elapsedMs: isHung ? allowedMs : 0, simulatedMs: 0, found });
        }
        resolve();
      });
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function hung(afterMs: number): Found {
  const detail = `it did not end in ${afterMs / 1000} s of processor time`;
  return { seed: null, property: 'hung', detail, atUs: null };
}

function crashed(said: string): Found {
  const detail = said.split('\n').find((line) => /^\w*Error\b/.test(line)) ?? said.trim();
  return { seed: null, property: 'crashed', detail, atUs: null };
}

/** Whether every bug that must be found was found. */
export function isComplete(reports: readonly MutantReport[]): boolean {
  return reports.every((report) => isCaught(report) || report.mutant.coveredBy !== undefined);
}

export function isCaught({ attempts }: MutantReport): boolean {
  return attempts.some(({ found }) => found !== null);
}
