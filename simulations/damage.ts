// How much may be lost for good: never more than the protocol can survive, unless a run asks for it. Losses are those that no
// restart undoes: a wiped machine, a disk that rots, a disk that was set back. Anything else (crashes, cuts, hung and failed
// disks) comes back and may befall any number of nodes at once.

import { hasQuorum, quorumSize } from '../src/raft/quorum.js';
import type { Configuration, NodeId } from '../src/raft/types.js';
import type { Machine } from './machine.js';
import type { World } from './world.js';

/**
 * Whether this voter may be lost for good. One at a time: the change of members before it is finished and no other lost one
 * is a member any more; then a quorum, and a node with the state among it, must be left. Whatever is committed is on a quorum
 * then, and each quorum of those that are left shares a node with it.
 */
export function mayLose(world: World, victim: Machine): boolean {
  if (world.isDamageUnbounded) return true;
  const configuration = settled(world);
  if (configuration === null || !configuration.voters.includes(victim.id)) return false;
  const { voters, members } = configuration;
  const isWhole = members.every(({ id }) => {
    const machine = world.machines.get(id);
    return machine !== undefined && !machine.isLost && !machine.disk.isSetBack;
  });
  const left = members.filter(({ id }) => voters.includes(id) && id !== victim.id);
  const isEnough = left.length >= quorumSize(voters.length);
  return isWhole && isEnough && left.some(({ witness }) => !witness);
}

/**
 * Whether this voter's disk may lose its newest entries and be used again: then each of them must also be on the disks of
 * a quorum without it, as if it had never acknowledged them. So it does not matter whether a leader finds out, which it
 * does only if it leads in the same term. The quorum is that of the configuration in force at the entry: without the change
 * that made its cluster larger a founder is a cluster by itself again.
 */
export function maySetBack(world: World, victim: Machine, entries: number): boolean {
  const lost = victim.disk.losable.slice(-entries);
  if (entries < 1 || lost.length < entries) return false;
  if (world.isDamageUnbounded) return true;
  if (!mayLose(world, victim)) return false;
  return lost.every((entry) => {
    const inForce = victim.disk.configurationAt(entry.index);
    const isElsewhere = (id: NodeId): boolean =>
      id !== victim.id && world.machines.get(id)?.disk.covers(entry) === true;
    return inForce !== null && hasQuorum(inForce, isElsewhere);
  });
}

/** The configuration if it is committed and nobody holds a later one, on disk or in memory; null: it is being changed. */
function settled(world: World): Configuration | null {
  const raft = world.leader()?.process?.node.raft ?? null;
  const newest = raft?.state.configurations.at(-1);
  if (raft === null || newest === undefined) return null;
  if (newest.configuration.outgoing !== null || newest.index > raft.state.commitIndex) return null;
  for (const { process, disk } of world.machines.values()) {
    const known = process?.node.raft?.state.configurations.at(-1)?.index ?? 0;
    if (Math.max(known, disk.newestConfiguration) > newest.index) return null;
  }
  return newest.configuration;
}
