// How properties are measured: the test files of the core that state any, one after the other, with timed-fast-check.ts in the
// place of fast-check. main.ts starts it and reads the report.
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: [
      { find: /^fast-check$/, replacement: join(import.meta.dirname, 'timed-fast-check.ts') },
    ],
  },
  test: {
    include: ['raft', 'properties', 'codec', 'state-machine'].map(
      (room) => `test/${room}/**/*.test.ts`,
    ),
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 3_600_000,
    deps: { interopDefault: false },
    reporters: ['dot'],
  },
});
