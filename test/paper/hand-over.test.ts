// Handing over on purpose. Thesis §3.10 (leadership transfer); design of the product: stop, prove, catch up, TimeoutNow.

import { describe, expect, it } from 'vitest';
import type { RequestVoteResponse } from '../../src/raft/message.js';
import { EMPTY_CONFIGURATION } from '../../src/raft/types.js';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  change,
  entry,
  I,
  id,
  loaded,
  logOf,
  N,
  requestVote,
  T,
} from '../support/raft-words.js';

function reigning(): Bench {
  const bench = new Bench();
  bench.reign([2, 3]);
  return bench;
}

const granted = (term: number): RequestVoteResponse => ({
  type: 'requestVoteResponse',
  term: T(term),
  preVote: false,
  granted: true,
});

/** A leader whose predecessor's reign is not proven over, so that it still waits out the bound. */
function waiting(): Bench {
  const before = entry(4, 2, {
    kind: 'activation',
    nodeId: N(2),
    leaseMs: 5000,
    cause: 'x',
    isChosen: false,
    gapMs: null,
  });
  const bench = new Bench({ loaded: loaded([...logOf([1, 1, 2]), before]) });
  bench.reign([2, 3]);
  return bench;
}

/** Commits what was appended, without the target if it shall lag. */
function commit(bench: Bench, peers: readonly number[] = [2, 3]): ReturnType<Bench['settle']> {
  bench.settle();
  for (const peer of peers) bench.match(peer);
  return bench.settle();
}

describe('Thesis §3.10: a hand-over', () => {
  it('is refused by who does not lead', () => {
    expect(new Bench().transfer(2)).toEqual({
      type: 'refused',
      refusal: { reason: 'notLeader', leaderId: null },
    });
  });

  it.each([
    { name: 'to itself', to: 1, detail: 'it leads already' },
    { name: 'to a learner', to: 4, detail: 'it is not a voter' },
    { name: 'to a stranger', to: 9, detail: 'it is not a voter' },
    { name: 'to a voter that is not in contact', to: 3, detail: 'it is not in contact' },
  ])('is refused $name, with nothing given up', ({ to, detail }) => {
    const bench = new Bench();
    bench.reign([2]);
    bench.change(change({ add: [4] }));
    commit(bench, [2, 4]);
    expect(bench.transfer(to)).toEqual({
      type: 'refused',
      refusal: { reason: 'targetUnfit', detail },
    });
    expect(bench.take()).toEqual(EMPTY_READY);
    expect(bench.isPrimary()).toBe(true);
  });

  it('goes, if no name is given, to the voter in contact that has most of the log', () => {
    const bench = reigning();
    bench.propose('a');
    bench.settle();
    bench.match(3);
    bench.settle();
    expect(bench.transfer(null)).toEqual({ type: 'accepted' });
    expect(bench.leader.transfer?.to).toBe(3);
  });

  it('stops, proves, lets the target catch up, and only then sends TimeoutNow', () => {
    const bench = reigning();
    const epoch = bench.state.applied.reign.epoch;
    bench.transfer(2);
    expect(bench.take()).toEqual({
      ...EMPTY_READY,
      stopEpoch: epoch,
      events: [{ type: 'handOverStarted', to: 2 }],
    });
    expect(bench.isPrimary(), 'until its processes have stopped').toBe(true);
    bench.step({ type: 'stopped', epoch });
    const proposed = bench.take();
    expect(proposed.persist?.entries).toMatchObject([{ kind: 'proof', epoch }]);
    expect(bench.isPrimary(), 'once a proof is proposed the epoch is over').toBe(false);
    bench.settle();
    bench.match(3);
    const proven = bench.take();
    expect(proven.committed).toMatchObject([{ kind: 'proof' }]);
    expect(proven.messages, 'node 2 lacks the proof').toEqual([]);
    bench.match(2);
    expect(bench.take()).toEqual({
      ...EMPTY_READY,
      messages: [
        {
          to: 2,
          message: { type: 'timeoutNow', term: bench.state.term, cause: 'test', isChosen: true },
        },
      ],
    });
    expect(bench.leader.transfer?.phase).toBe('sent');
  });

  it('accepts no writes, no changes and no second hand-over meanwhile', () => {
    const bench = reigning();
    bench.transfer(2);
    const refused = { type: 'refused', refusal: { reason: 'handingOver', to: 2 } };
    expect(bench.propose('x')).toEqual(refused);
    expect(bench.change(change({ add: [4] }))).toEqual(refused);
    expect(bench.transfer(3)).toEqual(refused);
  });

  it('repeats TimeoutNow with each heartbeat, since it may be lost', () => {
    const bench = handedOver();
    bench.tick(100);
    expect(first(bench.take().messages, 'timeoutNow')).toMatchObject({ term: 2 });
  });

  it('does not take the processes of another epoch for stopped', () => {
    const bench = reigning();
    bench.transfer(2);
    bench.step({ type: 'stopped', epoch: I(1) });
    bench.settle();
    expect(bench.leader.transfer?.phase).toBe('stopping');
    expect(bench.isPrimary()).toBe(true);
  });

  it('begun before its own activation is applied lets nothing start under that activation', () => {
    const bench = new Bench();
    bench.elect([2, 3]);
    commit(bench);
    expect(bench.state.log.lastIndex, 'the activation is appended').toBe(4);
    bench.transfer(2);
    bench.match(3);
    bench.settle();
    expect(bench.state.applied.reign.epoch).toBe(4);
    expect(bench.isPrimary()).toBe(false);
  });
});

