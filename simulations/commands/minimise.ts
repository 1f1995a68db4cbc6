// The command `quorate simulate minimise`: makes a failing run short and writes it as a file, which `simulate replay` repeats
// and which becomes a test. With `--mutant` the run is one of a copy of the code with that bug planted: this is how the
// minimiser itself is shown to work.

import { writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { durationOption, parseOptions, UsageError } from '../arguments.js';
import { EXIT, exitOf, showVerdict } from '../format.js';
import { minimise } from '../minimise/minimise.js';
import type { Size } from '../minimise/minimise.js';
import { minimisePlanted } from '../minimise/planted.js';
import type { Shortened } from '../minimise/planted.js';
import type { Mutant } from '../mutants/mutant.js';
import { MUTANTS } from '../mutants/mutants.js';
import { Progress } from '../progress.js';
import { showRunFile } from '../scenarios/run-file.js';
import type { Setting } from '../setting.js';
import type { Surroundings } from '../surroundings.js';
import { refuseOthers, RUN_OPTIONS, settingIn } from './asked.js';

const LIMIT_DEFAULT_MS = 120_000;

interface Asked {
  readonly setting: Setting;
  readonly limitMs: number;
  /** Null: the code as it is. */
  readonly mutant: Mutant | null;
  readonly name: string;
  readonly file: string;
  readonly isJson: boolean;
}

/** Answers the exit code. Throws a `UsageError`. */
export async function minimiseCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const asked = read(args);
  const { setting, file, isJson } = asked;
  const { out, fail, onInterrupt } = surroundings;
  if (!isJson) out(`seed ${setting.seed}`);
  let isInterrupted = false;
  const forget = onInterrupt(() => {
    isInterrupted = true;
  });
  const startMs = performance.now();
  const shortened = await shorten(asked, surroundings, () => isInterrupted);
  const elapsedMs = performance.now() - startMs;
  forget();
  if (shortened === null) {
    const error = `seed ${setting.seed} holds: there is nothing to make shorter`;
    fail({ error, code: 'HELD', hint: 'Choose a seed that fails.' });
    return EXIT.failed;
  }
  writeFileSync(file, shortened.file);
  const { verdict, before, after, runs, isCut, hash } = shortened.minimised;
  const seed = setting.seed.toString();
  if (isJson) out(JSON.stringify({ seed, verdict, before, after, runs, isCut, hash, file }));
  else {
    const soFar = isCut ? ', so far' : '';
    out(showVerdict(verdict));
    out(`before: ${showSize(before)}`);
    out(
      `after:  ${showSize(after)}${soFar}, in ${runs} runs and ${(elapsedMs / 1000).toFixed(1)} s`,
    );
    out(`written to ${file}; again with: quorate simulate replay ${file} --trace`);
  }
  return isInterrupted ? EXIT.interrupted : exitOf(verdict);
}

/** Null: the run does not fail. */
async function shorten(
  { setting, limitMs, mutant, name }: Asked,
  surroundings: Surroundings,
  isInterrupted: () => boolean,
): Promise<Shortened | null> {
  const progress = new Progress(surroundings);
  const startMs = performance.now();
  const options = {
    isOver: () => isInterrupted() || performance.now() - startMs > limitMs,
    onStep: (what: string, size: Size, runs: number) => {
      const seconds = Math.round((performance.now() - startMs) / 1000);
      const more = `${what}: ${showSize(size)}, ${runs} runs`;
      progress.show(seconds, Math.round(limitMs / 1000), 's at most', more);
    },
  };
  try {
    if (mutant !== null) {
      return await minimisePlanted(mutant, setting, limitMs, { ...options, name });
    }
    const minimised = await minimise(setting, options);
    if (minimised === null) return null;
    const story = showVerdict(minimised.verdict);
    return { minimised, file: showRunFile({ ...minimised.candidate, name, story }) };
  } finally {
    progress.end();
  }
}

function read(args: readonly string[]): Asked {
  const { values, positionals } = parseOptions(args, {
    ...RUN_OPTIONS,
    limit: { type: 'string' },
    mutant: { type: 'string' },
    out: { type: 'string' },
  });
  const [seed = values.seed, ...others] = positionals;
  if (seed === undefined) throw new UsageError('expected the SEED of a run that fails');
  refuseOthers(others);
  const setting = settingIn({ ...values, seed });
  const mutant = MUTANTS.find(({ name }) => name === values.mutant) ?? null;
  if (values.mutant !== undefined && mutant === null) {
    throw new UsageError(`expected a planted bug, see simulate list mutants, got ${values.mutant}`);
  }
  const name = `seed-${setting.seed}`;
  return {
    setting,
    limitMs: durationOption('--limit', values.limit) ?? LIMIT_DEFAULT_MS,
    mutant,
    name,
    file: values.out ?? `${name}.json`,
    isJson: values.json ?? false,
  };
}

function showSize({ faults, events, ms }: Size): string {
  return `${faults} faults, ${events} events, ${(ms / 1000).toFixed(2)} s`;
}
