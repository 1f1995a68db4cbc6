// A planted bug for each feature of the core that src/raft/README.md lists: what the feature would be without its line. The
// tests named there must fail with it, since the swarm cannot see a limit, a saved round trip or a wait of another length.
// Snapshots, reads, hand-over, witnesses and slow disks stand in raft-features-later.ts.

import type { Mutant } from './mutant.js';
import { LATER_RAFT_FEATURES } from './raft-features-later.js';
import { bug } from './tested-bug.js';

const ELECTIONS: readonly Mutant[] = [
  bug(
    'no-pre-vote',
    'a node that hears no leader enters a new term without asking whether it could win',
    [
      'raft/election',
      "becomePreCandidate(state, 'heard no leader in time');",
      "becomeCandidate(state, 'heard no leader in time', null);",
    ],
    'paper/election',
  ),
  bug(
    'leads-unheard',
    'a leader that hears nobody leads on',
    [
      'raft/leadership',
      'if (state.nowMs - contactMs >= electionTimeoutMinMs) {',
      'if (state.nowMs < contactMs - electionTimeoutMinMs) {',
    ],
    'paper/reads',
    'paper/slow-disks',
  ),
  bug(
    'withheld-too-shortly',
    "votes are withheld for the own minimum only, though the leader's lease is longer",
    [
      'raft/leader-word',
      'Math.max(electionTimeoutMinMs, word.leaseMs)',
      'Math.max(electionTimeoutMinMs, 0)',
    ],
    'paper/withheld-votes',
  ),
  bug(
    'restart-withholds-nothing',
    'a node that restarted gives its vote at once, whatever it had heard before',
    ['raft/initial', 'withholdUntilMs: nowMs + Math.max(', 'withholdUntilMs: nowMs + Math.min(0, '],
    'paper/withheld-votes',
  ),
  bug(
    'old-leader-withholds-nothing',
    'a leader that stepped down gives its vote at once, while its own lease may run',
    ['raft/role', 'if (!isHandedOver) {', 'if (isHandedOver && state.nowMs < 0) {'],
    'paper/withheld-votes',
  ),
  bug(
    'leader-votes-for-others',
    'a leader votes for whoever asks with a higher term, so that any node can depose it',
    ['raft/election', "if (state.role.type === 'leader') return true;", ''],
    'paper/withheld-votes',
  ),
  bug(
    'left-out-never-elected',
    'a node that its newest configuration leaves out does not campaign, though nobody else has that entry',
    ['raft/election', 'return isVoter(before.configuration, id);', 'return false;'],
    'paper/joint-consensus',
  ),
  bug(
    'priority-without-bands',
    'the election timer knows no priority',
    [
      'raft/election-timer',
      'Math.floor(bandOf(state) * electionTimeoutMinMs)',
      '0 * bandOf(state)',
    ],
    'paper/priority',
    'properties/election-timer',
  ),
  bug(
    'priority-is-a-veto',
    'a node of lower priority waits for ever for one of higher priority',
    [
      'raft/election-timer',
      'Math.floor(bandOf(state) * electionTimeoutMinMs)',
      'Math.floor(bandOf(state) * 1000 * electionTimeoutMinMs)',
    ],
    'paper/priority',
  ),
  bug(
    'priority-never-yields',
    'a leader of lower priority stays although a better one has been well for long',
    [
      'raft/leader-transfer',
      'member.priority <= own) return null;',
      'member.priority > -1) return null;',
    ],
    'paper/priority',
  ),
  bug(
    'priority-undoes-choice',
    'priority hands over although an operator chose this node',
    ['raft/leader-transfer', '|| state.applied.reign.isChosen) return null;', ') return null;'],
    'paper/priority',
  ),
  bug(
    'stall-is-evidence',
    'a node whose own process stalled campaigns on the evidence of its late timer',
    ['raft/election', 'if (lateMs > lateTimerMs) {', 'if (lateMs > 1000 * lateTimerMs) {'],
    'paper/election',
  ),
];

