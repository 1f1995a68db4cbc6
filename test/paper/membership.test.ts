// Changing who belongs. Raft §6, Thesis §4.1 to §4.3: joint consensus, learners first, a leader that is removed, and the
// rules of our own that refuse a change before anything is given up.

import { describe, expect, it } from 'vitest';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';
import { EMPTY_READY } from '../support/raft-ready.js';
import {
  appendEntries,
  change,
  configuration,
  entry,
  I,
  id,
  install,
  loaded,
  logOf,
  member,
  N,
  T,
} from '../support/raft-words.js';

function reigning(voters: readonly number[] = [1, 2, 3]): Bench {
  const bench = new Bench({ voters });
  bench.reign(voters.slice(1));
  return bench;
}

/** Commits all that was appended, by the peers given. */
function commit(bench: Bench, peers: readonly number[]): void {
  for (let again = 0; again < 4; again += 1) {
    bench.settle();
    if (bench.state.role.type !== 'leader') return;
    for (const peer of peers) bench.match(peer);
  }
}

function withLearner(node = 4): Bench {
  const bench = reigning();
  bench.change(change({ add: [node] }));
  commit(bench, [2, 3, node]);
  return bench;
}

const shape = (bench: Bench): object => {
  const { voters, outgoing, leaving, members } = bench.raft.configuration;
  return { voters, outgoing, leaving, members: members.map((it) => it.id) };
};

describe('Raft §6: a configuration', () => {
  it('is in force at a follower as soon as it is appended, committed or not', () => {
    const bench = new Bench();
    const next = configuration([1, 2, 3, 4], { outgoing: [1, 2, 3] });
    const added = entry(3, 2, { kind: 'configuration', configuration: next, cause: 'x' });
    const ready = bench.hear(2, appendEntries(2, id(2, 1), [added]));
    expect(ready.configuration).toEqual(next);
    expect(ready.committed).toEqual([]);
    expect(bench.raft.configuration).toEqual(next);
  });

  it('gives way to the one before it when its entry is truncated', () => {
    const bench = new Bench();
    const next = configuration([1, 2, 3, 4], { outgoing: [1, 2, 3] });
    bench.hear(
      2,
      appendEntries(2, id(2, 1), [
        entry(3, 2, { kind: 'configuration', configuration: next, cause: 'x' }),
      ]),
    );
    bench.settle();
    const ready = bench.hear(3, appendEntries(3, id(2, 1), [entry(3, 3)]));
    expect(ready.configuration).toEqual(configuration([1, 2, 3]));
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
  });

  it('is found again after a restart in the stored log, committed or not', () => {
    const next = configuration([1, 4, 5], { outgoing: [1, 2, 3] });
    const log = [
      ...logOf([1, 1]),
      entry(3, 1, { kind: 'configuration', configuration: next, cause: 'x' }),
    ];
    expect(new Bench({ loaded: loaded(log) }).raft.configuration).toEqual(next);
  });
});

