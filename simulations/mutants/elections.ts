// Planted bugs of elections: who votes, when a vote is told, and what is counted. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const ELECTIONS: readonly Mutant[] = [
  {
    name: 'vote-before-sync',
    what: 'a vote is answered before it is durable',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (isDurable) send(state, to, response);',
        replace: 'if (isDurable || true) send(state, to, response);',
      },
    ],
  },
  {
    name: 'vote-twice',
    what: 'a vote is given again in a term in which one was given',
    changes: [
      {
        file: 'src/raft/election',
        find: '(state.votedFor === null || state.votedFor === from.id) && isUpToDate(',
        replace: 'isUpToDate(',
      },
    ],
  },
  {
    name: 'any-log-may-lead',
    what: 'votes and pre-votes are given to candidates whose log is behind',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (theirs.term !== ours.term) return theirs.term > ours.term; return theirs.index >= ours.index;',
        replace: 'return theirs.index >= ours.index || ours.index > 0;',
      },
    ],
  },
  {
    name: 'vote-forgotten',
    what: 'a restarted node does not know whom it voted for',
    changes: [
      {
        file: 'src/raft/initial',
        find: 'votedFor: loaded.hardState.votedFor,',
        replace: 'votedFor: null,',
      },
    ],
  },
  {
    name: 'old-votes-count',
    what: 'a vote that was given in an earlier term is counted',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (response.preVote || response.term !== state.term) return;',
        replace: 'if (response.preVote) return;',
      },
    ],
  },
];
