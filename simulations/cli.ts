// The command `quorate simulate`: reads its arguments, runs seeds or planted bugs, prints what came out. The seed is printed
// first, so that whatever happens later can be repeated. Standard output carries the result only, progress goes to
// standard error and only to a terminal.

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import {
  EXIT,
  exitOf,
  runJson,
  showCounts,
  showReplay,
  showRun,
  showSweep,
  showVerdict,
  sweepJson,
  worstExit,
} from './format.js';
import { isComplete, reportJson, showReport, tryMutants } from './mutants/harness.js';
import { MUTANTS } from './mutants/mutants.js';
import { parseSeed } from './random.js';
import { run, RUN_DEFAULT_MS } from './run.js';
import { sweep } from './sweep.js';

const USAGE = `Usage: quorate simulate run [--seed N] [--seeds COUNT] [--time D] [--nodes N] [--json] [--trace]
       quorate simulate mutants [NAME…] [--seed N] [--seeds COUNT] [--limit D] [--json]

run      forms a cluster of the shipped code in a simulated world, lets faults happen for D (default 30s), heals it and
         checks that it recovers; every property is checked after every event
mutants  plants known bugs into a copy of the code, one at a time, and tells how soon the same runs find each

--seed N       64 bits, decimal or 0x…; default: a fresh one, printed first
--seeds COUNT  that many seeds from N on (run: default 1; mutants: at most, default 2000)
--time D       simulated time with faults, such as 30s or 5m
--nodes N      voters to begin with, 1 to 7; default: drawn from the seed
--limit D      real time for each planted bug, default 60s
--json         one object on standard output
--trace        every event as a line, for one seed

Exit codes: 0 held; 1 the simulator failed; 2 wrong usage; 4 a safety property did not hold; 5 the healed cluster did not
recover; 130 interrupted.`;

const FRESH_SEED_BYTES = 8;
const FAILURES_SHOWN_MAX = 10;
const PROGRESS_EVERY_MS = 1000;
const SEEDS_MAX = 100_000_000;

/** Where a command writes, and what tells it to stop; for tests to replace. */
export interface Surroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard error is a terminal. */
  readonly isTerminal: boolean;
  /** Calls back when the user interrupts; answers how to stop listening. */
  readonly onInterrupt: (stop: () => void) => () => void;
}

const PROCESS: Surroundings = {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  onInterrupt: (stop) => {
    process.once('SIGINT', stop);
    return () => process.off('SIGINT', stop);
  },
};

/** What is wrong with the arguments, in one line. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface Asked {
  readonly seed: bigint;
  readonly seeds: number | null;
  readonly timeMs: number;
  readonly limitMs: number;
  readonly nodes: number | null;
  readonly isJson: boolean;
  readonly isTrace: boolean;
  readonly names: readonly string[];
}

/**
 * Carries out `simulate` with the arguments behind that word; answers the exit code.
 * Never throws: what fails is said on standard error.
 */
export async function runCommand(
  args: readonly string[],
  surroundings: Surroundings = PROCESS,
): Promise<number> {
  const { out, err } = surroundings;
  const [command, ...rest] = args;
  try {
    if (command === undefined || rest.includes('--help') || command === '--help') {
      out(USAGE);
      return command === undefined ? EXIT.usage : EXIT.held;
    }
    if (command === 'run') return await runSeeds(read(rest, false), surroundings);
    if (command === 'mutants') return await runMutants(read(rest, true), surroundings);
    throw new UsageError(`expected run or mutants, got ${command}`);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const said = error instanceof Error ? (isUsage ? error.message : error.stack) : String(error);
    err(`${said}\n${isUsage ? 'see: quorate simulate --help\n' : ''}`);
    return isUsage ? EXIT.usage : EXIT.failed;
  }
}

async function runSeeds(asked: Asked, surroundings: Surroundings): Promise<number> {
  const { out } = surroundings;
  if (!asked.isJson) out(`seed ${asked.seed}`);
  const options = {
    seed: asked.seed,
    timeMs: asked.timeMs,
    ...(asked.nodes === null ? {} : { nodes: asked.nodes }),
  };
  if ((asked.seeds ?? 1) > 1) return runSweep(asked, options, surroundings);
  const startMs = performance.now();
  const result = run(asked.isTrace ? { ...options, sink: out } : options);
  const elapsedMs = Math.round(performance.now() - startMs);
  if (asked.isJson) out(JSON.stringify(runJson(result, elapsedMs)));
  else {
    out(showRun(result, elapsedMs));
    out(showCounts(result.counts));
    if (result.verdict.type !== 'held') out(showReplay(result, extraOf(asked)));
  }
  return exitOf(result.verdict);
}

