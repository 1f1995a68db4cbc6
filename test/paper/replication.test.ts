// Replication. Raft §5.3 (consistency check, conflict hints), §5.4.2 (commitment by counting, Fig. 8), Fig. 2
// (AppendEntries); Thesis §10.2.1 (the leader's disk works in parallel) and §10.2.2 (pipelining).

import { describe, expect, it } from 'vitest';
import type { AppendOutcome } from '../../src/raft/message.js';
import { Bench, first, sentTo } from '../support/raft-bench.js';
import { RaftCluster, texts } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import { appendEntries, bytes, entry, I, id, loaded, logOf, N, T } from '../support/raft-words.js';

function answer(term: number, outcome: AppendOutcome, round = 1): object {
  return { type: 'appendEntriesResponse', term, round, outcome };
}

const matched = (matchIndex: number): AppendOutcome => ({
  type: 'matched',
  matchIndex: I(matchIndex),
});

/** A follower of node 2 in the term given, nothing on its way to the disk. */
function follower(terms: readonly number[], term: number): Bench {
  const bench = new Bench({ loaded: loaded(logOf(terms)) });
  bench.hear(2, appendEntries(term, id(0, 0), []));
  bench.settle();
  return bench;
}

describe('Raft §5.3: a follower', () => {
  it('takes entries that follow what it has, and answers once they are durable', () => {
    const bench = follower([1, 1], 2);
    const entries = [entry(3, 2), entry(4, 2)];
    const ready = bench.hear(2, appendEntries(2, id(2, 1), entries));
    expect(ready).toEqual({
      ...EMPTY_READY,
      persist: {
        persistId: 2,
        hardState: null,
        truncateFrom: null,
        entries,
        install: null,
        compactTo: null,
      },
      messagesAfterPersist: [{ to: 2, message: answer(2, matched(4)) }],
    });
    bench.settle();
    expect(bench.hear(2, appendEntries(2, id(2, 1), entries)), 'durable already').toEqual({
      ...EMPTY_READY,
      messages: [{ to: 2, message: answer(2, matched(4)) }],
    });
  });

  it('answers a heartbeat at once with what is durable, however slow its disk is', () => {
    const bench = follower([1, 1], 2);
    bench.hear(2, appendEntries(2, id(2, 1), [entry(3, 2), entry(4, 2)]));
    expect(bench.hear(2, appendEntries(2, id(4, 2), [])), 'still being written').toEqual({
      ...EMPTY_READY,
      messages: [{ to: 2, message: answer(2, matched(2)) }],
    });
    bench.settle();
    expect(bench.hear(2, appendEntries(2, id(4, 2), [])).messages).toEqual([
      { to: 2, message: answer(2, matched(4)) },
    ]);
  });

  it('rejects entries that do not follow, and changes nothing', () => {
    const bench = follower([1, 1], 2);
    expect(bench.hear(2, appendEntries(2, id(5, 2), [entry(6, 2)]))).toEqual({
      ...EMPTY_READY,
      messages: [
        { to: 2, message: answer(2, { type: 'conflict', rejectedIndex: I(5), hint: id(2, 1) }) },
      ],
    });
    expect(bench.terms()).toEqual([1, 1]);
  });

  it('removes a conflicting entry and all that follow it, in the batch that adds the others', () => {
    const bench = follower([1, 1, 2, 2, 2], 3);
    const ready = bench.hear(2, appendEntries(3, id(3, 2), [entry(4, 3)]));
    expect(ready.persist).toMatchObject({ truncateFrom: 4, entries: [{ index: 4, term: 3 }] });
    expect(ready.events).toEqual([{ type: 'truncated', from: 4 }]);
    expect(ready.messages, 'nothing is claimed before that').toEqual([]);
    expect(bench.terms()).toEqual([1, 1, 2, 3]);
  });

  it('removes nothing for an older message whose entries it has', () => {
    const bench = follower([1, 1], 2);
    const entries = [entry(3, 2), entry(4, 2), entry(5, 2)];
    bench.hear(2, appendEntries(2, id(2, 1), entries));
    bench.settle();
    for (const late of [entries.slice(0, 1), []]) {
      const ready = bench.hear(2, appendEntries(2, id(2, 1), late, { commitIndex: I(5) }));
      expect(ready.persist).toBe(null);
      expect(ready.messages, 'claims only what this message proved').toEqual([
        { to: 2, message: answer(2, matched(2 + late.length)) },
      ]);
      expect(bench.state.commitIndex).toBe(3);
    }
    expect(bench.terms()).toEqual([1, 1, 2, 2, 2]);
  });

  it('takes for committed what the leader says, up to the end of what the message proved', () => {
    const bench = follower([1, 1, 1], 2);
    bench.hear(2, appendEntries(2, id(2, 1), [], { commitIndex: I(3) }));
    expect(bench.state.commitIndex, 'entry 3 may not be the leader’s').toBe(2);
    bench.hear(2, appendEntries(2, id(1, 1), [], { commitIndex: I(1) }));
    expect(bench.state.commitIndex, 'never falls').toBe(2);
  });

  it('does not take a heartbeat about the beginning of the log for a proof of more', () => {
    const bench = follower([1, 1, 2], 3);
    const ready = bench.hear(2, appendEntries(3, id(0, 0), [], { commitIndex: I(3) }));
    expect(ready.messages).toEqual([{ to: 2, message: answer(3, matched(0)) }]);
    expect(bench.state.commitIndex).toBe(0);
  });

  it('checks the first entry of all like any other: index 0 means "before the first" only', () => {
    const bench = follower([1, 1, 2], 3);
    const ready = bench.hear(2, appendEntries(3, id(0, 0), [entry(1, 3), entry(2, 3)]));
    expect(ready.persist).toMatchObject({ truncateFrom: 1 });
    expect(bench.terms()).toEqual([3, 3]);
  });

  it('must never be asked to remove a committed entry (Raft §5.4)', () => {
    const bench = follower([1, 1, 1], 2);
    bench.hear(2, appendEntries(2, id(3, 1), [], { commitIndex: I(3) }));
    expect(() => bench.hear(2, appendEntries(2, id(2, 1), [entry(3, 2)]))).toThrow(
      /never truncated/,
    );
  });

  it('claims in its answer nothing that an earlier batch wrote and a later one on its way takes back', () => {
    const bench = follower([1, 1], 2);
    const older =
      bench.hear(2, appendEntries(2, id(2, 1), [entry(3, 2), entry(4, 2)])).persist?.persistId ?? 0;
    const ready = bench.hear(3, appendEntries(3, id(2, 1), [entry(3, 3)]));
    expect(ready.persist).toMatchObject({ truncateFrom: 3, entries: [{ index: 3, term: 3 }] });
    bench.persisted(older);
    expect(bench.state.persistence.durableIndex, 'entry 3 on disk is of the older term').toBe(2);
    bench.persisted(ready.persist?.persistId ?? 0);
    expect(bench.state.persistence.durableIndex).toBe(3);
  });
});