describe('Raft §6, Thesis §4.3: a change of voters', () => {
  it('goes through a joint configuration, left once that is committed', () => {
    const bench = withLearner();
    expect(bench.change(change({ promote: [4], demote: [3] }))).toMatchObject({
      type: 'appended',
      count: 1,
    });
    expect(shape(bench)).toEqual({
      voters: [1, 2, 4],
      outgoing: [1, 2, 3],
      leaving: [],
      members: [1, 2, 3, 4],
    });
    commit(bench, [2, 3, 4]);
    expect(shape(bench)).toEqual({
      voters: [1, 2, 4],
      outgoing: null,
      leaving: [],
      members: [1, 2, 3, 4],
    });
    expect(bench.state.commitIndex).toBe(bench.state.log.lastIndex);
  });

  it('adds, promotes, demotes and removes in one step', () => {
    const bench = withLearner();
    bench.change(change({ add: [5], promote: [4], demote: [3], remove: [2] }));
    expect(shape(bench)).toEqual({
      voters: [1, 4],
      outgoing: [1, 2, 3],
      leaving: [2],
      members: [1, 2, 3, 4, 5],
    });
    commit(bench, [2, 3, 4]);
    expect(shape(bench)).toEqual({
      voters: [1, 4],
      outgoing: null,
      leaving: [],
      members: [1, 3, 4, 5],
    });
  });

  it('is taken back by a leader that is deposed before it is committed', () => {
    const bench = withLearner();
    const before = shape(bench);
    const prev = bench.state.log.last;
    bench.change(change({ promote: [4], remove: [3] }));
    bench.settle();
    expect(shape(bench)).not.toEqual(before);
    bench.hear(2, appendEntries(9, prev, [entry(prev.index + 1, 9, { kind: 'noop' }, 9999)]));
    expect(shape(bench)).toEqual(before);
  });

  it('is committed by a majority of each half', () => {
    const bench = withLearner();
    bench.change(change({ promote: [4], remove: [2] }));
    const joint = bench.state.log.lastIndex;
    bench.settle();
    bench.match(4);
    bench.take();
    expect(bench.state.commitIndex, 'of {1 2 3} only node 1').toBeLessThan(joint);
    bench.match(2);
    bench.take();
    expect(bench.state.commitIndex).toBe(joint);
  });

  it('keeps a removed voter a member until joint is left, and tells it a while longer', () => {
    const bench = reigning();
    bench.change(change({ remove: [3] }));
    expect(shape(bench)).toEqual({
      voters: [1, 2],
      outgoing: [1, 2, 3],
      leaving: [3],
      members: [1, 2, 3],
    });
    commit(bench, [2, 3]);
    expect(shape(bench)).toEqual({ voters: [1, 2], outgoing: null, leaving: [], members: [1, 2] });
    expect(bench.raft.peers.map((it) => it.id)).toEqual([2, 3]);
    bench.tick(100);
    expect(bench.take().messages.map(({ to }) => to)).toEqual([2, 3]);
    for (let passed = 100; passed < 4100; passed += 100) {
      bench.tick(100);
      bench.take();
      bench.match(2);
    }
    expect(bench.raft.peers.map((it) => it.id)).toEqual([2]);
  });

  it('counts a departing member in no quorum', () => {
    const bench = reigning();
    bench.change(change({ remove: [3] }));
    commit(bench, [2, 3]);
    bench.propose('a');
    bench.settle();
    const before = bench.state.commitIndex;
    bench.match(3);
    bench.settle();
    expect(bench.state.commitIndex).toBe(before);
  });

  it('is finished by another leader if the first one is gone', () => {
    const joint = configuration([1, 2, 4], { outgoing: [1, 2, 3], leaving: [3] });
    const log = [
      ...logOf([1, 1]),
      entry(3, 1, { kind: 'configuration', configuration: joint, cause: 'x' }),
    ];
    const bench = new Bench({ loaded: loaded(log) });
    bench.elect([2, 4]);
    bench.settle();
    for (const peer of [2, 4]) bench.match(peer, 3);
    bench.settle();
    expect(bench.raft.configuration.outgoing, 'nothing of the own term is committed yet').not.toBe(
      null,
    );
    commit(bench, [2, 4]);
    expect(shape(bench)).toEqual({
      voters: [1, 2, 4],
      outgoing: null,
      leaving: [],
      members: [1, 2, 4],
    });
  });

  it('of learners only needs no joint configuration: they count in no quorum', () => {
    const bench = withLearner();
    expect(shape(bench)).toEqual({
      voters: [1, 2, 3],
      outgoing: null,
      leaving: [],
      members: [1, 2, 3, 4],
    });
    bench.change(change({ remove: [4] }));
    expect(shape(bench)).toEqual({
      voters: [1, 2, 3],
      outgoing: null,
      leaving: [],
      members: [1, 2, 3],
    });
  });
});

