// Priority: the voter with the highest should be primary when all are well, by later timers of the others and a later
// hand-over, never by a veto; an operator's choice stands until the next unplanned fail-over. A rule of our own.
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/raft/ready.js';
import { Bench, first } from '../support/raft-bench.js';
import { RaftCluster } from '../support/raft-cluster.js';

const extras = { 1: { priority: 10 }, 2: { priority: 50 }, 3: { priority: 90 } };

describe('the election timer', () => {
  it.each([
    [3, 1000, 2000],
    [2, 1500, 2500],
    [1, 2000, 3000],
  ])('of node %i begins half a timeout later for each rank above it', (node, from, to) => {
    const { electionDeadlineMs } = new Bench({ node, extras }).state;
    expect(electionDeadlineMs).toBeGreaterThanOrEqual(from);
    expect(electionDeadlineMs).toBeLessThan(to);
  });

  it('is never so late that nobody campaigns: the lowest is elected when the others are gone', () => {
    const cluster = new RaftCluster({ voters: [1, 2, 3, 4, 5], extras });
    cluster.elect();
    cluster.crash(3);
    cluster.crash(2);
    expect(cluster.runUntil(() => cluster.isLed && cluster.leader?.isUp === true, 30_000)).toBe(
      true,
    );
  });
});

describe('a leader of lower priority', () => {
  /** Node 1 reigns; nodes 2 and 3 answer every heartbeat for `forMs`. */
  function reignFor(bench: Bench, forMs: number): ReturnType<Bench['take']>['events'][number][] {
    const events = [];
    for (let ms = 0; ms < forMs; ms += 100) {
      bench.tick(100);
      const ready = bench.settle();
      events.push(...ready.events);
      if (bench.state.role.type !== 'leader' || bench.leader.transfer !== null) return events;
      bench.match(2);
      bench.match(3);
    }
    return events;
  }

  it('hands over to the highest that has been well for ten election timeouts', () => {
    const bench = new Bench({ extras });
    bench.reign([2, 3]);
    expect(reignFor(bench, 9500)).not.toContainEqual({ type: 'handOverStarted', to: 3 });
    expect(reignFor(bench, 2000)).toContainEqual({ type: 'handOverStarted', to: 3 });
  });

  it('stays if an operator chose it, until the next unplanned fail-over', () => {
    const cluster = new RaftCluster({ extras });
    cluster.runUntil(() => cluster.isLed && cluster.leader?.id === 3, 60_000);
    expect(cluster.transfer(3, 1)).toEqual({ type: 'accepted' });
    cluster.runUntil(() => cluster.leader?.id === 1 && cluster.isConverged);
    expect(cluster.raft(1).state.applied.reign.isChosen).toBe(true);
    cluster.run(40_000);
    expect(cluster.leader?.id).toBe(1);
    cluster.crash(1);
    cluster.runUntil(() => cluster.isConverged && cluster.leader?.id !== 1);
    cluster.restart(1);
    expect(cluster.leader?.raft.state.applied.reign.isChosen).toBe(false);
    expect(cluster.runUntil(() => cluster.isLed && cluster.leader?.id === 3, 60_000)).toBe(true);
  });

  it('tells the target why, and that no operator chose it', () => {
    const bench = new Bench({ extras });
    bench.reign([2, 3]);
    reignFor(bench, 12_000);
    bench.step({ type: 'stopped', epoch: bench.state.applied.reign.epoch });
    const sent: Envelope[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      sent.push(...bench.settle().messages);
      bench.match(2);
      bench.match(3);
    }
    const word = { isChosen: false, cause: 'node3 has a higher priority' };
    expect(first(sent, 'timeoutNow')).toMatchObject(word);
  });
});
