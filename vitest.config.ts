// How the tests run: three files at a time, since many of them wait for real daemons, which have a process of their own. Those that
// need root and a C compiler have a configuration of their own, test/machine/vitest.config.ts.
// A test that needs longer than the limit says so itself. Long runs are asked for with QUORATE_TEST_LONG=1.
// On a shared machine of CI what waits for sockets, timers and processes may be tried a second time, which the summary names with
// its reason and which is to be looked into; what is a value, seeds and properties among it, never is.
import { configDefaults, defineConfig } from 'vitest/config';

const REAL = [
  'cli',
  'client',
  'commandcenter',
  'e2e',
  'examples',
  'http',
  'service',
  'supervisor',
  'tls',
  'tracing',
  'transport',
].map((room) => `test/${room}/**/*.test.ts`);
const ELSEWHERE = [...configDefaults.exclude, 'test/machine/**'];
/** The structure of the sources is no behaviour: `npm run check` looks at it. */
const STRUCTURE = 'test/tidy.test.ts';
const isShared = process.env['CI'] === 'true';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'values',
          // They leave nothing behind, so that files may share a process, which saves a third of their time.
          isolate: false,
          include: ['test/**/*.test.ts', 'simulations/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...REAL, STRUCTURE],
        },
      },
      {
        extends: true,
        test: { name: 'structure', include: [STRUCTURE] },
      },
      {
        extends: true,
        test: { name: 'real', include: REAL, exclude: ELSEWHERE, retry: isShared ? 1 : 0 },
      },
    ],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // CommonJS libraries are imported as Node imports them, or a test would run other code than the daemon does.
    deps: { interopDefault: false },
    reporters: ['default'],
  },
});
