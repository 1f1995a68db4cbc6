// The algorithm without one of its defences, as changes of text that are planted into a copy of the code (mutants/plant.ts):
// the shipped code has no switch for them. They show what each defence is for.

import type { Change, Mutant } from '../mutants/mutant.js';

const CAMPAIGNS_AT_ONCE: readonly Change[] = [
  {
    file: 'src/raft/election',
    find: "if (canCampaign(state)) becomePreCandidate(state, 'heard no leader in time');",
    replace: "if (canCampaign(state)) becomeCandidate(state, 'heard no leader in time', null);",
  },
  {
    file: 'src/raft/election',
    find: 'if (isVoteWithheld(state, from.id, request)) return;',
    replace: '',
  },
];

const LEADS_WITHOUT_QUORUM: readonly Change[] = [
  // The property that a leader hears a quorum is this defence, and would end the scenario.
  { file: 'simulations/invariants/index', find: 'leaderContact(world),', replace: '' },
  {
    file: 'src/raft/leadership',
    find: 'if (state.nowMs - contactMs >= electionTimeoutMinMs) {',
    replace: 'if (state.nowMs - contactMs >= electionTimeoutMinMs && false) {',
  },
];

export const VARIANTS: readonly Mutant[] = [
  {
    name: 'no-pre-vote',
    what: 'campaigns without asking first, and gives votes although a leader is heard',
    changes: CAMPAIGNS_AT_ONCE,
  },
  {
    name: 'no-check-quorum',
    what: 'a leader that hears no quorum goes on leading',
    changes: LEADS_WITHOUT_QUORUM,
  },
  {
    name: 'neither',
    what: 'Raft as in the paper: neither PreVote nor CheckQuorum',
    changes: [...CAMPAIGNS_AT_ONCE, ...LEADS_WITHOUT_QUORUM],
  },
];
