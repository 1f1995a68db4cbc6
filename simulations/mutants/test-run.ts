// Planted bugs of the parts that no simulation contains, such as the storage: the tests named by the bug run in a copy of
// the checkout with the bug in it, and one of them must fail. The same tests must pass in an unchanged copy first.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Attempt, Found } from './attempt.js';
import type { Mutant } from './mutant.js';
import { copyWith, ROOT } from './plant.js';

/** What tests need of a checkout. */
const NAMES = [
  'src',
  'cli',
  'simulations',
  'test',
  'proto',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/** Those that need root and a C compiler have a configuration of their own. */
const MACHINE_TESTS = 'test/machine/';
const MACHINE_CONFIG = 'test/machine/vitest.config.ts';

/** Why a bug cannot be tried here. */
export class CannotTry extends Error {
  override readonly name = 'CannotTry';
}

/** Real time of one run of the tests; beyond it nothing is said, since a busy machine is no bug. */
const TESTS_LIMIT_MS = 600_000;

/** What vitest's JSON report says, as far as it matters here. */
interface VitestReport {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Test files that passed in an unchanged copy. */
const passed = new Set<string>();

/** Throws `CannotTry` if the tests fail without the bug, or do not end, or if there is no checkout. */
export async function tryTests(
  mutant: Mutant,
  tests: readonly string[],
  signal: AbortSignal,
): Promise<Attempt> {
  const root = checkout();
  if (root === null) throw new CannotTry('its tests are in the checkout only');
  if (tests.some((test) => !passed.has(test))) {
    const control = await run({ name: 'nothing', what: '', changes: [] }, root, tests, signal);
    if (control.found !== null) {
      throw new CannotTry(`a test fails without any bug: ${control.found.detail}`);
    }
    for (const test of tests) passed.add(test);
  }
  return run(mutant, root, tests, signal);
}

/** Where the sources and their tests are; null: this is an installed package. */
export function checkout(): string | null {
  const places = [ROOT, join(ROOT, '..')];
  return places.find((each) => existsSync(join(each, 'vitest.config.ts'))) ?? null;
}

async function run(
  mutant: Mutant,
  root: string,
  tests: readonly string[],
  signal: AbortSignal,
): Promise<Attempt> {
  const directory = copyWith(mutant, { root, names: NAMES, extension: 'ts' });
  if (tests.some(isOfMachine)) pretendBuilt(directory);
  const startMs = Date.now();
  try {
    const found = await vitest(directory, tests, signal);
    return { base: 'tests', seeds: 1, elapsedMs: Date.now() - startMs, simulatedMs: 0, found };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function isOfMachine(test: string): boolean {
  return test.startsWith(MACHINE_TESTS);
}

/**
 * Machine tests ask for a build before they begin. The bug is in the sources only, so that a test which starts a built daemon
 * would miss it: it fails in the unchanged copy instead.
 */
function pretendBuilt(directory: string): void {
  mkdirSync(join(directory, 'dist', 'cli'), { recursive: true });
  writeFileSync(
    join(directory, 'dist', 'cli', 'main.js'),
    "throw new Error('a copy for a planted bug has no build');\n",
  );
}

function vitest(
  directory: string,
  tests: readonly string[],
  signal: AbortSignal,
): Promise<Found | null> {
  return new Promise((resolve, reject) => {
    const command = join(directory, 'node_modules', 'vitest', 'vitest.mjs');
    const config = tests.some(isOfMachine) ? ['--config', MACHINE_CONFIG] : [];
    const args = [command, 'run', ...config, '--root', directory, '--reporter', 'json', ...tests];
    const child = spawn(process.execPath, args, {
      cwd: directory,
      timeout: TESTS_LIMIT_MS,
      killSignal: 'SIGKILL',
      signal,
      // Where CI is set, what fails is tried a second time, which might hide the bug.
      env: { ...process.env, CI: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('error', (error) => {
      if (!signal.aborted) reject(error);
    });
    child.on('close', (code) => {
      if (signal.aborted) reject(new CannotTry('it was interrupted'));
      else if (code === 0) resolve(null);
      else if (code !== null) resolve(foundIn(out, err.trim()));
      else reject(new CannotTry(`its tests did not end in ${TESTS_LIMIT_MS / 1000} s`));
    });
  });
}

function foundIn(out: string, otherwise: string): Found {
  const start = out.indexOf('{');
  const report = start < 0 ? null : (JSON.parse(out.slice(start)) as VitestReport);
  const results = report?.testResults ?? [];
  const failed = results.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  );
  const said = results.find(({ message }) => message !== undefined && message !== '')?.message;
  const detail = failed[0]?.trim() ?? said ?? otherwise;
  return { seed: null, property: 'a test', detail, atUs: null };
}
