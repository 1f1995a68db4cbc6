// What can be done to the simulated world, each kind by a schedule of its own in a run without any other trouble: that it
// comes about, and what the cluster makes of it. More damage than the protocol can survive is refused unless asked for.

import { describe, expect, test } from 'vitest';

import type { FaultAction, Outside, Schedule } from '../../simulations/fault-action.js';
import { linksAmong } from '../../simulations/link-shapes.js';
import { run } from '../../simulations/run.js';
import type { RunOptions, RunResult } from '../../simulations/run.js';
import type { NodeId } from '../../src/raft/types.js';

const ids = (...numbers: number[]): NodeId[] => numbers as NodeId[];
const [ONE, TWO, THREE] = ids(1, 2, 3) as [NodeId, NodeId, NodeId];
const NOBODY = 99 as NodeId;

/** A calm cluster of five with these faults. */
function calm(schedule: Schedule, more: Partial<RunOptions> = {}): RunResult {
  const fixed = { seed: 7n, timeMs: 10_000, isCalm: true } as const;
  return run({ ...fixed, schedule, ...more });
}

/** One action a second. */
function inTurn(...actions: FaultAction[]): Schedule {
  return actions.map((action, at) => ({ atUs: (at + 1) * 1_000_000, action }));
}

const crash = (node: NodeId): FaultAction => {
  return { type: 'crash', node, isMachine: true, keptBatches: 0, isTorn: false };
};

/** What was carried out before everybody healed. */
function doneIn({ schedule }: RunResult): FaultAction[] {
  return schedule.slice(0, -1).map(({ action }) => action);
}

describe('an action', { timeout: 300_000 }, () => {
  test('that does not fit is left undone', () => {
    const misfits: FaultAction[] = [
      { type: 'boot', node: ONE },
      { type: 'resume', node: ONE, lossPpm: 0 },
      { type: 'mend', links: [[ONE, TWO]] },
      { type: 'unclog', links: [[ONE, TWO]] },
      { type: 'cut', links: [[ONE, NOBODY]] },
      { type: 'slow', node: ONE, stepUs: 0 },
      { type: 'rot', node: ONE },
      { type: 'setBack', node: ONE, entries: 1 },
      { type: 'clockRate', node: ONE, ratePpm: 50_000 },
      crash(NOBODY),
    ];
    const result = calm(inTurn(...misfits), { timeMs: 12_000 });
    expect(doneIn(result)).toEqual([]);
    expect(result.verdict).toEqual({ type: 'held' });
  });

  test.each<[string, FaultAction[]]>([
    [
      'on links',
      [
        { type: 'cut', links: [[ONE, TWO]] },
        { type: 'mend', links: [[ONE, TWO]] },
        { type: 'clog', links: [[ONE, TWO]] },
        { type: 'unclog', links: [[ONE, TWO]] },
        { type: 'links', whole: [[ONE, TWO]] },
        { type: 'links', whole: null },
      ],
    ],
    [
      'on processes',
      [
        crash(TWO),
        { type: 'boot', node: TWO },
        { type: 'pause', node: ONE },
        { type: 'resume', node: ONE, lossPpm: 0 },
        { type: 'suspend', node: ONE },
        { type: 'resume', node: ONE, lossPpm: 1e6 },
        { type: 'slow', node: TWO, stepUs: 2000 },
        { type: 'slow', node: TWO, stepUs: 0 },
        { type: 'clockRate', node: TWO, ratePpm: 20_000 },
      ],
    ],
    [
      'on disks, and of the operator',
      [
        { type: 'diskHangs', node: ONE, forUs: 3_000_000 },
        { type: 'diskFails', node: THREE, how: 'full' },
        { type: 'handOver', to: TWO },
        { type: 'change', remove: [THREE] },
        { type: 'wipe', node: ONE },
      ],
    ],
    ['of damage', [crash(TWO), { type: 'rot', node: TWO }]],
    [
      'of a disk that is set back',
      [crash(TWO), { type: 'setBack', node: TWO, entries: 2 }, { type: 'boot', node: TWO }],
    ],
  ])('is carried out and survived: %s', (_, actions) => {
    const result = calm(inTurn(...actions));
    expect(doneIn(result)).toEqual(actions);
    expect(result.verdict).toEqual({ type: 'held' });
  });
});

