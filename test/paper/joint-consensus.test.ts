// More sentences of Raft §6 and Thesis §4: who may lead, who is counted and who is told while two configurations are in force.
// Quorate changes voters by joint consensus only, also for one server (Thesis §4.1 offers single steps; §4.3 is the general
// form). How a change is asked for and refused stands in membership.test.ts.

import { describe, expect, it } from 'vitest';
import { Bench, sentTo } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import {
  appendEntries,
  change,
  configuration,
  entry,
  I,
  id,
  loaded,
  logOf,
  member,
  N,
} from '../support/raft-words.js';
import type { Configuration } from '../../src/raft/types.js';

/** Node `node` with a log that ends in this configuration. */
function having(node: number, last: Configuration, before: readonly number[] = [1, 2, 3]): Bench {
  const entries = [
    ...logOf([1, 1], before),
    entry(3, 1, { kind: 'configuration', configuration: last, cause: 'x' }),
  ];
  return new Bench({ node, loaded: loaded(entries) });
}

const joint = configuration([1, 4, 5], { outgoing: [1, 2, 3], leaving: [2, 3] });

describe('Raft §6: while the configuration is joint', () => {
  it('log entries are replicated to all servers of both', () => {
    const bench = having(1, joint);
    bench.elect([2, 4]);
    bench.settle();
    bench.tick(100);
    expect(bench.take().messages.map(({ to }) => to)).toEqual([2, 3, 4, 5]);
  });

  it.each([
    { name: 'the incoming one', node: 4, voters: [5, 2, 3] },
    { name: 'the outgoing one', node: 2, voters: [3, 4, 5] },
  ])('a server of $name may lead', ({ node, voters }) => {
    const bench = having(node, joint);
    bench.elect(voters);
    expect(bench.state.role.type).toBe('leader');
  });

  it.each([
    { name: 'all of the incoming half but one', peers: [4, 5], isCommitted: false },
    { name: 'all of the outgoing half', peers: [2, 3], isCommitted: false },
    { name: 'one of each besides the leader', peers: [2, 4], isCommitted: true },
  ])('an entry that $name have is committed: $isCommitted', ({ peers, isCommitted }) => {
    const bench = having(1, joint);
    bench.elect([2, 4]);
    bench.settle();
    for (const peer of peers) bench.match(peer);
    bench.settle();
    expect(bench.state.commitIndex >= bench.leader.noopIndex).toBe(isCommitted);
  });

  it('a single server is changed in the same way: joint, then final', () => {
    const bench = new Bench();
    bench.reign([2, 3]);
    bench.change(change({ remove: [3] }));
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2], outgoing: [1, 2, 3] });
    bench.settle();
    bench.match(2);
    bench.settle();
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2], outgoing: null });
  });

  it('add, remove, promote and demote go together in one step', () => {
    const bench = new Bench({ voters: [1, 2, 3, 4] });
    bench.reign([2, 3, 4]);
    bench.change(change({ add: [5] }));
    for (let again = 0; again < 2; again += 1) {
      bench.settle();
      for (const peer of [2, 3, 4, 5]) bench.match(peer);
    }
    bench.settle();
    expect(
      bench.change(change({ add: [6], promote: [5], demote: [3], remove: [2] })),
    ).toMatchObject({ type: 'appended' });
    for (let again = 0; again < 3; again += 1) {
      bench.settle();
      for (const peer of [2, 3, 4, 5]) bench.match(peer);
    }
    bench.settle();
    const { members, voters, outgoing } = bench.raft.configuration;
    expect(voters).toEqual([1, 4, 5]);
    expect(outgoing).toBe(null);
    expect(members.map((it) => it.id)).toEqual([1, 3, 4, 5, 6]);
  });
});

describe('Raft §6: decisions use the newest configuration of the log', () => {
  it('that a leader counts by: its own change is counted by the change', () => {
    const bench = new Bench({ voters: [1, 2] });
    bench.reign([2]);
    bench.change(change({ add: [3] }));
    bench.settle();
    bench.match(2);
    bench.settle();
    bench.change(change({ promote: [3] }));
    bench.settle();
    const { lastIndex } = bench.state.log;
    bench.match(2);
    expect(bench.settle().committed, '2 of {1 2 3} and {1 2}').toHaveLength(1);
    expect(bench.state.commitIndex).toBe(lastIndex);
  });

  it('that a candidate asks by, though it is not committed', () => {
    const bench = new Bench();
    const next = entry(3, 2, { kind: 'configuration', configuration: joint, cause: 'x' });
    bench.hear(2, appendEntries(2, id(2, 1), [next]));
    bench.settle();
    expect(bench.timeOut().messages.map(({ to }) => to)).toEqual([2, 3, 4, 5]);
  });
});

