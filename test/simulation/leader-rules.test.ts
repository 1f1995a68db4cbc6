// The properties of who may lead, and under which configuration, can fail. Each is told by itself of something that must never
// be, and must name itself; told of the same without the fault it must not.

import { expect, test } from 'vitest';

import { configurationRules } from '../../simulations/invariants/configuration-rules.js';
import { leaderDisk } from '../../simulations/invariants/leader-disk.js';
import { proofOfStop } from '../../simulations/invariants/proof-of-stop.js';
import { reignBound } from '../../simulations/invariants/reign-bound.js';
import { reignRules } from '../../simulations/invariants/reign-rules.js';
import type { Sight } from '../../simulations/sight.js';
import { Violation } from '../../simulations/violation.js';
import { LEASE_MS, machineOf, madeUp, sightOf, VOTERS, worldOf } from './made-up.js';

const ACTIVATION = { kind: 'activation', index: 4, term: 1, isChosen: false };
const PROOF = { kind: 'proof', index: 5, term: 1, epoch: 1 };

/** Node 1 was elected at time 0 behind another's activation, which it has not applied, and appends its own at entry 4. */
function activating(boundUntilMs: number): Sight {
  const role = { type: 'leader', noopIndex: 3, boundUntilMs };
  const sight = sightOf({ terms: [1, 1, 1, 1], role }, { appended: [ACTIVATION] });
  const reign = { epoch: 0, unprovenLeaseMs: 0 };
  Object.assign(sight.state, { nowMs: 0, health: null, resumesTerm: null });
  Object.assign(sight.state.applied, { reign, configurationIndex: 0, configuration: VOTERS });
  const earlier = { kind: 'activation', index: 2, term: 0, leaseMs: LEASE_MS };
  sight.state.log.entryAt = (index) =>
    madeUp(index === 2 ? earlier : { kind: 'noop', index, term: index === 3 ? 1 : 0 });
  return sight;
}

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
    'reign-bound',
    'a leader that does not wait for a lease that it has yet to apply',
    (isWrong) => {
      reignBound().changed?.(activating(isWrong ? LEASE_MS - 1 : LEASE_MS));
    },
  ],
  [
    'reign-rules',
    'a leader that makes itself primary under rules that it has yet to apply',
    (isWrong) => {
      const sight = activating(LEASE_MS);
      const reigns = { isManual: isWrong, pausedBy: null };
      sight.state.configurations.push(
        madeUp({ index: 2, configuration: { ...VOTERS, reigns } }),
        madeUp({ index: 4, configuration: { ...VOTERS, reigns: { isManual: true } } }),
      );
      reignRules().changed?.(sight);
    },
  ],
  [
    'proof-of-stop',
    'a leader that goes on after it proved its end',
    (isWrong) => {
      const sight = sightOf({ untilMs: isWrong ? LEASE_MS : null }, { appended: [PROOF] });
      const world = worldOf(sight.machine);
      madeUp<{ running: object }>(world).running = new Set();
      proofOfStop(world).changed?.(sight);
    },
  ],
  [
    'proof-of-stop',
    'a node that becomes primary again under an epoch whose end was proved',
    (isWrong) => {
      const sight = sightOf({}, { appended: [PROOF] });
      const again = machineOf({ id: isWrong ? 1 : 2, untilMs: LEASE_MS });
      const world = worldOf(sight.machine);
      madeUp<{ running: object }>(world).running = new Set();
      const property = proofOfStop(world);
      property.changed?.(sight);
      if (again.process !== null) property.happened?.(again, again.process);
    },
  ],
  [
    'proof-of-stop',
    'a process that still runs under a keeper',
    (isWrong) => {
      const sight = sightOf({}, { appended: [PROOF] });
      const world = worldOf(sight.machine);
      const process = { machineId: 2, epoch: isWrong ? 1 : 2 };
      madeUp<{ running: object }>(world).running = new Set([process]);
      proofOfStop(world).changed?.(sight);
    },
  ],
  [
    'leader-disk',
    'a leader whose disk takes nothing',
    (isWrong) => leadWithDisk(0, isWrong ? 0 : null),
  ],
  [
    'leader-disk',
    'a leader that was not elected just now',
    (isWrong) => leadWithDisk(isWrong ? 0 : 1150, 0),
  ],
];

/** A leader since `electedAtMs`, with a batch on its way to the disk since `startMs`, if any, up to 1200 ms. */
function leadWithDisk(electedAtMs: number, startMs: number | null): void {
  const machine = machineOf({});
  const { process } = machine;
  const world = worldOf(machine);
  madeUp<{ electionTimeoutMs: number }>(world.parameters).electionTimeoutMs = 1000;
  const property = leaderDisk(world);
  const state = process?.node.raft?.state;
  if (process === null || state === undefined) throw new Error('the machine is up');
  madeUp<{ persistence: object }>(state).persistence = { oldestStartMs: startMs };
  madeUp<{ electedAtMs: number }>(state.role).electedAtMs = electedAtMs;
  for (let nowMs = 0; nowMs <= 1200; nowMs += 50) {
    machine.clock.nowMs = () => nowMs;
    property.happened?.(machine, process);
  }
}

test.each(TABLE)('%s is not held by %s', (property, _what, tell) => {
  expect(() => tell(false)).not.toThrow();
  expect(() => tell(true)).toThrow(expect.objectContaining({ property }));
  expect(() => tell(true)).toThrow(Violation);
});