describe('damage', { timeout: 300_000 }, () => {
  test('stays within what can be survived, unless asked for', () => {
    const wipes = [ONE, TWO, THREE].map((node): FaultAction => ({ type: 'wipe', node }));
    const atOnce = wipes.map((action) => ({ atUs: 1_000_000, action }));
    const bounded = calm(atOnce);
    expect(doneIn(bounded)).toHaveLength(1);
    expect(bounded.verdict).toEqual({ type: 'held' });
    const unbounded = calm(atOnce, { isDamageUnbounded: true });
    expect(doneIn(unbounded)).toHaveLength(3);
    expect(unbounded.verdict.type).toBe('notLive');
  });

  test('takes no entry from a disk that was needed to commit it, when the cluster was smaller', () => {
    // The first that may be lost is; behind it the disk lacks something already, and loses no more.
    const losing = (entriesMax: number, more: Partial<RunOptions> = {}) => {
      const attempts = Array.from({ length: entriesMax }, (_, at): Schedule[number] => {
        return {
          atUs: 4_000_000,
          action: { type: 'setBack', node: ONE, entries: entriesMax - at },
        };
      });
      const apart = linksAmong([ONE, TWO, THREE]).filter((link) => link.includes(ONE));
      const { schedule, verdict } = calm(
        [
          { atUs: 2_000_000, action: crash(ONE) },
          { atUs: 3_000_000, action: { type: 'cut', links: apart } },
          ...attempts,
          { atUs: 4_100_000, action: { type: 'boot', node: ONE } },
        ],
        { nodes: 3, ...more },
      );
      const lost = schedule.flatMap(({ action }) =>
        action.type === 'setBack' ? [action.entries] : [],
      );
      return { lost, verdict };
    };
    const all = losing(400, { isDamageUnbounded: true }).lost[0] ?? 0;
    // Left are the founding and the founder's own configuration: it would be a cluster by itself, and elect itself.
    const { lost, verdict } = losing(all - 3);
    expect(lost[0]).toBeGreaterThan(0);
    expect(lost[0]).toBeLessThan(all - 3);
    expect(verdict).toEqual({ type: 'held' });
  });

  test('is repaired by the operator, and then there may be more', () => {
    const wipes: Schedule = [1, 2].map((node) => {
      return {
        atUs: node * 12_000_000 - 11_000_000,
        action: { type: 'wipe', node: node as NodeId },
      };
    });
    const { schedule, verdict, counts } = calm(wipes, { timeMs: 24_000 });
    expect(schedule.filter(({ action }) => action.type === 'wipe')).toHaveLength(2);
    expect([verdict, counts.of('lostReplaced')]).toEqual([{ type: 'held' }, 2]);
  });

  test('by clocks beyond the bound lets two nodes be primary, which is found', () => {
    const fast: Schedule = inTurn(
      { type: 'clockRate', node: ONE, ratePpm: -600_000 },
      ...ids(2, 3, 4, 5).map((node): FaultAction => {
        return { type: 'clockRate', node, ratePpm: 600_000 };
      }),
      { type: 'links', whole: linksAmong(ids(2, 3, 4, 5)) },
    );
    const { verdict } = calm(fast, { clocks: 'beyond' });
    expect(verdict).toMatchObject({ type: 'violated', property: 'one-primary' });
    expect(calm(fast).verdict).toEqual({ type: 'held' });
  });
});

describe('a core that heals alone', { timeout: 300_000 }, () => {
  const healed = (core: NodeId[], outside: Outside): RunResult =>
    calm([{ atUs: 2_000_000, action: { type: 'heal', core, outside } }], {
      timeMs: 2000,
    });

  test.each<Outside>(['cut', 'down', 'deaf', 'spamming', 'flapping'])(
    'serves while the others are broken: %s',
    (outside) => {
      const { verdict, counts } = healed(ids(3, 4, 5), outside);
      expect(verdict).toEqual({ type: 'held' });
      expect(counts.of('coreRecoveries')).toBe(1);
    },
  );

  test.each<Outside>(['cut', 'down'])('is proven unable without a quorum: %s', (outside) => {
    const { verdict, counts } = healed(ids(1, 2), outside);
    expect(verdict).toEqual({ type: 'held' });
    expect([counts.of('coreRecoveries'), counts.of('provenCannot')]).toEqual([0, 1]);
  });
});
