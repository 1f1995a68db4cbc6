// Counting majorities, in one configuration or in both halves of a joint one.
// Leaves without any Raft in sight: a caller says who has what. Source: Raft §5.3, §6; Thesis §4.3.

import type { Configuration, NodeId } from './types.js';

/** Votes needed of `voterCount` voters; 1 of 0, so that nobody wins an empty configuration. */
export function quorumSize(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** Whether a majority of each half satisfies the predicate. False for an empty configuration. */
export function hasQuorum(
  { voters, outgoing }: Configuration,
  holds: (id: NodeId) => boolean,
): boolean {
  return hasMajority(voters, holds) && (outgoing === null || hasMajority(outgoing, holds));
}

/**
 * The highest value that a majority of each half has reached; the value of a voter is `valueOf`.
 * Null for an empty configuration, which constrains nothing.
 * Source: Raft §5.3, §5.4.2 (commitIndex); Thesis §4.3 for joint.
 */
export function quorumValue(
  { voters, outgoing }: Configuration,
  valueOf: (id: NodeId) => number,
): number | null {
  if (voters.length === 0) return null;
  const reached = majorityValue(voters, valueOf);
  return outgoing === null ? reached : Math.min(reached, majorityValue(outgoing, valueOf));
}

/** Whether the node counts in either half. */
export function isVoter({ voters, outgoing }: Configuration, id: NodeId): boolean {
  return voters.includes(id) || outgoing?.includes(id) === true;
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

function hasMajority(voters: readonly NodeId[], holds: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count += 1;
  return count >= quorumSize(voters.length);
}

/**
 * Room to sort in, since it is asked several times a turn; nothing in it outlives a call. It is an array of anything, in which
 * whole numbers stay small integers: out of typed arrays and out of arrays of fractions they come as floating-point
 * numbers, and what they become part of, indexes above all, takes more room and time everywhere.
 */
const room: unknown[] = [null];

function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  let count = 0;
  for (const id of voters) {
    const value = valueOf(id);
    let at = count;
    for (; at > 0 && (room[at - 1] as number) < value; at -= 1) room[at] = room[at - 1];
    room[at] = value;
    count += 1;
  }
  const size = quorumSize(count);
  return size > count ? Number.NEGATIVE_INFINITY : (room[size - 1] as number);
}