function handedOver(): Bench {
  const bench = reigning();
  bench.transfer(2);
  bench.take();
  bench.step({ type: 'stopped', epoch: bench.state.applied.reign.epoch });
  commit(bench);
  expect(bench.leader.transfer?.phase).toBe('sent');
  return bench;
}

describe('Once TimeoutNow may have left', () => {
  it('the lease of that term is never used again, and to resume takes a new term and a new activation', () => {
    const bench = handedOver();
    for (let passed = 0; passed < 1900; passed += 100) {
      bench.tick(100);
      bench.take();
      bench.match(3, 0);
      expect(bench.raft.primaryUntilMs).toBe(null);
    }
    bench.tick(200);
    const ended = bench.take();
    const why = 'the target did not win an election in time';
    expect(ended.events).toMatchObject([
      { type: 'handOverAbandoned', to: 2, why },
      { type: 'becameFollower', term: 2, why },
      { type: 'leaderChanged', leaderId: null },
    ]);
    bench.reign([3]);
    expect(bench.state.applied.reign).toMatchObject({ term: 3, nodeId: 1, isOver: false });
    expect(bench.isPrimary()).toBe(true);
  });

  it('the old leader stands in nobody’s way: it withholds no votes after it has stepped down', () => {
    const bench = handedOver();
    const asked = bench.hear(2, requestVote(3, bench.state.log.last, { transfer: true }));
    expect(asked.messagesAfterPersist).toEqual([{ to: 2, message: granted(3) }]);
    bench.settle();
    expect(bench.hear(3, requestVote(4, bench.state.log.last)).messagesAfterPersist).toHaveLength(
      1,
    );
  });
});

describe('A hand-over that is abandoned', () => {
  it('while processes stop leaves the reign as it is', () => {
    const bench = reigning();
    const epoch = bench.state.applied.reign.epoch;
    bench.transfer(2);
    keepContact(bench, 2000);
    expect(bench.leader.transfer).toBe(null);
    expect(bench.state.applied.reign.epoch).toBe(epoch);
    expect(bench.isPrimary()).toBe(true);
    expect(bench.propose('goes on')).toMatchObject({ type: 'appended' });
  });

  it('after the proof was proposed resumes by a new activation in the same term', () => {
    const bench = reigning();
    const epoch = bench.state.applied.reign.epoch;
    bench.transfer(2);
    bench.take();
    bench.step({ type: 'stopped', epoch });
    bench.settle();
    bench.match(3);
    bench.settle();
    expect(bench.leader.transfer?.phase).toBe('catchingUp');
    keepContact(bench, 2000);
    commit(bench);
    expect(bench.state.applied.reign).toMatchObject({
      epoch: epoch + 2,
      term: 2,
      isOver: false,
      isProven: false,
    });
    expect(bench.isPrimary()).toBe(true);
  });

  function keepContact(bench: Bench, forMs: number): void {
    for (let passed = 0; passed < forMs; passed += 100) {
      bench.tick(100);
      bench.take();
      bench.match(3, 0);
    }
    bench.take();
  }
});

