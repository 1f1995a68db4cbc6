// Planted bugs of replication: what is appended, acknowledged, counted and committed. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const REPLICATION: readonly Mutant[] = [
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
    name: 'commit-beyond-proof',
    what: 'a follower takes all of its log below commitIndex as committed, not what the message proved',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'advanceCommitIndex(state, minIndex(message.commitIndex, outcome.matchIndex));',
        replace: 'advanceCommitIndex(state, minIndex(message.commitIndex, state.log.lastIndex));',
      },
    ],
  },
  {
    name: 'next-not-raised',
    what: 'nextIndex stays behind when matchIndex grows',
    changes: [
      {
        file: 'src/raft/progress',
        find: 'this.nextIndex = maxIndex(this.nextIndex, indexPlus(this.matchIndex, 1));',
        replace: '',
      },
    ],
  },
  {
    name: 'unchecked-at-zero',
    what: 'entries after entry 0 are taken as the own ones without a look at their terms',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const fresh = entries.findIndex((entry) => !log.has(entry));',
        replace:
          'const fresh = entries.findIndex((entry) => prev.index === 0 ? log.entryAt(entry.index) === null : !log.has(entry));',
      },
    ],
    coveredBy: 'the first entries, which all logs share',
    provenBy: 'truncates-at-zero',
  },
  {
    name: 'truncates-at-zero',
    what: 'entries after entry 0 replace the log without a look at their terms',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const fresh = entries.findIndex((entry) => !log.has(entry));',
        replace:
          'const fresh = prev.index === 0 && entries.length > 0 ? 0 : entries.findIndex((entry) => !log.has(entry));',
      },
    ],
  },
  {
    name: 'zero-for-unknown',
    what: 'a leader says 0 for an entry that it has compacted',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const prev = entryBefore(state, progress.nextIndex); if',
        replace: 'const prev = entryBefore(state, progress.nextIndex) ?? ENTRY_ID_ZERO; if',
      },
      {
        file: 'src/raft/replication',
        find: 'const entries = state.log.slice(progress.nextIndex, end,',
        replace:
          'const entries = state.log.slice(maxIndex(progress.nextIndex, state.log.firstIndex), end,',
      },
    ],
  },
  {
    name: 'append-for-snapshot',
    what: 'a leader sends entries where a snapshot is due, just at the compacted one',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const prev = entryBefore(state, progress.nextIndex); if',
        replace:
          'const prev = entryBefore(state, progress.nextIndex) ?? (progress.nextIndex === state.log.compacted.index ? state.log.compacted : null); if',
      },
      {
        file: 'src/raft/replication',
        find: 'const entries = state.log.slice(progress.nextIndex, end,',
        replace: 'const entries = state.log.slice(indexPlus(prev.index, 1), end,',
      },
    ],
    coveredBy:
      "the entry before, which is the leader's own, so that what is accepted is right; and the next heartbeat, which begins the snapshot",
    provenBy: 'append-at-snapshot-index',
  },
  {
    name: 'append-at-snapshot-index',
    what: 'a leader takes the compacted entry for one that it can still send, here and in heartbeats',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const term = state.log.termAt(before);',
        replace:
          'const { compacted } = state.log; const term = index > 1 && index === compacted.index ? compacted.term : state.log.termAt(before);',
      },
      {
        file: 'src/raft/replication',
        find: 'const entries = state.log.slice(progress.nextIndex, end,',
        replace:
          'const entries = state.log.slice(maxIndex(progress.nextIndex, state.log.firstIndex), end,',
      },
    ],
  },
  {
    name: 'own-disk-not-awaited',
    what: 'a leader counts its own log before it is durable',
    changes: [
      {
        file: 'src/raft/replication',
        find: '? state.persistence.durableIndex :',
        replace: '? state.log.lastIndex :',
      },
    ],
  },
  {
    name: 'only-the-index-is-checked',
    what: 'a follower accepts entries that follow one of another term',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'if (!log.has(prev)) {',
        replace: 'if (prev.index > log.lastIndex) {',
      },
    ],
  },
  {
    name: 'answers-of-old-terms',
    what: 'a leader counts what was acknowledged in an earlier term',
    changes: [
      {
        file: 'src/raft/raft',
        find: "if (leader.type !== 'leader' || message.term !== state.term) return;",
        replace: "if (leader.type !== 'leader') return;",
      },
    ],
    // It takes a node that leads again, and the answer of a follower that has lost entries since: too rare for the swarm.
    tests: ['test/paper/replication.test.ts'],
  },
  {
    name: 'old-leader-followed',
    what: 'entries of a leader of an earlier term are taken in',
    changes: [{ file: 'src/raft/raft', find: 'if (term < state.term) return false;', replace: '' }],
  },
  {
    name: 'probe-never-goes-back',
    what: 'after a conflict a leader probes where it did',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'minIndex(agreeable.index, indexPlus(rejectedIndex, -1))',
        replace: 'minIndex(indexPlus(agreeable.index, 1), rejectedIndex)',
      },
    ],
  },
  {
    name: 'lost-entries-not-noticed',
    what: 'heartbeats follow the last acknowledged entry, so that a lost message never shows',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'const before = entryBefore(state, progress.nextIndex);',
        replace: 'const before = entryBefore(state, indexPlus(progress.matchIndex, 1));',
      },
    ],
  },
  {
    name: 'never-sent-again',
    what: 'what is on its way is never forgotten, so that a leader stops sending',
    changes: [
      {
        file: 'src/raft/progress',
        find: 'if (first === undefined || first.lastIndex > index) return;',
        replace: 'if (index >= 0) return;',
      },
    ],
  },
  {
    name: 'durable-through-truncation',
    what: 'what was truncated still counts as durable',
    changes: [
      {
        file: 'src/raft/persistence',
        find: 'this.#durableIndex = minIndex(this.#durableIndex, last);',
        replace: '',
      },
    ],
  },
  {
    name: 'in-flight-through-truncation',
    what: 'a batch on its way makes durable what was truncated meanwhile',
    changes: [
      {
        file: 'src/raft/persistence',
        find: 'for (const batch of this.#inFlight) batch.lastIndex = minIndex(batch.lastIndex, last);',
        replace: '',
      },
    ],
  },
  {
    name: 'durable-through-installation',
    what: 'what a snapshot replaced still counts as durable',
    changes: [
      { file: 'src/raft/persistence', find: 'this.#durableIndex = INDEX_ZERO;', replace: '' },
    ],
    // A snapshot must replace a log that differs from it and is no shorter: the swarm may take thousands of seeds.
    tests: ['test/paper/snapshots.test.ts', 'test/raft/persistence.test.ts'],
  },
  {
    name: 'same-term-not-written',
    what: 'a vote in a term that the disk knows is not written',
    changes: [
      {
        file: 'src/raft/persistence',
        find: 'return a.term === b.term && a.votedFor === b.votedFor;',
        replace: 'return a.term === b.term;',
      },
    ],
  },
  {
    name: 'truncation-not-written',
    what: 'the disk keeps what was truncated until it is overwritten',
    changes: [
      {
        file: 'src/raft/persistence',
        find: 'this.#truncateFrom = this.#truncateFrom === null ? index : minIndex(this.#truncateFrom, index);',
        replace: '',
      },
    ],
  },
  {
    name: 'one-batch-too-early',
    what: 'what waits for a batch leaves with the one before it',
    changes: [
      {
        file: 'src/node/outgoing',
        find: 'first.persistId > persistId)',
        replace: 'first.persistId > persistId + 1)',
      },
    ],
  },
  {
    name: 'heartbeat-answer-waits',
    what: 'the answer to a heartbeat claims what is not durable yet, so that it waits for the disk',
    changes: [
      {
        file: 'src/raft/replication',
        find: 'return durableIndex < state.log.compacted.index ? matchIndex : minIndex(matchIndex, durableIndex);',
        replace: 'return durableIndex < 0 ? durableIndex : matchIndex;',
      },
    ],
    coveredBy:
      'what waits for the disk anyway: an answer that claims more leaves later, not too early',
    provenBy: 'ack-before-sync',
  },
  {
    name: 'quorum-of-sent',
    what: 'a leader counts what it has sent',
    changes: [
      {
        file: 'src/raft/replication',
        find: '(leader.progress.get(id)?.matchIndex ?? 0)',
        replace: '((leader.progress.get(id)?.nextIndex ?? 1) - 1)',
      },
    ],
  },
];
