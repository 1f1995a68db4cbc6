// Why a core that healed cannot serve, proven from what its nodes hold: a server is elected only by a quorum of the newest
// configuration in its own log, of voters whose logs are no newer than its own (Raft §5.4.1, §6). Without one such server in the
// core nobody leads it by its own strength; judged at the end, when everything has settled.

import { hasQuorum } from '../src/raft/quorum.js';
import { configurationInForce } from '../src/raft/state.js';
import type { RaftState } from '../src/raft/state.js';
import type { NodeId } from '../src/raft/types.js';
import type { World } from './world.js';

/**
 * Null: the core can serve, or nothing proves that it cannot. All machines are the core if everything healed, but then only the loss
 * of a disk is an excuse, such as one found while a change of members was under way that needs it. Damage that was asked for
 * beyond what can be survived is none: its outcome is to be shown.
 */
export function whyCannot(world: World): string | null {
  const machines = [...world.machines.values()];
  const isDamaged = machines.some(({ isLost, disk }) => isLost || disk.isSetBack);
  if (world.core === null && (!isDamaged || world.isDamageUnbounded)) return null;
  const core = world.core ?? new Set(machines.map(({ id }) => id));
  const states = new Map<NodeId, RaftState>();
  for (const id of core) {
    const node = world.machines.get(id)?.process?.node;
    // One whose disk was found set back, or failed, takes no part any more.
    const isWorking = node?.status().condition === 'member';
    if (isWorking && node?.raft) states.set(id, node.raft.state);
  }
  const electable = [...states].filter(([, state]) =>
    hasQuorum(configurationInForce(state), (voter) => {
      const other = states.get(voter);
      return other !== undefined && !isNewer(other, state);
    }),
  );
  if (electable.length === 0) {
    return `none of nodes ${[...core].join(', ')} has a log that a quorum of its configuration would elect`;
  }
  // A witness leads without being primary, and hands over to a full voter.
  const canRule = electable.some(([, state]) => {
    const { members, voters } = configurationInForce(state);
    return members.some(({ id, witness }) => !witness && voters.includes(id) && states.has(id));
  });
  return canRule ? null : `no voter with the state is among nodes ${[...core].join(', ')}`;
}

function isNewer({ log: one }: RaftState, { log: other }: RaftState): boolean {
  if (one.last.term !== other.last.term) return one.last.term > other.last.term;
  return one.last.index > other.last.index;
}
