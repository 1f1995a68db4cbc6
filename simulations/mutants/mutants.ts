// Known bugs of real systems, each as the smallest change that plants it into the shipped code: an exact piece of text and
// what takes its place. The pieces name no types, so that they are found in the sources and in the built code alike.
// The shipped code has no switch for any of them.

/** One change to the text of a file. */
export interface Change {
  /** Path below the sources, without its extension. */
  readonly file: string;
  /** Found exactly once, white space aside. */
  readonly find: string;
  readonly replace: string;
}

/** One planted bug. */
export interface Mutant {
  readonly name: string;
  /** What the changes do, in a sentence. */
  readonly what: string;
  readonly changes: readonly Change[];
  /** Why nothing is expected to fail: another line of defence covers the bug. Absent: it must be found. */
  readonly coveredBy?: string;
}

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

export const MUTANTS: readonly Mutant[] = [
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
