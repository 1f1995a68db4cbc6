// Which level a command needs, and that a state refuses to apply what is above its own: a violation, on every node alike. The
// levels are pretended; the shipped table has one.
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/raft/assert.js';
import { ClusterState } from '../../src/state-machine/cluster-state.js';
import { CLIENT_SESSION_LIMITS } from '../../src/state-machine/command.js';
import type { Command } from '../../src/state-machine/command.js';
import { FEATURE_LEVELS, FEATURES, levelOf } from '../../src/state-machine/features.js';
import type { FeatureTable } from '../../src/state-machine/features.js';
import { AppliedLog, restored, snapshotOf } from '../support/log-words.js';
import { put, touch } from '../support/session-words.js';

const LATER: FeatureTable = {
  commands: { ...FEATURES.commands, touchSession: 2 },
  fields: [
    {
      kind: 'putSession',
      field: 'owner',
      level: 2,
      isUsed: (command) => command.kind === 'putSession' && command.owner !== null,
    },
    {
      kind: 'putSession',
      field: 'removed',
      level: 3,
      isUsed: (command) => command.kind === 'putSession' && command.removed.length > 0,
    },
  ],
};

function logAt(level: number): AppliedLog {
  const log = new AppliedLog();
  log.state = new ClusterState(CLIENT_SESSION_LIMITS, LATER);
  if (level > 1) log.write({ kind: 'featureLevel', level });
  return log;
}

describe('a command', () => {
  it.each<[string, Command, number]>([
    ['of the first level', put('s'), 1],
    ['of a kind that came later', touch('s'), 2],
    ['that uses a later field', put('s', { owner: 'me' }), 2],
    ['that uses two of them', put('s', { owner: 'me', removed: ['a'] }), 3],
  ])(
    'needs the level of its kind, or of the highest field that it uses: %s',
    (_name, command, needed) => {
      expect(levelOf(command, LATER)).toBe(needed);
      const refused = [1, 2, 3].filter((level) => {
        try {
          logAt(level).command(command);
          return false;
        } catch (error) {
          return error instanceof InvariantViolation;
        }
      });
      expect(refused).toEqual([1, 2, 3].filter((level) => level < needed));
    },
  );

  it('needs no more than the shipped software speaks', () => {
    for (const level of Object.values(FEATURES.commands)) {
      expect(level).toBeLessThanOrEqual(FEATURE_LEVELS.featureMax);
    }
    for (const { level } of FEATURES.fields) {
      expect(level).toBeLessThanOrEqual(FEATURE_LEVELS.featureMax);
    }
  });
});

describe('the feature level', () => {
  it('rises with its entry, is told as an event, and never falls', () => {
    const log = logAt(2);
    expect(log.state.featureLevel).toBe(2);
    expect(log.state.eventsAfter(0 as never, 10)).toMatchObject([
      { kind: 'featureLevelRaised', text: 'the feature level of the cluster rose to 2' },
    ]);
    for (const level of [1, 2]) {
      expect(() => logAt(2).write({ kind: 'featureLevel', level })).toThrow(InvariantViolation);
    }
  });

  it('is that of the snapshot in a state that was restored', () => {
    const log = AppliedLog.started();
    log.write({ kind: 'featureLevel', level: 4 });
    expect(restored(log.meta, snapshotOf(log.state)).featureLevel).toBe(4);
  });
});
