// The command `quorate simulate scenarios`: plays the shipped scenarios, or scenario files. It prints in one table what was
// published, what became of ours, and what becomes of the same code without PreVote, without CheckQuorum and without both.

import { parseOptions } from '../arguments.js';
import { EXIT, showVerdict } from '../format.js';
import { Progress } from '../progress.js';
import { scenarioAt, scenarioNamed, scenarioNames, ScenarioProblem } from '../scenarios/library.js';
import { playVariant } from '../scenarios/play-variant.js';
import { play } from '../scenarios/play.js';
import type { Played } from '../scenarios/play.js';
import type { Scenario } from '../scenarios/scenario.js';
import { VARIANTS } from '../scenarios/variants.js';
import type { Surroundings } from '../surroundings.js';
import { csvOf, showTable } from '../table.js';
import type { Cell } from '../table.js';

interface Outcome {
  readonly scenario: Scenario;
  readonly ours: Played;
  /** By the name of the variant. */
  readonly variants: Map<string, Played>;
}

/** Answers the exit code. Throws a `UsageError`. */
export async function scenariosCommand(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    alone: { type: 'boolean' },
    json: { type: 'boolean' },
    csv: { type: 'boolean' },
  });
  const { out, fail } = surroundings;
  const names = positionals.length === 0 ? scenarioNames() : positionals;
  let isInterrupted = false;
  const forget = surroundings.onInterrupt(() => {
    isInterrupted = true;
  });
  try {
    const outcomes = await playAll(names, values.alone ?? false, surroundings, () => isInterrupted);
    if (values.json === true) out(JSON.stringify(outcomes.map(jsonOf)));
    else if (values.csv === true) for (const line of csvOf(tableOf(outcomes))) out(line);
    else tell(outcomes, surroundings);
    if (isInterrupted) return EXIT.interrupted;
    return exitOfAll(outcomes);
  } catch (error) {
    if (!(error instanceof ScenarioProblem)) throw error;
    const hint = 'The format is told in simulations/README.md, "Scenarios".';
    fail({ error: error.message, code: 'BAD_SCENARIO', hint });
    return EXIT.failed;
  } finally {
    forget();
  }
}

async function playAll(
  names: readonly string[],
  isAlone: boolean,
  surroundings: Surroundings,
  isInterrupted: () => boolean,
): Promise<Outcome[]> {
  const shipped = new Set(scenarioNames());
  const scenarios = names.map((name) =>
    shipped.has(name) ? scenarioNamed(name) : scenarioAt(name),
  );
  const progress = new Progress(surroundings);
  const variants = isAlone ? [] : VARIANTS;
  const total = scenarios.length * (1 + variants.length);
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    progress.show(outcomes.length, total, 'plays', scenario.name);
    if (isInterrupted()) break;
    outcomes.push({ scenario, ours: play(scenario), variants: new Map() });
    await new Promise(setImmediate);
  }
  const known = outcomes.filter(({ scenario }) => shipped.has(scenario.name));
  for (const [at, variant] of variants.entries()) {
    progress.show(outcomes.length + at * known.length, total, 'plays', variant.name);
    if (isInterrupted()) break;
    const played = await playVariant(
      variant,
      known.map(({ scenario }) => scenario.name),
    );
    for (const [place, each] of played.entries()) known[place]?.variants.set(variant.name, each);
  }
  progress.end();
  return outcomes;
}

function tell(outcomes: readonly Outcome[], { out }: Surroundings): void {
  for (const line of showTable(tableOf(outcomes))) out(line);
  out('');
  out(
    'Longest time without a commit, and leaders elected, while the faults lasted; "down": from then until they ended.',
  );
  for (const { scenario, ours } of outcomes) {
    if (ours.verdict.type !== 'held') out(`${scenario.name}: ${showVerdict(ours.verdict)}`);
    for (const unmet of ours.unmet) out(`${scenario.name}: ${unmet}`);
  }
}

function tableOf(outcomes: readonly Outcome[]): { columns: string[]; rows: Cell[][] } {
  const shown = VARIANTS.filter(({ name }) => outcomes.some(({ variants }) => variants.has(name)));
  return {
    columns: ['scenario', 'published', 'ours', ...shown.map(({ name }) => name)],
    rows: outcomes.map(({ scenario, ours, variants }) => [
      scenario.name,
      scenario.published,
      cellOf(scenario, ours),
      ...shown.map(({ name }) => {
        const played = variants.get(name);
        return played === undefined ? '-' : cellOf(scenario, played);
      }),
    ]),
  };
}

/** Down for this part of the time counts as down altogether. */
const DOWN_PART = 0.9;

function cellOf({ forMs }: Scenario, { verdict, measures }: Played): string {
  if (verdict.type === 'violated') return `VIOLATED ${verdict.property}`;
  if (verdict.type === 'notLive') return 'NOT LIVE';
  const { downtimeMs, elections } = measures;
  const down = downtimeMs > DOWN_PART * forMs ? 'down' : `${(downtimeMs / 1000).toFixed(1)} s`;
  return `${down}, ${elections}`;
}

function jsonOf({ scenario, ours, variants }: Outcome): object {
  const { name, source, published } = scenario;
  return { name, source, published, ours, variants: Object.fromEntries(variants) };
}

/** Our own code must do what the scenarios expect; the variants may do what they like. */
function exitOfAll(outcomes: readonly Outcome[]): number {
  const verdicts = outcomes.map(({ ours }) => ours.verdict.type);
  if (verdicts.includes('violated')) return EXIT.safety;
  const isUnmet = outcomes.some(({ ours }) => ours.unmet.length > 0);
  return isUnmet || verdicts.includes('notLive') ? EXIT.liveness : EXIT.held;
}
