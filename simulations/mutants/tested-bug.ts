// A short way to write a planted bug of one change that named tests must find. The lists of such bugs follow the table of
// features in src/raft/README.md.

import type { Mutant } from './mutant.js';

/** A bug of one change below src; `tests` are below test, without their ending. */
export function bug(
  name: string,
  what: string,
  [file, find, replace]: readonly [string, string, string],
  ...tests: readonly string[]
): Mutant {
  return {
    name,
    what,
    changes: [{ file: `src/${file}`, find, replace }],
    tests: tests.map((test) => `test/${test}.test.ts`),
  };
}
