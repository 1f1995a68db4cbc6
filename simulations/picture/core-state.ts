// A core as pictures show it, whether its node is simulated or was recorded in production. What the node itself is, up, paused or
// primary, whoever draws it knows.

import type { Raft } from '../../src/raft/raft.js';
import type { NodeState } from './recording.js';

export type CoreState = Omit<NodeState, 'atUs' | 'isUp' | 'isPaused' | 'isPrimary'>;

/** What there is to see of a core. */
export function coreStateOf({ state, configuration }: Raft): CoreState {
  return {
    role: state.role.type,
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

/** Where there is no core, or none that is known. */
export const NO_CORE: CoreState & Pick<NodeState, 'isPrimary'> = {
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
