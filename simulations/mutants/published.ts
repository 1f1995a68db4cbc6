// The published bugs that a simulator must catch, as rows of a table: which mutants plant each, and, where a row cannot do
// harm under this design, why. The argument of such a row is checked by planting it together with the other line of
// defence, which is then found.

/** One bug of a published list. */
export interface PublishedRow {
  readonly number: number;
  /** The bug, with the system that had it. */
  readonly bug: string;
  /** Names of the mutants that plant it. */
  readonly mutants: readonly string[];
  /** Why it, or part of it, is harmless here. */
  readonly argument?: string;
}

export const PUBLISHED: readonly PublishedRow[] = [
  {
    number: 1,
    bug: 'membership change before an own-term commit (Raft errata)',
    mutants: ['change-before-own-commit', 'change-at-once-before-own-commit'],
    argument:
      'voters change only through joint configurations, whose old half must agree as well, so two changes of different terms meet in it, and without the joint half it is found; an old node that it admits after a raise of the feature level is found within some hundred seeds',
  },
  {
    number: 2,
    bug: 'older-term entry committed by counting (PySyncObj 169)',
    mutants: ['commit-older-term'],
  },
  {
    number: 3,
    bug: 'vote answered before it is durable (NodeDB 161, etcd 14143)',
    mutants: ['vote-before-sync'],
  },
  {
    number: 4,
    bug: 'term and vote in two writes (hashicorp/raft 661)',
    mutants: ['vote-in-second-write', 'vote-split-awaited'],
    argument:
      'if the answer waits for both writes, a crash between them forgets a vote that nobody was told of',
  },
  { number: 5, bug: 'duplicate vote counted (akka raft-45)', mutants: ['duplicate-vote-counts'] },
  { number: 6, bug: 'vote of an older term accepted (akka raft-46)', mutants: ['old-votes-count'] },
  {
    number: 7,
    bug: 'leader grants votes to others (DaosRaft 70)',
    mutants: ['leader-gives-votes', 'leader-gives-votes-in-own-term'],
    argument:
      'a leader has voted for itself in its term, so it could vote only in a later one, as in Raft without withheld votes, and without that vote it is found; that no leader lasts is found within some hundred seeds',
  },
  {
    number: 8,
    bug: 'wrong quorum index (akka raft-42, raft-java 21, openraft 1802)',
    mutants: ['small-quorum', 'quorum-sorted-rising'],
  },
  {
    number: 9,
    bug: 'stale AppendEntries truncates (akka raft-66, RaftOS 26, CCF 5991)',
    mutants: ['stale-append-truncates'],
  },
  {
    number: 10,
    bug: 'ACK beyond what the message proved (CCF 6016)',
    mutants: ['ack-beyond-message'],
  },
  {
    number: 11,
    bug: 'matchIndex goes back (PySyncObj 167, RaftOS 25)',
    mutants: ['match-goes-back'],
  },
  {
    number: 12,
    bug: 'nextIndex not above matchIndex (PySyncObj 167, WRaft)',
    mutants: ['next-not-raised'],
  },
  {
    number: 13,
    bug: 'no log check when prev = 0 (WRaft 118.1)',
    mutants: ['unchecked-at-zero', 'truncates-at-zero'],
    argument:
      'the first two entries are durable with the founder before anybody joins, so no log differs from entry 1 on and there is nothing to check; truncating there is found',
  },
  {
    number: 14,
    bug: 'AppendEntries instead of a snapshot at its index (WRaft 118.2)',
    mutants: ['append-for-snapshot', 'append-at-snapshot-index'],
    argument:
      'in the sender alone it is harmless: the entry that it names as the one before is in its log, so that a follower takes in only what is right, and a heartbeat that has no such entry begins the snapshot; with the wrong index in both it is found',
  },
  {
    number: 15,
    bug: 'snapshot drops the suffix (camunda 6092)',
    mutants: ['suffix-lost-to-snapshot'],
  },
  {
    number: 16,
    bug: 'stale snapshot applied (NuRaft 407, openraft 1930)',
    mutants: ['stale-snapshot'],
  },
  {
    number: 17,
    bug: 'ReadIndex before an own-term commit (etcd 7331, redisraft 22)',
    mutants: ['read-before-own-commit'],
  },
  {
    number: 18,
    bug: 'read by a deposed leader (etcd 0.4, d-engine 381)',
    mutants: ['read-without-round'],
  },
  {
    number: 19,
    bug: 'lease read across a transfer (tikv 1593, raft-rs 234)',
    mutants: ['lease-after-hand-over'],
  },
  {
    number: 20,
    bug: 'lease with clock drift or pause (tikv 964, Thesis 6.4)',
    mutants: [
      'lease-by-old-reading',
      'lease-from-answer',
      'no-bound',
      'no-bound-no-withholding',
      'no-drift-allowance',
      'no-drift-allowance-no-withholding',
    ],
  },
  {
    number: 21,
    bug: 'campaign with an unapplied configuration (etcd 7280, 456)',
    mutants: ['configuration-at-apply'],
    argument:
      'configurations are in force from append on, so there is no guard to drop; made effective at apply it is found',
  },
  {
    number: 22,
    bug: 'removed server with a high term disrupts (hashicorp 524, 526)',
    mutants: ['no-withholding', 'removed-campaigns'],
    argument:
      'a removed server asks for pre-votes first, and its log lacks its own removal; without withheld votes and pre-votes it is found',
  },
  {
    number: 23,
    bug: 'pre-vote of an outdated term (canonical/raft 279, 280)',
    mutants: ['pre-vote-of-own-term'],
  },
  { number: 24, bug: 'pre-vote without check-quorum', mutants: ['no-check-quorum'] },
  {
    number: 25,
    bug: 'ack before the WAL is synced (etcd 14370)',
    mutants: ['own-disk-not-awaited', 'storage-done-before-write'],
  },
  { number: 26, bug: 'lazy fsync (Jepsen NATS 2.12.1)', mutants: ['sync-skipped'] },
  {
    number: 27,
    bug: 'rename without directory fsync (etcd 6368)',
    mutants: ['directory-not-synced'],
  },
  {
    number: 28,
    bug: 'torn tail refuses to start (etcd 6379, 14098)',
    mutants: ['torn-tail-refused'],
  },
  {
    number: 29,
    bug: 'corrupt middle taken as a torn tail (PAR/CTRL FAST 2018)',
    mutants: ['damage-taken-as-torn'],
  },
  {
    number: 30,
    bug: 'restart forgets all (akka raft-62)',
    mutants: ['vote-forgotten', 'restart-forgets-all'],
  },
  {
    number: 31,
    bug: 'retry after "not leader" applies twice (openraft 2095)',
    mutants: ['repeat-carried-out', 'new-sequence-on-retry'],
  },
  {
    number: 32,
    bug: 'session expiry by a local clock (Thesis 6.3)',
    mutants: ['life-by-wall-clock'],
  },
  {
    number: 33,
    bug: '0 for "none" and "first" (akka raft-58b)',
    mutants: ['unchecked-at-zero', 'zero-for-unknown'],
    argument:
      'as row 13: entry 0 precedes the first in every log; 0 for an entry that is not known any more is found',
  },
];