async function runSweep(
  asked: Asked,
  options: { readonly seed: bigint; readonly timeMs: number; readonly nodes?: number },
  { out, err, isTerminal, onInterrupt }: Surroundings,
): Promise<number> {
  const count = asked.seeds ?? 1;
  let isInterrupted = false;
  let shownMs = performance.now();
  let failed = 0;
  const forget = onInterrupt(() => {
    isInterrupted = true;
  });
  const result = await sweep(
    {
      ...options,
      count,
      onRun: (each, done) => {
        if (each.verdict.type !== 'held') {
          failed += 1;
          if (!asked.isJson && failed <= FAILURES_SHOWN_MAX) {
            out(`seed ${each.seed}: ${showVerdict(each.verdict)}`);
            out(`  ${showReplay(each, extraOf(asked))}`);
          }
        }
        if (isTerminal && performance.now() - shownMs >= PROGRESS_EVERY_MS) {
          shownMs = performance.now();
          err(`\r${done} of ${count} seeds, ${failed} failed`);
        }
        return !isInterrupted;
      },
    },
    () => Math.round(performance.now()),
  );
  forget();
  if (isTerminal) err('\r\u001b[K');
  if (asked.isJson) out(JSON.stringify(sweepJson(result)));
  else {
    out(showSweep(result));
    out(showCounts(result.counts));
    const { missing } = result.counts;
    if (missing.length > 0) out(`  never came about: ${missing.join(', ')}`);
  }
  if (result.failures.length > 0) return worstExit(result.failures);
  return isInterrupted ? EXIT.interrupted : EXIT.held;
}

async function runMutants(asked: Asked, surroundings: Surroundings): Promise<number> {
  const { out, err, isTerminal, onInterrupt } = surroundings;
  const unknown = asked.names.find((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    const known = MUTANTS.map(({ name }) => name).join(', ');
    throw new UsageError(`expected one of ${known}, got ${unknown}`);
  }
  const chosen = MUTANTS.filter(
    ({ name }) => asked.names.length === 0 || asked.names.includes(name),
  );
  if (!asked.isJson) out(`seed ${asked.seed}`);
  const reports = await tryMutants(chosen, {
    seed: asked.seed,
    seedsMax: asked.seeds ?? 2000,
    limitMs: asked.limitMs,
    onProgress: (name) => {
      if (isTerminal) err(`\r\u001b[Kplanting ${name}`);
    },
    onInterrupt,
  });
  if (isTerminal) err('\r\u001b[K');
  if (asked.isJson)
    out(JSON.stringify({ seed: asked.seed.toString(), mutants: reportJson(reports) }));
  else out(showReport(reports));
  return isComplete(reports) ? EXIT.held : EXIT.failed;
}

function read(args: readonly string[], takesNames: boolean): Asked {
  const { values, positionals } = parsed(args);
  if (!takesNames && positionals[0] !== undefined) {
    throw new UsageError(`expected an option, got ${positionals[0]}`);
  }
  const seed = values.seed === undefined ? freshSeed() : parseSeed(values.seed);
  if (seed === null) throw new UsageError(`expected a seed of 64 bits, got ${values.seed}`);
  return {
    seed,
    seeds: whole('--seeds', values.seeds, 1, SEEDS_MAX),
    timeMs: duration('--time', values.time) ?? RUN_DEFAULT_MS,
    limitMs: duration('--limit', values.limit) ?? 60_000,
    nodes: whole('--nodes', values.nodes, 1, 7),
    isJson: values.json ?? false,
    isTrace: values.trace ?? false,
    names: positionals,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        time: { type: 'string' },
        limit: { type: 'string' },
        nodes: { type: 'string' },
        json: { type: 'boolean' },
        trace: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function freshSeed(): bigint {
  return randomBytes(FRESH_SEED_BYTES).readBigUInt64BE();
}

function whole(option: string, text: string | undefined, min: number, max: number): number | null {
  if (text === undefined) return null;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`expected ${option} from ${min} to ${max}, got ${text}`);
}

/** Milliseconds of `250ms`, `10s`, `5m` or `1h`, at most a day. */
function duration(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const found = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found?.[2] ?? ''] ?? Number.NaN;
  const ms = Number(found?.[1]) * unit;
  if (ms >= 1 && ms <= 86_400_000) return ms;
  throw new UsageError(`expected ${option} as 250ms, 10s, 5m or 1h, at most a day, got ${text}`);
}

function extraOf(asked: Asked): string {
  const nodes = asked.nodes === null ? '' : ` --nodes ${asked.nodes}`;
  return asked.timeMs === RUN_DEFAULT_MS ? nodes : `${nodes} --time ${asked.timeMs}ms`;
}
