// Planted bugs of the state machine: sessions, and requests that are carried out exactly once. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const STATE_MACHINE: readonly Mutant[] = [
  {
    name: 'lives-cut-short',
    what: 'an expired session is removed although it was renewed meanwhile, and is proposed too early',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'existing.revision !== revision || existing.deadlineMs > nowMs) {',
        replace: 'existing.revision !== revision) {',
      },
      {
        file: 'src/state-machine/sessions',
        find: 'if (deadlineMs > clusterTimeMs || ends.length',
        replace: 'if (deadlineMs > clusterTimeMs + 1000 || ends.length',
      },
    ],
  },
  {
    name: 'repeat-carried-out',
    what: 'a request that is repeated under its client session is carried out again',
    changes: [
      {
        file: 'src/state-machine/client-sessions',
        find: 'if (answer !== null) {',
        replace: 'if (answer !== null && sequence < 0) {',
      },
    ],
  },
  {
    name: 'opened-by-first-write',
    what: 'a request of a client session that is not known opens it, also after it was forgotten',
    changes: [
      {
        file: 'src/state-machine/client-sessions',
        find: 'if (session === null) return forgotten(false);',
        replace: 'if (session === null) { this.open(id, revision, nowMs); return null; }',
      },
    ],
  },
];