describe('A change is refused', () => {
  it('by who does not lead', () => {
    expect(new Bench().change(change({ add: [4] }))).toEqual({
      type: 'refused',
      refusal: { reason: 'notLeader', leaderId: null },
    });
  });

  it('before the leader has committed in its own term (Thesis §4.1, erratum)', () => {
    const bench = new Bench();
    bench.elect();
    bench.settle();
    expect(bench.change(change({ add: [4] }))).toEqual({
      type: 'refused',
      refusal: { reason: 'leaderNotReady' },
    });
  });

  it('while an earlier one is not committed, or joint is not left', () => {
    const running = { type: 'refused', refusal: { reason: 'changeRunning' } };
    const bench = reigning();
    bench.change(change({ add: [4] }));
    expect(bench.change(change({ add: [5] }))).toEqual(running);
    commit(bench, [2, 3, 4]);
    bench.change(change({ promote: [4] }));
    expect(bench.change(change({ add: [5] }))).toEqual(running);
    bench.settle();
    for (const peer of [2, 3, 4]) bench.match(peer);
    bench.take();
    expect(bench.raft.configuration.outgoing, 'left, and that not committed').toBe(null);
    expect(bench.change(change({ add: [5] }))).toEqual(running);
    commit(bench, [2, 3, 4]);
    expect(bench.change(change({ add: [5] }))).toMatchObject({ type: 'appended' });
  });

  it.each([
    { name: 'it changes nothing', wish: change({}), detail: 'it changes nothing' },
    {
      name: 'a node is named twice',
      wish: change({ promote: [4], remove: [4] }),
      detail: 'it names a node twice',
    },
    {
      name: 'a newcomer is a member',
      wish: change({ add: [2] }),
      detail: 'node2 is a member already',
    },
    {
      name: 'the name is taken',
      wish: change({ add: [member(9, { name: 'node2' })] }),
      detail: 'the name node2 is taken',
    },
    {
      name: 'two newcomers have one name',
      wish: change({ add: [member(8, { name: 'same' }), member(9, { name: 'same' })] }),
      detail: 'the name same is taken',
    },
    {
      name: 'a stranger is promoted',
      wish: change({ promote: [9] }),
      detail: 'node 9 is not a member',
    },
    {
      name: 'a voter is promoted',
      wish: change({ promote: [2] }),
      detail: 'node2 is a voter already',
    },
    {
      name: 'a learner is demoted',
      wish: change({ demote: [4] }),
      detail: 'node4 is a learner already',
    },
    {
      name: 'a stranger is removed',
      wish: change({ remove: [9] }),
      detail: 'node 9 is not a member',
    },
  ])('when $name', ({ wish, detail }) => {
    const bench = withLearner();
    const before = bench.state.log.lastIndex;
    expect(bench.change(wish)).toEqual({
      type: 'refused',
      refusal: { reason: 'invalidChange', detail },
    });
    expect(bench.take()).toEqual(EMPTY_READY);
    expect(bench.state.log.lastIndex).toBe(before);
  });

  it.each([
    {
      name: 'leave no voter',
      wish: change({ remove: [1, 2, 3] }),
      detail: 'no voter would be left',
    },
    {
      name: 'leave voters of whom too few are in contact',
      wish: change({ remove: [2] }),
      detail: 'only 1 of the 2 voters it would leave are in contact; node3 is not',
    },
  ])('when it would $name', ({ wish, detail }) => {
    const bench = new Bench();
    bench.reign([2]);
    expect(bench.change(wish)).toEqual({
      type: 'refused',
      refusal: { reason: 'wouldLoseQuorum', detail },
    });
    expect(bench.take()).toEqual(EMPTY_READY);
  });
});

describe('Thesis §4.2.1: a learner', () => {
  /** Lets time pass with answers of 2, 3 and the learner in each heartbeat. */
  function pass(bench: Bench, forMs: number, learnerIndex: () => number): void {
    for (let passed = 0; passed < forMs; passed += 100) {
      bench.tick(100);
      bench.settle();
      for (const peer of [2, 3]) bench.match(peer);
      bench.match(4, learnerIndex());
      bench.settle();
    }
  }

  function joining(limits = {}): Bench {
    const bench = new Bench({ limits });
    bench.reign([2, 3]);
    bench.change(change({ add: [member(4, { autoPromote: true })] }));
    commit(bench, [2, 3]);
    return bench;
  }

  it('that asked for it becomes a voter after two election timeouts in contact, close to the leader’s log', () => {
    const bench = joining();
    pass(bench, 2000, () => bench.state.log.lastIndex);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    pass(bench, 300, () => bench.state.log.lastIndex);
    expect(bench.raft.configuration).toMatchObject({ voters: [1, 2, 3, 4], outgoing: null });
  });

  it('does not while it is too far behind', () => {
    const bench = joining({ promotionLagMax: 2 });
    pass(bench, 5000, () => 2);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    pass(bench, 300, () => bench.state.log.lastIndex - 1);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3, 4]);
  });

  it('does not when it has not asked for it, nor again after it was demoted', () => {
    const bench = withLearner();
    pass(bench, 5000, () => bench.state.log.lastIndex);
    expect(bench.raft.configuration.voters).toEqual([1, 2, 3]);
    const demoted = new Bench();
    demoted.reign([2, 3]);
    demoted.change(change({ demote: [3] }));
    commit(demoted, [2, 3]);
    expect(demoted.raft.configuration.members[2]).toMatchObject({ id: 3, autoPromote: false });
  });

  it('is not counted: entries on learners only are not committed', () => {
    const bench = withLearner();
    bench.propose('a');
    bench.settle();
    const before = bench.state.commitIndex;
    bench.match(4);
    bench.settle();
    expect(bench.state.commitIndex).toBe(before);
  });
});

