// Tables for the small leaves of the core: timers, dice, reign, progress, rounds, cluster time.
// Log, quorums and persistence have files of their own; the lease and the bound stand in test/paper.

import { describe, expect, it } from 'vitest';
import { clusterTimeMs } from '../../src/raft/cluster-time.js';
import {
  ELECTION_TIMEOUT_MAX_MS,
  ELECTION_TIMEOUT_MIN_MS,
  LIMITS,
  timersFor,
} from '../../src/raft/options.js';
import { Progress } from '../../src/raft/progress.js';
import { Random } from '../../src/raft/random.js';
import { applyToReign } from '../../src/raft/reign.js';
import type { Entry, Reign } from '../../src/raft/types.js';
import { REIGN_NONE } from '../../src/raft/types.js';
import { Bench } from '../support/raft-bench.js';
import { appendEntries, entry, I, id, loaded, logOf, N, T } from '../support/raft-words.js';

describe('timersFor', () => {
  it('gives the documented defaults for 1000 ms', () => {
    expect(timersFor(1000)).toEqual({
      heartbeatMs: 100,
      electionTimeoutMinMs: 1000,
      electionTimeoutMaxMs: 2000,
      leaseMs: 750,
      lateTimerMs: 200,
      tickMs: 20,
    });
  });

  it('keeps its inequalities for every timeout that can be asked for', () => {
    for (
      let ms = ELECTION_TIMEOUT_MIN_MS;
      ms <= ELECTION_TIMEOUT_MAX_MS;
      ms += ms < 1000 ? 1 : 997
    ) {
      expect(Object.values(timersFor(ms)).every(Number.isSafeInteger), `${ms} ms`).toBe(true);
    }
  });

  it.each([1, 10, 1000.5])('refuses %d ms', (ms) => {
    expect(() => timersFor(ms)).toThrow(/tick|whole/);
  });
});

