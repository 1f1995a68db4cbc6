// The workloads that are no slices of steady load, in the order in which they run. The short ones come first.

import { BARE } from './bare.js';
import { JOINER, RESTART } from './catching-up.js';
import type { Scene } from './scene.js';
import { SESSIONS } from './sessions.js';
import { STALLS } from './stalls.js';
import { MEMORY, NODES, SNAPSHOTS } from './under-load.js';

export const SCENES: readonly Scene[] = [
  BARE,
  RESTART,
  JOINER,
  SNAPSHOTS,
  STALLS,
  NODES,
  SESSIONS,
  MEMORY,
];
