// Slow disks and stalled processes: rules of our own beside Thesis §6.2 (check-quorum) and §9.6. A leader whose sync is overdue or
// whose event loop stalls gives way; nobody campaigns on the evidence of its own delay. The plain cases stand in
// reads.test.ts (a leader's overdue sync) and election.test.ts (a follower's late timer).

import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/raft/ready.js';
import { Bench, sentTo } from '../support/raft-bench.js';
import { appendEntries, entry, I, id, requestVote } from '../support/raft-words.js';

/** Of the default timers. */
const TIMEOUT_MIN_MS = 1000;
const LEASE_USED_MS = 712;

function leading(): Bench {
  const bench = new Bench();
  bench.reign([2, 3]);
  return bench;
}

/** Lets time pass in ticks; these peers answer each round, with everything or nothing of what is new. */
function pass(bench: Bench, ms: number, peers: readonly number[], matchIndex?: number): Envelope[] {
  const sent: Envelope[] = [];
  for (let passed = 0; passed < ms; passed += 100) {
    bench.tick(100);
    sent.push(...bench.take().messages);
    if (bench.state.role.type !== 'leader') break;
    for (const peer of peers) bench.match(peer, matchIndex);
    sent.push(...bench.take().messages);
  }
  return sent;
}

/** Proposes and leaves the write on its way to the disk; answers its number. */
function stick(bench: Bench): number {
  bench.propose('stuck');
  const { persist } = bench.take();
  if (persist === null) throw new Error('expected something to persist');
  return persist.persistId;
}

const typesOf = (sent: readonly Envelope[]): string[] => sent.map(({ message }) => message.type);

describe('A leader whose disk is slow', () => {
  it('goes on until a sync is overdue by a whole minimum election timeout', () => {
    const bench = leading();
    stick(bench);
    pass(bench, TIMEOUT_MIN_MS - 100, [2, 3]);
    bench.tick(99);
    expect(bench.state.role.type).toBe('leader');
    bench.tick(1);
    expect(bench.state.role.type).toBe('follower');
  });

  it('goes on as long as each sync comes back in time, however many follow one another', () => {
    const bench = leading();
    for (let again = 0; again < 5; again += 1) {
      const stuck = stick(bench);
      pass(bench, TIMEOUT_MIN_MS - 100, [2, 3]);
      bench.persisted(stuck);
      bench.settle();
    }
    expect(bench.state.role.type).toBe('leader');
  });

  it('hands over to the one that has most, although what is stuck was committed without it', () => {
    const bench = leading();
    stick(bench);
    const sent = pass(bench, TIMEOUT_MIN_MS, [3]);
    expect(bench.state.role.type).toBe('follower');
    expect(sentTo(sent, 3).at(-1)?.type).toBe('timeoutNow');
    expect(typesOf(sent).filter((type) => type === 'timeoutNow')).toHaveLength(1);
  });

  it('is quiet where nobody could take over', () => {
    const bench = leading();
    stick(bench);
    // Both were heard by a check a moment ago, and neither has been for a heartbeat or two.
    pass(bench, 400, [2, 3]);
    const sent = pass(bench, TIMEOUT_MIN_MS, []);
    expect(bench.state.role.type).toBe('follower');
    const after = pass(bench, 100, []);
    expect(typesOf(after)).toEqual([]);
    expect(bench.isPrimary()).toBe(false);
    expect(sent.length).toBeGreaterThan(0);
  });

  it('refuses what is proposed to it afterwards', () => {
    const bench = leading();
    stick(bench);
    pass(bench, TIMEOUT_MIN_MS, [2, 3]);
    expect(bench.propose('late')).toMatchObject({ refusal: { reason: 'notLeader' } });
  });

  it('gives no vote that its disk does not hold, however long that takes', () => {
    const bench = leading();
    const stuck = stick(bench);
    pass(bench, TIMEOUT_MIN_MS, [2, 3]);
    bench.nowMs += 5000;
    const { term } = bench.state;
    const ready = bench.hear(2, requestVote(term + 5, id(99, term)));
    expect(typesOf(ready.messages)).toEqual([]);
    expect(typesOf(ready.messagesAfterPersist)).toEqual(['requestVoteResponse']);
    bench.persisted(stuck);
    expect(bench.state.votedFor).toBe(2);
  });
});