describe('Raft §5.3, last paragraphs: the hint of a conflict', () => {
  it.each([
    {
      name: 'is the last entry of a log that is too short',
      terms: [1, 1],
      prev: id(9, 4),
      hint: id(2, 1),
    },
    {
      name: 'skips the entries of later terms at once',
      terms: [1, 1, 2, 4, 4, 4],
      prev: id(6, 3),
      hint: id(3, 2),
    },
    { name: 'may be the beginning', terms: [5, 5], prev: id(2, 3), hint: id(0, 0) },
  ])('$name', ({ terms, prev, hint }) => {
    const bench = follower(terms, 9);
    const { message } = bench.hear(2, appendEntries(9, prev, [])).messages[0] ?? {};
    expect(message).toEqual(answer(9, { type: 'conflict', rejectedIndex: prev.index, hint }));
  });

  it('lets the leader find the place in a step for each term that differs', () => {
    const cluster = new RaftCluster({
      logs: {
        '1': [1, 1, 1, 4, 4, 5, 5, 6, 6],
        '2': [1, 1, 1, 4, 4, 5, 5, 6, 6],
        '3': [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
      },
      seed: 1,
    });
    cluster.elect();
    const startMs = cluster.nowMs;
    cluster.runUntil(() => cluster.raft(3).state.log.has(id(9, 6)));
    expect(cluster.nowMs - startMs, 'round trips of 2 ms and a persist each').toBeLessThan(30);
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
  });
});

describe('Raft §5.3: a leader', () => {
  it('asks one message at a time until the logs meet, then sends without waiting (Thesis §10.2.2)', () => {
    const bench = new Bench({ limits: { messageEntriesMax: 1 } });
    bench.elect();
    bench.settle();
    bench.match(2);
    bench.settle();
    bench.propose('a', 'b', 'c');
    const ready = bench.take();
    expect(sentTo(ready.messages, 2)).toMatchObject(
      [
        { entries: [{ index: 4 }] },
        { entries: [{ index: 5 }] },
        { entries: [{ index: 6 }] },
        { entries: [{ index: 7 }] },
      ].slice(1),
    );
    expect(sentTo(ready.messages, 3), 'has not answered its first message').toEqual([]);
  });

  it('sends while its own disk works, and counts itself only once that is done (Thesis §10.2.1)', () => {
    const bench = new Bench();
    bench.reign();
    bench.propose('a');
    const ready = bench.take();
    expect(first(ready.messages, 'appendEntries').entries).toHaveLength(1);
    bench.match(2);
    expect(bench.take(), 'node 2 alone is no quorum of three').toEqual(EMPTY_READY);
    bench.persisted(ready.persist?.persistId ?? 0);
    expect(bench.take().committed).toHaveLength(1);
  });

  it('may commit what only the others have durably', () => {
    const bench = new Bench();
    bench.reign();
    bench.propose('a');
    bench.take();
    for (const peer of [2, 3]) bench.match(peer);
    expect(bench.take().committed).toHaveLength(1);
    expect(bench.state.persistence.durableIndex).toBeLessThan(bench.state.commitIndex);
  });

  it('keeps within the window of messages and bytes that may be on their way to a peer', () => {
    const bench = new Bench({ limits: { messageEntriesMax: 1, inflightMessagesMax: 2 } });
    bench.reign();
    bench.propose('a', 'b', 'c', 'd');
    expect(sentTo(bench.take().messages, 2)).toHaveLength(2);
    bench.match(2, bench.state.log.lastIndex - 3);
    expect(sentTo(bench.take().messages, 2)).toHaveLength(1);
  });

  it('sends an entry larger than a message may be alone', () => {
    const bench = new Bench({ limits: { messageBytesMax: 100 } });
    bench.reign();
    bench.step({ type: 'propose', commands: [bytes('x'), new Uint8Array(500), bytes('y')] });
    expect(sentTo(bench.take().messages, 2)).toMatchObject([
      { entries: [{ index: 5 }] },
      { entries: [{ index: 6 }] },
      { entries: [{ index: 7 }] },
    ]);
  });

  it('notices by the answer to a heartbeat that what it sent was lost, and sends it again', () => {
    const bench = new Bench();
    bench.reign();
    bench.propose('a');
    bench.settle();
    bench.tick(100);
    const beat = first(bench.take().messages, 'appendEntries');
    expect(beat).toMatchObject({ prev: { index: 5 }, entries: [] });
    const outcome: AppendOutcome = {
      type: 'conflict',
      rejectedIndex: beat.prev.index,
      hint: id(4, 2),
    };
    const ready = bench.hear(2, {
      type: 'appendEntriesResponse',
      term: T(2),
      round: beat.round,
      outcome,
    });
    expect(first(ready.messages, 'appendEntries')).toMatchObject({
      prev: { index: 4 },
      entries: [{ index: 5 }],
    });
  });

  it('lets matchIndex never fall, nor nextIndex to it, whatever arrives late', () => {
    const bench = new Bench();
    bench.reign();
    const progress = bench.leader.progress.get(N(2));
    bench.match(2, 4);
    bench.match(2, 3);
    const late: AppendOutcome = { type: 'conflict', rejectedIndex: I(3), hint: id(1, 1) };
    bench.hear(2, { type: 'appendEntriesResponse', term: T(2), round: 1, outcome: late });
    expect(progress).toMatchObject({ matchIndex: 4, nextIndex: 5 });
  });

  it('takes no answer of another term for one of its own', () => {
    const bench = new Bench();
    bench.reign();
    bench.propose('a');
    bench.settle();
    bench.hear(2, { type: 'appendEntriesResponse', term: T(1), round: 1, outcome: matched(5) });
    expect(bench.state.commitIndex).toBe(4);
  });

  it('refuses proposals when too much waits to be committed', () => {
    const bench = new Bench({ limits: { uncommittedEntriesMax: 2 } });
    bench.reign();
    const overloaded = { type: 'refused', refusal: { reason: 'overloaded' } };
    expect(bench.propose('a', 'b', 'c')).toEqual(overloaded);
    expect(bench.propose('a', 'b')).toMatchObject({
      type: 'appended',
      first: { index: 5 },
      count: 2,
    });
    expect(bench.propose('c')).toEqual(overloaded);
    bench.settle();
    bench.match(2);
    bench.settle();
    expect(bench.propose('c')).toMatchObject({ type: 'appended' });
  });

  it('refuses proposals when too many bytes wait to be committed, and none afterwards', () => {
    const bench = new Bench({ limits: { uncommittedBytesMax: 64 } });
    bench.reign();
    bench.propose('x'.repeat(100));
    expect(bench.propose('y')).toMatchObject({ refusal: { reason: 'overloaded' } });
    bench.settle();
    bench.match(2);
    bench.settle();
    expect(bench.leader.uncommittedBytes).toBe(0);
    expect(bench.propose('y')).toMatchObject({ type: 'appended' });
  });

  it('stamps entries with cluster time, which never falls along the log', () => {
    const log = [
      ...logOf([1]),
      { ...entry(2, 1), stampMs: 90_000 },
      entry(3, 1, undefined, 90_000),
    ];
    const [settings, , last] = log;
    if (settings === undefined || last === undefined) throw new Error('the log has three entries');
    const start = logOf([1, 1])[1];
    if (start === undefined) throw new Error('the log has a configuration');
    const bench = new Bench({ loaded: loaded([settings, { ...start, stampMs: 90_000 }, last]) });
    bench.elect();
    const stamp = bench.state.log.entryAt(bench.leader.noopIndex)?.stampMs;
    expect(stamp, 'the newest stamp, and the time since this node began').toBe(
      90_000 + bench.nowMs,
    );
  });
});

describe('Raft §5.4.2, Fig. 8: an entry of an earlier term', () => {
  it('is not committed by counting who has it, only with an entry of the leader’s own term', () => {
    const bench = new Bench({
      voters: [1, 2, 3, 4, 5],
      loaded: loaded(logOf([1, 1, 2], [1, 2, 3, 4, 5])),
    });
    bench.elect([2, 3]);
    bench.settle();
    for (const peer of [2, 3, 4, 5]) bench.match(peer, 3);
    expect(bench.take().committed, 'everybody has it').toEqual([]);
    expect(bench.state.commitIndex).toBe(0);
    for (const peer of [2, 3]) bench.match(peer);
    expect(bench.take().committed.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });
});

describe('Raft Fig. 3: the committed log', () => {
  it('is the same on all, in order, also for writes that were replaced', () => {
    const cluster = new RaftCluster({ seed: 4 });
    const old = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const others = [1, 2, 3].filter((node) => node !== old.id);
    cluster.cut([old.id], others);
    cluster.propose(old.id, 'lost');
    cluster.runUntil(() => cluster.leader?.id !== old.id && cluster.isLed);
    cluster.propose(cluster.leader?.id ?? 0, 'kept');
    cluster.run(100);
    cluster.heal();
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
    const entries = cluster.watcher.committed.filter((it) => it !== undefined);
    expect(texts(entries)).toEqual(['kept']);
  });

  it('is handed out in order, a bounded number at once, each entry exactly once', () => {
    const bench = new Bench({ limits: { committedEntriesMax: 2 } });
    bench.reign();
    bench.propose('a', 'b', 'c', 'd', 'e');
    bench.settle();
    bench.match(2);
    const counts: number[] = [];
    const indexes: number[] = [];
    for (let ready = bench.raft.takeReady(); ready !== null; ready = bench.raft.takeReady()) {
      counts.push(ready.committed.length);
      indexes.push(...ready.committed.map(({ index }) => index));
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
    expect(indexes).toEqual([5, 6, 7, 8, 9]);
  });

  it('survives a crash of all at once: what was acknowledged was durable on a majority', () => {
    const cluster = new RaftCluster({ seed: 6, persistMs: 20 });
    const leader = cluster.elect();
    cluster.propose(leader.id, 'a');
    cluster.runUntil(() => leader.raft.state.commitIndex === leader.raft.state.log.lastIndex);
    const { commitIndex } = leader.raft.state;
    for (const node of [1, 2, 3]) cluster.crash(node);
    for (const node of [1, 2, 3]) cluster.restart(node);
    cluster.elect();
    expect(cluster.leader?.raft.state.log.lastIndex).toBeGreaterThan(commitIndex);
  });
});