const REPLICATION: readonly Mutant[] = [
  bug(
    'never-replicates',
    'a peer whose log agrees is still asked one message at a time',
    [
      'raft/progress',
      "this.state = { type: 'replicate' };",
      "this.state = { type: 'probe', isPaused: false };",
    ],
    'paper/replication',
  ),
  bug(
    'window-without-messages',
    'any number of messages may be on their way to a peer',
    ['raft/progress', 'this.#inflight.length < limits.inflightMessagesMax &&', ''],
    'paper/replication',
  ),
  bug(
    'window-without-bytes',
    'any number of bytes may be on their way to a peer',
    [
      'raft/progress',
      'this.#inflightBytes < limits.inflightBytesMax',
      'this.#inflightBytes > -limits.inflightBytesMax',
    ],
    'paper/replication-rules',
  ),
  bug(
    'hint-unused',
    'a leader goes back one entry for each conflict',
    [
      'raft/replication',
      'indexPlus(minIndex(agreeable.index, indexPlus(rejectedIndex, -1)), 1)',
      'indexPlus(indexPlus(rejectedIndex, 0 * agreeable.index - 1), 1)',
    ],
    'paper/replication-rules',
  ),
  bug(
    'sends-after-own-disk',
    'a leader sends an entry only once its own disk has it',
    [
      'raft/replication',
      'progress.nextIndex <= state.log.lastIndex) {',
      'progress.nextIndex <= state.persistence.durableIndex) {',
    ],
    'paper/replication',
  ),
  bug(
    'counts-itself-early',
    'a leader counts itself for entries that its disk does not have yet',
    [
      'raft/replication',
      '? state.persistence.durableIndex : (leader.',
      '? state.log.lastIndex : (leader.',
    ],
    'paper/replication',
  ),
  bug(
    'one-persist-at-a-time',
    'nothing is given to the disk while it works',
    [
      'raft/raft',
      'if (!hasMore && !persistence.hasWork(',
      'if (persistence.oldestStartMs !== null) return null; if (!hasMore && !persistence.hasWork(',
    ],
    'paper/replication-rules',
  ),
  bug(
    'one-entry-a-message',
    'each entry travels alone',
    [
      'raft/replication',
      'state.log.slice(progress.nextIndex, end, messageEntriesMax, messageBytesMax)',
      'state.log.slice(progress.nextIndex, end, Math.min(1, messageEntriesMax), messageBytesMax)',
    ],
    'paper/replication-rules',
  ),
  bug(
    'requests-share-an-entry',
    'what one turn proposed becomes one entry',
    [
      'raft/raft',
      'for (const data of commands) appendEntry',
      'for (const data of commands.slice(0, 1)) appendEntry',
    ],
    'paper/replication-rules',
  ),
  bug(
    'heartbeat-without-commit',
    'a heartbeat does not say what is committed',
    [
      'raft/replication',
      'commitIndex: state.commitIndex, });',
      'commitIndex: entries.length === 0 ? ENTRY_ID_ZERO.index : state.commitIndex, });',
    ],
    'paper/replication-rules',
  ),
  bug(
    'heartbeat-without-time',
    "a follower does not take over the leader's cluster time",
    ['raft/leader-word', 'adoptClusterTime(state, word.clusterTimeMs);', 'void adoptClusterTime;'],
    'raft/leaves',
  ),
  bug(
    'no-back-pressure',
    'any number of entries may wait to be committed',
    [
      'raft/raft',
      'waiting + commands.length > uncommittedEntriesMax ||',
      'waiting > 2 * uncommittedEntriesMax + 1e9 ||',
    ],
    'paper/replication',
  ),
];

