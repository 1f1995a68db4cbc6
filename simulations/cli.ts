// The command `quorate simulate`: reads its arguments, runs seeds or planted bugs, prints what came out. The seed is printed
// first, so that whatever happens later can be repeated. Standard output carries the result only, progress goes to
// standard error and only to a terminal.

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { durationOption, parseOptions, UsageError, wholeOption } from './arguments.js';
import { checkCommand } from './check.js';
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
import type { Surroundings } from './surroundings.js';
import { sweep } from './sweep.js';

const USAGE = `Usage: quorate simulate run [--seed N] [--seeds COUNT] [--time D] [--nodes N] [--json] [--trace]
       quorate simulate mutants [NAME…] [--seed N] [--seeds COUNT] [--limit D] [--json]
       quorate simulate check FILE… [--model NAME] [--html FILE] [--timeout D] [--memory SIZE] [--json]

run      forms a cluster of the shipped code in a simulated world, lets faults happen for D (default 30s), heals it and
         checks that it recovers; every property is checked after every event
mutants  plants known bugs into a copy of the code, one at a time, and tells how soon the same runs find each
check    tells whether the history of any system is linearizable, how long its longest linearizable prefix is, and where it
         breaks; reads Jepsen's EDN and logs, and JSON lines; several files, or a folder of them, make a table

--seed N       64 bits, decimal or 0x…; default: a fresh one, printed first
--seeds COUNT  that many seeds from N on (run: default 1; mutants: at most, default 2000)
--time D       simulated time with faults, such as 30s or 5m
--nodes N      voters to begin with, 1 to 7; default: drawn from the seed
--limit D      real time for each planted bug, default 60s
--model NAME   what the history is about (default: its functions tell): register, key-value, set, queue, counter, lock,
               sessions
--html FILE    writes a page with the operations around the failure
--timeout D    real time for each history, default 60s; then the verdict is unknown
--memory SIZE  for each history, default 2GiB; then the verdict is unknown
--json         one object on standard output; errors too
--trace        every event as a line, for one seed

Exit codes: 0 held; 1 the simulator failed, or a file cannot be read; 2 wrong usage; 4 a safety property did not hold, or a
history is not linearizable; 5 the healed cluster did not recover; 6 unknown; 130 interrupted.`;

const FRESH_SEED_BYTES = 8;
const FAILURES_SHOWN_MAX = 10;
const PROGRESS_EVERY_MS = 1000;
const SEEDS_MAX = 100_000_000;

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
 * Throws only if the simulator itself fails; wrong usage is said.
 */
export async function runCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { out, fail } = surroundings;
  const [command, ...rest] = args;
  try {
    if (rest.includes('--help') || command === '--help') {
      out(USAGE);
      return EXIT.held;
    }
    if (command === 'run') return await runSeeds(read(rest, false), surroundings);
    if (command === 'mutants') return await runMutants(read(rest, true), surroundings);
    if (command === 'check') return await checkCommand(rest, surroundings);
    const got = command === undefined || command.startsWith('-') ? 'none of them' : command;
    throw new UsageError(`expected run, mutants or check, got ${got}`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = 'See `quorate simulate --help`.';
    fail({ error: error.message, code: 'WRONG_USAGE', hint });
    return EXIT.usage;
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
    seeds: wholeOption('--seeds', values.seeds, 1, SEEDS_MAX),
    timeMs: durationOption('--time', values.time) ?? RUN_DEFAULT_MS,
    limitMs: durationOption('--limit', values.limit) ?? 60_000,
    nodes: wholeOption('--nodes', values.nodes, 1, 7),
    isJson: values.json ?? false,
    isTrace: values.trace ?? false,
    names: positionals,
  };
}

function parsed(args: readonly string[]) {
  return parseOptions(args, {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    time: { type: 'string' },
    limit: { type: 'string' },
    nodes: { type: 'string' },
    json: { type: 'boolean' },
    trace: { type: 'boolean' },
  });
}

function freshSeed(): bigint {
  return randomBytes(FRESH_SEED_BYTES).readBigUInt64BE();
}

function extraOf(asked: Asked): string {
  const nodes = asked.nodes === null ? '' : ` --nodes ${asked.nodes}`;
  return asked.timeMs === RUN_DEFAULT_MS ? nodes : `${nodes} --time ${asked.timeMs}ms`;
}
