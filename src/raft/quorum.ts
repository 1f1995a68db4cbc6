// Counting majorities, in one configuration or in both halves of a joint one.
// Leaves without any Raft in sight: a caller says who has what. Source: Raft §5.3, §6; Thesis §4.3.

import type { Configuration, NodeId } from './types.js';

/** Votes needed of `voterCount` voters; 1 of 0, so that nobody wins an empty configuration. */
export function quorumSize(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** Whether a majority of each half satisfies the predicate. False for an empty configuration. */
export function hasQuorum(configuration: Configuration, holds: (id: NodeId) => boolean): boolean {
  return halves(configuration).every(
    (voters) => voters.filter(holds).length >= quorumSize(voters.length),
  );
}

/**
 * The highest value that a majority of each half has reached; the value of a voter is `valueOf`.
 * Null for an empty configuration, which constrains nothing.
 * Source: Raft §5.3, §5.4.2 (commitIndex); Thesis §4.3 for joint.
 */
export function quorumValue(
  configuration: Configuration,
  valueOf: (id: NodeId) => number,
): number | null {
  if (configuration.voters.length === 0) return null;
  const reached = halves(configuration).map((voters) => {
    const falling = voters.map(valueOf).sort((a, b) => b - a);
    return falling[quorumSize(voters.length) - 1] ?? Number.NEGATIVE_INFINITY;
  });
  return Math.min(...reached);
}

/** Whether the node counts in either half. */
export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return halves(configuration).some((voters) => voters.includes(id));
}

/** All voters of either half, each once, by id. */
export function allVoters(configuration: Configuration): NodeId[] {
  return [...new Set(halves(configuration).flat())].sort((a, b) => a - b);
}

function halves(configuration: Configuration): (readonly NodeId[])[] {
  return configuration.outgoing === null
    ? [configuration.voters]
    : [configuration.voters, configuration.outgoing];
}
