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
  file: 'src/raft/lease',
  find: '(isProven ? 0 : unprovenLeaseMs + 1)',
  replace: '(isProven ? 0 : 0 * unprovenLeaseMs)',
};

const NO_DRIFT_ALLOWANCE: Change = {
  file: 'src/raft/lease',
  find: 'Math.floor(state.applied.reign.leaseMs * LEASE_USED)',
  replace: 'Math.floor(state.applied.reign.leaseMs * Math.max(1, LEASE_USED))',
};

const WITHHOLDING = 'votes that are withheld after a leader was heard';

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
        file: 'src/raft/lease',
        find: 'if (state.options.isWitness)',
        replace: 'if (state.nowMs < 0)',
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
    coveredBy: WITHHOLDING,
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
    coveredBy: WITHHOLDING,
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
        find: 'raft.isPrimaryAt(Math.max(nowMs, state.nowMs))',
        replace: 'raft.isPrimaryAt(state.nowMs)',
      },
    ],
  },
];
