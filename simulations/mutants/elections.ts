// Planted bugs of elections: who votes, when a vote is told, and what is counted. Each is the smallest change of text
// that plants what a real system once did; mutant.ts says how they are written.

import type { Mutant } from './mutant.js';

export const ELECTIONS: readonly Mutant[] = [
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
    name: 'duplicate-vote-counts',
    what: 'a vote that arrives twice counts as two',
    changes: [
      {
        file: 'src/raft/election',
        find: 'role.votes.set(from, response.granted);',
        replace:
          'const other = allVoters(configurationInForce(state)).find((id) => !role.votes.has(id)); role.votes.set(role.votes.has(from) ? (other ?? from) : from, response.granted);',
      },
    ],
  },
  {
    name: 'vote-in-second-write',
    what: 'a vote goes to the disk behind the term, in a write that its answer does not wait for',
    changes: [
      {
        file: 'src/node/node',
        find: 'this.#modules.storage.persist({ batch, installParts, identity: null }, (error) => {',
        replace:
          'const { hardState } = batch; const first = hardState === null ? batch : { ...batch, hardState: { ...hardState, votedFor: null } }; this.#modules.storage.persist({ batch: first, installParts, identity: null }, (error) => {',
      },
      {
        file: 'src/node/node',
        find: "this.#push({ type: 'persisted', nowMs: 0, persistId: batch.persistId }); });",
        replace:
          "this.#push({ type: 'persisted', nowMs: 0, persistId: batch.persistId }); }); if (hardState !== null) this.#modules.storage.persist({ batch: { ...EMPTY_BATCH, hardState }, installParts: null, identity: null }, () => undefined);",
      },
    ],
  },
  {
    name: 'vote-split-awaited',
    what: 'term and vote go to the disk in two writes, and the answer waits for both',
    changes: [
      {
        file: 'src/node/node',
        find: 'this.#modules.storage.persist({ batch, installParts, identity: null }, (error) => {',
        replace:
          'const { hardState } = batch; const first = hardState === null ? batch : { ...batch, hardState: { ...hardState, votedFor: null } }; this.#modules.storage.persist({ batch: first, installParts, identity: null }, () => undefined); this.#modules.storage.persist({ batch: { ...EMPTY_BATCH, hardState }, installParts: null, identity: null }, (error) => {',
      },
    ],
    coveredBy:
      'the answer that waits for both: a crash between them forgets a vote that nobody was told of',
    provenBy: 'vote-in-second-write',
  },
  {
    name: 'leader-gives-votes',
    what: 'a leader gives votes and pre-votes to others',
    changes: [
      {
        file: 'src/raft/election',
        find: "if (state.role.type === 'leader') return true;",
        replace: '',
      },
    ],
    coveredBy:
      'as to safety, its vote for itself: it can give one only in a later term, and steps down, as Raft without withheld votes does',
    provenBy: 'leader-gives-votes-in-own-term',
  },
  {
    name: 'leader-gives-votes-in-own-term',
    what: 'the same, and although it has voted for itself in its term',
    changes: [
      {
        file: 'src/raft/election',
        find: "if (state.role.type === 'leader') return true;",
        replace: '',
      },
      {
        file: 'src/raft/election',
        find: '(state.votedFor === null || state.votedFor === from.id) && isUpToDate(',
        replace: 'isUpToDate(',
      },
    ],
  },
  {
    name: 'pre-vote-counts-as-vote',
    what: 'a pre-vote that comes late counts as a vote',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (response.preVote || response.term !== state.term) return;',
        replace: 'if (response.term !== state.term) return;',
      },
    ],
  },
  {
    name: 'pre-votes-kept-as-votes',
    what: 'a candidate begins with the pre-votes that it got',
    changes: [
      {
        file: 'src/raft/election',
        find: 'votes: new Map(), why,',
        replace: "votes: state.role.type === 'preCandidate' ? state.role.votes : new Map(), why,",
      },
    ],
  },
  {
    name: 'request-before-own-vote',
    what: 'a candidate asks for votes before its own vote and its term are durable',
    changes: [
      {
        file: 'src/raft/election',
        find: 'else sendAfterPersist(state, voter, request);',
        replace: 'else send(state, voter, request);',
      },
    ],
  },
  {
    name: 'vote-kept-in-next-term',
    what: 'a node that enters a term by the word of another keeps the vote of the last one',
    changes: [{ file: 'src/raft/role', find: 'state.votedFor = null;', replace: '' }],
  },
  {
    name: 'higher-term-ignored',
    what: 'a leader or candidate does not step down for the higher term of an answer',
    changes: [
      {
        file: 'src/raft/raft',
        find: 'if (message.term > state.term && !isPromise) {',
        replace: 'if (message.term > state.term && !isPromise && state.nowMs < 0) {',
      },
    ],
    // Votes and entries of the higher term depose it as well, so that what is left is a member that it never hears again: rare.
    tests: ['test/paper/terms.test.ts'],
  },
  {
    name: 'learner-campaigns',
    what: 'a node that does not vote campaigns',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (canCampaign(state)) becomePreCandidate(',
        replace: 'if (state.nowMs >= 0) becomePreCandidate(',
      },
    ],
  },
  {
    name: 'one-entry-behind-may-lead',
    what: 'a candidate whose log lacks one entry gets votes',
    changes: [
      {
        file: 'src/raft/election',
        find: 'return theirs.index >= ours.index;',
        replace: 'return theirs.index + 1 >= ours.index;',
      },
    ],
  },
  {
    name: 'old-time-out-now',
    what: 'a node campaigns on a TimeoutNow of an earlier term',
    changes: [
      {
        file: 'src/raft/election',
        find: "if (state.role.type === 'leader' || message.term !== state.term) return;",
        replace: "if (state.role.type === 'leader') return;",
      },
    ],
    // It takes a leader that is elected again, and its order of the earlier term after that: too rare for the swarm.
    tests: ['test/paper/hand-over.test.ts'],
  },
  {
    name: 'transfer-lifts-for-ever',
    what: 'a campaign that a hand-over began lifts withheld votes in every term',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (request.transfer && leaderTerm !== null && request.term === nextTerm(leaderTerm)) {',
        replace: 'if (request.transfer) {',
      },
    ],
    coveredBy:
      'the election of whoever gave the order: a campaign says this only in the term after, and by that election every earlier lease had ended',
    provenBy: 'every-campaign-lifts',
  },
  {
    name: 'every-campaign-lifts',
    what: 'the same, and every campaign says that a hand-over began it',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (request.transfer && leaderTerm !== null && request.term === nextTerm(leaderTerm)) {',
        replace: 'if (request.transfer) {',
      },
      {
        file: 'src/raft/election',
        find: "transfer: role.type === 'candidate' && role.transfer,",
        replace: 'transfer: true,',
      },
    ],
  },
  {
    name: 'no-withholding',
    what: 'votes are given although a leader was heard a moment ago',
    changes: [
      {
        file: 'src/raft/election',
        find: 'return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;',
        replace: 'return false;',
      },
    ],
  },
  {
    name: 'no-withholding-after-restart',
    what: 'a node that has just restarted gives its vote at once, although a lease may count on it',
    changes: [
      {
        file: 'src/raft/initial',
        find: 'withholdUntilMs: nowMs + Math.max(electionTimeoutMinMs, leaseMs),',
        replace: 'withholdUntilMs: nowMs,',
      },
    ],
  },
  {
    name: 'removed-campaigns',
    what: 'pre-votes ask for no up-to-date log, and votes are not withheld, so whoever was removed disturbs',
    changes: [
      {
        file: 'src/raft/election',
        find: 'return state.nowMs < state.withholdUntilMs && state.heard?.id !== from;',
        replace: 'return false;',
      },
      {
        file: 'src/raft/election',
        find: 'const isGranted = request.term > state.term && isUpToDate(request.last, state.log.last); respond',
        replace: 'const isGranted = request.term > state.term; respond',
      },
    ],
  },
  {
    name: 'pre-vote-of-own-term',
    what: 'a pre-vote is granted with the term of the voter, which the asker takes for an old one',
    changes: [
      {
        file: 'src/raft/election',
        find: 'term: isGranted ? request.term : state.term,',
        replace: 'term: state.term,',
      },
    ],
  },
  {
    name: 'no-check-quorum',
    what: 'a leader that no quorum hears goes on leading',
    changes: [
      {
        file: 'src/raft/leadership',
        find: 'if (state.nowMs - contactMs >= electionTimeoutMinMs) {',
        replace: 'if (state.nowMs - contactMs >= Number.POSITIVE_INFINITY) {',
      },
    ],
  },
  {
    name: 'disk-ignored',
    what: 'a leader whose disk does not answer goes on leading',
    changes: [
      {
        file: 'src/raft/leadership',
        find: 'if (isDiskOverdue) {',
        replace: 'if (isDiskOverdue && state.nowMs < 0) {',
      },
    ],
  },
  {
    name: 'restart-forgets-all',
    what: 'a restarted node begins with the empty state and its old id',
    changes: [
      {
        file: 'src/node/node',
        find: 'const { stored } = this.#options;',
        replace: 'const stored = { ...this.#options.stored, ...NOTHING_LOADED };',
      },
    ],
  },
  {
    name: 'late-timer-campaigns',
    what: 'a tick that comes far too late lets a node campaign at once',
    changes: [
      {
        file: 'src/raft/election',
        find: 'if (lateMs > lateTimerMs) {',
        replace: 'if (lateMs > Number.MAX_SAFE_INTEGER) {',
      },
    ],
    coveredBy:
      'pre-votes, which nobody who hears the leader gives: a late tick costs one round of them',
    provenBy: 'no-withholding',
  },
];
