// The properties of who may lead, and under which configuration, can fail. Each is told by itself of something that must never
// be, and must name itself; told of the same without the fault it must not.

import { expect, test } from 'vitest';

import { configurationRules } from '../../simulations/invariants/configuration-rules.js';
import { leaderDisk } from '../../simulations/invariants/leader-disk.js';
import { Violation } from '../../simulations/violation.js';
import { machineOf, madeUp, sightOf, VOTERS, worldOf } from './made-up.js';

/** Name, what must never be, and the same without the fault. */
const TABLE: readonly (readonly [string, string, (isWrong: boolean) => void])[] = [
  [
    'configuration-rules',
    'a configuration in force that was truncated',
    (isWrong) => {
      const sight = sightOf({ terms: [1, 1], role: { type: 'follower' } }, { truncatedFrom: 2 });
      const configuration = { ...VOTERS, autoRemoveAfterMs: 1 };
      sight.state.configurations.push(madeUp({ index: 2, configuration }));
      const there = isWrong ? { kind: 'noop' } : { kind: 'configuration', configuration };
      sight.state.log.entryAt = () => madeUp(there);
      configurationRules().changed?.(sight);
    },
  ],
  [
    'configuration-rules',
    'a joint configuration that is left before it is committed',
    (isWrong) => {
      const appended = [{ kind: 'configuration', index: 2, term: 1 }];
      const sight = sightOf({ commitIndex: isWrong ? 0 : 1 }, { appended });
      sight.state.configurations.push(madeUp({ index: 2, configuration: VOTERS }));
      configurationRules().changed?.(sight);
    },
  ],
  [
    'configuration-rules',
    'a leader that votes no more',
    (isWrong) => {
      const sight = sightOf({ id: isWrong ? 4 : 1, commitIndex: 1 });
      configurationRules().changed?.(sight);
    },
  ],
  [
    'leader-disk',
    'a leader whose disk takes nothing',
    (isWrong) => {
      const machine = machineOf({});
      const { process } = machine;
      const world = worldOf(machine);
      madeUp<{ electionTimeoutMs: number }>(world.parameters).electionTimeoutMs = 1000;
      const property = leaderDisk(world);
      const state = process?.node.raft?.state;
      if (process === null || state === undefined) throw new Error('the machine is up');
      madeUp<{ persistence: object }>(state).persistence = { oldestStartMs: isWrong ? 0 : null };
      for (let nowMs = 0; nowMs <= 1200; nowMs += 50) {
        machine.clock.nowMs = () => nowMs;
        property.happened?.(machine, process);
      }
    },
  ],
];

test.each(TABLE)('%s is not held by %s', (property, _what, tell) => {
  expect(() => tell(false)).not.toThrow();
  expect(() => tell(true)).toThrow(expect.objectContaining({ property }));
  expect(() => tell(true)).toThrow(Violation);
});