describe('Thesis §4.2.1: a server that joins', () => {
  it('is sent the log before it counts, so that it holds up no commit', () => {
    const cluster = new RaftCluster({ spares: [4], seed: 13 });
    const { id: node, raft } = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    cluster.cut([4], [1, 2, 3]);
    cluster.change(node, change({ add: [4] }));
    cluster.propose(node, 'a');
    cluster.run(100);
    expect(raft.state.commitIndex, 'without a word of node 4').toBe(raft.state.log.lastIndex);
    cluster.heal();
    expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
  });
});

describe('Thesis §4.2.2: a server that its newest configuration leaves out', () => {
  const left = configuration([2], {});

  function leftOut(commitIndex: number): Bench {
    const entries = [
      ...logOf([1, 1], [1, 2]),
      entry(3, 1, {
        kind: 'configuration',
        configuration: configuration([2], { outgoing: [1, 2], leaving: [1] }),
        cause: 'x',
      }),
      entry(4, 1, { kind: 'configuration', configuration: left, cause: 'x' }),
    ];
    const bench = new Bench({ loaded: loaded(entries) });
    bench.hear(2, appendEntries(1, id(4, 1), [], { commitIndex: I(commitIndex) }));
    bench.settle();
    return bench;
  }

  it('still begins elections while that is not committed: nobody else may have it', () => {
    const bench = leftOut(3);
    expect(bench.timeOut().messages).toMatchObject([
      { to: 2, message: { type: 'requestVote', preVote: true, last: id(4, 1) } },
    ]);
  });

  it('does not count itself, commits it as leader, and steps down', () => {
    const bench = leftOut(3);
    bench.elect([2]);
    bench.settle();
    expect(bench.state.commitIndex, 'its own disk is no quorum of {2}').toBe(3);
    bench.match(2);
    const { events } = bench.settle();
    expect(events).toContainEqual({
      type: 'becameFollower',
      term: 2,
      why: 'this node was removed or demoted',
    });
    expect(bench.state.commitIndex).toBe(5);
    expect(bench.isPrimary(), 'nor was it ever primary').toBe(false);
  });

  it('begins none once that is committed', () => {
    const bench = leftOut(4);
    expect(bench.timeOut().messages).toEqual([]);
    expect(bench.state.role.type).toBe('follower');
  });

  it('leaves nobody behind, whenever the leader of two dies while it is removed', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const cluster = new RaftCluster({ voters: [1, 2], seed, electionTimeoutMs: 200 });
      const { id: node } = cluster.elect();
      const other = node === 1 ? 2 : 1;
      cluster.runUntil(() => cluster.isConverged);
      cluster.change(node, change({ remove: [node] }));
      // From some moment on what it sends is lost, and what it appends is not.
      cluster.run(seed % 7);
      cluster.cutOneWay(node, other);
      cluster.run(10);
      cluster.crash(node, 3);
      cluster.heal();
      cluster.restart(node);
      const isOver = (): boolean =>
        cluster.isLed && !cluster.raft(other).configuration.voters.includes(node);
      // Where nobody but the dead leader had the change it never happened, and both go on.
      const isBack = (): boolean => cluster.isConverged;
      expect(
        cluster.runUntil(() => isOver() || isBack(), 20_000),
        `seed ${seed}`,
      ).toBe(true);
    }
  });
});

describe('Raft §6: removed servers', () => {
  it('do not disturb those that are left: no term is entered for them', () => {
    const cluster = new RaftCluster({ seed: 17, electionTimeoutMs: 200 });
    const { id: node, raft } = cluster.elect();
    cluster.runUntil(() => cluster.isConverged);
    const gone = node === 3 ? 2 : 3;
    // It never hears that it was removed.
    cluster.cutOneWay(node, gone);
    cluster.change(node, change({ remove: [gone] }));
    cluster.runUntil(() => raft.configuration.voters.length === 2, 5000);
    const { term } = raft.state;
    cluster.run(20_000);
    expect(raft.state).toMatchObject({ term, role: { type: 'leader' } });
    expect(cluster.raft(gone).state.role.type).toBe('preCandidate');
  });

  it('are told, so that they know, for a while after the leader left the joint configuration', () => {
    const bench = new Bench();
    bench.reign([2, 3]);
    bench.change(change({ remove: [3] }));
    for (let again = 0; again < 2; again += 1) {
      bench.settle();
      for (const peer of [2, 3]) bench.match(peer);
    }
    bench.settle();
    expect(bench.raft.configuration.voters).toEqual([1, 2]);
    bench.tick(100);
    expect(sentTo(bench.take().messages, 3)).toMatchObject([{ type: 'appendEntries' }]);
    expect(bench.leader.departing.get(N(3))).toMatchObject({ member: member(3) });
  });
});
