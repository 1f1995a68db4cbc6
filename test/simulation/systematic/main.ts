// The command `npm run mutants:systematic -- [FILE…]`: plants every small mutation of the core's files, one at a time, runs
// the unchanged swarm against each for a short while, and lists the survivors. Bounded by `--budget` for each mutation and
// `--sample` for how many of all; with `--results FILE` it goes on where it was interrupted. A survivor is no failure.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { propertiesOf } from '../../../simulations/mutants/attempt.js';
import { isCaught, tryMutants } from '../../../simulations/mutants/harness.js';
import type { Mutant } from '../../../simulations/mutants/mutant.js';
import { ROOT } from '../../../simulations/mutants/plant.js';
import { Results } from '../../../simulations/mutants/results.js';
import { drawSample } from './sample.js';
import { mutationsOf } from './operators.js';

/** What holds no decision of the protocol: types, words for people, and the checks themselves. */
const LEFT_OUT = new Set([
  'describe',
  'invariants',
  'assert',
  'message',
  'ready',
  'input',
  'types',
]);
const CORE = 'src/raft';

function mutants(files: readonly string[]): Mutant[] {
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, `${file}.ts`), 'utf8');
    return mutationsOf(file, text).map(({ operator, line, what, change }, at) => ({
      name: `${file}:${line} ${operator} ${at}`,
      what,
      changes: [change],
    }));
  });
}

function coreFiles(): string[] {
  const names = readdirSync(join(ROOT, CORE)).filter((name) => name.endsWith('.ts'));
  return names
    .map((name) => name.slice(0, -'.ts'.length))
    .filter((name) => !LEFT_OUT.has(name))
    .map((name) => `${CORE}/${name}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    budget: { type: 'string', default: '10' },
    sample: { type: 'string' },
    workers: { type: 'string', default: '2' },
    results: { type: 'string' },
  },
});
const files =
  positionals.length === 0 ? coreFiles() : positionals.map((file) => file.replace(/\.ts$/, ''));
const all = mutants(files);
const sample =
  values.sample === undefined ? all : drawSample(all, Number(values.sample), Number(values.seed));
const seed = BigInt(values.seed);
const results =
  values.results === undefined ? Results.inMemory(seed) : Results.open(values.results, seed, true);
const budgetMs = Number(values.budget) * 1000;
console.log(`${all.length} mutations of ${files.length} files, ${sample.length} of them are tried`);
const reports = await tryMutants(sample, {
  results,
  bases: 1,
  seedsMax: 2000,
  limitMs: budgetMs,
  budgetMs,
  workers: Number(values.workers),
  onProgress: (name, done) => console.error(`${done} of ${sample.length}: ${name}`),
  onInterrupt: (stop) => {
    process.once('SIGINT', stop);
    return () => process.off('SIGINT', stop);
  },
});
const survivors = reports.filter((report) => !isCaught(report));
for (const { mutant, attempts } of survivors) {
  const seeds = attempts.reduce((sum, attempt) => sum + attempt.seeds, 0);
  console.log(`survived ${seeds} seeds  ${mutant.name}: ${mutant.what}`);
}
const properties = propertiesOf(reports.flatMap(({ attempts }) => attempts));
console.log(properties.map(([property, count]) => `${property} ${count}`).join(', '));
console.log(
  `${reports.length} tried, ${reports.length - survivors.length} found, ${survivors.length} survived`,
);
