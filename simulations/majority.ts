// Majorities as the properties count them: written anew, so that a fault in how the core counts is judged by something else
// than itself. A joint configuration needs a majority of both halves (Raft §6).

import type { Configuration, NodeId } from '../src/raft/types.js';

/** Whether more than half of each half satisfy the predicate; false for an empty configuration. */
export function isMajority(configuration: Configuration, holds: (id: NodeId) => boolean): boolean {
  const { voters, outgoing } = configuration;
  return isMoreThanHalf(voters, holds) && (outgoing === null || isMoreThanHalf(outgoing, holds));
}

function isMoreThanHalf(voters: readonly NodeId[], holds: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count += 1;
  return 2 * count > voters.length;
}
