// How the machine tests run: those that need Linux, root and a C compiler, apart from `npm test`, which needs neither.
// One file at a time, because they measure times and load the machine themselves. A missing prerequisite ends the run
// with a line that names it, and nothing is ever skipped.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/machine/**/*.test.ts'],
    // The long form alone: what shows the same from day to day, or takes as long as the draw says, and has a command of its own.
    exclude:
      process.env['QUORATE_TEST_LONG'] === '1'
        ? []
        : ['explain', 'forming', 'metrics'].map((room) => `test/machine/${room}/**`),
    globalSetup: ['test/machine/prerequisites.ts'],
    pool: 'forks',
    fileParallelism: false,
    // As for what waits for processes elsewhere: see vitest.config.ts.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    deps: { interopDefault: false },
    reporters: ['default'],
  },
});
