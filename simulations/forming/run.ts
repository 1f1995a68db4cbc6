// One run from one seed: machines start in any order, and crash, lose their disks and are cut apart while they form; then all is
// healed and the cluster must come about, unless a disk is gone that only an operator can stand in for. Safety is
// checked after every event by the world.

import { decodeFormingRecord } from '../../src/codec/forming-codec.js';
import { InvariantViolation } from '../../src/raft/assert.js';
import { Streams } from '../random.js';
import type { Stream } from '../random.js';
import { formingSetting } from './setting.js';
import type { FormingSetting } from './setting.js';
import { FormingWorld } from './world.js';
import type { Machine } from './machines.js';

/** What healed nodes are given to form and to join. */
const LIVENESS_MS = 60_000;

export type FormingOutcome =
  /** One cluster, and everybody belongs to it. */
  | 'formed'
  /** A lost disk stands in the way, as said in src/forming/README.md; an operator must act. */
  | 'waits-for-operator'
  | 'violated'
  | 'not-live';

export interface FormingResult {
  readonly setting: FormingSetting;
  readonly outcome: FormingOutcome;
  readonly property: string | null;
  readonly detail: string;
  readonly events: number;
  readonly simulatedMs: number;
  /** From the heal to the last member, in simulated ms; null: it did not come so far. */
  readonly healedMs: number | null;
  readonly clusters: number;
}

/** Runs one seed. */
export function runForming(seed: bigint): FormingResult {
  const setting = formingSetting(seed);
  const world = new FormingWorld(setting);
  try {
    return runIn(world, setting);
  } catch (error) {
    if (!(error instanceof InvariantViolation)) throw error;
    world.violated = { property: 'invariant', detail: error.message };
    return resultOf(world, setting, false, 0);
  }
}

function runIn(world: FormingWorld, setting: FormingSetting): FormingResult {
  const { seed } = setting;
  const faults = new Streams(seed).stream('forming/faults');
  for (const machine of world.machines) {
    const atMs = faults.between(0, setting.faultsMs / 2);
    world.at(setting.isMidway ? atMs % 2000 : atMs, () => world.start(machine));
  }
  nextFault(world, setting, faults);
  if (setting.flickerMs > 0)
    nextFlicker(world, setting, new Streams(seed).stream('forming/flicker'));
  world.runUntil(setting.faultsMs);
  const healedAtMs = world.nowMs;
  world.isCalm = true;
  world.healLinks();
  for (const machine of world.machines) world.start(machine);
  const isDone = (): boolean => world.machines.every(({ disk }) => disk.cluster !== null);
  world.runUntil(healedAtMs + LIVENESS_MS, isDone);
  return resultOf(world, setting, isDone(), world.nowMs - healedAtMs);
}

function resultOf(
  world: FormingWorld,
  setting: FormingSetting,
  isDone: boolean,
  healedMs: number,
): FormingResult {
  const { violated, eventCount: events, nowMs: simulatedMs } = world;
  const facts = { setting, events, simulatedMs, clusters: world.founded.size };
  if (violated !== null) {
    return { ...facts, ...violated, outcome: 'violated', healedMs: null };
  }
  if (isDone) return { ...facts, outcome: 'formed', property: null, detail: '', healedMs };
  const detail = world.machines
    .flatMap(({ name, forming }) => {
      const standing = forming?.standing(Number.MAX_SAFE_INTEGER) ?? null;
      return standing === null ? [] : [`${name}: ${standing}`];
    })
    .join('; ');
  const outcome = isExcused(world) ? 'waits-for-operator' : 'not-live';
  return { ...facts, outcome, property: null, detail, healedMs: null };
}

/**
 * A lost disk belonged to the cluster, or was bound to an attempt that somebody else is still bound to, or was that of the coordinator
 * of such an attempt, which alone could have said that it had given it up.
 */
function isExcused({ lost, machines, founded }: FormingWorld): boolean {
  const promiseOf = (record: Uint8Array | null): string | null =>
    record === null ? null : (decodeFormingRecord(record).promise?.clusterId ?? null);
  const bound = new Set(machines.map(({ disk }) => promiseOf(disk.record)));
  const coordinators = new Set(machines.map(({ disk }) => coordinatorOf(disk.record)));
  return lost.some(({ cluster, record, installId }) => {
    if (coordinators.has(installId)) return true;
    const promised = promiseOf(record);
    if (cluster !== null) return true;
    return promised !== null && (founded.has(promised) || bound.has(promised));
  });
}

function coordinatorOf(record: Uint8Array | null): string | null {
  return record === null ? null : (decodeFormingRecord(record).promise?.coordinator ?? null);
}

function nextFault(world: FormingWorld, setting: FormingSetting, faults: Stream): void {
  world.at(faults.exponential(600) + 1, () => {
    if (world.isCalm) return;
    strike(world, setting, faults);
    nextFault(world, setting, faults);
  });
}

/** Cuts one direction of one link for a while: an answer is lost again and again, and what was asked arrives. */
function nextFlicker(world: FormingWorld, setting: FormingSetting, dice: Stream): void {
  world.at(dice.exponential(setting.flickerMs) + 1, () => {
    if (world.isCalm) return;
    const [from, to] = [dice.pick(world.machines), dice.pick(world.machines)];
    world.cut(from, to);
    world.at(dice.between(200, 4000), () => world.mend(from, to));
    nextFlicker(world, setting, dice);
  });
}

function strike(world: FormingWorld, setting: FormingSetting, faults: Stream): void {
  const machine = faults.pick(world.machines);
  const what = faults.between(0, 9);
  if (what <= 2) {
    world.crash(machine);
    if (setting.hasWipes && mayWipe(world, setting) && faults.chance(500_000)) world.wipe(machine);
    world.at(faults.between(0, 4000), () => world.start(machine));
  } else if (what <= 4) {
    cutApart(world, faults);
  } else if (what <= 6) {
    const other = faults.pick(world.machines);
    if (other !== machine) world.cut(machine, other);
  } else if (what === 7) {
    for (const other of world.machines) world.cut(machine, other);
  } else {
    world.healLinks();
  }
}

/** Two sides that do not hear each other, or one that is not heard by the other. */
function cutApart(world: FormingWorld, faults: Stream): void {
  const isOneWay = faults.chance(300_000);
  const left = new Set<Machine>(world.machines.filter(() => faults.chance(500_000)));
  for (const one of left) {
    for (const other of world.machines) {
      if (left.has(other)) continue;
      world.cut(one, other);
      if (!isOneWay) world.cut(other, one);
    }
  }
}

/** By count, forming is sound only while fewer than twice as many data directories carry the name. */
function mayWipe(world: FormingWorld, { hosts, count }: FormingSetting): boolean {
  return hosts > 0 || world.installCount + 1 < 2 * count;
}
