// The command `quorate simulate list`: what there is to ask for by name. It runs nothing.

import { parseOptions, UsageError } from '../arguments.js';
import { SITUATIONS } from '../counts.js';
import { EXIT } from '../format.js';
import { MODELS } from '../linearizability/models/index.js';
import { MUTANTS } from '../mutants/mutants.js';
import { PROPERTIES } from '../properties.js';
import { keptNamed, keptNames, scenarioNamed, scenarioNames } from '../scenarios/library.js';
import type { Surroundings } from '../surroundings.js';
import { showTable } from '../table.js';

interface Listed {
  readonly name: string;
  readonly what: string;
}

const LISTS: Readonly<Record<string, () => Listed[]>> = {
  properties: () => listedOf(PROPERTIES),
  situations: () => listedOf(SITUATIONS),
  scenarios: () => scenarioNames().map((name) => ({ name, what: scenarioNamed(name).source })),
  kept: () => keptNames().map((name) => ({ name, what: keptNamed(name).story })),
  models: () => MODELS.map(({ name }) => ({ name, what: 'what a history can be about' })),
  mutants: () => MUTANTS.map(({ name, what }) => ({ name, what })),
};

/** Answers the exit code. Throws a `UsageError`. */
export function listCommand(args: readonly string[], { out }: Surroundings): number {
  const { values, positionals } = parseOptions(args, { json: { type: 'boolean' } });
  const kinds = positionals.length === 0 ? Object.keys(LISTS) : positionals;
  const lists = kinds.map((kind): [string, Listed[]] => {
    const list = Object.hasOwn(LISTS, kind) ? LISTS[kind] : undefined;
    if (list === undefined) {
      throw new UsageError(`expected ${Object.keys(LISTS).join(', ')}, got ${kind}`);
    }
    return [kind, list()];
  });
  if (values.json === true) {
    out(JSON.stringify(Object.fromEntries(lists)));
    return EXIT.held;
  }
  for (const [kind, list] of lists) {
    const rows = list.map(({ name, what }) => [name, what]);
    for (const line of showTable({ columns: [kind, ''], rows })) out(line);
    out('');
  }
  return EXIT.held;
}

function listedOf(all: Readonly<Record<string, string>>): Listed[] {
  return Object.entries(all).map(([name, what]) => ({ name, what }));
}
