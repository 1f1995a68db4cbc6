// What a dry run forecasts, as a table over the leader's status, the change and the history of reigns. That nothing is
// changed, and that refusals are those of the real thing, is asked of running nodes in cluster.test.ts and its neighbours.

import { describe, expect, it } from 'vitest';

import type { LogIndex, NodeId, Term } from '../../src/raft/types.js';
import { forecast, forecastStart } from '../../src/service/forecast.js';
import type { PlannedChange } from '../../src/service/forecast.js';
import type { ReignRecord } from '../../src/state-machine/primary.js';
import { configuration, leaderStatus, member, peer } from './words.js';

/** A reign that ended thus, and the gap before it. */
function reign(epoch: number, gapMs: number | null, how: 'proof' | 'laterTerm'): ReignRecord {
  const end = { how, revision: (epoch + 1) as LogIndex, atMs: 0 };
  const place = { epoch: epoch as LogIndex, term: epoch as Term, nodeId: 1 as NodeId };
  return { ...place, leaseMs: 750, sinceMs: 0, cause: '', gapMs, end };
}

const manual = { isManual: true, pausedBy: null };
const paused = { isManual: false, pausedBy: 'ann' };

interface Row {
  readonly what: string;
  readonly change: PlannedChange;
  readonly status?: Parameters<typeof leaderStatus>[0];
  /** Quorum, tolerance and primary before and after. */
  readonly before: readonly [number, number, string | undefined];
  readonly after: readonly [number, number, string | undefined];
  readonly gapMs: number | undefined;
  readonly failOverGapMs: number | undefined;
}

const BY_TIMERS = 1000 + 333 + 750;
const HEARTBEAT = 100;

const ROWS: readonly Row[] = [
  {
    what: 'removing a standby of three leaves two that can lose none',
    change: { type: 'remove', member: member(3) },
    before: [2, 1, 'n1'],
    after: [2, 0, 'n1'],
    gapMs: 0,
    failOverGapMs: undefined,
  },
  {
    what: 'removing the primary hands over to who has most of the log',
    change: { type: 'remove', member: member(1) },
    status: { peers: [peer(2, 50, 8), peer(3, 60, 10)] },
    before: [2, 1, 'n1'],
    after: [2, 0, 'n3'],
    gapMs: HEARTBEAT,
    failOverGapMs: undefined,
  },
  {
    what: 'removing the primary where only an operator hands over leaves nobody primary',
    change: { type: 'remove', member: member(1) },
    status: { configuration: { ...configuration([1, 2, 3]), reigns: manual } },
    before: [2, 1, 'n1'],
    after: [2, 0, undefined],
    gapMs: undefined,
    failOverGapMs: undefined,
  },
  {
    what: 'a newcomer counts as in contact once it votes',
    change: { type: 'admit', newcomer: member(4) },
    before: [2, 1, 'n1'],
    after: [3, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: BY_TIMERS,
  },
  {
    what: 'a learner changes no quorum',
    change: { type: 'admit', newcomer: member(4, { autoPromote: false }) },
    before: [2, 1, 'n1'],
    after: [2, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: BY_TIMERS,
  },
  {
    what: 'a newcomer in the place of a dead voter heals the cluster',
    change: { type: 'admit', newcomer: member(4, { replaces: 3 as NodeId }) },
    status: { peers: [peer(2, 50), peer(3, 60_000)] },
    before: [2, 0, 'n1'],
    after: [2, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: BY_TIMERS,
  },
  {
    what: 'a hand-over costs a few round trips',
    change: { type: 'setPrimary', member: member(2) },
    before: [2, 1, 'n1'],
    after: [2, 1, 'n2'],
    gapMs: HEARTBEAT,
    failOverGapMs: BY_TIMERS,
  },
  {
    what: 'a pause lets the reign go on, and leaves a failure to an operator',
    change: { type: 'settings', reigns: paused },
    before: [2, 1, 'n1'],
    after: [2, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: undefined,
  },
  {
    what: 'the end of a pause makes the leader that waits primary',
    change: { type: 'settings', reigns: { isManual: false, pausedBy: null } },
    status: { isPrimary: false, isAwaited: true },
    before: [2, 1, undefined],
    after: [2, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: BY_TIMERS,
  },
  {
    what: 'nothing comes of what is so already',
    change: { type: 'none' },
    before: [2, 1, 'n1'],
    after: [2, 1, 'n1'],
    gapMs: 0,
    failOverGapMs: BY_TIMERS,
  },
];

describe('A forecast', () => {
  it.each(ROWS)('says that $what', ({ change, status, before, after, gapMs, failOverGapMs }) => {
    const said = forecast(leaderStatus(status), change, []);
    const shown = [said.before, said.after].map((it) => {
      return [it?.quorum, it?.failureTolerance, it?.primary];
    });
    expect(shown).toEqual([[...before], [...after]]);
    expect([said.gapMs, said.failOverGapMs]).toEqual([gapMs, failOverGapMs]);
    expect(said.gapBasis).not.toBe('');
    expect(said.failOverBasis).not.toBe('');
  });

  it('expects what was measured, hand-overs and fail-overs apart', () => {
    const reigns = [
      reign(1, null, 'proof'),
      reign(2, 40, 'laterTerm'),
      reign(3, 2500, 'laterTerm'),
      reign(4, 1900, 'proof'),
      reign(5, 30, 'proof'),
      reign(6, 70, 'laterTerm'),
    ];
    const said = forecast(leaderStatus(), { type: 'setPrimary', member: member(2) }, reigns);
    expect([said.gapMs, said.failOverGapMs]).toEqual([40, 1900]);
    expect(said.gapBasis).toBe('median of 3 hand-overs, the longest 70 ms');
  });

  it('names what follows: refusals meanwhile, and advice on what is left', () => {
    const removed = forecast(leaderStatus(), { type: 'remove', member: member(1) }, []);
    expect(removed.consequences?.join('\n')).toMatch(
      /HANDING_OVER[^]*stopGrace[^]*empty data directory[^]*witness/,
    );
    const preferred = { type: 'admit', newcomer: member(4, { priority: 80 }) } as const;
    expect(forecast(leaderStatus(), preferred, []).consequences?.join('\n')).toContain(
      'n4 has a higher priority than n1',
    );
  });

  it('of a start counts from nothing to one voter', () => {
    const { before, after } = forecastStart('n1');
    expect([before?.quorum, after?.quorum, after?.primary]).toEqual([0, 1, 'n1']);
  });
});
