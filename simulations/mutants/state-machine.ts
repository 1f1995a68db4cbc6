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
  {
    name: 'life-by-wall-clock',
    what: 'the life of a session is counted by the clock of the node that applies',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: 'const nowMs = this.#clusterTimeMs;',
        replace: 'const nowMs = Date.now();',
      },
    ],
  },
  {
    name: 'revision-not-bumped',
    what: 'a write to a session leaves its revision as it was',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'createdRevision: existing?.createdRevision ?? revision, revision, };',
        replace:
          'createdRevision: existing?.createdRevision ?? revision, revision: existing?.revision ?? revision, };',
      },
    ],
  },
  {
    name: 'compare-and-set-ignored',
    what: 'a session is written whatever revision was expected',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'const refusal = mismatch(command.ifRevision, existing);',
        replace: 'const refusal = mismatch(null, existing);',
      },
    ],
  },
  {
    name: 'merge-replaces',
    what: 'a write to a session drops the attributes that it does not name',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'merged(existing?.attributes ?? new Map(), command)',
        replace: 'merged(new Map(), command)',
      },
    ],
  },
  {
    name: 'touch-shortens',
    what: 'a touch gives a session a second to live',
    changes: [
      {
        file: 'src/state-machine/sessions',
        find: 'deadlineMs: nowMs + existing.ttlMs }',
        replace: 'deadlineMs: nowMs + Math.min(1000, existing.ttlMs) }',
      },
    ],
  },
  {
    name: 'acknowledged-carried-out',
    what: 'a request that its client has acknowledged is carried out again when it comes late',
    changes: [
      {
        file: 'src/state-machine/client-sessions',
        find: 'if (sequence < below) return forgotten(true);',
        replace: 'if (sequence + 3 < below) return forgotten(true);',
      },
      {
        file: 'src/state-machine/client-sessions',
        find: "invariant(answer.sequence >= session.forgottenBelow, 'no answer is kept that is forgotten');",
        replace: '',
      },
    ],
  },
  {
    name: 'answers-dropped-by-new-leader',
    what: 'the answers of client sessions are forgotten when a leader is elected',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: "if (entry.kind === 'settings') this.#start(entry.settings);",
        replace:
          "if (entry.kind === 'settings') this.#start(entry.settings); if (entry.kind === 'noop') this.#clientSessions.dropAll();",
      },
      {
        file: 'src/state-machine/client-sessions',
        find: 'return this.#byId.size; }',
        replace:
          'return this.#byId.size; } dropAll() { for (const id of [...this.#byId.values(null)].map((session) => session.id)) this.#byId.set(id, { ...this.#byId.get(id), answersBytes: this.#byId.get(id).answersBytes - this.#dropAnswers(id, Number.MAX_SAFE_INTEGER) }); }',
      },
    ],
  },
  {
    name: 'refusals-not-kept',
    what: 'the answer to a refused request is not kept, so that its repetition may be carried out',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: 'if (client !== null) this.#held.clientSessions.record(client, index, result);',
        replace:
          "if (client !== null && result.type !== 'refused') this.#held.clientSessions.record(client, index, result);",
      },
    ],
  },
  {
    name: 'store-compares-nothing',
    what: 'a transaction on the store succeeds whatever it compares',
    changes: [
      {
        file: 'src/state-machine/store',
        find: 'request.compares.findIndex((compare) => !this.#holds(compare));',
        replace:
          'request.compares.findIndex((compare) => !this.#holds(compare) && compare === null);',
      },
    ],
  },
  {
    name: 'store-reads-before-writes',
    what: 'a transaction reads what was there before it',
    changes: [
      {
        file: 'src/state-machine/store',
        find: 'this.#step(write, revision, all, 0).after',
        replace: 'this.get(key)',
      },
    ],
  },
  {
    name: 'store-delete-forgotten',
    what: 'a key that is deleted stays',
    changes: [{ file: 'src/state-machine/store', find: 'this.#byKey.delete(key);', replace: '' }],
  },
];