describe('A leader that still waits out the bound', () => {
  it('proves nothing, since its proof would speak for the earlier reigns too; its hand-over goes unproven', () => {
    const bench = waiting();
    const epoch = bench.state.applied.reign.epoch;
    expect(bench.isPrimary()).toBe(false);
    bench.transfer(2);
    expect(bench.take().stopEpoch).toBe(epoch);
    bench.step({ type: 'stopped', epoch });
    const ready = bench.take();
    expect(ready.persist).toBe(null);
    expect(first(ready.messages, 'timeoutNow')).toMatchObject({ term: 3 });
    expect(bench.state.applied.reign).toMatchObject({ isProven: false, unprovenLeaseMs: 5000 });
  });
});

describe('Thesis §3.10: TimeoutNow', () => {
  const order = (term: number): Parameters<Bench['hear']>[1] => ({
    type: 'timeoutNow',
    term: T(term),
    cause: 'ordered',
    isChosen: false,
  });

  function following(): Bench {
    const bench = new Bench();
    bench.hear(2, appendEntries(3, id(2, 1), []));
    bench.settle();
    return bench;
  }

  it('makes the target campaign at once, without pre-votes, saying why', () => {
    const ready = following().hear(2, order(3));
    const message = requestVote(4, id(2, 1), { transfer: true });
    expect(ready).toMatchObject({
      messages: [],
      persist: { hardState: { term: 4, votedFor: 1 } },
      messagesAfterPersist: [
        { to: 2, message },
        { to: 3, message },
      ],
    });
    expect(ready.events).toContainEqual({ type: 'becameCandidate', term: 4, why: 'ordered' });
  });

  it.each([
    { name: 'of an earlier term', from: 2, term: 2 },
    { name: 'of a term not entered', from: 2, term: 4 },
    { name: 'from another than the leader', from: 3, term: 3 },
  ])('is ignored $name', ({ from, term }) => {
    const bench = following();
    expect(bench.hear(from, order(term))).toEqual(EMPTY_READY);
    expect(bench.state).toMatchObject({ term: 3, role: { type: 'follower' } });
  });

  it('is ignored by who does not vote', () => {
    const bench = following();
    const learner = entry(3, 3, {
      kind: 'configuration',
      configuration: { ...EMPTY_CONFIGURATION, voters: [N(2), N(3)] },
      cause: 'x',
    });
    bench.hear(2, appendEntries(3, id(2, 1), [learner], { commitIndex: I(3) }));
    bench.settle();
    expect(bench.hear(2, order(3))).toEqual(EMPTY_READY);
  });

  it('lifts the withholding for the term after that leader’s only', () => {
    for (const { term, transfer, lifted } of [
      { term: 4, transfer: true, lifted: true },
      { term: 4, transfer: false, lifted: false },
      { term: 5, transfer: true, lifted: false },
    ]) {
      const bench = following();
      const ready = bench.hear(3, requestVote(term, id(2, 1), { transfer }));
      expect(ready.messagesAfterPersist.length, `term ${term}, transfer ${transfer}`).toBe(
        lifted ? 1 : 0,
      );
    }
  });

  it('is good for one campaign: the next asks for pre-votes, without the mark', () => {
    const bench = following();
    bench.hear(2, order(3));
    bench.settle();
    const again = bench.timeOut();
    expect(first(again.messages, 'requestVote')).toMatchObject({
      term: 5,
      preVote: true,
      transfer: false,
    });
  });

  it('hands over within a few round trips, proven, so that the next primary need not wait', () => {
    const cluster = new RaftCluster({ seed: 2 });
    const from = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const to = from.id === 2 ? 3 : 2;
    const startMs = cluster.nowMs;
    cluster.transfer(from.id, to);
    const isPrimary = (): boolean => cluster.raft(to).isPrimaryAt(cluster.clockMs(N(to)));
    expect(cluster.runUntil(isPrimary, 500)).toBe(true);
    expect(cluster.nowMs - startMs).toBeLessThan(50);
    expect(cluster.raft(to).state.applied.reign).toMatchObject({ nodeId: to, isOver: false });
  });
});
