// Planted bugs of reads and of primacy: rounds, leases, the bound, and hand-overs. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Change, Mutant } from './mutant.js';

/** Votes are given although a leader was heard a moment ago: one of two lines of defence before a second primary. */
const NO_WITHHOLDING: Change = {
  file: 'src/raft/election',
  find: 'return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;',
  replace: 'return false;',
};

const NO_BOUND: Change = {
  file: 'src/raft/promotion',
  find: '(isProven ? 0 : unprovenLeaseMs + 1)',
  replace: '(isProven ? 0 : 0 * unprovenLeaseMs)',
};

const NO_DRIFT_ALLOWANCE: Change = {
  file: 'src/raft/lease',
  find: 'Math.floor(state.applied.reign.leaseMs * LEASE_USED)',
  replace: 'Math.floor(state.applied.reign.leaseMs * Math.max(1, LEASE_USED))',
};

export const READS: readonly Mutant[] = [
  {
    name: 'read-without-round',
    what: 'a linearizable read is served without a quorum that confirms the leader',
    changes: [
      {
        file: 'src/raft/read-index',
        find: 'read.round === null || read.round > confirmed) return;',
        replace: 'read.round === null || confirmed < 0) return;',
      },
    ],
  },
  {
    name: 'follower-read-joins',
    what: "a follower's read joins a request that is on its way, whose answer may be older than the read",
    changes: [
      {
        file: 'src/raft/follower-reads',
        find: 'for (const readId of reads.asked)',
        replace: 'for (const readId of [...reads.asked, ...reads.waiting.splice(0)])',
      },
    ],
  },
  {
    name: 'lease-read-unchecked',
    what: 'a read under the lease is answered whether the lease holds or not',
    changes: [
      { file: 'src/node/reads', find: 'if (!isPrimary())', replace: 'if (use === null)' },
      { file: 'src/node/reads', find: 'return isPrimary() ?', replace: 'return use !== null ?' },
    ],
  },
  {
    name: 'witness-reigns',
    what: 'a witness that leads activates itself although it holds no state',
    changes: [
      {
        file: 'src/raft/promotion',
        find: 'if (state.options.isWitness) return false;',
        replace: '',
      },
      {
        file: 'src/raft/read-index',
        find: 'if (state.options.isWitness)',
        replace: 'if (state.nowMs < 0)',
      },
    ],
  },
  {
    name: 'no-bound',
    what: 'a new primary starts at once, while the lease of the old one may still run',
    changes: [NO_BOUND],
  },
  {
    name: 'no-bound-no-withholding',
    what: 'the same, and votes are given although a leader was just heard',
    changes: [NO_BOUND, NO_WITHHOLDING],
  },
  {
    name: 'no-drift-allowance',
    what: 'a lease is used in full, although the next leader counts it by another clock',
    changes: [NO_DRIFT_ALLOWANCE],
  },
  {
    name: 'lease-after-hand-over',
    what: 'a leader goes on as primary while it hands over and after TimeoutNow has left',
    changes: [
      {
        file: 'src/raft/leader-transfer',
        find: "transfer.phase = 'sent'; leader.isEpochOver = true;",
        replace: "transfer.phase = 'sent';",
      },
      {
        file: 'src/raft/lease',
        find: 'return reign.epoch === leader.activationIndex && !reign.isOver && !leader.isEpochOver;',
        replace: 'return reign.epoch === leader.activationIndex;',
      },
    ],
  },
  {
    name: 'lease-by-old-reading',
    what: 'whether a node is primary is judged by the time of its last input, not by a fresh reading of the clock',
    changes: [
      {
        file: 'src/node/status',
        find: 'raft.isPrimaryAt(atMs)',
        replace: 'raft.isPrimaryAt(state.nowMs)',
      },
    ],
  },
  {
    name: 'no-drift-allowance-no-withholding',
    what: 'a lease is used in full, and votes are given although a leader was just heard',
    changes: [NO_DRIFT_ALLOWANCE, NO_WITHHOLDING],
  },
  {
    name: 'lease-from-answer',
    what: 'a lease counts from the answer instead of from the beginning of the round',
    changes: [
      {
        file: 'src/raft/raft',
        find: 'acknowledgeRound(leader, from.id, message.round);',
        replace:
          'acknowledgeRound(leader, from.id, message.round); if (progress.ackedRoundStartMs !== null) progress.ackedRoundStartMs = state.nowMs;',
      },
    ],
  },
  {
    name: 'lease-of-silent-voters',
    what: 'voters that have not answered in this term count for the lease',
    changes: [
      {
        file: 'src/raft/rounds',
        find: '?.ackedRoundStartMs ?? Number.NEGATIVE_INFINITY',
        replace: '?.ackedRoundStartMs ?? state.nowMs',
      },
    ],
  },
  {
    name: 'lease-of-an-older-round',
    what: 'an older answer that comes late sets the round back',
    changes: [
      { file: 'src/raft/progress', find: 'if (round <= this.ackedRound) return;', replace: '' },
    ],
    coveredBy:
      'a lease and reads that rest on an older round than they might: they only end sooner',
    provenBy: 'lease-from-answer',
  },
  {
    name: 'read-before-own-commit',
    what: 'a leader serves reads before it has committed in its term',
    changes: [
      {
        file: 'src/raft/read-index',
        find: 'if (isConfirming || !hasWaiting || state.commitIndex < leader.noopIndex) return false;',
        replace: 'if (isConfirming || !hasWaiting) return false;',
      },
    ],
  },
  {
    name: 'read-joins-round',
    what: 'a read joins a round that is on its way',
    changes: [
      {
        file: 'src/raft/read-index',
        find: 'role.reads.push({ readId, asker: null, round: null,',
        replace: 'role.reads.push({ readId, asker: null, round: role.reads[0]?.round ?? null,',
      },
    ],
  },
  {
    name: 'read-by-older-round',
    what: 'a read is confirmed by the round before its own',
    changes: [
      {
        file: 'src/raft/read-index',
        find: 'read.round === null || read.round > confirmed) return;',
        replace: 'read.round === null || read.round > confirmed + 1) return;',
      },
    ],
  },
  {
    name: 'read-before-applied',
    what: 'a confirmed read is served before the state has reached its index',
    changes: [
      {
        file: 'src/node/reads',
        find: 'this.#confirmed.filter(({ readIndex }) => readIndex <= lastApplied);',
        replace:
          'this.#confirmed.filter(({ readIndex }) => readIndex <= lastApplied || readIndex > 0);',
      },
      {
        file: 'src/node/reads',
        find: 'this.#confirmed.filter(({ readIndex }) => readIndex > lastApplied);',
        replace: '[];',
      },
    ],
  },
  {
    name: 'read-of-an-earlier-request',
    what: "a follower's reads are released by the answer to an earlier request",
    changes: [
      {
        file: 'src/raft/follower-reads',
        find: 'from !== state.leaderId || requestId !== reads.requestId) return;',
        replace: 'from !== state.leaderId || requestId > reads.requestId) return;',
      },
    ],
  },
  {
    name: 'reads-kept-by-the-deposed',
    what: 'reads that a deposed leader had pending are served',
    changes: [
      {
        file: 'src/raft/role',
        find: 'if (readId !== null) state.outbox.reads.push({ readId, readIndex: null });',
        replace:
          'if (readId !== null) state.outbox.reads.push({ readId, readIndex: state.commitIndex });',
      },
    ],
  },
  {
    name: 'activates-before-no-op',
    what: 'a leader activates itself before it has applied what earlier leaders left',
    changes: [
      {
        file: 'src/raft/promotion',
        find: 'if (state.lastApplied < leader.noopIndex) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'proof-within-bound',
    what: 'a leader that waits out a bound proves that the earlier processes have ended',
    changes: [
      {
        file: 'src/raft/lease',
        find: 'if (leader.boundUntilMs === null || state.nowMs < leader.boundUntilMs) return false;',
        replace: '',
      },
      NO_WITHHOLDING,
    ],
  },
  {
    name: 'primary-after-proof',
    what: 'a leader goes on as primary after it proposed the proof of its end',
    changes: [
      {
        file: 'src/raft/lease',
        find: 'leader.isEpochOver = true; if (leader.boundUntilMs',
        replace: 'if (leader.boundUntilMs',
      },
    ],
  },
  {
    name: 'proof-not-awaited',
    what: 'TimeoutNow leaves before the proof is committed',
    changes: [
      {
        file: 'src/raft/leader-transfer',
        find: "? 'proving' : 'catchingUp';",
        replace: "? 'catchingUp' : 'catchingUp';",
      },
    ],
    coveredBy:
      'the log that the target must have caught up with, the proof included, and the processes that ended before it was proposed',
    provenBy: 'primary-after-proof',
  },
  {
    name: 'transfer-to-lagging',
    what: 'TimeoutNow leaves before the target has caught up',
    changes: [
      {
        file: 'src/raft/leader-transfer',
        find: 'if (progress === undefined || progress.matchIndex < state.log.lastIndex) return;',
        replace: 'if (progress === undefined) return;',
      },
    ],
    coveredBy: 'the up-to-date log that voters ask for',
    provenBy: 'any-log-may-lead',
  },
  {
    name: 'bound-forgets-earlier-leases',
    what: 'the bound counts only the lease of the newest reign, also after a proof that came too early',
    changes: [
      { file: 'src/raft/reign', find: 'isProven: false,', replace: 'isProven: reign.isProven,' },
      {
        file: 'src/raft/election',
        find: 'return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;',
        replace: 'return false;',
      },
    ],
  },
];
