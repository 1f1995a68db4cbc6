// No two machines run primary-only processes at the same true time, and epochs only grow (design promise 1). A machine
// runs them exactly while its node says that it is primary, judged by its own clock: between two of its events that is
// an interval of true time, computed to the microsecond. If the daemon dies, a keeper that survives it lets them run until the
// deadline that was known last; a reboot ends them at once.

import type { Raft } from '../../src/raft/raft.js';
import type { Leader } from '../../src/raft/state.js';
import type { Machine } from '../machine.js';
import { hold, Violation } from '../violation.js';
import type { World } from '../world.js';
import { showTime } from '../trace.js';
import type { Invariant } from './invariant.js';

/** True time, `untilUs` not included. */
interface Reign {
  readonly machine: Machine;
  readonly epoch: number;
  readonly fromUs: number;
  readonly untilUs: number;
}

export function onePrimary(world: World): Invariant {
  const reigns = new Map<Machine, Reign>();
  /** What a keeper still runs for a daemon that died. */
  const kept = new Map<Machine, Reign>();
  let newest: Reign | null = null;
  /** Before this time no reign begins or ends by itself. */
  let nextUs = 0;

  /** Whether somebody else rules at `atUs` as well. */
  const checkAt = (reign: Reign, atUs: number): void => {
    for (const other of reigns.values()) checkApart(reign, other, atUs);
    for (const other of kept.values()) checkApart(reign, other, atUs);
    const last = newest;
    if (last?.epoch === reign.epoch && last.machine === reign.machine) return;
    hold(last === null || reign.epoch >= last.epoch, 'one-primary', () => {
      return `node ${reign.machine.id} is primary of epoch ${reign.epoch} after epoch ${last?.epoch}`;
    });
    if (last === null || reign.epoch > last.epoch) {
      newest = reign;
      world.count('reigns');
    } else {
      hold(last.machine === reign.machine, 'one-primary', () => {
        return `node ${reign.machine.id} is primary of epoch ${reign.epoch}, which was node ${last.machine.id}'s`;
      });
    }
  };

  return {
    passed(atUs) {
      if (atUs < nextUs) return;
      for (const reign of reigns.values()) {
        if (world.nowUs < reign.untilUs && reign.untilUs <= atUs) checkEnd(world, reign);
        // A bound that ends without an event begins a reign.
        const begins = world.nowUs < reign.fromUs && reign.fromUs <= atUs;
        if (begins && reign.fromUs < reign.untilUs) checkAt(reign, reign.fromUs);
      }
      for (const [machine, { untilUs }] of kept) if (untilUs <= atUs) kept.delete(machine);
      nextUs = Infinity;
      for (const { fromUs, untilUs } of [...reigns.values(), ...kept.values()]) {
        if (untilUs > atUs) nextUs = Math.min(nextUs, fromUs > atUs ? fromUs : untilUs);
      }
    },
    happened(machine, process) {
      const { raft } = process.node;
      const role = raft?.state.role;
      const isLeader = raft !== null && role?.type === 'leader';
      const reign = isLeader ? reignOf(world, machine, raft, role) : null;
      if (reign === null) {
        reigns.delete(machine);
        return;
      }
      reigns.set(machine, reign);
      nextUs = Math.min(nextUs, reign.fromUs > world.nowUs ? reign.fromUs : reign.untilUs);
      if (isWithin(reign, world.nowUs)) checkAt(reign, world.nowUs);
    },
    crashed(machine, isReboot) {
      const reign = reigns.get(machine);
      reigns.delete(machine);
      if (isReboot) kept.delete(machine);
      else if (reign !== undefined && isWithin(reign, world.nowUs)) kept.set(machine, reign);
    },
  };
}

function checkApart(reign: Reign, other: Reign, atUs: number): void {
  if (other.machine === reign.machine || !isWithin(other, atUs)) return;
  throw new Violation(
    'one-primary',
    `at ${showTime(atUs)} node ${reign.machine.id} is primary of epoch ${reign.epoch} and node ${other.machine.id} of epoch ${other.epoch}`,
  );
}

function isWithin({ fromUs, untilUs }: Reign, atUs: number): boolean {
  return fromUs <= atUs && atUs < untilUs;
}

/** At the exact end of its lease, without any event, a node must say by itself that it is not primary any more. */
function checkEnd(world: World, { machine, untilUs }: Reign): void {
  world.nowUs = untilUs;
  const isPrimary = machine.process?.node.status().isPrimary === true;
  hold(!isPrimary, 'one-primary', () => {
    return `node ${machine.id} says that it is primary at the end of its lease, ${showTime(untilUs)}`;
  });
}

/** From when until when the node will say that it is primary, unless something happens to it before; null: it will not. */
function reignOf(world: World, machine: Machine, raft: Raft, leader: Leader): Reign | null {
  const untilMs = raft.primaryUntilMs;
  const fromMs = leader.boundUntilMs;
  const isPrimary = raft.isPrimaryAt(machine.clock.nowMs());
  if (untilMs === null || fromMs === null) {
    hold(!isPrimary, 'one-primary', () => `node ${machine.id} is primary without a lease`);
    return null;
  }
  const fromUs = isPrimary ? world.nowUs : machine.clock.trueUsOf(fromMs);
  if (!isPrimary && fromUs <= world.nowUs) return null;
  return {
    machine,
    epoch: raft.state.applied.reign.epoch,
    fromUs,
    untilUs: machine.clock.trueUsOf(untilMs),
  };
}
