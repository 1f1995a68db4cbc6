// All planted bugs, in the order in which they are tried. Each list stands in a file of its own, by subject; this file only
// joins them.

import { ADAPTERS } from './adapters.js';
import { CODEC } from './codec.js';
import { DRIVER } from './driver.js';
import { ELECTIONS } from './elections.js';
import { FEATURE_MUTANTS } from './features.js';
import type { Mutant } from './mutant.js';
import { QUORUMS } from './quorums.js';
import { READS } from './reads.js';
import { REPLICATION } from './replication.js';
import { SNAPSHOTS } from './snapshots.js';
import { STATE_MACHINE } from './state-machine.js';

export const MUTANTS: readonly Mutant[] = [
  ...ELECTIONS,
  ...QUORUMS,
  ...REPLICATION,
  ...READS,
  ...SNAPSHOTS,
  ...STATE_MACHINE,
  ...FEATURE_MUTANTS,
  ...DRIVER,
  ...CODEC,
  ...ADAPTERS,
];
