// The names under which a run can fail to be safe, each with its claim in a sentence: what `simulate list` tells, and what a
// scenario may expect. A test holds this list and the properties' own files together.

export const PROPERTIES = {
  'log-matching': 'two logs with an entry of equal index and term are equal up to it (Raft Fig. 3)',
  'election-safety': 'at most one leader in a term (Raft Fig. 3)',
  'leader-append-only': 'a leader never overwrites or deletes entries of its log (Raft Fig. 3)',
  'follower-log':
    'a follower removes only what differs from its leader, and acknowledges only what that one named',
  'snapshot-chunks':
    'who tells how much of a snapshot it has stored was sent as much of that very one',
  'membership-overlaps': 'voters change only through joint configurations (Raft §6)',
  'commit-on-quorum': 'what is committed stands on the disks of a quorum',
  'committed-immutable': 'a committed entry stays as it is on every node (Raft Fig. 3)',
  'leader-completeness': 'a leader has every entry committed in earlier terms (Raft Fig. 3)',
  votes:
    'one vote in a term, durable before it is told, for a log up to date, and only given ones count',
  'withheld-votes': 'nobody votes for another while its word carries the lease of a leader',
  lease: 'a lease rests on rounds that a quorum answered, and ends with an order to campaign',
  acknowledgements:
    'what a follower acknowledges is durable there, and a leader believes no more than that',
  'configuration-rules':
    'what was truncated is in force no more; a change begins once the one before is committed; who votes no more leads no more',
  'leader-contact': 'a leader that no quorum answers gives up within its bound',
  'leader-disk': 'a leader whose disk takes nothing gives up within an election timeout',
  newcomers: 'nobody is added, given a vote or given up unless it was asked for or waited for',
  monotonic: 'terms, commitIndex, lastApplied and epochs only grow',
  'one-primary': 'no two nodes run primary-only processes at one true time',
  'proof-of-stop': 'when a proof of stop is proposed, nothing runs under its epoch any more',
  'reign-bound': 'who makes itself primary waits for every lease that its log leaves unproven',
  'reign-rules':
    'nobody makes itself primary unasked where an operator must name it, or while its health check fails',
  'feature-level': 'the level rises once every member speaks it, and nothing above it is applied',
  'same-state': 'equal answers at equal entries, equal states at equal indices',
  'session-lives': 'a session lives as long as its time-to-live says, by any allowed clock',
  'true-outcomes': 'what a client was told of a write is so, and nothing is carried out twice',
  linearizable: 'reads and writes are linearizable',
  'read-rounds': 'a read is answered after a quorum answered a round that began after it',
  'watch-order':
    'a watcher is told every change of what it asked for once, in order, from wherever it goes on',
  locks:
    'at most one session holds a lock, trusted by nobody else, under growing tokens and in the order of asking',
  jobs: 'no job is lost, steps are recorded once, and only the claim of the running reign counts',
  services:
    'a provider lives no longer than its session or member, and is gone for no other reason',
  policies: 'each change of a policy makes the next version, and none before it changes',
  bounds: 'everything that has a bound keeps it',
  decodable: 'every message and every batch that a node wrote can be read',
  'stated-invariant': 'the shipped code never catches itself in a state that it excludes',
  'node-never-throws': 'the shipped code never throws',
} as const;
