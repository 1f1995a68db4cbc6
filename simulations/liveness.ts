// After the faults: within a bound a healed cluster has one leader and one primary, serves a write and a read, and all its
// members that heal reach the same state. If only a core heals, either it does so too, or it is proven that it cannot (cannot.ts).
// Who is not a member any more, never became one, or is broken for good, must not prevent it.

import { whyCannot } from './cannot.js';
import { stateDigest } from './state-digest.js';
import type { NodeId } from '../src/raft/types.js';
import { liftReignRules } from './reign-rules.js';
import { NotLive } from './violation.js';
import { LATER_LEVEL } from './versions.js';
import { Client } from './workload.js';
import type { World } from './world.js';

/** What has still to end once nobody begins anything more. */
export interface Unfinished {
  /** How many; only ever fewer while the cluster serves. 0: nobody can tell. */
  readonly left: number;
  readonly why: string;
}

/** Bound in election timeouts, and a constant for snapshots that travel in many small chunks. */
const BOUND_TIMEOUTS = 40;
const BOUND_EXTRA_US = 20_000_000;
/**
 * Limits may be drawn that let one entry at a time through a slow link, where what was appended before takes longer than that, and a core may
 * have served for a moment only. So long as less is left to apply and to end after each of these spans, in election timeouts, it is waited
 * for: that ends, since what is left is a whole number.
 */
const DRAIN_TIMEOUTS = 10;

/**
 * Runs the healed world until it has recovered, and nothing is `unfinished` any more; throws `NotLive` if
 * that takes longer than the bound.
 */
export function recover(world: World, unfinished: () => Unfinished | null = () => null): void {
  const timeoutUs = world.parameters.electionTimeoutMs * 1000;
  const fromUs = world.nowUs;
  let untilUs = fromUs + BOUND_TIMEOUTS * timeoutUs + BOUND_EXTRA_US;
  let leftBefore = Infinity;
  const client = new Client(world, 0);
  const done = { write: false, read: false };
  while (world.nowUs < untilUs) {
    liftReignRules(world);
    if (!done.write) {
      client.write((outcome) => {
        done.write ||= outcome.type === 'applied';
      });
    } else if (!done.read) {
      client.read(() => {
        done.read = true;
      });
    }
    world.runUntil(Math.min(untilUs, world.nowUs + timeoutUs / 4));
    if (done.read && isRecovered(world) && unfinished() === null) {
      if (world.core !== null) world.count('coreRecoveries');
      return;
    }
    if (world.nowUs < untilUs) continue;
    const left = entriesToApply(world) + (unfinished()?.left ?? 0);
    if (left === 0 || left >= leftBefore) continue;
    leftBefore = left;
    untilUs += DRAIN_TIMEOUTS * timeoutUs;
  }
  const proof = whyCannot(world);
  if (proof !== null) {
    world.note('cannot', 0, () => proof);
    world.count('provenCannot');
    return;
  }
  const why =
    whyNotConverged(world) ??
    (done.read ? world.watchers?.whyBehind() : null) ??
    (done.read ? unfinished()?.why : null) ??
    (done.write ? 'no read was answered' : 'no write was applied');
  throw new NotLive(`${(world.nowUs - fromUs) / 1e6} s after all faults ended: ${why}`);
}

/** What the slowest of those who are expected has still to apply of the leader's log; 0: nobody leads. */
function entriesToApply(world: World): number {
  const raft = world.leader()?.process?.node.raft ?? null;
  if (raft === null) return 0;
  const { configuration, state } = raft;
  const expected = configuration.members.filter(({ id }) => isExpected(world, id));
  const applied = expected.map(
    ({ id }) => world.machines.get(id)?.process?.node.status().lastApplied ?? 0,
  );
  return state.log.lastIndex - Math.min(...applied);
}

function isRecovered(world: World): boolean {
  return whyNotConverged(world) === null && (world.watchers?.whyBehind() ?? null) === null;
}

/** Null: converged; else what is missing. */
function whyNotConverged(world: World): string | null {
  const leader = world.leader();
  const node = leader?.process?.node ?? null;
  const raft = node?.raft ?? null;
  if (leader === null || node === null || raft === null) return 'nobody leads';
  const { configuration, state } = raft;
  if (configuration.outgoing !== null) return 'a change of members is not finished';
  // Whoever is a member and never heard again keeps the level down.
  const isWhole = configuration.members.every(({ id }) => isExpected(world, id));
  if (isWhole && world.versions.isMixed && state.applied.featureLevel < LATER_LEVEL) {
    return `the feature level has not risen: ${JSON.stringify(node.status().heldBackBy)}`;
  }
  const machines = configuration.members
    .filter(({ id }) => isExpected(world, id))
    .flatMap(({ id }) => world.machines.get(id) ?? []);
  const digest = stateDigest(node.state);
  for (const machine of machines) {
    const { process } = machine;
    const status = process?.node.status();
    if (process === null || status === undefined) return `node ${machine.id} does not run`;
    if (status.leaderId !== leader.id || status.term !== state.term) {
      return `node ${machine.id} follows ${status.leaderId} in term ${status.term}, not node ${leader.id} in term ${state.term}`;
    }
    if (status.isPrimary !== (machine === leader)) {
      return `node ${machine.id} ${status.isPrimary ? 'is' : 'is not'} primary`;
    }
    if (status.lastApplied !== state.log.lastIndex) {
      return `node ${machine.id} has applied ${status.lastApplied} of ${state.log.lastIndex} entries`;
    }
    if (!machine.isWitness && stateDigest(process.node.state) !== digest)
      return `node ${machine.id} is in another state`;
  }
  return null;
}

/** Whether the node is one that heals, and can. */
function isExpected(world: World, id: NodeId): boolean {
  const machine = world.machines.get(id);
  return machine !== undefined && world.isInCore(machine) && !machine.isLost;
}
