// Planted bugs of newcomers: what they come for, whose place they take and when they are given up. Each is the smallest
// change of text that plants what a real system could do; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    name: 'replace-without-seat',
    what: 'a member that is replaced leaves, and the newcomer does not become a voter in the same change',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'promote: mustVote ? [id] : [],',
        replace: 'promote: mustVote && replaces === null ? [id] : [],',
      },
    ],
  },
  {
    name: 'replace-keeps-old',
    what: 'the newcomer becomes a voter, and the member that it replaces stays one',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'remove: replaces === null ? [] : [replaces],',
        replace: 'remove: [],',
      },
    ],
  },
  {
    name: 'newcomer-waited-for-ever',
    what: 'a newcomer that never comes stays a learner for ever, and whoever it was to replace cannot be replaced',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'if (clusterTimeMs(state) < wish.patientUntilMs) return false;',
        replace: 'if (clusterTimeMs(state) >= 0) return false;',
      },
    ],
  },
  {
    name: 'newcomer-given-up-early',
    what: 'a newcomer is given up as soon as a leader sees no progress, although the cluster promised to wait',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'if (clusterTimeMs(state) < wish.patientUntilMs) return false;',
        replace: 'if (clusterTimeMs(state) < 0) return false;',
      },
    ],
  },
  {
    name: 'old-given-up-with-newcomer',
    what: 'a replacement that is given up removes the member that was to stay',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'remove: [id] }, cause);',
        replace: 'remove: replaces === null ? [id] : [id, replaces] }, cause);',
      },
    ],
  },
  {
    name: 'learner-is-newcomer',
    what: 'a learner that an operator demoted counts as a newcomer: it is thrown out, or promoted again',
    changes: [
      {
        file: 'src/raft/newcomers',
        find: 'const hasPurpose = member.autoPromote || member.replaces !== null;',
        replace: 'const hasPurpose = member.id > 0;',
      },
    ],
  },
];
