// What failures a cluster can take next, in words and names: which voters in contact may fail, one at a time, and which must
// not, from the configuration and who is in contact; and how it could be made to survive more. Pure. A voter that holds the
// state must be among the survivors, since witnesses alone have a quorum and nobody to be primary.
// Source: Raft §5.3 (majorities), §6 (both halves while the voters change).

import { allVoters, hasQuorum, isVoter } from '../raft/quorum.js';
import type { Configuration, Member, NodeId } from '../raft/types.js';

export interface Failures {
  /** Names of voters in contact that may fail, one of them, whichever. */
  readonly mayFail: string[];
  /** Names of those with which the service would end. */
  readonly mustNotFail: string[];
}

/** What may fail next; both lists are empty where too many have failed already. In the order of their names. */
export function failuresLeft(
  configuration: Configuration,
  isUp: (id: NodeId) => boolean,
): Failures {
  const byId = new Map(configuration.members.map((member) => [member.id, member]));
  const serves = (isThere: (id: NodeId) => boolean): boolean =>
    hasQuorum(configuration, isThere) &&
    configuration.members.some((it) => isFull(configuration, it) && isThere(it.id));
  if (!serves(isUp)) return { mayFail: [], mustNotFail: [] };
  const up = allVoters(configuration).filter(isUp);
  const isSpare = (id: NodeId): boolean => serves((other) => other !== id && isUp(other));
  const names = (ids: readonly NodeId[]): string[] =>
    ids.map((id) => byId.get(id)?.name ?? String(id)).sort((a, b) => (a < b ? -1 : 1));
  return {
    mayFail: names(up.filter(isSpare)),
    mustNotFail: names(up.filter((id) => !isSpare(id))),
  };
}

/** One sentence for each way to survive more with little; empty: nothing to say. */
export function adviceFor({ members, voters, outgoing }: Configuration): string[] {
  // Too much is on the move to advise on it.
  if (outgoing !== null) return [];
  const isWitness = (id: NodeId): boolean =>
    members.some((member) => member.id === id && member.witness);
  const full = voters.filter((id) => !isWitness(id)).length;
  const count = voters.length;
  if (count === 2 && full === 2) {
    return [
      'two nodes cannot lose either: a witness on a third machine (quorate start --witness, then cluster-join) lets either of them fail',
    ];
  }
  if (count > 2 && count % 2 === 0) {
    const spare = (of: number): number => of - Math.floor(of / 2) - 1;
    return [
      `${count} voters can lose no more than ${count - 1} could: add one, or a witness, to be able to lose ${spare(count + 1)}`,
    ];
  }
  if (full === 1 && count > 1) {
    return ['only one node holds the state, and witnesses cannot take over: add a full member'];
  }
  return [];
}

function isFull(configuration: Configuration, { id, witness }: Member): boolean {
  return !witness && isVoter(configuration, id);
}
