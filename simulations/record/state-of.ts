// A core as the picture of a run shows a node. It is up, since it records; whether its daemon was paused nobody can tell from
// its record but by the late ticks.

import type { Raft } from '../../src/raft/raft.js';
import type { NodeState } from '../picture/recording.js';

/** The node that has this core, at the time of its newest input. */
export function stateOf(raft: Raft): Omit<NodeState, 'atUs'> {
  const { state, configuration } = raft;
  return {
    isUp: true,
    isPaused: false,
    role: state.role.type,
    isPrimary: raft.isPrimaryAt(state.nowMs),
    isVoter: configuration.voters.includes(state.options.id),
    term: state.term,
    votedFor: state.votedFor,
    leaderId: state.leaderId,
    commitIndex: state.commitIndex,
    lastApplied: state.lastApplied,
    lastIndex: state.log.lastIndex,
    compactedIndex: state.log.compacted.index,
  };
}

/** A node that is not recorded, or whose record has not begun or is over. */
export const UNKNOWN: Omit<NodeState, 'atUs'> = {
  isUp: false,
  isPaused: false,
  role: 'none',
  isPrimary: false,
  isVoter: false,
  term: 0,
  votedFor: null,
  leaderId: null,
  commitIndex: 0,
  lastApplied: 0,
  lastIndex: 0,
  compactedIndex: 0,
};
