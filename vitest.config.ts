// How the tests run: every test file in a process of its own, three at a time: many of them wait for real daemons. Those that
// need root and a C compiler have a configuration of their own, test/machine/vitest.config.ts.
// A test that needs longer than the limit says so itself. Long runs are asked for with QUORATE_TEST_LONG=1.
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'simulations/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/machine/**'],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // CommonJS libraries are imported as Node imports them, or a test would run other code than the daemon does.
    deps: { interopDefault: false },
    reporters: ['default'],
  },
});