describe('Thesis §4.2.2: a leader that is removed', () => {
  it('leads on, without counting itself, until the configuration without it is committed, then steps down', () => {
    const bench = reigning();
    bench.change(change({ remove: [1] }));
    bench.settle();
    for (const peer of [2, 3]) bench.match(peer);
    bench.settle();
    expect(shape(bench)).toMatchObject({ voters: [2, 3], outgoing: null });
    bench.match(2);
    bench.settle();
    expect(bench.state.role.type, 'node 2 alone is no majority of {2 3}').toBe('leader');
    bench.match(3);
    const ready = bench.settle();
    expect(bench.state.role.type).toBe('follower');
    expect(ready.events).toContainEqual({
      type: 'becameFollower',
      term: 2,
      why: 'this node was removed or demoted',
    });
    bench.timeOut();
    expect(bench.state.role.type, 'and campaigns no more').toBe('follower');
  });

  it('does so too when it was only demoted', () => {
    const bench = reigning();
    bench.change(change({ demote: [1] }));
    commit(bench, [2, 3]);
    expect(bench.state.role.type).toBe('follower');
  });
});

describe('A member that comes back', () => {
  it('with another data directory begins anew: nothing it once acknowledged is counted', () => {
    const bench = reigning();
    bench.change(change({ remove: [3] }));
    commit(bench, [2, 3]);
    bench.change(change({ add: [member(3, { installId: install(3, 2) })] }));
    expect(bench.leader.progress.get(N(3))).toMatchObject({
      matchIndex: 0,
      state: { type: 'probe' },
    });
  });

  it('with the same one goes on where it was', () => {
    const bench = reigning();
    bench.change(change({ remove: [3] }));
    commit(bench, [2, 3]);
    const known = bench.leader.progress.get(N(3))?.matchIndex;
    bench.change(change({ add: [3] }));
    expect(bench.leader.progress.get(N(3))?.matchIndex).toBe(known);
    expect(bench.leader.departing.size).toBe(0);
  });
});

describe('Membership under way', () => {
  it('grows from one to five and back to other ones, with the service going on', () => {
    const cluster = new RaftCluster({
      voters: [1],
      spares: [2, 3, 4, 5],
      seed: 9,
      electionTimeoutMs: 200,
    });
    cluster.elect();
    for (const node of [2, 3, 4, 5]) {
      const wish = change({ add: [member(node, { autoPromote: true })] });
      expect(cluster.change(1, wish)).toMatchObject({ type: 'appended' });
      const isVoter = (): boolean => cluster.raft(1).configuration.voters.includes(N(node));
      expect(
        cluster.runUntil(() => isVoter() && cluster.isConverged),
        `node ${node} becomes a voter`,
      ).toBe(true);
      cluster.propose(1, `with ${node}`);
    }
    cluster.change(1, change({ remove: [1, 2] }));
    const isMoved = (): boolean => (cluster.leader?.id ?? 0) > 2 && cluster.isConverged;
    expect(cluster.runUntil(isMoved)).toBe(true);
    expect(cluster.leader?.raft.configuration).toMatchObject({ voters: [3, 4, 5], outgoing: null });
  });

  it('sends a newcomer what it lacks, by entries or by a snapshot', () => {
    for (const keptEntriesMax of [1000, 0]) {
      const cluster = new RaftCluster({ spares: [4], seed: 12, limits: { keptEntriesMax } });
      const leader = cluster.elect();
      cluster.propose(leader.id, 'a', 'b', 'c');
      cluster.runUntil(() => cluster.isConverged);
      cluster.takeSnapshot(leader.id);
      cluster.run(20);
      cluster.change(leader.id, change({ add: [4] }));
      expect(cluster.runUntil(() => cluster.isConverged)).toBe(true);
      expect(cluster.raft(4).state.snapshot === null).toBe(keptEntriesMax > 0);
      expect(cluster.raft(4).state.lastApplied).toBe(leader.raft.state.lastApplied);
    }
  });
});

describe('A follower', () => {
  it('of a leader it does not have in its configuration follows all the same (Raft §6)', () => {
    const bench = new Bench();
    const ready = bench.hear(9, appendEntries(4, id(2, 1), [entry(3, 4)], { commitIndex: I(2) }));
    expect(bench.state).toMatchObject({ leaderId: 9, term: T(4), commitIndex: 2 });
    expect(first(ready.messagesAfterPersist, 'appendEntriesResponse').outcome).toEqual({
      type: 'matched',
      matchIndex: 3,
    });
  });
});
