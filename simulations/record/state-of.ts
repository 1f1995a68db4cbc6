// A core as the picture of a run shows a node. It is up, since it records; whether its daemon was paused nobody can tell from
// its record but by the late ticks.

import type { Raft } from '../../src/raft/raft.js';
import { coreStateOf, NO_CORE } from '../picture/core-state.js';
import type { NodeState } from '../picture/recording.js';

/** The node that has this core, at the time of its newest input. */
export function stateOf(raft: Raft): Omit<NodeState, 'atUs'> {
  const isPrimary = raft.isPrimaryAt(raft.state.nowMs);
  return { isUp: true, isPaused: false, isPrimary, ...coreStateOf(raft) };
}

/** A node that is not recorded, or whose record has not begun or is over. */
export const UNKNOWN: Omit<NodeState, 'atUs'> = { isUp: false, isPaused: false, ...NO_CORE };
