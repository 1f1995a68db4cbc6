// Without an endpoint a daemon loads nothing that makes or sends spans: a process of its own starts one and tells what was loaded. Only
// OpenTelemetry's API, a few empty interfaces, is there all the same: prom-client loads it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPT = `
import { createRequire } from 'node:module';
import { startDaemon } from './dist/src/main.js';
const [dataDir, traceEndpoint] = process.argv.slice(1);
const daemon = await startDaemon({
  dataDir, listen: '127.0.0.1:0', api: '127.0.0.1:0', http: 'none', logLevel: 'silent',
  ...(traceEndpoint === undefined ? {} : { traceEndpoint }),
});
const loaded = Object.keys(createRequire(import.meta.url).cache);
console.log(loaded.filter((file) => /@opentelemetry.(?!api\\b)/.test(file)).length);
await daemon.stop();
process.exit(0);
`;

function loadedCount(...more: readonly string[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-unloaded-'));
  try {
    const words = ['--input-type=module', '-e', SCRIPT, join(directory, 'n1'), ...more];
    return Number(execFileSync(process.execPath, words, { encoding: 'utf8' }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('without an endpoint no file of OpenTelemetry but its API is loaded, with one it is', () => {
  expect(loadedCount()).toBe(0);
  expect(loadedCount('http://127.0.0.1:9')).toBeGreaterThan(10);
});
