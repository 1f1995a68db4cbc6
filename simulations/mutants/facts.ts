// Planted bugs of locks, jobs, services and policies: each is the smallest change of text that breaks what one of these promises. mutant.ts
// says how they are written. The swarm must find every one of them but
// one, which a test plays.

import type { Mutant } from './mutant.js';

export const FACT_MUTANTS: readonly Mutant[] = [
  {
    name: 'lock-granted-within-delay',
    what: 'a lock whose holder is gone is granted to the next at once, whatever delay was asked for',
    changes: [
      {
        file: 'src/state-machine/locks',
        find: 'else if (lock.holder.delayMs === 0)',
        replace: 'else if (lock.holder.delayMs >= 0)',
      },
    ],
  },
  {
    name: 'lock-granted-twice',
    what: 'a lock that is held is granted to whoever asks for it without waiting',
    changes: [
      {
        file: 'src/state-machine/locks',
        find: "if (lock !== null && !isWaiting) { return refused({ reason: 'lockHeld', holder: lock.holder?.session ?? null }); }",
        replace:
          'if (lock !== null && !isWaiting) { const taken = { ...lock, holder: { ...claim, token: revision }, freeAtMs: 0, revision }; this.#put(taken); this.#remember(session, name); return placed(taken, session); }',
      },
    ],
  },
  {
    name: 'lock-token-not-growing',
    what: 'a lock that passes on keeps the token of its last change',
    changes: [
      {
        file: 'src/state-machine/locks',
        find: 'holder: { ...next, token: revision }',
        replace: 'holder: { ...next, token: lock.revision }',
      },
    ],
  },
  {
    name: 'lock-queue-jumped',
    what: 'whoever asks for a lock last is granted it next',
    changes: [
      {
        file: 'src/state-machine/locks',
        find: 'waiters: [...lock.waiters, claim]',
        replace: 'waiters: [claim, ...lock.waiters]',
      },
    ],
  },
  {
    name: 'lock-outlives-session',
    what: 'a session that is deleted keeps the locks that it holds',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: 'this.#endClaims([command.id]);',
        replace: '',
      },
    ],
  },
  {
    name: 'job-step-recorded-twice',
    what: 'a step that is recorded is recorded once more when it is reported again',
    changes: [
      {
        file: 'src/state-machine/jobs',
        find: 'if (steps.some((step) => step.name === name)) {',
        replace: 'if (steps.some((step) => step.name === name && step.revision === at.revision)) {',
      },
    ],
  },
  {
    name: 'job-stale-epoch-accepted',
    what: 'a report of an earlier claim is taken as if it was one of the running claim',
    changes: [
      {
        file: 'src/state-machine/jobs',
        find: 'if (running === null || running.token !== claim.token || running.epoch !== claim.epoch) {',
        replace: 'if (running === null) {',
      },
    ],
  },
  {
    name: 'job-claim-outlives-reign',
    what: 'what was claimed under a reign stays claimed when it ends',
    changes: [
      {
        file: 'src/state-machine/jobs',
        find: 'filter(({ claim }) => claim?.epoch !== at.epoch);',
        replace: 'filter(({ claim }) => claim === null);',
      },
    ],
  },
  {
    name: 'job-lapses-early',
    what: 'a claim lapses although its worker was heard meanwhile, and is proposed too early',
    changes: [
      {
        file: 'src/state-machine/jobs',
        find: 'if (job === null || claim?.token !== token || claim.deadlineMs > at.nowMs) continue;',
        replace: 'if (job === null || claim?.token !== token) continue;',
      },
      {
        file: 'src/state-machine/jobs',
        find: 'if (claim === null || claim.deadlineMs > nowMs || claims.length >= countMax) break;',
        replace:
          'if (claim === null || claim.deadlineMs > nowMs + 500 || claims.length >= countMax) break;',
      },
    ],
  },
  {
    name: 'job-never-lapses',
    what: 'no leader proposes that a claim lapses, so that a job whose worker is gone waits for the next reign',
    changes: [
      {
        file: 'src/node/expiry',
        find: "return claims.length > 0 ? { kind: 'lapseJobs', claims } : null;",
        replace: "return claims.length < 0 ? { kind: 'lapseJobs', claims } : null;",
      },
    ],
  },
  {
    name: 'provider-outlives-member',
    what: 'a provider of a member stays when that one is removed',
    changes: [
      {
        file: 'src/state-machine/services',
        find: 'if (provider.session === null && !isMember(provider.nodeId)) keys.push(keyOf(provider));',
        replace: '',
      },
    ],
  },
  {
    name: 'provider-outlives-session',
    what: 'a provider stays when its session expires',
    changes: [
      {
        file: 'src/state-machine/cluster-state',
        find: "this.#loseProviders(this.#held.services.endSessions(ids), 'expired');",
        replace: '',
      },
    ],
  },
  {
    name: 'report-of-former-provider',
    what: 'what a provider tells of itself counts for another that took its place',
    changes: [
      {
        file: 'src/state-machine/services',
        find: 'if (known === null || (registration ?? known.registration) !== known.registration) {',
        replace: 'if (known === null) {',
      },
    ],
    // In a run a report seldom comes so late that another has the provider's place.
    tests: ['test/state-machine/services.test.ts'],
  },
  {
    name: 'rollback-rewrites-history',
    what: 'rolling back forgets the versions behind the one that is asked for',
    changes: [
      {
        file: 'src/state-machine/policies',
        find: 'if (wanted !== null) return this.#put(command, wanted, version, at);',
        replace:
          'if (wanted !== null) { const kept = versions.filter((each) => each.version <= version); const done = this.#put(command, wanted, version, at); if (done.isNew) this.#byName.set(name, { name, versions: [...kept, this.get(name)?.versions.at(-1)] }); return done; }',
      },
    ],
  },
];
