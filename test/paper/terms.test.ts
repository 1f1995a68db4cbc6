// Terms and roles: the sentences of Raft §5.1, of §5.2 about who speaks and when, of §5.5 and §5.6, as tables over all kinds
// of messages. What a vote takes stands in election.test.ts.

import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/raft/message.js';
import { timersFor } from '../../src/raft/options.js';
import { Bench, first, sentTo } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  entry,
  I,
  id,
  loaded,
  logOf,
  N,
  requestVote,
  snapshotOf,
  T,
} from '../support/raft-words.js';

type Make = (term: number) => Message;

const appendResponse: Make = (term) => ({
  type: 'appendEntriesResponse',
  term: T(term),
  round: 1,
  outcome: { type: 'stale' },
});

const installSnapshot: Make = (term) => ({
  type: 'installSnapshot',
  term: T(term),
  round: 1,
  leaseMs: 750,
  clusterTimeMs: 0,
  meta: snapshotOf(9, 1),
  offset: 0,
  data: new Uint8Array(1),
  checksum: 0,
  totalBytes: 2,
});

/** Everything that makes its receiver enter a higher term. */
const CARRIERS: readonly { name: string; make: Make }[] = [
  { name: 'RequestVote', make: (term) => requestVote(term, id(9, 1)) },
  {
    name: 'the rejection of a vote',
    make: (term) => ({
      type: 'requestVoteResponse',
      term: T(term),
      preVote: false,
      granted: false,
    }),
  },
  {
    name: 'the rejection of a pre-vote',
    make: (term) => ({ type: 'requestVoteResponse', term: T(term), preVote: true, granted: false }),
  },
  { name: 'AppendEntries', make: (term) => appendEntries(term, id(2, 1), []) },
  { name: 'an answer to AppendEntries', make: appendResponse },
  { name: 'InstallSnapshot', make: installSnapshot },
  {
    name: 'an answer to InstallSnapshot',
    make: (term) => ({
      type: 'installSnapshotResponse',
      term: T(term),
      round: 1,
      last: id(9, 1),
      nextOffset: 0,
    }),
  },
];

/** A node past the time in which it withholds votes. */
function follower(term = 1): Bench {
  const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(term) }) });
  bench.nowMs = 1000;
  return bench;
}

function candidate(): Bench {
  const bench = new Bench();
  bench.timeOut();
  bench.vote(2, { preVote: true, term: 2 });
  bench.settle();
  expect(bench.state).toMatchObject({ term: 2, role: { type: 'candidate' } });
  return bench;
}

function leader(): Bench {
  const bench = new Bench();
  bench.reign([2, 3]);
  return bench;
}

describe('Raft §5.1: a server whose term is smaller', () => {
  it.each(CARRIERS)('takes the larger one from $name', ({ make }) => {
    const bench = follower();
    bench.give(2, make(7));
    expect(bench.state).toMatchObject({ term: 7, role: { type: 'follower' } });
  });

  it.each(CARRIERS)('as a candidate is a follower at once when $name has a larger one', (row) => {
    const bench = candidate();
    bench.give(2, row.make(7));
    expect(bench.state).toMatchObject({ term: 7, role: { type: 'follower' } });
  });

  // A leader withholds its vote, so a RequestVote does not depose it: Raft §6, and our deviation from §5.1.
  it.each(CARRIERS.filter(({ name }) => name !== 'RequestVote'))(
    'as a leader steps down at once when $name has a larger one',
    ({ make }) => {
      const bench = leader();
      bench.give(2, make(7));
      expect(bench.state).toMatchObject({ term: 7, role: { type: 'follower' } });
    },
  );

  it('does not take it from a request for a vote that it withholds, nor from a pre-vote', () => {
    const bench = leader();
    bench.give(2, requestVote(7, id(9, 1)));
    const awake = follower();
    awake.give(2, requestVote(7, id(9, 1), { preVote: true }));
    expect([bench.state.term, awake.state.term]).toEqual([2, 1]);
  });
});

describe('Raft §5.1: a request with an old term is rejected', () => {
  const rows: readonly { name: string; make: Make; answer: object }[] = [
    {
      name: 'RequestVote',
      make: (term) => requestVote(term, id(9, 1)),
      answer: { type: 'requestVoteResponse', term: 5, preVote: false, granted: false },
    },
    {
      name: 'PreVote',
      make: (term) => requestVote(term, id(9, 1), { preVote: true }),
      answer: { type: 'requestVoteResponse', term: 5, preVote: true, granted: false },
    },
    {
      name: 'AppendEntries',
      make: (term) => appendEntries(term, id(2, 1), [entry(3, 3)]),
      answer: { type: 'appendEntriesResponse', term: 5, round: 1, outcome: { type: 'stale' } },
    },
    {
      name: 'InstallSnapshot (Fig. 13 step 1)',
      make: installSnapshot,
      answer: { type: 'appendEntriesResponse', term: 5, round: 1, outcome: { type: 'stale' } },
    },
  ];
  it.each(rows)('$name, with the term that runs', ({ make, answer }) => {
    const bench = follower(5);
    const before = bench.state.electionDeadlineMs;
    expect(bench.hear(2, make(4))).toEqual({
      ...EMPTY_READY,
      messages: [{ to: 2, message: answer }],
    });
    expect(bench.terms()).toEqual([1, 1]);
    expect(bench.state, 'and is no sign of a leader').toMatchObject({
      term: 5,
      leaderId: null,
      electionDeadlineMs: before,
    });
  });

  it('also by a candidate, which remains one', () => {
    const bench = candidate();
    bench.give(3, appendEntries(1, id(2, 1), []));
    expect(bench.state.role.type).toBe('candidate');
  });
});