const MEMBERSHIP: readonly Mutant[] = [
  bug(
    'voters-change-at-once',
    'a change of voters goes without a joint configuration',
    ['raft/membership', 'outgoing: configuration.voters,', 'outgoing: null,'],
    'paper/membership',
    'properties/joint-changes',
  ),
  bug(
    'newcomer-votes-at-once',
    'a newcomer is a voter from the start',
    [
      'raft/membership',
      '...change.promote]);',
      '...change.promote, ...change.add.map(({ id }) => id)]);',
    ],
    'paper/membership',
  ),
  bug(
    'change-waits-for-commit',
    'a follower puts a configuration in force only if it is committed',
    [
      'raft/replication',
      "if (entry.kind === 'configuration') { adoptConfiguration(",
      "if (entry.kind === 'configuration' && entry.index <= state.commitIndex) { adoptConfiguration(",
    ],
    'paper/membership',
  ),
  bug(
    'change-survives-truncation',
    'a configuration stays in force although its entry was truncated',
    [
      'raft/replication',
      'state.configurations.filter(({ index }) => index < from)',
      'state.configurations.filter(({ index }) => index < from || index > 0)',
    ],
    'paper/membership',
  ),
  bug(
    'second-change-taken',
    'a second change is taken while one runs',
    [
      'raft/membership',
      "if (isChangeRunning(state)) return refuse({ reason: 'changeRunning' });",
      '',
    ],
    'paper/membership',
  ),
  bug(
    'change-loses-quorum',
    'a change is taken although the voters that it leaves are not there',
    [
      'raft/membership',
      "if (lost !== null) return refuse({ reason: 'wouldLoseQuorum', detail: lost });",
      '',
    ],
    'paper/membership',
  ),
  bug(
    'removed-leads-on',
    'a leader that was removed leads on',
    [
      'raft/membership',
      'configurationIndex(state) <= state.commitIndex && !isVoter(',
      'configurationIndex(state) < 0 && !isVoter(',
    ],
    'paper/membership',
  ),
  bug(
    'joint-left-by-its-leader-only',
    'a joint configuration that another leader began is never left',
    [
      'raft/membership',
      'if (state.commitIndex < leader.noopIndex) return false; const left',
      'if (configurationIndex(state) < leader.noopIndex) return false; const left',
    ],
    'paper/membership',
  ),
  bug(
    'demoted-is-gone',
    'a demoted voter is no member after the change, where it should be a learner',
    [
      'raft/membership',
      'leaving: sorted(change.remove),',
      'leaving: sorted([...change.remove, ...change.demote]),',
    ],
    'paper/membership',
  ),
];

const RETURNING: readonly Mutant[] = [
  bug(
    'another-disk-counts',
    'a member that comes back with an empty disk is taken for what it was',
    ['raft/append', 'role.progress.delete(member.id);', ''],
    'paper/membership',
  ),
  bug(
    'set-back-still-counts',
    'a follower that lost what it acknowledged is still replicated to and counted',
    [
      'raft/set-back',
      'if (outcome.rejectedIndex !== matchIndex || round <= matchedInRound) return false;',
      'if (outcome.rejectedIndex !== matchIndex || round >= matchedInRound) return false;',
    ],
    'paper/set-back',
  ),
  bug(
    'set-back-disbelieved',
    'a node that has again what it lost takes no notice, though its leader gives it nothing more',
    [
      'raft/set-back',
      'state.outbox.lostTail = {',
      'if (!state.log.has(acknowledged)) state.outbox.lostTail = {',
    ],
    'paper/set-back',
  ),
  bug(
    'promoted-while-behind',
    'a newcomer becomes a voter however much it lacks',
    [
      'raft/newcomers',
      'state.commitIndex - progress.matchIndex <= state.options.limits.promotionLagMax',
      'state.commitIndex - progress.matchIndex <= 1e9 + state.options.limits.promotionLagMax',
    ],
    'paper/membership',
  ),
  bug(
    'dead-removed-in-vain',
    'dead voters are removed also where the cluster can lose no more afterwards than before',
    [
      'raft/removal',
      'if (toleranceWithout(removed) > toleranceWithout(best)) best = removed;',
      'if (toleranceWithout(removed) >= toleranceWithout(best)) best = removed;',
    ],
    'raft/removal',
  ),
];

export const RAFT_FEATURE_MUTANTS: readonly Mutant[] = [
  ...ELECTIONS,
  ...REPLICATION,
  ...MEMBERSHIP,
  ...RETURNING,
  ...LATER_RAFT_FEATURES,
];
