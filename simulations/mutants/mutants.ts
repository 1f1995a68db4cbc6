// All planted bugs, in the order in which they are tried. Each list stands in a file of its own, by subject; this file only
// joins them.

import { ADAPTERS } from './adapters.js';
import { CODEC } from './codec.js';
import { DRIVER } from './driver.js';
import { ELECTIONS } from './elections.js';
import { FACT_MUTANTS } from './facts.js';
import { FEATURE_MUTANTS } from './features.js';
import { MEMBERSHIP_MUTANTS } from './membership.js';
import type { Mutant } from './mutant.js';
import { QUORUMS } from './quorums.js';
import { RAFT_FEATURE_MUTANTS } from './raft-features.js';
import { READS } from './reads.js';
import { REPLICATION } from './replication.js';
import { SNAPSHOTS } from './snapshots.js';
import { STATE_MACHINE } from './state-machine.js';
import { TOLD } from './told.js';

export const MUTANTS: readonly Mutant[] = [
  ...ELECTIONS,
  ...QUORUMS,
  ...REPLICATION,
  ...MEMBERSHIP_MUTANTS,
  ...READS,
  ...SNAPSHOTS,
  ...STATE_MACHINE,
  ...FACT_MUTANTS,
  ...FEATURE_MUTANTS,
  ...DRIVER,
  ...CODEC,
  ...ADAPTERS,
  ...RAFT_FEATURE_MUTANTS,
  ...TOLD,
];