describe('Raft §5.1: every message', () => {
  it('carries the term of its sender', () => {
    const cluster = new RaftCluster({ seed: 3, limits: { keptEntriesMax: 0 } });
    const elected = cluster.elect();
    const other = elected.id === 1 ? 2 : 1;
    cluster.propose(elected.id, 'a');
    cluster.read(other, 1);
    cluster.runUntil(() => cluster.isConverged);
    const all = [...cluster.nodes.values()].flatMap(({ readys }) =>
      readys.flatMap((it) => [...it.messages, ...it.messagesAfterPersist]),
    );
    expect(new Set(all.map(({ message }) => message.type)).size).toBeGreaterThanOrEqual(4);
    for (const { message } of all) expect(message.term).toBeGreaterThan(0);
  });
});

describe('Raft §5.1 and §5.2: roles', () => {
  it('begin with a follower, whatever the node was before', () => {
    const bench = new Bench({ loaded: loaded(logOf([1, 1]), { term: T(4), votedFor: N(1) }) });
    expect(bench.state).toMatchObject({ term: 4, votedFor: 1, role: { type: 'follower' } });
    expect(bench.take()).toEqual(EMPTY_READY);
  });

  it('are one leader and followers in normal operation', () => {
    const cluster = new RaftCluster({ voters: [1, 2, 3, 4, 5], seed: 8 });
    cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const roles = [...cluster.nodes.values()].map(({ raft }) => raft.state.role.type);
    expect(roles.sort((a, b) => (a < b ? -1 : 1))).toEqual([
      ...Array.from({ length: 4 }, () => 'follower'),
      'leader',
    ]);
  });

  it('keep a follower passive: as time passes it sends nothing by itself', () => {
    const bench = new Bench();
    bench.hear(2, appendEntries(1, id(2, 1), []));
    for (let passed = 0; passed < 900; passed += 20) {
      bench.tick(20);
      expect(bench.take()).toEqual(EMPTY_READY);
    }
  });

  it('keep a follower a follower as long as it hears a leader', () => {
    const bench = new Bench();
    for (let passed = 0; passed < 20_000; passed += 900) {
      bench.tick(900);
      bench.hear(2, appendEntries(1, id(2, 1), []));
      expect(bench.state.role.type).toBe('follower');
    }
  });

  it('make a leader send heartbeats to all, five and more in the shortest election timeout', () => {
    const bench = leader();
    for (let beat = 1; beat <= 5; beat += 1) {
      bench.tick(100);
      const { messages } = bench.take();
      expect(messages.map(({ to }) => to)).toEqual([2, 3]);
      expect(first(messages, 'appendEntries').entries).toEqual([]);
      bench.match(2);
    }
  });

  it('give a candidate a new random timeout for each campaign', () => {
    const waits = new Set<number>();
    const bench = new Bench();
    for (let campaign = 0; campaign < 8; campaign += 1) {
      bench.timeOut();
      bench.vote(2, { preVote: true, term: bench.state.term + 1 });
      bench.settle();
      const waitMs = bench.state.electionDeadlineMs - bench.nowMs;
      expect(waitMs).toBeGreaterThanOrEqual(1000);
      expect(waitMs).toBeLessThan(2000);
      waits.add(waitMs);
    }
    expect(waits.size).toBeGreaterThan(4);
  });

  it('enter consecutive terms, one for each campaign', () => {
    const bench = new Bench();
    for (const term of [2, 3, 4]) {
      bench.timeOut();
      bench.vote(2, { preVote: true, term });
      bench.settle();
      expect(bench.state.term).toBe(term);
    }
  });
});

describe('Raft §5.5: requests that were carried out already', () => {
  it('are harmless: AppendEntries twice leaves the log as it is and answers the same', () => {
    const bench = follower();
    const message = appendEntries(2, id(2, 1), [entry(3, 2)], { commitIndex: I(3) });
    bench.hear(2, message);
    bench.settle();
    const again = bench.hear(2, message);
    expect(again.persist).toBe(null);
    expect(sentTo(again.messages, 2)).toMatchObject([
      { outcome: { type: 'matched', matchIndex: 3 } },
    ]);
    expect(bench.terms()).toEqual([1, 1, 2]);
  });

  it('are tried again for ever, also long after the entry is committed', () => {
    const cluster = new RaftCluster({ seed: 21 });
    const elected = cluster.elect();
    const away = elected.id === 3 ? 2 : 3;
    cluster.crash(away);
    cluster.propose(elected.id, 'a');
    cluster.run(60_000);
    expect(elected.raft.state.commitIndex, 'without it').toBe(elected.raft.state.log.lastIndex);
    cluster.restart(away);
    expect(cluster.runUntil(() => cluster.isConverged, 5000)).toBe(true);
  });
});

describe('Raft §5.6, Thesis §3.9: timing', () => {
  it.each([50, 200, 1000, 10_000])('keeps five heartbeats in a timeout of %i ms', (ms) => {
    const { heartbeatMs, electionTimeoutMinMs, electionTimeoutMaxMs } = timersFor(ms);
    expect(heartbeatMs * 5).toBeLessThanOrEqual(electionTimeoutMinMs);
    expect(electionTimeoutMaxMs).toBeGreaterThanOrEqual(electionTimeoutMinMs * 2);
  });

  it('is for liveness only: messages slower than every timeout elect nobody and break nothing', () => {
    const cluster = new RaftCluster({ seed: 2, electionTimeoutMs: 200, messageMs: 500 });
    cluster.run(30_000);
    // The watcher has looked at every promise of Fig. 3 after each event.
    expect(cluster.watcher.committedTo).toBe(-1);
    expect(cluster.isLed).toBe(false);
  });
});
