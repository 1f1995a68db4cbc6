// How one fault is carried out on a world, or that it does not fit and is left undone: a node that is not there or down already, a link
// that is whole, damage beyond what the protocol can survive (damage.ts). It draws nothing: what is left to chance was
// drawn before, so that the same actions at the same times give the same run.

import type { Node } from '../src/node/node.js';
import { NO_CHANGE } from '../src/raft/types.js';
import type { ConfigChange, NodeId } from '../src/raft/types.js';
import { CLOCK_BEYOND_PPM, CLOCK_RATE_PPM_MAX } from './clock.js';
import { maySetBack, mayLose } from './damage.js';
import type { FaultAction, Link } from './fault-action.js';
import { heal } from './heal.js';
import type { Machine } from './machine.js';
import type { World } from './world.js';

/** Hand-overs and changes that a schedule orders carry this cause. */
const CAUSE = 'simulated';

/** What carries the action out, to be called at once; null: it does not fit. */
export function faultOn(world: World, action: FaultAction): (() => void) | null {
  const { network } = world;
  switch (action.type) {
    case 'cut':
    case 'clog':
      return onLinks(world, action.links, (from, to) => network[action.type](from, to));
    case 'mend':
    case 'unclog': {
      const isThere = ([from, to]: Link): boolean =>
        action.type === 'mend' ? network.isCut(from, to) : network.isClogged(from, to);
      const links = action.links.filter(isThere);
      return onLinks(world, links, (from, to) => network[action.type](from, to));
    }
    case 'links':
      return () => network.allowOnly(action.whole);
    case 'handOver':
      return handOver(world, action.to);
    case 'change': {
      const { remove = [], promote = [], demote = [] } = action;
      return change(world, { ...NO_CHANGE, remove, promote, demote });
    }
    case 'heal':
      return () => heal(world, action);
    case 'clockRate':
    case 'setBack':
    case 'rot':
    case 'wipe':
    case 'diskFails':
    case 'diskHangs': {
      const machine = world.machines.get(action.node);
      return machine === undefined ? null : onHardware(world, machine, action);
    }
    default: {
      const machine = world.machines.get(action.node);
      return machine === undefined ? null : onProcess(world, machine, action);
    }
  }
}

type Hardware = Extract<
  FaultAction,
  { readonly type: 'clockRate' | 'setBack' | 'rot' | 'wipe' | 'diskFails' | 'diskHangs' }
>;
type OnProcess = Exclude<Extract<FaultAction, { readonly node: NodeId }>, Hardware>;

function onProcess(world: World, machine: Machine, action: OnProcess): (() => void) | null {
  const { process, disk } = machine;
  switch (action.type) {
    case 'crash':
      if (process === null) return null;
      return () => {
        if (action.isTorn && disk.pendingBatches > action.keptBatches) world.count('torn');
        machine.crash(action.isMachine, action.keptBatches);
      };
    case 'boot':
      return process !== null || !machine.canBoot ? null : () => machine.boot();
    case 'pause':
    case 'suspend':
      if (process === null || machine.isPaused) return null;
      return () => {
        if (action.type === 'suspend') disk.freeze();
        machine.pause();
      };
    case 'resume':
      if (!machine.isPaused) return null;
      return () => {
        disk.thaw();
        machine.resume(action.lossPpm);
      };
    case 'slow':
      if (process === null || machine.stepUs === action.stepUs) return null;
      return () => machine.slow(action.stepUs);
  }
}

function onHardware(world: World, machine: Machine, action: Hardware): (() => void) | null {
  const { process, disk } = machine;
  switch (action.type) {
    case 'clockRate':
      return changeClock(world, machine, action.ratePpm);
    case 'diskHangs':
      return process === null ? null : () => disk.hang(action.forUs);
    case 'diskFails':
      // Before it is a member there is nothing that a failed write could betray.
      if ((process?.node.raft ?? null) === null || disk.isFailing) return null;
      return () => disk.fail(action.how);
    case 'setBack':
      if (process !== null || machine.isLost || !machine.canBoot) return null;
      return maySetBack(world, machine, action.entries) ? () => disk.setBack(action.entries) : null;
    case 'rot':
    case 'wipe':
      if (machine.isLost || (action.type === 'rot' && process !== null)) return null;
      return mayLose(world, machine) ? () => machine.lose() : null;
  }
}

/** A clock beyond the bound needs a world that allows it. */
function changeClock(world: World, machine: Machine, ratePpm: number): (() => void) | null {
  const boundPpm = world.parameters.clocks === 'beyond' ? CLOCK_BEYOND_PPM : CLOCK_RATE_PPM_MAX;
  const { process, clock } = machine;
  if (Math.abs(ratePpm) > boundPpm || ratePpm === clock.ratePpm) return null;
  if (process === null || !machine.canChangeClock) return null;
  return () => {
    clock.changeRate(ratePpm);
    // Its deadlines now come at other true times.
    world.oracle.after(machine, process);
  };
}

function onLinks(
  world: World,
  links: readonly Link[],
  act: (from: NodeId, to: NodeId) => void,
): (() => void) | null {
  const known = links.filter(([from, to]) => world.machines.has(from) && world.machines.has(to));
  if (known.length === 0) return null;
  return () => {
    for (const link of known) act(...link);
  };
}

function handOver(world: World, to: NodeId): (() => void) | null {
  return atLeader(world, `hand over to node ${to}`, (node, deadlineMs) =>
    node.setPrimary({ to, cause: CAUSE, isChosen: true }, deadlineMs, () => undefined),
  );
}

function change(world: World, wish: ConfigChange): (() => void) | null {
  return atLeader(world, `change ${JSON.stringify(wish)}`, (node, deadlineMs) =>
    node.changeConfiguration(wish, CAUSE, deadlineMs, () => undefined),
  );
}

function atLeader(
  world: World,
  what: string,
  order: (node: Node, deadlineMs: number) => void,
): (() => void) | null {
  const leader = world.leader();
  const process = leader?.process ?? null;
  if (leader === null || process === null) return null;
  const deadlineMs = leader.clock.nowMs() + 10 * world.parameters.electionTimeoutMs;
  return () =>
    leader.enter(
      process,
      'operator',
      0,
      () => order(process.node, deadlineMs),
      () => what,
    );
}
