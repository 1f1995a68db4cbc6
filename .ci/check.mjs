// The check that every change passes: types, lint, format, unused code, structure. Steps that do not need one another
// run at the same time; each prints one line with its time, and its output only if it failed.
// Give step names to run only those: `npm run check -- lint format`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A step that takes longer hangs: the whole check is meant to take well under a minute. */
const STEP_MS_MAX = 180_000;

const STEPS = [
  {
    // Each folder by its own tsconfig.json: the pure ones have no Node and no clock among their types. With the types on
    // which its rules need, checking them too costs a third of another run of the compiler, which the build makes anyway.
    name: 'types lint',
    args: 'node_modules/oxlint/bin/oxlint --type-aware --type-check --deny-warnings'.split(' '),
  },
  { name: 'format', args: ['node_modules/prettier/bin/prettier.cjs', '--check', '.'] },
  { name: 'unused', args: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: 'structure', args: ['node_modules/vitest/vitest.mjs', 'run', '--project=structure'] },
  {
    name: 'purity',
    args: ['node_modules/tsx/dist/cli.mjs', 'test/support/show-purity.ts'],
    isToldAlways: true,
  },
];

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_MS_MAX,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => chunks.push(Buffer.from(error.message)));
    child.on('close', (code) =>
      resolve({ hasPassed: code === 0, output: Buffer.concat(chunks).toString() }),
    );
  });
}

async function runStep({ name, args, isToldAlways = false }) {
  const startMs = performance.now();
  const result = await run(args);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${result.hasPassed ? 'ok    ' : 'FAILED'} ${name.padEnd(20)} ${seconds} s`);
  if (isToldAlways && result.hasPassed) console.log(result.output.trimEnd());
  return { name, ...result };
}

const wanted = process.argv.slice(2);
const steps = STEPS.filter(
  ({ name }) => wanted.length === 0 || name.split(' ').some((word) => wanted.includes(word)),
);
if (steps.length === 0) {
  console.error(`no such step; there are ${STEPS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const startMs = performance.now();
const generated = await runStep({ name: 'generate', args: ['.ci/generate.mjs'] });
const results = [generated, ...(await Promise.all(steps.map(runStep)))];
const failed = results.filter(({ hasPassed }) => !hasPassed);
for (const { name, output } of failed) console.log(`\n--- ${name}\n${output.trimEnd()}`);
const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
const verdict =
  failed.length === 0 ? 'passed' : `failed: ${failed.map(({ name }) => name).join(', ')}`;
console.log(`\ncheck ${verdict} in ${seconds} s`);
process.exitCode = failed.length === 0 ? 0 : 1;
