// The command `quorate simulate forming`: many seeds of clean nodes that form their first cluster, summed up, with the first
// failures; or the planted bugs of forming, and how soon each is found. Runs in this process: a seed takes milliseconds.

import { performance } from 'node:perf_hooks';

import { parseOptions, wholeOption } from '../arguments.js';
import { FORMING_MUTANTS, findFormingMutant } from '../forming/mutants.js';
import { runForming } from '../forming/run.js';
import type { FormingOutcome, FormingResult } from '../forming/run.js';
import { EXIT } from '../format.js';
import { seedPlus } from '../random.js';
import type { Surroundings } from '../surroundings.js';
import { showTable } from '../table.js';
import { refuseOthers, seedIn, SEEDS_MAX } from './asked.js';

const SEEDS_DEFAULT = 1000;
const FAILURES_SHOWN = 5;

/** Answers the exit code. Throws a `UsageError`. */
export async function formingCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    mutants: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  refuseOthers(positionals);
  const seeds = wholeOption('--seeds', values.seeds, 1, SEEDS_MAX) ?? SEEDS_DEFAULT;
  const seed = seedIn(values.seed);
  const isJson = values.json ?? false;
  if (values.mutants === true) return tellMutants(seed, seeds, isJson, surroundings);
  return tellSeeds(seed, seeds, isJson, surroundings);
}

async function tellSeeds(
  seed: bigint,
  seeds: number,
  isJson: boolean,
  surroundings: Surroundings,
): Promise<number> {
  const { out, onInterrupt } = surroundings;
  let isInterrupted = false;
  const forget = onInterrupt(() => {
    isInterrupted = true;
  });
  if (!isJson) out(`seed ${seed}`);
  const counts: Record<FormingOutcome, number> = {
    formed: 0,
    'waits-for-operator': 0,
    violated: 0,
    'not-live': 0,
  };
  const failures: FormingResult[] = [];
  const startMs = performance.now();
  let [events, simulatedMs, done] = [0, 0, 0];
  for (let at = 0; at < seeds && !isInterrupted; at += 1) {
    // An interrupt is heard between two seeds.
    await new Promise((resolve) => setImmediate(resolve));
    const result = runForming(seedPlus(seed, at));
    counts[result.outcome] += 1;
    events += result.events;
    simulatedMs += result.simulatedMs;
    done += 1;
    const hasFailed = result.outcome === 'violated' || result.outcome === 'not-live';
    if (hasFailed && failures.length < FAILURES_SHOWN) failures.push(result);
  }
  forget();
  const elapsedMs = Math.round(performance.now() - startMs);
  const shown = failures.map(({ setting, outcome, property, detail }) => {
    return { seed: String(setting.seed), outcome, property, detail };
  });
  if (isJson) {
    const facts = { seed: String(seed), seeds: done, counts, events, simulatedMs, elapsedMs };
    out(JSON.stringify({ ...facts, failures: shown }));
  } else {
    out(
      `${done} seeds, ${events} events, ${Math.round(simulatedMs / 1000)} s simulated in ${elapsedMs} ms`,
    );
    for (const [outcome, count] of Object.entries(counts)) out(`  ${outcome}: ${count}`);
    for (const one of shown) {
      out(`${one.outcome} ${one.property ?? ''}: ${one.detail}`);
      out(`  again: quorate simulate forming --seed ${one.seed} --seeds 1`);
    }
  }
  if (isInterrupted) return EXIT.interrupted;
  if (counts.violated > 0) return EXIT.safety;
  return counts['not-live'] > 0 ? EXIT.liveness : EXIT.held;
}

async function tellMutants(
  seed: bigint,
  seeds: number,
  isJson: boolean,
  { out }: Surroundings,
): Promise<number> {
  const found = [];
  for (const mutant of FORMING_MUTANTS) {
    const finding = await findFormingMutant(mutant, seed, seeds);
    const { what, coveredBy = null } = mutant;
    found.push({ ...finding, what, coveredBy });
  }
  if (isJson) {
    out(JSON.stringify({ seed: String(seed), seeds, mutants: found }));
  } else {
    const rows = found.map((one) => [
      one.name,
      one.failure === null ? 'no' : `${one.failure.property ?? one.failure.outcome}`,
      String(one.seeds),
      one.coveredBy ?? one.what,
    ]);
    for (const line of showTable({ columns: ['planted bug', 'found', 'seeds', ''], rows }))
      out(line);
  }
  const isMissed = found.some(({ failure, coveredBy }) => failure === null && coveredBy === null);
  return isMissed ? EXIT.failed : EXIT.held;
}
