// Known bugs of real systems, each as the smallest change that plants it into the shipped code: an exact piece of text and
// what takes its place. The pieces name no types, so that they are found in the sources and in the built code alike.
// The shipped code has no switch for any of them.

/** One planted bug. */
export interface Mutant {
  readonly name: string;
  /** What the change does, in a sentence. */
  readonly what: string;
  /** Path below the sources, without its extension. */
  readonly file: string;
  /** Found exactly once, white space aside. */
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'vote-before-sync',
    what: 'a vote is answered before it is durable',
    file: 'src/raft/election',
    find: 'if (isDurable) send(state, to, response);',
    replace: 'if (isDurable || true) send(state, to, response);',
  },
  {
    name: 'ack-before-sync',
    what: 'entries are acknowledged before they are durable',
    file: 'src/raft/leader-word',
    find: 'if (state.persistence.isDurable(claimed, hardState(state))) send(state, to, response);',
    replace: 'send(state, to, response); if (true) return;',
  },
  {
    name: 'commit-older-term',
    what: 'an entry of an older term is committed by counting (Raft Fig. 8)',
    file: 'src/raft/replication',
    find: 'if (state.log.termAt(index) !== state.term) return false;',
    replace: '',
  },
  {
    name: 'small-quorum',
    what: 'half of the voters are a quorum',
    file: 'src/raft/quorum',
    find: 'return Math.floor(voterCount / 2) + 1;',
    replace: 'return Math.max(1, Math.ceil(voterCount / 2));',
  },
  {
    name: 'vote-twice',
    what: 'a vote is given again in a term in which one was given',
    file: 'src/raft/election',
    find: '(state.votedFor === null || state.votedFor === from.id) && isUpToDate(',
    replace: 'isUpToDate(',
  },
  {
    name: 'any-log-may-lead',
    what: 'a vote is given to a candidate whose log is behind',
    file: 'src/raft/election',
    find: 'state.votedFor === from.id) && isUpToDate(request.last, state.log.last);',
    replace: 'state.votedFor === from.id);',
  },
  {
    name: 'stale-append-truncates',
    what: 'an older AppendEntries removes entries that came after it',
    file: 'src/raft/replication',
    find: 'const fresh = entries.findIndex((entry) => !log.has(entry));',
    replace: 'const fresh = entries.length > 0 ? 0 : -1;',
  },
  {
    name: 'ack-beyond-message',
    what: 'a follower acknowledges its whole log, whatever the message proved',
    file: 'src/raft/replication',
    find: "return { type: 'matched', matchIndex: indexPlus(prev.index, entries.length) };",
    replace: "return { type: 'matched', matchIndex: log.lastIndex };",
  },
  {
    name: 'read-without-round',
    what: 'a linearizable read is served without a quorum that confirms the leader',
    file: 'src/raft/read-index',
    find: 'read.round === null || read.round > confirmed) return;',
    replace: 'read.round === null || confirmed < 0) return;',
  },
  {
    name: 'no-bound',
    what: 'a new primary starts at once, while the lease of the old one may still run',
    file: 'src/raft/lease',
    find: '(isProven ? 0 : unprovenLeaseMs + 1)',
    replace: '(isProven ? 0 : 0 * unprovenLeaseMs)',
  },
  {
    name: 'no-drift-allowance',
    what: 'a lease is used in full, although the next leader counts it by another clock',
    file: 'src/raft/lease',
    find: 'Math.floor(state.applied.reign.leaseMs * LEASE_USED)',
    replace: 'Math.floor(state.applied.reign.leaseMs * Math.max(1, LEASE_USED))',
  },
  {
    name: 'lease-after-hand-over',
    what: 'a leader goes on as primary after TimeoutNow has left',
    file: 'src/raft/leader-transfer',
    find: "transfer.phase = 'sent';\n  leader.isEpochOver = true;",
    replace: "transfer.phase = 'sent';",
  },
  {
    name: 'stale-snapshot',
    what: 'a snapshot that covers less than what is committed is installed',
    file: 'src/raft/snapshot',
    find: "if (meta.last.index <= state.commitIndex || state.role.type === 'leader') return;",
    replace: "if (state.role.type === 'leader') return;",
  },
];
