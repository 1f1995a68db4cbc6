// Planted bugs of replication: what is appended, acknowledged, counted and committed. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const REPLICATION: readonly Mutant[] = [
  {
    name: 'ack-before-sync',
    what: 'entries are acknowledged before they are durable',
    changes: [
      {
        file: 'src/raft/leader-word',
        find: 'if (state.persistence.isDurable(claimed, hardState(state))) send(state, to, response);',
        replace: 'send(state, to, response); if (true) return;',
      },
    ],
  },
  {
    name: 'commit-older-term',
    what: 'an entry of an older term is committed by counting (Raft Fig. 8)',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'if (state.log.termAt(index) !== state.term) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'small-quorum',
    what: 'half of the voters are a quorum',
    changes: [
      {
        file: 'src/raft/quorum',
        find: 'return Math.floor(voterCount / 2) + 1;',
        replace: 'return Math.max(1, Math.ceil(voterCount / 2));',
      },
    ],
  },
  {
    name: 'stale-append-truncates',
    what: 'an older AppendEntries removes entries that came after it',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const fresh = entries.findIndex((entry) => !log.has(entry));',
        replace: 'const fresh = entries.length > 0 ? 0 : -1;',
      },
    ],
  },
  {
    name: 'ack-beyond-message',
    what: 'a follower acknowledges its whole log, whatever the message proved',
    changes: [
      {
        file: 'src/raft/replication',
        find: "return { type: 'matched', matchIndex: indexPlus(prev.index, entries.length) };",
        replace: "return { type: 'matched', matchIndex: log.lastIndex };",
      },
    ],
  },
  {
    name: 'match-goes-back',
    what: 'a late acknowledgement makes a leader believe that a follower has less',
    changes: [
      {
        file: 'src/raft/progress',
        find: 'this.matchIndex = maxIndex(this.matchIndex, index);',
        replace: 'this.matchIndex = index;',
      },
    ],
  },
];
