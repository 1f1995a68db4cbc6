// The command `simulate mutants`: reads its arguments, plants the bugs asked for, prints how soon each was found. With a
// results file it goes on where it was interrupted. Standard output carries the result only.

import { availableParallelism } from 'node:os';

import { durationOption, parseOptions, UsageError, wholeOption } from '../arguments.js';
import { EXIT } from '../format.js';
import type { Surroundings } from '../surroundings.js';
import { seedIn, SEEDS_MAX } from './asked.js';
import { isComplete, tryMutants } from '../mutants/harness.js';
import { MUTANTS } from '../mutants/mutants.js';
import type { Mutant } from '../mutants/mutant.js';
import { PUBLISHED } from '../mutants/published.js';
import { reportJson, showPublished, showReport } from '../mutants/report.js';
import { Results } from '../mutants/results.js';
import { Progress } from '../progress.js';

const SEEDS_DEFAULT = 2000;
const LIMIT_DEFAULT_MS = 60_000;
const BASES_MAX = 1000;
const WORKERS_MAX = 64;
const DAY_MS = 86_400_000;

/** Answers the exit code. Throws a `UsageError`. */
export async function mutantsCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { out, onInterrupt } = surroundings;
  const { values, positionals } = parseOptions(args, {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    bases: { type: 'string' },
    limit: { type: 'string' },
    budget: { type: 'string' },
    shorten: { type: 'string' },
    workers: { type: 'string' },
    results: { type: 'string' },
    published: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const isPublished = values.published ?? false;
  const chosen = chosenBy(positionals, isPublished);
  const seed = seedIn(values.seed);
  const isGiven = values.seed !== undefined;
  const results =
    values.results === undefined
      ? Results.inMemory(seed)
      : Results.open(values.results, seed, isGiven);
  const isJson = values.json ?? false;
  if (!isJson) out(`seed ${results.seed}`);
  const progress = new Progress(surroundings);
  let isInterrupted = false;
  const reports = await tryMutants(chosen, {
    results,
    bases: wholeOption('--bases', values.bases, 1, BASES_MAX) ?? 1,
    seedsMax: wholeOption('--seeds', values.seeds, 1, SEEDS_MAX) ?? SEEDS_DEFAULT,
    limitMs: durationOption('--limit', values.limit) ?? LIMIT_DEFAULT_MS,
    budgetMs: durationOption('--budget', values.budget) ?? DAY_MS,
    shortenMs: durationOption('--shorten', values.shorten) ?? 0,
    workers: wholeOption('--workers', values.workers, 1, WORKERS_MAX) ?? availableParallelism(),
    onProgress: (name, done) => progress.show(done, chosen.length, 'bugs', `planting ${name}`),
    onInterrupt: (stop) =>
      onInterrupt(() => {
        isInterrupted = true;
        stop();
      }),
  });
  progress.end();
  const said = results.seed.toString();
  if (isJson) out(JSON.stringify({ seed: said, mutants: reportJson(reports) }));
  else out(isPublished ? showPublished(PUBLISHED, reports) : showReport(reports));
  if (isInterrupted) return EXIT.interrupted;
  return isComplete(reports) ? EXIT.held : EXIT.failed;
}

function chosenBy(names: readonly string[], isPublished: boolean): readonly Mutant[] {
  const unknown = names.find((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    const known = MUTANTS.map(({ name }) => name).join(', ');
    throw new UsageError(`expected one of ${known}, got ${unknown}`);
  }
  if (names.length > 0) return MUTANTS.filter(({ name }) => names.includes(name));
  if (!isPublished) return MUTANTS;
  const published = new Set(PUBLISHED.flatMap(({ mutants }) => mutants));
  return MUTANTS.filter(({ name }) => published.has(name));
}
