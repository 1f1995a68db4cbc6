// What fixes a run from outside, as plain data that can be told to another process, a file or a person: the seed, and what
// was fixed instead of drawn. The command that repeats the run is made of it.

import { RUN_DEFAULT_MS } from './run.js';
import type { RunOptions } from './run.js';

/** Everything a run depends on; the same setting gives the same run. */
export type Setting = Omit<RunOptions, 'sink' | 'watch'>;

/** The options that repeat this run, for `simulate replay`. */
export function optionsOf(setting: Setting): string {
  const { seed, timeMs = RUN_DEFAULT_MS, nodes, electionTimeoutMs } = setting;
  const { versions, hasKeepers } = setting;
  return [
    `${seed}`,
    nodes === undefined ? '' : ` --nodes ${nodes}`,
    electionTimeoutMs === undefined ? '' : ` --election-timeout ${electionTimeoutMs}ms`,
    versions === undefined ? '' : ` --versions ${versions}`,
    hasKeepers === undefined ? '' : ` --processes ${hasKeepers ? 'kept' : 'none'}`,
    timeMs === RUN_DEFAULT_MS ? '' : ` --time ${timeMs}ms`,
  ].join('');
}