describe('Random', () => {
  it('repeats itself from its seed, and differs for another', () => {
    const draw = (seed: number): number[] => {
      const random = new Random(seed);
      return Array.from({ length: 20 }, () => random.between(0, 1_000_000));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(2 ** 32 + 7), 'taken as 32 bits').toEqual(draw(7));
  });

  it('stays the same from release to release: recorded seeds must replay', () => {
    const random = new Random(1);
    expect([0, 0, 0].map(() => random.between(0, 1000))).toEqual([627, 2, 527]);
  });

  it('reaches every value of its half-open range, evenly', () => {
    const random = new Random(42);
    const counts = new Map<number, number>();
    for (let drawn = 0; drawn < 8000; drawn += 1) {
      const value = random.between(10, 14);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([10, 11, 12, 13]);
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});

describe('applyToReign', () => {
  const activate = (index: number, term: number, nodeId: number, leaseMs: number): Entry =>
    entry(index, term, {
      kind: 'activation',
      nodeId: N(nodeId),
      leaseMs,
      cause: 'x',
      isChosen: false,
      gapMs: null,
    });
  const prove = (index: number, term: number, epoch: number): Entry =>
    entry(index, term, { kind: 'proof', epoch: I(epoch) });
  const after = (...entries: readonly Entry[]): Reign => entries.reduce(applyToReign, REIGN_NONE);

  const rows: { name: string; entries: Entry[]; reign: Partial<Reign> }[] = [
    { name: 'nothing: nobody, proven', entries: [entry(1, 1)], reign: REIGN_NONE },
    {
      name: 'an activation: its index is the epoch',
      entries: [activate(4, 2, 1, 700)],
      reign: {
        epoch: I(4),
        term: T(2),
        nodeId: N(1),
        leaseMs: 700,
        isOver: false,
        isProven: false,
        unprovenLeaseMs: 700,
      },
    },
    {
      name: 'a later entry of the same term: nothing changes',
      entries: [activate(4, 2, 1, 700), entry(5, 2)],
      reign: { epoch: I(4), isOver: false, isProven: false },
    },
    {
      name: 'the first entry of a later term: over, not proven',
      entries: [activate(4, 2, 1, 700), entry(5, 3, { kind: 'noop' })],
      reign: { epoch: I(4), isOver: true, isProven: false, unprovenLeaseMs: 700 },
    },
    {
      name: 'its proof: over and proven, for all earlier ones too',
      entries: [activate(4, 2, 1, 900), activate(6, 3, 2, 700), prove(7, 3, 6)],
      reign: { epoch: I(6), isOver: true, isProven: true, unprovenLeaseMs: 0 },
    },
    {
      name: 'its proof in a later term: counts all the same',
      entries: [activate(4, 2, 1, 900), entry(5, 3, { kind: 'noop' }), prove(6, 3, 4)],
      reign: { isOver: true, isProven: true, unprovenLeaseMs: 0 },
    },
    {
      name: 'a proof of an earlier epoch after a later activation: void',
      entries: [activate(4, 2, 1, 900), activate(6, 3, 2, 700), prove(7, 3, 4)],
      reign: { epoch: I(6), isOver: false, isProven: false, unprovenLeaseMs: 900 },
    },
    {
      name: 'several unproven activations: the longest lease',
      entries: [activate(4, 2, 1, 900), activate(6, 3, 2, 700), activate(8, 4, 1, 800)],
      reign: { epoch: I(8), leaseMs: 800, unprovenLeaseMs: 900 },
    },
    {
      name: 'an activation after a proof: only its own lease',
      entries: [activate(4, 2, 1, 900), prove(5, 2, 4), activate(6, 2, 1, 700)],
      reign: { epoch: I(6), isOver: false, isProven: false, unprovenLeaseMs: 700 },
    },
  ];
  it.each(rows)('after $name', ({ entries, reign }) => {
    expect(after(...entries)).toMatchObject(reign);
  });
});

describe('Progress', () => {
  const limits = { ...LIMITS, inflightMessagesMax: 2, inflightBytesMax: 100 };

  it('probes with one message at a time, until an answer', () => {
    const progress = new Progress(I(5));
    expect(progress.canSend(limits)).toBe(true);
    progress.sent(I(9), 10);
    expect(progress).toMatchObject({ state: { type: 'probe', isPaused: true }, nextIndex: 5 });
    expect(progress.canSend(limits)).toBe(false);
    progress.becomeProbe(I(3));
    expect(progress.canSend(limits)).toBe(true);
  });

  it('replicates within its window of messages and of bytes', () => {
    const progress = new Progress(I(5));
    progress.matched(I(4), 1);
    progress.sent(I(5), 1);
    expect(progress.canSend(limits)).toBe(true);
    progress.sent(I(6), 1);
    expect(progress.canSend(limits), 'two messages').toBe(false);
    progress.matched(I(5), 1);
    expect(progress.canSend(limits)).toBe(true);
    progress.sent(I(7), 100);
    progress.matched(I(6), 1);
    expect(progress.canSend(limits), 'too many bytes').toBe(false);
    progress.matched(I(7), 1);
    expect(progress.canSend(limits)).toBe(true);
  });

  it('forgets what was on its way when it probes again', () => {
    const progress = new Progress(I(5));
    progress.matched(I(4), 1);
    progress.sent(I(5), 60);
    progress.sent(I(6), 60);
    progress.becomeProbe(I(5));
    progress.matched(I(4), 1);
    expect(progress.canSend(limits)).toBe(true);
  });

  it('never lets matchIndex fall nor nextIndex reach it', () => {
    const progress = new Progress(I(5));
    progress.matched(I(9), 1);
    progress.matched(I(3), 1);
    expect(progress).toMatchObject({ matchIndex: 9, nextIndex: 10 });
    progress.becomeProbe(I(2));
    expect(progress).toMatchObject({ matchIndex: 9, nextIndex: 10 });
  });

  it('leaves a snapshot only for an index that the snapshot covers', () => {
    const progress = new Progress(I(5));
    progress.becomeSnapshot(id(20, 3));
    progress.matched(I(19), 1);
    expect(progress.state.type).toBe('snapshot');
    expect(progress.canSend(limits)).toBe(false);
    progress.matched(I(20), 1);
    expect(progress).toMatchObject({ state: { type: 'replicate' }, matchIndex: 20, nextIndex: 21 });
  });

  it('takes the newest round answered, whatever arrives late', () => {
    const progress = new Progress(I(1));
    progress.acknowledgeRound(3, 300);
    progress.acknowledgeRound(2, 200);
    progress.acknowledgeRound(3, 999);
    expect(progress).toMatchObject({ ackedRound: 3, ackedRoundStartMs: 300 });
  });

  it('is in contact since the first answer after the last silence', () => {
    const progress = new Progress(I(1));
    expect(progress.isInContact(0, 1000)).toBe(false);
    progress.heard(100, 1000);
    progress.heard(1100, 1000);
    expect(progress).toMatchObject({ contactSinceMs: 100, lastContactMs: 1100 });
    expect(progress.isInContact(2100, 1000)).toBe(true);
    expect(progress.isInContact(2101, 1000)).toBe(false);
    progress.heard(2101, 1000);
    expect(progress.contactSinceMs).toBe(2101);
  });
});

describe('Heartbeat rounds', () => {
  it('that are too old to prove anything are forgotten, and their answers count for nothing', () => {
    const bench = new Bench();
    bench.reign();
    const old = bench.leader.round;
    for (let passed = 0; passed < 3000; passed += 100) {
      bench.tick(100);
      bench.take();
      bench.match(2);
    }
    expect(
      bench.leader.roundStartsMs.length,
      'those of one maximum election timeout',
    ).toBeLessThanOrEqual(22);
    const before = bench.leader.progress.get(N(3))?.ackedRoundStartMs;
    bench.match(3, 4, old);
    expect(bench.leader.progress.get(N(3))?.ackedRoundStartMs).toBe(before);
  });

  it('are bounded also when reads begin many in one millisecond', () => {
    const bench = new Bench();
    bench.reign();
    for (let readId = 1; readId <= 500; readId += 1) {
      if (readId % 5 === 0) bench.nowMs += 10;
      bench.step({ type: 'readIndex', readId });
      bench.take();
      bench.match(2);
      bench.take();
    }
    expect(bench.leader.reads).toEqual([]);
    bench.nowMs += 2001;
    bench.step({ type: 'readIndex', readId: 501 });
    bench.take();
    expect(bench.leader.roundStartsMs).toHaveLength(1);
  });
});

describe('Cluster time', () => {
  it('runs on from the newest stamp; the time in which a node was down counts as zero', () => {
    const [settings] = logOf([1]);
    if (settings === undefined) throw new Error('the log has one entry');
    const bench = new Bench({
      loaded: loaded([settings, entry(2, 1, undefined, 70_000)]),
      nowMs: 5,
    });
    expect(clusterTimeMs(bench.state)).toBe(70_000);
    bench.tick(30);
    expect(bench.raft.clusterTimeMs).toBe(70_030);
  });

  it('is taken over from the leader, and never falls below what the log says', () => {
    const bench = new Bench();
    bench.hear(2, appendEntries(2, id(2, 1), [], { clusterTimeMs: 9000 }));
    expect(bench.raft.clusterTimeMs).toBe(9000);
    bench.tick(10);
    expect(bench.raft.clusterTimeMs).toBe(9010);
    bench.hear(
      2,
      appendEntries(2, id(2, 1), [entry(3, 2, undefined, 9500)], { clusterTimeMs: 9100 }),
    );
    expect(bench.raft.clusterTimeMs).toBe(9500);
  });
});
