// After the faults: within a bound a healed cluster has one leader and one primary, serves a write and a read, and all its
// members reach the same state. Who is not a member any more, or never became one, runs on and must not prevent it.

import { stateDigest } from './state-digest.js';
import type { Machine } from './machine.js';
import { NotLive } from './violation.js';
import { LATER_LEVEL } from './versions.js';
import { Client } from './workload.js';
import type { World } from './world.js';

/** Bound in election timeouts, and a constant for snapshots that travel in many small chunks. */
const BOUND_TIMEOUTS = 40;
const BOUND_EXTRA_US = 20_000_000;

/** Runs the healed world until it has recovered; throws `NotLive` if that takes longer than the bound. */
export function recover(world: World): void {
  const timeoutUs = world.parameters.electionTimeoutMs * 1000;
  const untilUs = world.nowUs + BOUND_TIMEOUTS * timeoutUs + BOUND_EXTRA_US;
  const client = new Client(world, 0);
  const done = { write: false, read: false };
  while (world.nowUs < untilUs) {
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
    if (done.read && whyNotConverged(world) === null) return;
  }
  const why =
    whyNotConverged(world) ?? (done.write ? 'no read was answered' : 'no write was applied');
  throw new NotLive(
    `${(BOUND_TIMEOUTS * timeoutUs + BOUND_EXTRA_US) / 1e6} s after all faults ended: ${why}`,
  );
}

/** Null: converged; else what is missing. */
function whyNotConverged(world: World): string | null {
  const leader = world.leader();
  const node = leader?.process?.node ?? null;
  const raft = node?.raft ?? null;
  if (leader === null || node === null || raft === null) return 'nobody leads';
  const { configuration, state } = raft;
  if (configuration.outgoing !== null) return 'a change of members is not finished';
  if (world.versions.isMixed && state.applied.featureLevel < LATER_LEVEL) {
    return `the feature level has not risen: ${JSON.stringify(node.status().heldBackBy)}`;
  }
  const members = configuration.members.map(({ id }) => world.machines.get(id));
  const machines = members.filter((machine): machine is Machine => machine !== undefined);
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
