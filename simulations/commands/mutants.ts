// The command `quorate simulate mutants`: plants known bugs one at a time and tells how soon the unchanged runs find each.
// Standard output carries the result only.

import { durationOption, parseOptions, UsageError, wholeOption } from '../arguments.js';
import { EXIT } from '../format.js';
import { isComplete, reportJson, showReport, tryMutants } from '../mutants/harness.js';
import { MUTANTS } from '../mutants/mutants.js';
import type { Surroundings } from '../surroundings.js';
import { seedIn, SEEDS_MAX } from './asked.js';

const SEEDS_DEFAULT = 2000;
const LIMIT_DEFAULT_MS = 60_000;

/** Answers the exit code. Throws a `UsageError`. */
export async function mutantsCommand(
  args: readonly string[],
  { out, err, isTerminal, onInterrupt }: Surroundings,
): Promise<number> {
  const { values, positionals: names } = parseOptions(args, {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
  });
  const seed = seedIn(values.seed);
  const unknown = names.find((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown !== undefined) {
    const known = MUTANTS.map(({ name }) => name).join(', ');
    throw new UsageError(`expected one of ${known}, got ${unknown}`);
  }
  const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const isJson = values.json ?? false;
  if (!isJson) out(`seed ${seed}`);
  const reports = await tryMutants(chosen, {
    seed,
    seedsMax: wholeOption('--seeds', values.seeds, 1, SEEDS_MAX) ?? SEEDS_DEFAULT,
    limitMs: durationOption('--limit', values.limit) ?? LIMIT_DEFAULT_MS,
    onProgress: (name) => {
      if (isTerminal) err(`\r\u001b[Kplanting ${name}`);
    },
    onInterrupt,
  });
  if (isTerminal) err('\r\u001b[K');
  if (isJson) out(JSON.stringify({ seed: seed.toString(), mutants: reportJson(reports) }));
  else out(showReport(reports));
  return isComplete(reports) ? EXIT.held : EXIT.failed;
}