describe('A follower whose disk is slow', () => {
  it('does not campaign until its sync succeeds, and campaigns then', () => {
    const bench = new Bench();
    bench.tick(500);
    const stuck = bench.hear(2, appendEntries(1, id(2, 1), [entry(3, 1)])).persist?.persistId ?? 0;
    expect(stuck).toBeGreaterThan(0);
    for (let again = 0; again < 5; again += 1) {
      bench.timeOut();
      expect(bench.state.role.type).toBe('follower');
    }
    bench.persisted(stuck);
    bench.timeOut();
    expect(bench.state.role.type).toBe('preCandidate');
  });

  it('goes on hearing its leader, and acknowledges entries only when they are durable', () => {
    const bench = new Bench();
    const first = bench.hear(2, appendEntries(1, id(2, 1), [entry(3, 1)]));
    expect(typesOf(first.messages)).toEqual([]);
    bench.tick(3 * TIMEOUT_MIN_MS);
    const second = bench.hear(2, appendEntries(1, id(3, 1), [entry(4, 1)], { commitIndex: I(3) }));
    expect(typesOf(second.messages)).toEqual([]);
    expect(bench.state.leaderId).toBe(2);
    expect(bench.state.commitIndex).toBe(3);
  });
});

describe('A leader whose event loop stalls', () => {
  it('goes quiet when the stall was as long as a minimum election timeout', () => {
    const bench = leading();
    pass(bench, 300, [2, 3]);
    bench.tick(TIMEOUT_MIN_MS + 100, TIMEOUT_MIN_MS);
    const ready = bench.take();
    expect(bench.state.role.type).toBe('follower');
    expect(typesOf(ready.messages)).toEqual([]);
  });

  it('is not saved by answers that lay waiting meanwhile: they speak of rounds from before', () => {
    const bench = leading();
    pass(bench, 300, [2, 3]);
    const { round } = bench.leader;
    bench.nowMs += TIMEOUT_MIN_MS + 100;
    for (const peer of [2, 3]) bench.match(peer, bench.state.log.lastIndex, round);
    expect(bench.isPrimary()).toBe(false);
    bench.step({ type: 'tick', lateMs: TIMEOUT_MIN_MS });
    expect(bench.state.role.type).toBe('follower');
  });

  it('is no primary by the time its lease is over, before any tick says so', () => {
    const bench = leading();
    bench.tick(100);
    bench.take();
    for (const peer of [2, 3]) bench.match(peer);
    bench.nowMs += LEASE_USED_MS - 1;
    expect(bench.isPrimary()).toBe(true);
    bench.nowMs += 1;
    expect(bench.isPrimary()).toBe(false);
  });

  it('goes on after a shorter stall, and asks everybody at once', () => {
    const bench = leading();
    pass(bench, 300, [2, 3]);
    bench.tick(600, 580);
    const ready = bench.take();
    expect(bench.state.role.type).toBe('leader');
    expect(typesOf(ready.messages)).toEqual(['appendEntries', 'appendEntries']);
  });

  it('waits a whole election timeout before it campaigns again', () => {
    const bench = leading();
    bench.tick(TIMEOUT_MIN_MS + 100, TIMEOUT_MIN_MS);
    bench.take();
    const steppedDownMs = bench.nowMs;
    while (bench.state.role.type === 'follower') bench.tick(20);
    expect(bench.nowMs - steppedDownMs).toBeGreaterThanOrEqual(TIMEOUT_MIN_MS);
  });
});

describe('A follower whose timer fired far too late', () => {
  it('does not campaign when the leader is heard in the heartbeats that it waits for', () => {
    const bench = new Bench();
    bench.nowMs = 2500;
    bench.step({ type: 'tick', lateMs: 1500 });
    bench.tick(200);
    bench.hear(2, appendEntries(1, id(2, 1), []));
    bench.tick(900);
    expect(bench.state.role.type).toBe('follower');
  });
});
