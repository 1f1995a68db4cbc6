// Planted bugs of snapshots: which is installed, what it keeps, and what it holds. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const SNAPSHOTS: readonly Mutant[] = [
  {
    name: 'stale-snapshot',
    what: 'a snapshot that covers less than what is committed is installed',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: 'return last.index > had;',
        replace: 'return last.index > 0;',
      },
      {
        file: 'src/raft/snapshot',
        find: 'if (meta.last.index > state.lastApplied) adoptSnapshot',
        replace: 'if (meta !== null) adoptSnapshot',
      },
    ],
  },
  {
    name: 'suffix-lost-to-snapshot',
    what: 'installing a snapshot drops the entries after it, although they are acknowledged',
    changes: [
      {
        file: 'src/raft/snapshot',
        find: 'const keepSuffix = state.log.has(meta.last);',
        replace: 'const keepSuffix = false;',
      },
    ],
  },
  {
    name: 'answers-not-in-snapshot',
    what: 'a snapshot holds the client sessions without their answers',
    changes: [
      {
        file: 'src/state-machine/frozen-state',
        find: 'clientAnswerRows(clientSessions),',
        replace: '',
      },
      {
        file: 'src/state-machine/frozen-state',
        find: 'clientAnswerRows, clientSessionRows',
        replace: 'clientSessionRows',
      },
    ],
  },
  {
    name: 'idle-by-own-history',
    what: 'a node that restored a snapshot counts from elsewhere how long a client session was not used',
    changes: [
      {
        file: 'src/state-machine/client-session-rows',
        find: "usedMs: reader.integer('usedMs'),",
        replace: "usedMs: Math.floor(reader.integer('usedMs') / 2),",
      },
    ],
  },
];
