// npm run properties -- [--seconds N] [--seed N] [--only TEXT] [--json]: runs every property of the core for so many seconds
// with fresh cases and prints, by property, how many cases held, how many a second, and what failed. It ends with 1 if any
// failed. Figures are of this machine while it did whatever else it did; the method line says how they were taken.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { PropertyRun } from './timed-fast-check.js';

const SECONDS_MAX = 3600;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    seed: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds <= SECONDS_MAX)) {
  console.error(`--seconds is for each property, above 0 and at most ${SECONDS_MAX}`);
  process.exit(2);
}

const root = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'quorate-properties-'));
const report = join(directory, 'report');
writeFileSync(report, '');
const started = Date.now();
const { status, stdout, stderr } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'test/properties/vitest.config.ts',
    '--root',
    root,
    ...(values.only === undefined ? [] : [values.only]),
  ],
  {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      PROPERTY_MS: String(Math.round(seconds * 1000)),
      PROPERTY_REPORT: report,
      ...(values.seed === undefined ? {} : { PROPERTY_SEED: values.seed }),
    },
  },
);
const runs = readFileSync(report, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as PropertyRun);
rmSync(directory, { recursive: true, force: true });

const total = runs.reduce((sum, it) => sum + it.cases, 0);
const busySeconds = runs.reduce((sum, it) => sum + it.elapsedMs, 0) / 1000;
const failed = runs.filter(({ failure }) => failure !== null);
const method =
  `method: each property ran for ${seconds} s of real time with ${values.seed ?? 'fresh'} seeds, one after the other in one ` +
  `process; ${cpus().length} cores, Node ${process.version}, ${((Date.now() - started) / 1000).toFixed(0)} s in all`;

if (values.json) {
  console.log(
    JSON.stringify({ seconds, total, busySeconds, failures: failed.length, method, runs }),
  );
} else {
  const count = (value: number): string => value.toLocaleString('en').padStart(12);
  for (const { test, cases, elapsedMs, failure } of runs) {
    const rate = Math.round(cases / (elapsedMs / 1000));
    console.log(
      `${count(cases)} cases ${count(rate)} /s  ${failure === null ? 'held  ' : 'FAILED'}  ${test}`,
    );
  }
  for (const { test, failure } of failed) console.log(`\n${test}\n${failure ?? ''}`);
  console.log(
    `${count(total)} cases ${count(Math.round(total / busySeconds))} /s  ${runs.length} properties, ${failed.length} failures`,
  );
  console.log(method);
}
// A test may say besides that it saw too few cases to mean anything, which so short a time can do.
if (failed.length === 0 && status !== 0) console.error(`not of a property:\n${stdout}${stderr}`);
process.exitCode = failed.length > 0 || runs.length === 0 ? 1 : 0;
